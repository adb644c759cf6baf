import assert from 'node:assert/strict'
import test from 'node:test'
import { codeOf } from './headless/phone.mjs'
import { api, asAdmin, count, failure, isLive, logIn, newPhone, PNG, signedIn, store, stored, until } from './support.mjs'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

test('twenty calls with an expired token make one refresh', async () => {
  const { phone, client, user } = await signedIn()
  phone.clock = HOUR
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.readMe()))
  assert.ok(answers.every(({ id }) => id === user.id))
  assert.equal(count(phone, 'POST /v1/login/refresh'), 1)
  assert.equal(count(phone, 'POST /v1/login'), 0)
  assert.ok(phone.network.mostAtOnce <= 10)
})

test('twenty calls with a token that the server refuses make one refresh, and are repeated once', async () => {
  const { phone } = await signedIn()
  store(phone, ({ session }) => (session.access += 'x'))
  const client = phone.start()
  await Promise.all(Array.from({ length: 20 }, () => client.readMe()))
  assert.equal(count(phone, 'POST /v1/login/refresh'), 1)
  assert.equal(count(phone, 'GET /v1/users/me'), 40)
})

test('a token with less than a minute left is renewed before the call', async () => {
  const { phone, client } = await signedIn()
  phone.clock = 13.5 * 60 * 1000
  await client.readMe()
  assert.equal(count(phone, 'POST /v1/login/refresh'), 0)
  phone.clock = 14.5 * 60 * 1000
  await client.readMe()
  assert.deepEqual(phone.network.calls.slice(-2).map(({ path }) => path), ['/v1/login/refresh', '/v1/users/me'])
})

test('a second start uses the stored session, and one after 30 days logs in silently', async () => {
  const { phone, user } = await signedIn()
  assert.equal((await phone.start().readMe()).id, user.id)
  assert.equal(count(phone, 'POST /v1/login'), 0)
  phone.clock = 31 * DAY
  await api('POST', '/v1/logout', { token: stored(phone).session.access }) // as good as expired
  assert.equal((await phone.start().readMe()).id, user.id)
  const logins = phone.network.calls.filter(({ path }) => path === '/v1/login')
  assert.deepEqual(logins.map(({ body }) => JSON.parse(body).create), [false])
})

test('login and refresh are sent without an access token', async () => {
  const { phone, client } = await signedIn()
  phone.clock = HOUR
  await client.readMe()
  await client.signIn()
  const calls = phone.network.calls.filter(({ path }) => path.startsWith('/v1/login'))
  assert.equal(calls.length, 2)
  assert.ok(calls.every(({ header }) => !Object.keys(header).some((name) => /authorization/i.test(name))))
})

test('a login code that was used before is replaced once', async () => {
  const phone = newPhone()
  const used = `${phone.openid}-used`
  await api('POST', '/v1/login', { body: { code: used } })
  phone.staleCode = used
  const client = phone.start()
  await client.signIn()
  assert.equal(count(phone, 'POST /v1/login'), 2)
  const codes = phone.network.calls.map(({ body }) => JSON.parse(body).code)
  assert.equal(new Set(codes).size, 2)
})

test('a login whose response is lost is not repeated with its code', async () => {
  const phone = newPhone()
  const client = phone.start()
  phone.network.fault('POST /v1/login', 'lose')
  assert.equal((await failure(client.signIn())).kind, 'network')
  assert.equal(count(phone, 'POST /v1/login'), 1)
  await client.signIn()
  const codes = phone.network.calls.map(({ body }) => JSON.parse(body).code)
  assert.equal(new Set(codes).size, 2)
})

for (const [name, clock] of [['an hour fast', HOUR], ['an hour slow', -HOUR]]) {
  test(`a clock that is ${name} does no harm`, async () => {
    const phone = newPhone()
    phone.clock = clock
    const client = phone.start()
    await client.signIn()
    await client.readMe()
    assert.equal(count(phone, 'POST /v1/login/refresh'), 0)
    phone.clock = 0 // it was put right
    await client.readMe()
    await client.readMe()
    assert.equal(count(phone, 'POST /v1/login/refresh'), 1)
    assert.equal(count(phone, 'POST /v1/login'), 1)
  })
}

test('a refresh whose response is lost is repeated at once and keeps the session', async () => {
  const { phone, client } = await signedIn()
  phone.clock = HOUR
  phone.network.fault('POST /v1/login/refresh', 'lose')
  await client.readMe()
  assert.equal(count(phone, 'POST /v1/login/refresh'), 2)
  assert.equal(count(phone, 'POST /v1/login'), 0)
})

test('requests have a time limit, and a refresh one that leaves time to repeat it', async () => {
  const { phone } = await signedIn()
  phone.clock = HOUR
  await phone.start().readMe()
  await phone.start({ timeout: 5000 }).readMe()
  assert.deepEqual(phone.network.calls.map(({ path, timeout }) => [path, timeout]), [
    ['/v1/login/refresh', 8000],
    ['/v1/users/me', 15000],
    ['/v1/users/me', 5000],
  ])
})

