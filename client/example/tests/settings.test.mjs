// Settings: the session in each of its states, language, privacy guide.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { OFFLINE, fakeBackend } from './support/backend.mjs'
import { screen } from './support/screen.mjs'

async function settingsPage(answers, { state = 'signed_in', ...options } = {}) {
  const fake = fakeBackend(answers)
  fake.backend.state = state
  const { wx, shown, person } = screen(options)
  start(wx, { backend: fake.backend })
  const page = open('settings')
  await page.shown
  return { ...fake, shown, person, page }
}

const STATES = {
  unknown: /未登录/, signed_in: /已登录/, signed_out: /未登录/, blocked: /已停用/,
  deletion_pending: /等待注销.*自动完成/, deletion_unconfirmed: /注销未确认.*再次注销/,
}
for (const [state, words] of Object.entries(STATES)) {
  test(`session: ${state}`, async () => {
    const { page } = await settingsPage({}, { state })
    assert.match(page.text, words)
    assert.deepEqual([page.has('.logout'), page.has('.delete'), page.has('button.sign-in')],
      state === 'signed_in' ? [true, true, false] : [false, false, true])
  })
}

test('the page follows the session, and stops when it is closed', async () => {
  const { page, become } = await settingsPage()
  become('blocked')
  assert.match(page.text, /已停用/)
  page.close()
  become('signed_in')
  assert.match(page.text, /已停用/)
})

test('logging out, here and everywhere', async () => {
  const { page, calls, shown } = await settingsPage()
  await page.tap('.logout')
  await page.until(() => shown.toasts.length === 1)
  await page.tap('.logout-all')
  await page.until(() => shown.toasts.length === 2)
  assert.deepEqual(calls.filter(([name]) => name === 'logout'), [['logout'], ['logout', { all: true }]])
})

test('deleting the account asks first, and is told when it is done', async () => {
  const { page, calls, shown, person } = await settingsPage()
  person.confirms = false
  await page.tap('.delete')
  await page.until(() => shown.dialogs.length)
  assert.deepEqual(calls.filter(([name]) => name === 'deleteAccount'), [])
  person.confirms = true
  await page.tap('.delete')
  await page.until(() => shown.toasts.length)
  assert.deepEqual(shown.toasts, ['账号已注销'])
})

test('deleting the account offline is never told as done', async () => {
  const { page, shown, become } = await settingsPage({ deleteAccount: () => { become('deletion_pending'); return OFFLINE } })
  await page.tap('.delete')
  await page.until(() => /等待注销/.test(page.text))
  await page.until(() => shown.toasts.length)
  assert.deepEqual(shown.toasts, ['网络不可用'])
})

test('the language is switched at once, and remembered', async () => {
  const storage = new Map()
  const { page, shown } = await settingsPage({}, { storage })
  await page.tap('.language')
  await page.until(() => /Log out everywhere/.test(page.text))
  assert.deepEqual(shown.tabs, ['Home', 'Files', 'Profile', 'Settings'])
  const next = await settingsPage({}, { storage })
  assert.match(next.page.text, /Log out everywhere/)
})

test('the privacy guide opens; one that is not filled in yet is told', async () => {
  const { page, shown, person } = await settingsPage()
  await page.tap('.privacy')
  assert.equal(shown.contract, 1)
  person.denies = 'contract'
  await page.tap('.privacy')
  assert.deepEqual(shown.toasts, ['尚未在管理后台填写隐私保护指引'])
})

test('the server\'s version, or that it cannot be reached', async () => {
  const { page, answers } = await settingsPage()
  assert.equal(page.find('.version').text, '0.1.0')
  answers.ping = OFFLINE
  await page.show()
  assert.equal(page.find('.version').text, '无法连接')
})

test('the self-test is one tap away', async () => {
  const { page, shown } = await settingsPage()
  await page.tap('.selftest')
  assert.deepEqual(shown.opened, ['/pages/selftest/selftest'])
})
