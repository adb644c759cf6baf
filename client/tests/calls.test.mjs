import assert from 'node:assert/strict'
import test from 'node:test'
import { count, failure, newPhone, signedIn, PNG } from './support.mjs'

test('a validation error names its fields, and carries the request id', async () => {
  const { client } = await signedIn()
  const error = await failure(client.changeMe({ username: 'a b', nickname: '' }))
  assert.deepEqual([error.kind, error.status, error.code], ['api', 400, 'invalid_request'])
  assert.ok(error.fields.some(({ field, message }) => field === 'username' && message))
  assert.match(error.requestId, /^[0-9a-f-]{8,}/)
})

test('an error code that this client does not know gets through', async () => {
  const { phone, client } = await signedIn()
  phone.network.fault('GET /v1/users/me', () => ({ status: 418, headers: {}, text: '{"code":"teapot","detail":"no coffee"}' }))
  const error = await failure(client.readMe())
  assert.deepEqual([error.kind, error.code, error.message], ['api', 'teapot', 'no coffee'])
})

test('an error of the gateway has its message', async () => {
  const { client } = await signedIn()
  const error = await failure(client.call('GET', '/v1/nowhere'))
  assert.deepEqual([error.kind, error.status, error.code, error.message], ['gateway', 404, undefined, 'Not Found'])
  assert.ok(error.requestId)
})

test('whatever a failed request says, it is a network error that names the host and the domain list', async () => {
  const { phone, client } = await signedIn()
  for (const text of ['timeout', 'interrupted', 'url not in domain list', '']) {
    phone.network.fault('POST /v1/users/me/phone', () => Promise.reject(new Error(text)))
    const error = await failure(client.setPhone({ code: 'phone-13800138000-1' }))
    assert.deepEqual([error.kind, error.status, error.code], ['network', 0, undefined])
    assert.ok(error.message.includes(new URL(process.env.STACK_API_URL).origin), error.message)
    assert.match(error.message, /request domains/)
  }
})

test('reads and merges are repeated after a network error, at most twice', async () => {
  const { phone, client } = await signedIn()
  phone.network.fault('GET /v1/users/me', 'drop', 2)
  await client.readMe()
  assert.equal(count(phone, 'GET /v1/users/me'), 3)
  phone.network.fault('PUT /v1/users/me', 'lose', 1)
  assert.equal((await client.changeMe({ nickname: '小明' })).nickname, '小明')
  phone.network.fault('GET /v1/uploads', 'drop', 3)
  assert.equal((await failure(client.listUploads())).kind, 'network')
  assert.equal(count(phone, 'GET /v1/uploads'), 3)
})

test('a phone code is sent once, and so is a conditional write', async () => {
  const { phone, client } = await signedIn()
  phone.network.fault('POST /v1/users/me/phone', 'lose')
  await failure(client.setPhone({ code: 'phone-13800138000-9' }))
  assert.equal(count(phone, 'POST /v1/users/me/phone'), 1)
  const { etag } = await client.call('GET', '/v1/users/me')
  phone.network.fault('PUT /v1/users/me', 'lose')
  assert.equal((await failure(client.changeMe({ nickname: 'x' }, { ifMatch: etag }))).kind, 'network')
  assert.equal(count(phone, 'PUT /v1/users/me'), 1)
})

test('Retry-After is honoured when it is short, and reported when it is long', async () => {
  const { phone, client } = await signedIn()
  const busy = (seconds) => () => ({ status: 503, headers: { 'retry-after': String(seconds) }, text: '{"code":"temporarily_unavailable"}' })
  phone.network.fault('GET /v1/users/me', busy(5))
  const began = Date.now()
  await client.readMe()
  assert.ok(Date.now() - began >= 960, "the phone's timers run five times as fast")
  phone.network.fault('GET /v1/users/me', busy(600))
  const error = await failure(client.readMe())
  assert.equal(error.retryAfter, 600)
  assert.equal(count(phone, 'GET /v1/users/me'), 3)
})

test('a POST that the server is too busy for is not repeated', async () => {
  const { phone, client } = await signedIn()
  phone.network.fault('POST /v1/users/me/phone', () => ({ status: 503, headers: {}, text: '{"message":"Service Unavailable"}' }))
  assert.equal((await failure(client.setPhone({ code: 'x' }))).kind, 'gateway')
  assert.equal(count(phone, 'POST /v1/users/me/phone'), 1)
})