test('a busy server does not end a session whose token is still good', async () => {
  const { phone, client } = await signedIn()
  phone.clock = 14.5 * 60 * 1000
  phone.network.fault('POST /v1/login/refresh', () => ({ status: 503, headers: {}, text: '{"message":"Service Unavailable"}' }), 3)
  await client.readMe()
  assert.equal(client.state, 'signed_in')
})

test('after a refusal the server is left alone for a while', async () => {
  const { phone, client } = await signedIn()
  phone.clock = HOUR
  const refusal = () => ({ status: 429, headers: { 'retry-after': '40' }, text: '{"code":"rate_limited","detail":"slow down"}' })
  phone.network.fault('POST /v1/login/refresh', refusal, 9)
  const first = await failure(client.readMe())
  assert.equal(first.retryAfter, 40)
  const asked = count(phone, 'POST /v1/login/refresh')
  assert.equal((await failure(client.readMe())).code, 'rate_limited')
  assert.equal(count(phone, 'POST /v1/login/refresh'), asked)
  assert.equal(client.state, 'signed_in')
})

test('nobody without an account gets one before signIn()', async () => {
  const phone = newPhone()
  const client = phone.start()
  const states = []
  client.onChange((state) => states.push(state))
  assert.equal((await failure(client.readMe())).code, 'signed_out')
  assert.equal((await failure(client.readMe())).code, 'signed_out')
  assert.equal(count(phone, 'POST /v1/login'), 1)
  assert.equal((await client.signIn()).isNew, true)
  assert.deepEqual(states, ['signed_out', 'signed_in'])
})

test('whoever signed out stays signed out after a restart', async () => {
  const { phone, client } = await signedIn()
  const { refresh } = stored(phone).session
  await client.logout()
  assert.equal(await isLive(refresh), false)
  const next = phone.start()
  assert.equal(next.state, 'signed_out')
  assert.equal((await failure(next.readMe())).code, 'signed_out')
  assert.equal(count(phone, 'POST /v1/login'), 0)
  await next.signIn()
  assert.equal(next.state, 'signed_in')
})

test('signing out offline is immediate, and ends the session on the server later', async () => {
  const { phone, client } = await signedIn()
  const { refresh } = stored(phone).session
  phone.network.offline = true
  const done = client.logout()
  assert.equal(client.state, 'signed_out')
  await done
  phone.network.offline = false
  phone.clock = HOUR // and its access token has expired by then
  phone.start()
  await until(() => stored(phone).ending.length === 0)
  assert.equal(await isLive(refresh), false)
})

test('coming back to the foreground ends what could not be ended', async () => {
  const { phone, client } = await signedIn()
  phone.network.fault('POST /v1/logout', 'drop', 3)
  await client.logout()
  assert.equal(stored(phone).ending.length, 1)
  phone.show()
  await until(() => stored(phone).ending.length === 0)
})

test('a call that succeeds ends what could not be ended', async () => {
  const { phone, client } = await signedIn()
  const { refresh } = stored(phone).session
  phone.network.fault('POST /v1/logout', 'drop', 6)
  await client.logout()
  await client.signIn()
  assert.equal(stored(phone).ending.length, 1)
  await client.readMe()
  await until(() => stored(phone).ending.length === 0)
  assert.equal(await isLive(refresh), false)
})

test('of many sessions that could not be ended, the last few are kept', async () => {
  const { phone, client } = await signedIn()
  phone.faster = 100
  phone.network.fault('POST /v1/logout', 'drop', 1000)
  for (let n = 0; n < 10; n += 1) {
    await client.logout()
    await client.signIn()
  }
  assert.equal(stored(phone).ending.length, 8)
})

test('signing out of all sessions ends those of other phones', async () => {
  const { phone, client } = await signedIn()
  const other = await logIn(phone.openid)
  await client.logout({ all: true })
  assert.equal(await isLive(other.refresh_token), false)
})

test('a full storage does not keep somebody signed in', async () => {
  const { phone, client } = await signedIn()
  phone.storageFull = true
  await client.logout()
  assert.equal(phone.storage.has('wechat-backend'), false)
})

// ---- what wins over a renewal

test('signing out during a refresh wins', async () => {
  const { phone, client } = await signedIn()
  phone.clock = HOUR
  const gate = phone.network.hold('POST /v1/login/refresh', { after: true })
  const call = failure(client.readMe())
  await gate.arrived
  const done = client.logout()
  gate.release()
  assert.equal((await call).code, 'signed_out')
  await done
  assert.equal(client.state, 'signed_out')
  assert.equal(stored(phone).session, undefined)
  assert.equal(stored(phone).ending.length, 0)
})

test('signing out during a silent login wins, and its session is ended', async () => {
  const { phone } = await signedIn()
  store(phone, (state) => delete state.session)
  const client = phone.start()
  const gate = phone.network.hold('POST /v1/login', { after: true })
  const call = failure(client.readMe())
  await gate.arrived
  client.logout()
  gate.release()
  assert.equal((await call).code, 'signed_out')
  await until(() => count(phone, 'POST /v1/logout') === 1 && stored(phone).ending.length === 0)
  assert.equal(client.state, 'signed_out')
})

