import assert from 'node:assert/strict'
import { Phone } from './headless/phone.mjs'

const API = process.env.STACK_API_URL
if (!API) throw new Error('STACK_API_URL is not set: run `make test`')

let people = 0

/** A phone whose owner has no account yet. */
export function newPhone() {
  people += 1
  return new Phone(`c${process.pid}${Date.now().toString(36)}${people}`)
}

/** A phone, and its client signed in. */
export async function signedIn(options) {
  const phone = newPhone()
  const client = phone.start(options)
  const { user } = await client.signIn()
  phone.network.calls.length = 0
  return { phone, client, user }
}

/** The error that a promise of the client rejects with. */
export async function failure(promise) {
  const result = await promise.then((value) => ({ value }), (error) => ({ error }))
  assert.ok(result.error, `resolved with ${JSON.stringify(result.value)}`)
  assert.equal(result.error.name, 'ApiError', String(result.error))
  return result.error
}

/** How often something was asked for: `count(phone, 'POST /v1/login')`. */
export function count(phone, what) {
  return phone.network.calls.filter(({ method, path }) => `${method} ${path}` === what).length
}

export const stored = (phone) => JSON.parse(phone.storage.get('wechat-backend'))

/** Changes what the phone has stored, as if it had been so all along; takes effect at the next start. */
export function store(phone, change) {
  const state = stored(phone)
  change(state)
  phone.storage.set('wechat-backend', JSON.stringify(state))
}

/** A request that does not come from the phone. */
export async function api(method, path, { token, body } = {}) {
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) }
  const response = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : undefined }
}

let codes = 0

/** Logs in elsewhere: on another phone, or as somebody else. */
export async function logIn(openid) {
  codes += 1
  const { status, body } = await api('POST', '/v1/login', { body: { code: `${openid}-e${process.pid}x${codes}` } })
  assert.equal(status, 200)
  return body
}

export async function asAdmin(method, path, body) {
  const { access_token: token } = await logIn('admin')
  return api(method, path, { token, body })
}

/** Whether a session can still be refreshed; this replaces its refresh token. */
export async function isLive(refreshToken) {
  return (await api('POST', '/v1/login/refresh', { body: { refresh_token: refreshToken } })).status === 200
}

/** Waits until something holds, for ten seconds at most. */
export async function until(holds) {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    assert.ok(Date.now() < end, `waited for too long: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64')
