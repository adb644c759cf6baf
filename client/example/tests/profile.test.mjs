// The profile: picture, form, phone number.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { OFFLINE, SIGNED_OUT, USER, failure, fakeBackend, upload } from './support/backend.mjs'
import { screen } from './support/screen.mjs'

async function profilePage(answers) {
  const fake = fakeBackend(answers)
  const { wx, shown } = screen()
  start(wx, { backend: fake.backend })
  const page = open('profile')
  await page.shown
  const writes = () => fake.calls.filter(([name, method]) => name === 'call' && method === 'PUT').map(([, , , request]) => request)
  const submit = (value) => page.dispatch('form', 'submit', { value: { nickname: '小明', username: '', email: '', ...value } })
  return { ...fake, shown, page, writes, submit }
}

test('only what was changed is sent, null for what was emptied, and with the etag', async () => {
  const user = { ...USER, email: 'a@example.com' }
  const { page, shown, writes, submit } = await profilePage({ call: { body: user, etag: '"7"' } })
  assert.deepEqual(page.findAll('input').map(({ attributes }) => attributes.value), ['小明', '', 'a@example.com'])
  await submit({ nickname: ' 小红 ', email: '' })
  await page.until(() => shown.toasts.length)
  assert.deepEqual(writes(), [{ body: { nickname: '小红', email: null }, ifMatch: '"7"' }])
  assert.deepEqual(shown.toasts, ['已保存'])
})

for (const [status, words] of [['checking', /正在审核/], ['review', /正在审核/], ['rejected', /未通过审核/]]) {
  test(`a nickname that is ${status} says so`, async () => {
    const { page } = await profilePage({ call: { body: { ...USER, nickname_status: status } } })
    assert.match(page.find('.nickname-note').text, words)
  })
}

test('a nickname that has passed says nothing', async () => {
  const { page } = await profilePage()
  assert.equal(page.has('.nickname-note'), false)
})

test('nothing changed, nothing sent', async () => {
  const { page, shown, writes, submit } = await profilePage()
  await submit({})
  await page.until(() => shown.toasts.length)
  assert.deepEqual(writes(), [])
})

test('what is wrong is shown at its field', async () => {
  const fields = [{ field: 'username', code: 'invalid_value', message: 'too short' }, { field: 'email', code: 'odd', message: 'no such domain' }]
  const { page, submit } = await profilePage({
    call: (method) => (method === 'GET' ? { body: USER, etag: '"1"' } : failure('api', { status: 400, code: 'invalid_request', fields })),
  })
  await submit({ username: 'ab', email: 'x' })
  await page.until(() => page.has('.field-error'))
  assert.deepEqual(page.findAll('.field-error').map(({ text }) => text), ['不符合要求 (too short)', 'no such domain'])
})

for (const [code, words] of [['username_taken', '该用户名已被使用'], ['email_taken', '该邮箱已被使用']]) {
  test(`${code} is shown at its field`, async () => {
    const { page, submit } = await profilePage({
      call: (method) => (method === 'GET' ? { body: USER } : failure('api', { status: 409, code })),
    })
    await submit({ username: 'alice', email: 'a@example.com' })
    await page.until(() => page.has('.field-error'))
    assert.equal(page.find('.field-error').text, words)
  })
}

test('a change on another device is loaded instead of overwritten', async () => {
  let current = { body: USER, etag: '"1"' }
  const { page, submit } = await profilePage({
    call: (method) => (method === 'GET' ? current : failure('api', { status: 412, code: 'version_mismatch' })),
  })
  current = { body: { ...USER, nickname: '小刚' }, etag: '"2"' }
  await submit({ nickname: '小红' })
  await page.until(() => /其他设备/.test(page.text))
  assert.equal(page.find('input').attributes.value, '小刚')
})

test('offline while saving: told, and the form stays', async () => {
  const { page, submit } = await profilePage({ call: (method) => (method === 'GET' ? { body: USER } : OFFLINE) })
  await submit({ nickname: '小红' })
  await page.until(() => /网络不可用/.test(page.find('.notice')?.text))
  assert.ok(page.has('form') && !page.find('button.save').disabled)
})

test('signed out while saving: the sign-in button', async () => {
  const { page, submit } = await profilePage({ call: (method) => (method === 'GET' ? { body: USER } : SIGNED_OUT) })
  await submit({ nickname: '小红' })
  await page.until(() => page.has('button.sign-in'))
  assert.ok(!page.has('form'))
})

test('the chosen picture is shown while it is sent, then the server\'s', async () => {
  const answers = {}
  const { page, transfers } = await profilePage(answers)
  await page.dispatch('button.picture', 'chooseavatar', { avatarUrl: 'wxfile://me' })
  await page.until(() => transfers.length)
  const { path, options, resolve } = transfers[0]
  assert.deepEqual([path, options.purpose], ['wxfile://me', 'avatar'])
  options.onProgress({ sent: 1, total: 2 })
  assert.equal(page.find('image.avatar').attributes.src, 'wxfile://me')
  assert.equal(page.find('progress').attributes.percent, 50)
  answers.call = { body: { ...USER, avatar_url: 'http://127.0.0.1/me.png' } }
  resolve(upload({ purpose: 'avatar' }))
  await page.until(() => page.find('image.avatar').attributes.src === 'http://127.0.0.1/me.png')
})

test('a rejected picture says why, and the old one is back', async () => {
  const { page, transfers } = await profilePage()
  await page.dispatch('button.picture', 'chooseavatar', { avatarUrl: 'wxfile://me' })
  await page.until(() => transfers.length)
  transfers[0].reject(failure('client', { code: 'upload_rejected', upload: upload({ status: 'rejected', reason: 'type_mismatch' }) }))
  await page.until(() => /头像被拒绝：类型与声明不符/.test(page.text))
  await page.until(() => !page.has('image.avatar'))
})

test('a picture under review is announced', async () => {
  const { page, transfers } = await profilePage()
  await page.dispatch('button.picture', 'chooseavatar', { avatarUrl: 'wxfile://me' })
  await page.until(() => transfers.length)
  transfers[0].resolve(upload({ status: 'review' }))
  await page.until(() => /头像正在审核/.test(page.text))
})

test('the phone number: shared, refused, no quota', async () => {
  const answers = {}
  const { page, shown, calls } = await profilePage(answers)
  await page.dispatch('button.get-phone', 'getphonenumber', { errMsg: 'getPhoneNumber:fail user deny' })
  await page.dispatch('button.get-phone', 'getphonenumber', { errno: 1400001 })
  assert.deepEqual(shown.toasts, ['未授权手机号', '手机号验证次数已用完'])
  answers.call = { body: { ...USER, phone: '13800138000' } }
  await page.dispatch('button.get-phone', 'getphonenumber', { code: 'c1' })
  await page.until(() => page.find('.phone').text === '13800138000')
  assert.deepEqual(calls.filter(([name]) => name === 'setPhone'), [['setPhone', { code: 'c1' }]])
})

test('an expired phone code is told', async () => {
  const { page, shown } = await profilePage({ setPhone: failure('api', { status: 400, code: 'wechat_phone_code_invalid' }) })
  await page.dispatch('button.get-phone', 'getphonenumber', { code: 'c1' })
  await page.until(() => shown.toasts.length)
  assert.deepEqual(shown.toasts, ['手机号授权已过期，请重试'])
})