test('signing out during signIn() wins', async () => {
  const phone = newPhone()
  const client = phone.start()
  const gate = phone.network.hold('POST /v1/login', { after: true })
  const signIn = failure(client.signIn())
  await gate.arrived
  client.logout()
  gate.release()
  assert.equal((await signIn).code, 'signed_out')
  await until(() => count(phone, 'POST /v1/logout') === 1)
  assert.equal(client.state, 'signed_out')
})

test('another account wins over the renewal of the one before', async () => {
  const phone = newPhone()
  let person = phone.openid
  const client = phone.start({ code: () => codeOf(person) })
  await client.signIn()
  const former = stored(phone).session.refresh
  phone.clock = HOUR
  const gate = phone.network.hold('POST /v1/login/refresh', { after: true })
  const call = failure(client.readMe())
  await gate.arrived
  person = newPhone().openid
  const { user } = await client.signIn()
  gate.release()
  assert.equal((await call).code, 'account_changed')
  assert.equal((await client.readMe()).id, user.id)
  await until(() => stored(phone).ending.length === 0)
  assert.equal(await isLive(former), false)
})

test('what one user began is not done in the name of another', async () => {
  const phone = newPhone()
  let person = phone.openid
  const client = phone.start({ code: () => codeOf(person) })
  await client.signIn()
  phone.network.fault('PUT /v1/users/me', async () => {
    person = newPhone().openid
    await client.signIn()
    return { status: 401, headers: {}, text: '{"code":"unauthorized"}' }
  })
  assert.equal((await failure(client.changeMe({ nickname: '小明' }))).code, 'account_changed')
  assert.notEqual((await client.readMe()).nickname, '小明')
})

test('whoever signs in again after signing out does not wait for the sign-in before', async () => {
  const phone = newPhone()
  const client = phone.start()
  const gate = phone.network.hold('POST /v1/login', { after: true })
  const first = failure(client.signIn())
  await gate.arrived
  await client.logout()
  const second = client.signIn()
  await until(() => client.state === 'signed_in')
  gate.release()
  assert.equal((await first).code, 'signed_out')
  assert.equal((await client.readMe()).id, (await second).user.id)
  assert.equal(client.state, 'signed_in')
})

test('a listener that throws interrupts nothing, and its error is reported', async () => {
  const phone = newPhone()
  const client = phone.start()
  const states = []
  client.onChange(() => {
    throw new Error('of the program')
  })
  client.onChange((state) => states.push(state))
  await client.signIn()
  await client.logout()
  assert.deepEqual(states, ['signed_in', 'signed_out'])
  await until(() => phone.errors.length === 2)
  assert.equal(phone.errors[0].message, 'of the program')
})

test('a login code that cannot be had is a network error', async () => {
  const phone = newPhone()
  let fails = true
  const client = phone.start({
    code: () => {
      if (fails) throw new Error('no code today')
      return codeOf(phone.openid)
    },
  })
  const error = await failure(client.signIn())
  assert.equal(error.kind, 'network')
  assert.match(error.message, /no code today/)
  const [result] = await client.uploadAll([phone.file('picture', PNG)])
  assert.equal(result.error.kind, 'network')
  fails = false
  await client.signIn()
})

test('calls wait for a sign-in that is under way', async () => {
  const phone = newPhone()
  const client = phone.start()
  const [{ user }, me] = await Promise.all([client.signIn(), client.readMe()])
  assert.equal(me.id, user.id)
  assert.equal(count(phone, 'POST /v1/login'), 1)
})

// ---- disabled accounts

test('a disabled account is blocked, without a loop, until an administrator changes that', async () => {
  const { phone, client, user } = await signedIn()
  assert.equal((await asAdmin('PUT', `/v1/users/${user.id}`, { status: 'disabled' })).status, 200)
  assert.equal((await failure(client.readMe())).code, 'account_disabled')
  assert.equal(client.state, 'blocked')
  const calls = phone.network.calls.length
  assert.equal((await failure(client.readMe())).code, 'account_disabled')
  assert.equal(phone.network.calls.length, calls)
  assert.equal((await failure(client.signIn())).code, 'account_disabled')
  assert.equal(client.state, 'blocked')
  assert.equal((await asAdmin('PUT', `/v1/users/${user.id}`, { status: 'active' })).status, 200)
  await client.signIn()
  assert.equal((await client.readMe()).id, user.id)
})

test('a start tries again after the account was disabled', async () => {
  const { phone, client, user } = await signedIn()
  await asAdmin('PUT', `/v1/users/${user.id}`, { status: 'disabled' })
  await failure(client.readMe())
  assert.equal((await failure(phone.start().readMe())).code, 'account_disabled')
  await asAdmin('PUT', `/v1/users/${user.id}`, { status: 'active' })
  assert.equal((await phone.start().readMe()).id, user.id)
})
