// Every page in every state, with a client whose answers the test chooses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { BLOCKED, BROKEN, OFFLINE, SIGNED_OUT, USER, failure, fakeBackend, upload } from './support/backend.mjs'
import { screen } from './support/screen.mjs'

function phone(answers, options) {
  const fake = fakeBackend(answers)
  const { wx, shown, person } = screen(options)
  start(wx, { backend: fake.backend })
  return { ...fake, shown, person }
}

// What each page asks for when it appears.
const ASKS = { home: 'readMe', uploads: 'listUploads', profile: 'call' }
const never = () => new Promise(() => {})

for (const [name, method] of Object.entries(ASKS)) {
  test(`${name}: loading`, () => {
    phone({ [method]: never })
    assert.equal(open(name).text, '正在加载…')
  })

  test(`${name}: signed out, then in by the button and nothing else`, async () => {
    const { answers, calls, backend } = phone({ [method]: SIGNED_OUT })
    const page = open(name)
    await page.shown
    assert.match(page.text, /未登录/)
    assert.deepEqual(calls.filter(([call]) => call === 'signIn'), [])
    delete answers[method]
    backend.state = 'signed_in'
    await page.tap('button.sign-in')
    await page.until(() => !/未登录/.test(page.text))
    assert.equal(calls.filter(([call]) => call === 'signIn').length, 1)
  })

  test(`${name}: blocked`, async () => {
    phone({ [method]: BLOCKED })
    const page = open(name)
    await page.shown
    assert.match(page.text, /账号已停用/)
    assert.ok(!page.has('button.sign-in'))
  })

  test(`${name}: offline, then tried again`, async () => {
    const { answers } = phone({ [method]: OFFLINE })
    const page = open(name)
    await page.shown
    assert.match(page.text, /网络不可用/)
    delete answers[method]
    await page.tap('button.retry')
    await page.until(() => !/网络不可用/.test(page.text))
  })

  test(`${name}: a failure shows the request's id`, async () => {
    phone({ [method]: BROKEN })
    const page = open(name)
    await page.shown
    assert.match(page.text, /服务器出错了.*r-17/)
  })

  test(`${name}: offline later, what was loaded stays, and says so`, async () => {
    const { answers } = phone()
    const page = open(name)
    await page.shown
    const before = page.text
    answers[method] = OFFLINE
    await page.show()
    assert.match(page.text, /显示的是上次的内容/)
    assert.ok(page.text.includes(before))
  })

  test(`${name}: signed out later, nothing of the account stays on the screen`, async () => {
    const { answers } = phone({ listUploads: { items: [upload()], next_cursor: null } })
    const page = open(name)
    await page.shown
    answers[method] = SIGNED_OUT
    await page.show()
    assert.match(page.text, /^未登录/)
  })

  test(`${name}: English on an English phone`, async () => {
    const { shown } = phone({ [method]: SIGNED_OUT }, { language: 'en' })
    const page = open(name)
    await page.shown
    assert.match(page.text, /Signed out.*Sign in with WeChat/)
    assert.deepEqual(shown.tabs, ['Home', 'Files', 'Profile', 'Settings'])
    assert.ok(!/[\u4e00-\u9fff]/.test(shown.title))
  })
}

const SHOWN_AS = {
  signed_out: /未登录/, login_required: /未登录/, deletion_pending: /未登录/,
  account_disabled: /账号已停用/, wechat_user_blocked: /账号已停用/, a_new_code: /出错了.*a_new_code/,
}
for (const [code, words] of Object.entries(SHOWN_AS)) {
  test(`${code} is shown for what it is`, async () => {
    phone({ readMe: failure('api', { status: 403, code }) })
    const page = open('home')
    await page.shown
    assert.match(page.text, words)
  })
}

test('a failed sign-in is told, and the button stays', async () => {
  const { shown } = phone({ readMe: SIGNED_OUT, signIn: failure('api', { status: 429, code: 'rate_limited', retryAfter: 7 }) })
  const page = open('home')
  await page.tap('button.sign-in')
  await page.until(() => shown.toasts.length)
  assert.deepEqual(shown.toasts, ['操作太频繁 请在 7 秒后重试。'])
  await page.until(() => page.has('button.sign-in') && !page.find('button.sign-in').disabled)
})

test('home: a new account is welcomed and asked for a profile', async () => {
  const answers = { readMe: SIGNED_OUT, signIn: { user: USER, isNew: true } }
  const { shown } = phone(answers)
  const page = open('home')
  await page.shown
  answers.readMe = { ...USER, nickname: null }
  await page.tap('button.sign-in')
  await page.until(() => /你好，未设置昵称/.test(page.text))
  assert.deepEqual(shown.toasts, ['账号已创建，欢迎！'])
  await page.tap('.complete')
  assert.deepEqual(shown.opened, ['/pages/profile/profile'])
})

test('home: picture, role and latest files of a complete account', async () => {
  phone({
    readMe: { ...USER, avatar_url: 'http://127.0.0.1/me.png', role: 'admin', phone: '13800138000' },
    listUploads: { items: [upload(), upload({ status: 'rejected', reason: 'type_mismatch', download_url: null })], next_cursor: null },
  })
  const page = open('home')
  await page.shown
  assert.equal(page.find('image.avatar').attributes.src, 'http://127.0.0.1/me.png')
  assert.match(page.text, /管理员.*13800138000.*可用.*已拒绝.*查看全部/)
  assert.ok(!page.has('.complete'))
})
