// Through the whole mini-program, against the running local stack.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client } from './support/app.mjs'
import { IMPOSTOR, PIXEL, Phone, WITHOUT_STACK, newPerson } from './support/phone.mjs'

const walk = (name, run) => test(name, { skip: WITHOUT_STACK, timeout: 60000 }, run)

const LOGIN = 'POST /v1/login'
const RENEWAL = 'POST /v1/login/refresh'
const readyRows = (page) => page.findAll('.badge-good').length

walk('first run: signed out, in by a tap, profile, files, and out of the account again', async () => {
  const phone = new Phone().start()
  const home = phone.open('home')
  await home.until(() => /未登录/.test(home.text))
  await home.tap('button.sign-in')
  await home.until(() => /你好，未设置昵称/.test(home.text))
  assert.deepEqual(phone.shown.toasts, ['账号已创建，欢迎！'])

  const profile = phone.open('profile')
  await profile.dispatch('form', 'submit', { value: { nickname: '小明', username: '', email: '' } })
  await profile.until(() => phone.shown.toasts.includes('已保存'))
  phone.files.set('wxfile://me', PIXEL)
  await profile.dispatch('button.picture', 'chooseavatar', { avatarUrl: 'wxfile://me' })
  await profile.until(() => /^http/.test(profile.find('image.avatar')?.attributes.src))
  await profile.dispatch('button.get-phone', 'getphonenumber', { code: `phone-13800138000-${Date.now()}` })
  await profile.until(() => profile.find('.phone').text === '13800138000')

  const uploads = phone.open('uploads')
  await uploads.shown
  phone.pick(PIXEL, IMPOSTOR)
  await uploads.tap('button.choose')
  await uploads.until(() => !uploads.has('.cancel') && readyRows(uploads) === 2 && uploads.has('.reason'))
  assert.equal(uploads.find('.reason').text, '类型与声明不符')

  await home.show()
  assert.match(home.text, /你好，小明.*13800138000.*已拒绝.*查看全部/)
  assert.ok(home.has('image.avatar'))

  const settings = phone.open('settings')
  await settings.tap('.delete')
  await settings.until(() => phone.shown.toasts.includes('账号已注销'))
  await home.show()
  assert.match(home.text, /未登录/)
})

walk('second run: in at once, without a login', async () => {
  const phone = new Phone()
  await phone.signedIn()
  phone.start()
  const home = phone.open('home')
  await home.shown
  assert.match(home.text, /你好/)
  assert.deepEqual([phone.count(LOGIN), phone.count(RENEWAL)], [0, 0])
})

walk('token expired overnight: one renewal for all that the page asks', async (t) => {
  const phone = new Phone()
  const home = await phone.signedIn()
  phone.network.calls.length = 0
  const now = Date.now
  t.mock.method(Date, 'now', () => now() + 8 * 3600 * 1000)
  await home.show()
  assert.match(home.text, /你好/)
  assert.deepEqual([phone.count(RENEWAL), phone.count(LOGIN)], [1, 0])
})

walk('the session was ended elsewhere: in again silently, since the account is there', async (t) => {
  const person = newPerson()
  const [here, there] = [new Phone(person), new Phone(person)]
  const home = await here.signedIn()
  await there.signedIn()
  const settings = there.open('settings')
  await settings.tap('.logout-all')
  await settings.until(() => there.count('POST /v1/logout') === 1)
  await settings.until(() => there.shown.toasts.includes('已退出'))
  here.takeUp()
  const now = Date.now
  t.mock.method(Date, 'now', () => now() + 3600 * 1000)
  await home.show()
  assert.match(home.text, /你好/)
})