test('tickets are asked for with a key of their own, so a lost response does not make a second upload', async () => {
  const { phone, client } = await signedIn()
  phone.network.fault('POST /v1/uploads', 'lose')
  await client.createUpload({ content_type: 'image/png', size: PNG.length, purpose: 'file' })
  await client.createUpload({ content_type: 'image/png', size: PNG.length, purpose: 'file' })
  assert.equal((await client.listUploads()).items.length, 2)
})

test('a deletion whose response is lost is a success', async () => {
  const { phone, client } = await signedIn()
  const { upload } = await client.createUpload({ content_type: 'image/png', size: PNG.length, purpose: 'file' })
  phone.network.fault(`DELETE /v1/uploads/${upload.id}`, 'lose')
  await client.deleteUpload(upload.id)
  assert.equal((await failure(client.readUpload(upload.id))).code, 'not_found')
})

test('a deletion that finds nothing is a success only after a lost response', async () => {
  const { phone, client } = await signedIn()
  const gone = () => ({ status: 404, headers: {}, text: '{"code":"not_found"}' })
  phone.network.fault('DELETE /v1/orders/1', 'lose')
  phone.network.fault('DELETE /v1/orders/1', gone, 2)
  assert.equal((await client.call('DELETE', '/v1/orders/1')).status, 204)
  assert.equal((await failure(client.call('DELETE', '/v1/orders/1'))).code, 'not_found')
})

test('If-None-Match is answered without a body, and a stale If-Match is refused', async () => {
  const { client } = await signedIn()
  const first = await client.call('GET', '/v1/users/me')
  assert.equal(first.status, 200)
  const second = await client.call('GET', '/v1/users/me', { ifNoneMatch: first.etag })
  assert.deepEqual([second.status, second.body], [304, undefined])
  await client.changeMe({ nickname: '小红' }, { ifMatch: first.etag })
  assert.equal((await failure(client.changeMe({ nickname: '小' }, { ifMatch: first.etag }))).code, 'version_mismatch')
})

test('paths and queries are put together', async () => {
  const { phone, client, user } = await signedIn()
  assert.equal((await client.readUser(user.id)).id, user.id)
  assert.equal((await client.call('GET', '/v1/users/{id}', { params: { id: user.id } })).body.id, user.id)
  assert.deepEqual((await client.profiles({ ids: [user.id, 'nobody'] })).items.map(({ id }) => id), [user.id])
  await client.listUploads({ limit: 3, cursor: undefined })
  assert.match(phone.network.calls.at(-1).url, /\?limit=3$/)
  const { next_cursor: cursor } = await client.listUploads({ limit: 3 })
  assert.equal(cursor, null)
  await client.listUploads({ limit: 3, cursor }) // which is the first page again
  assert.equal((await newPhone().start().ping()).message, 'pong')
})

test('times stay text, and no openid is in an answer', async () => {
  const { phone, client } = await signedIn()
  const me = await client.readMe()
  assert.equal(typeof me.created_at, 'string')
  assert.ok(!JSON.stringify([me, [...phone.storage]]).includes(phone.openid))
})

test('a Wi-Fi login page is a network error, and ends nothing', async () => {
  const { phone, client } = await signedIn()
  phone.clock = 60 * 60 * 1000
  phone.network.fault('POST /v1/login/refresh', () => ({ status: 200, headers: {}, text: '<html>Welcome</html>' }), 3)
  assert.equal((await failure(client.readMe())).kind, 'network')
  assert.equal(client.state, 'signed_in')
})

test('what the background interrupted is repeated on return, and timers wait until then', async () => {
  const { phone, client } = await signedIn()
  const gate = phone.network.hold('GET /v1/users/me')
  const call = client.readMe()
  await gate.arrived
  phone.hide()
  gate.release()
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(count(phone, 'GET /v1/users/me'), 1)
  phone.show()
  await call
  assert.equal(count(phone, 'GET /v1/users/me'), 2)
})

test('a platform that returns promises too leaves no rejection unhandled', async () => {
  const { phone, client } = await signedIn()
  phone.isTaro = true
  assert.ok((await client.readMe()).id)
  phone.network.fault('POST /v1/users/me/phone', 'drop')
  assert.equal((await failure(client.setPhone({ code: 'x' }))).kind, 'network')
})

test('more than ten calls at once are queued', async () => {
  const { phone, client } = await signedIn()
  await Promise.all(Array.from({ length: 30 }, () => client.ping()))
  assert.equal(phone.network.mostAtOnce, 10)
})

test('a listener can be taken back', async () => {
  const { client } = await signedIn()
  const states = []
  const end = client.onChange((state) => states.push(state))
  end()
  await client.logout()
  assert.deepEqual(states, [])
})
