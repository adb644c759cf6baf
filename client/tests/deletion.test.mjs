import assert from 'node:assert/strict'
import test from 'node:test'
import { api, asAdmin, count, failure, logIn, signedIn, store, stored, until } from './support.mjs'

const HOUR = 60 * 60 * 1000

const exists = async (id) => (await asAdmin('GET', `/v1/users/${id}`)).status === 200

test('a deleted account stays deleted, also after a restart', async () => {
  const { phone, client, user } = await signedIn()
  await client.deleteAccount()
  assert.equal(client.state, 'signed_out')
  assert.equal(await exists(user.id), false)
  const next = phone.start()
  assert.equal((await failure(next.readMe())).code, 'signed_out')
  assert.equal(await exists(user.id), false)
  assert.equal((await next.signIn()).isNew, true)
})

test('a deletion offline rejects, signs out, and is repeated at the next start with a renewed token', async () => {
  const { phone, client, user } = await signedIn()
  phone.network.offline = true
  assert.equal((await failure(client.deleteAccount())).kind, 'network')
  assert.equal(client.state, 'deletion_pending')
  assert.equal((await failure(client.readMe())).code, 'signed_out')
  assert.equal((await failure(client.signIn())).kind, 'network')
  assert.equal(phone.start().state, 'deletion_pending')
  phone.network.offline = false
  phone.clock = HOUR
  const next = phone.start()
  await until(() => next.state === 'signed_out')
  assert.equal(count(phone, 'POST /v1/login/refresh'), 1)
  assert.equal(await exists(user.id), false)
})

test('a deletion whose session is over is not taken for done', async () => {
  const { phone, client, user } = await signedIn()
  phone.network.fault('DELETE /v1/users/me', 'drop', 3)
  await failure(client.deleteAccount())
  await api('POST', '/v1/logout', { token: stored(phone).deletion.access })
  phone.clock = HOUR
  const next = phone.start()
  await until(() => next.state === 'deletion_unconfirmed')
  assert.equal(await exists(user.id), true)
  assert.equal(phone.start().state, 'deletion_unconfirmed')
  const last = phone.start()
  assert.equal((await failure(last.readMe())).code, 'signed_out')
  assert.equal((await last.signIn()).isNew, false)
  await last.deleteAccount()
  assert.equal(await exists(user.id), false)
})

test('a deletion whose response is lost is repeated, and ends signed out', async () => {
  const { phone, client, user } = await signedIn()
  phone.network.fault('DELETE /v1/users/me', 'lose')
  await client.deleteAccount().catch((error) => assert.equal(error.code, 'deletion_unconfirmed'))
  assert.ok(['signed_out', 'deletion_unconfirmed'].includes(client.state))
  assert.equal(await exists(user.id), false)
  assert.equal(count(phone, 'POST /v1/login'), 0)
})

test('signIn() finishes a pending deletion first', async () => {
  const { phone, client, user } = await signedIn()
  phone.network.fault('DELETE /v1/users/me', 'drop', 3)
  await failure(client.deleteAccount())
  const again = await client.signIn()
  assert.equal(again.isNew, true)
  assert.equal(again.user.id, user.id)
  assert.equal(count(phone, 'DELETE /v1/users/me'), 4)
})

test('deleting during a refresh wins', async () => {
  const { phone, client, user } = await signedIn()
  phone.clock = HOUR
  const gate = phone.network.hold('POST /v1/login/refresh', { after: true })
  const call = failure(client.readMe())
  await gate.arrived
  const deleted = client.deleteAccount()
  assert.equal(client.state, 'deletion_pending')
  gate.release()
  assert.equal((await call).code, 'signed_out')
  await deleted
  assert.equal(client.state, 'signed_out')
  assert.equal(await exists(user.id), false)
})

test('deleting and polling at once neither brings the account back nor hangs', async () => {
  const { client, user } = await signedIn()
  const polls = Array.from({ length: 10 }, () => client.readMe().catch((error) => error))
  await client.deleteAccount()
  await Promise.all(polls)
  assert.equal(client.state, 'signed_out')
  assert.equal(await exists(user.id), false)
})

test('an account that was deleted on another phone is not brought back', async () => {
  const { phone, client, user } = await signedIn()
  const other = await logIn(phone.openid)
  assert.equal((await api('DELETE', '/v1/users/me', { token: other.access_token })).status, 204)
  await failure(client.readMe())
  assert.equal(client.state, 'signed_out')
  assert.equal(await exists(user.id), false)
})

test('without a session nothing is deleted', async () => {
  const { phone, client } = await signedIn()
  await client.logout()
  assert.equal((await failure(client.deleteAccount())).code, 'signed_out')
  store(phone, (state) => delete state.signedOut) // as at a first start
  const next = phone.start()
  await next.deleteAccount() // logs in silently
  assert.equal(next.state, 'signed_out')
})

test('two callers without a session delete the account once', async () => {
  const { phone, user } = await signedIn()
  store(phone, (state) => delete state.session) // as after the app was installed anew
  const client = phone.start()
  await Promise.all([client.deleteAccount(), client.deleteAccount()])
  assert.equal(client.state, 'signed_out')
  assert.equal(count(phone, 'DELETE /v1/users/me'), 1)
  assert.equal(await exists(user.id), false)
})

test('a disabled account cannot be deleted, and is blocked', async () => {
  const { client, user } = await signedIn()
  await asAdmin('PUT', `/v1/users/${user.id}`, { status: 'disabled' })
  assert.equal((await failure(client.deleteAccount())).code, 'account_disabled')
  assert.equal(client.state, 'blocked')
})