walk('aeroplane mode in an upload: told, and sent once when tried again', async () => {
  const phone = new Phone()
  await phone.signedIn()
  const uploads = phone.open('uploads')
  await uploads.shown
  phone.network.fault('-uploads-', () => { // the bucket
    phone.network.offline = true
    throw new Error('net::ERR_NETWORK_CHANGED')
  })
  phone.pick(PIXEL)
  await uploads.tap('button.choose')
  await uploads.until(() => /网络不可用/.test(uploads.text))
  assert.equal(readyRows(uploads), 0)
  phone.network.offline = false
  await uploads.tap('.retry')
  await uploads.until(() => readyRows(uploads) === 1 && !uploads.has('.cancel'))
  await uploads.show()
  assert.equal(readyRows(uploads), 1)
})

walk('aeroplane mode at the start: what can be shown is told, and loads when the network is back', async () => {
  const phone = new Phone()
  await phone.signedIn()
  phone.network.offline = true
  phone.start()
  const home = phone.open('home')
  await home.until(() => /网络不可用/.test(home.text))
  phone.network.offline = false
  await home.tap('button.retry')
  await home.until(() => /你好/.test(home.text))
})

walk('account deleted on another phone: signed out here, and nothing brings it back but a tap', async () => {
  const person = newPerson()
  const [here, there] = [new Phone(person), new Phone(person)]
  const home = await here.signedIn()
  await there.signedIn()
  const settings = there.open('settings')
  await settings.tap('.delete')
  await settings.until(() => there.shown.toasts.includes('账号已注销'))
  here.takeUp()
  await home.show()
  assert.match(home.text, /未登录/)
  here.start()
  const again = here.open('home')
  await again.until(() => /未登录/.test(again.text))
  assert.equal(here.count(LOGIN), 0)
  here.shown.toasts.length = 0
  await again.tap('button.sign-in')
  await again.until(() => /你好/.test(again.text))
  assert.deepEqual(here.shown.toasts, ['账号已创建，欢迎！'])
})

walk('logged out stays logged out, after a restart too', async () => {
  const phone = new Phone()
  await phone.signedIn()
  const settings = phone.open('settings')
  await settings.tap('.logout')
  await settings.until(() => phone.shown.toasts.includes('已退出'))
  phone.start()
  const home = phone.open('home')
  await home.until(() => /未登录/.test(home.text))
  assert.equal(phone.count(LOGIN), 0)
})

walk('account deleted offline: pending, and done at the next start', async () => {
  const phone = new Phone()
  await phone.signedIn()
  phone.network.offline = true
  const settings = phone.open('settings')
  await settings.tap('.delete')
  await settings.until(() => /等待注销/.test(settings.text) && phone.shown.toasts.length)
  assert.ok(!phone.shown.toasts.includes('账号已注销'))
  phone.network.offline = false
  phone.start()
  const later = phone.open('settings')
  await later.until(() => /未登录/.test(later.text))
  assert.equal(phone.count('DELETE /v1/users/me'), 1)
})

walk('the account is disabled: blocked, nothing tried in a loop, and back when it is enabled', async () => {
  const phone = new Phone()
  const home = await phone.signedIn()
  const id = home.find('.mono').text
  const admin = new Phone('admin')
  await admin.signedIn()
  const backend = client()
  await backend.changeUser(id, { status: 'disabled' })
  phone.takeUp()
  phone.network.calls.length = 0
  await home.show()
  assert.match(home.text, /账号已停用/)
  assert.ok(phone.network.calls.length <= 4, phone.network.calls.map(({ path }) => path).join())
  await backend.changeUser(id, { status: 'active' })
  phone.start()
  const again = phone.open('home')
  await again.until(() => /你好/.test(again.text))
})

walk('in the developer tools: the fixed login code becomes a fresh one each time', async () => {
  const phone = new Phone()
  phone.changed = () => ({ login: ({ success }) => success({ code: 'the code is a mock one' }) })
  const home = await phone.signedIn()
  const id = home.find('.mono').text
  for (const leave of ['.logout', '.delete']) {
    const settings = phone.open('settings')
    await settings.tap(leave)
    await settings.until(() => !settings.has(leave))
    await settings.tap('button.sign-in')
    await settings.until(() => settings.has('.logout'))
    await home.show()
    assert.equal(home.find('.mono').text, id)
  }
})
