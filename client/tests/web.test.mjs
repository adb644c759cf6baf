import assert from 'node:assert/strict'
import test from 'node:test'
import { createClient, fetchPlatform } from '../web_dist/index.js'
import { failure, newPhone, PNG, until } from './support.mjs'

const API = process.env.STACK_API_URL

function browser(options) {
  const items = new Map()
  const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) }
  const { openid } = newPhone()
  let codes = 0
  const code = () => `${openid}-w${process.pid}${(codes += 1)}`
  return createClient({ baseUrl: API, platform: fetchPlatform(storage), code, ...options })
}

test('in a browser, the client signs in, uploads an object URL and signs out', async () => {
  const client = browser()
  const { user } = await client.signIn()
  assert.equal((await client.readMe()).id, user.id)
  for (const method of ['POST', 'PUT']) {
    const upload = await client.upload(URL.createObjectURL(new Blob([PNG])), { method })
    assert.deepEqual([upload.status, upload.content_type, upload.size], ['ready', 'image/png', PNG.length])
  }
  await client.logout()
  assert.equal((await failure(client.readMe())).code, 'signed_out')
})

test('in a browser, errors are the same', async () => {
  const client = browser()
  await client.signIn()
  const error = await failure(client.changeMe({ username: 'a b' }))
  assert.deepEqual([error.kind, error.fields[0].field], ['api', 'username'])
  const etag = (await client.call('GET', '/v1/users/me')).etag
  assert.equal((await client.call('GET', '/v1/users/me', { ifNoneMatch: etag })).status, 304)
  assert.equal((await failure(client.upload('blob:nodedata:gone'))).code, 'unreadable')
  assert.equal((await failure(browser({ baseUrl: 'http://127.0.0.1:9' }).signIn())).kind, 'network')
  assert.match((await failure(browser({ code: undefined }).signIn())).message, /option `code`/)
})

test('in a browser, an upload can be cancelled', async () => {
  const client = browser()
  await client.signIn()
  const task = client.upload(URL.createObjectURL(new Blob([PNG])))
  task.cancel()
  assert.equal((await failure(task)).kind, 'cancelled')
  await until(async () => (await client.listUploads()).items.length === 0)
})
