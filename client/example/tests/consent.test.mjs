// Consent to the privacy guide: asked when needed, answered once, never left open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { fakeBackend } from './support/backend.mjs'
import { screen } from './support/screen.mjs'

/** A phone whose WeChat holds calls back until the person has agreed. */
function phone({ agreed = false } = {}) {
  const { wx, shown } = screen()
  const answers = []
  let listener = () => assert.fail('nothing listens')
  wx.onNeedPrivacyAuthorization = (listen) => { listener = listen }
  wx.getPrivacySetting = ({ success }) => success({ needAuthorization: !agreed, privacyContractName: '《示例隐私保护指引》' })
  start(wx, { backend: fakeBackend().backend })
  return { shown, answers, hold: () => listener((answer) => answers.push(answer)) }
}

const asks = (page) => page.has('.sheet')
const EXPOSED = { event: 'exposureAuthorization' }
const AGREED = { event: 'agree', buttonId: 'agree-privacy' }
const DECLINED = { event: 'disagree' }

test('a call that is held back brings the question, and the answer lets it go', async () => {
  const { answers, hold } = phone()
  const page = open('uploads')
  await page.shown
  assert.ok(!asks(page))
  hold()
  assert.ok(asks(page))
  await page.dispatch('button.button-main.action', 'agreeprivacyauthorization')
  assert.deepEqual(answers, [EXPOSED, AGREED])
  assert.ok(!asks(page))
})

test('the button has the id that is reported, and the open-type that WeChat counts', async () => {
  const { hold } = phone()
  const page = open('uploads')
  await page.shown
  hold()
  const { id, 'open-type': openType } = page.find('button.button-main.action').attributes
  assert.deepEqual([id, openType], [AGREED.buttonId, 'agreePrivacyAuthorization'])
})

test('declining ends the call', async () => {
  const { answers, hold } = phone()
  const page = open('uploads')
  await page.shown
  hold()
  await page.tap('button.disagree')
  assert.deepEqual(answers, [EXPOSED, DECLINED])
  assert.ok(!asks(page))
})

test('one answer serves every call that waits', async () => {
  const { answers, hold } = phone()
  const page = open('uploads')
  await page.shown
  hold()
  hold()
  await page.dispatch('button.button-main.action', 'agreeprivacyauthorization')
  assert.deepEqual(answers, [EXPOSED, EXPOSED, AGREED, AGREED])
})

test('leaving the page declines', async () => {
  const { answers, hold } = phone()
  const page = open('uploads')
  await page.shown
  hold()
  page.hide()
  assert.deepEqual(answers, [EXPOSED, DECLINED])
  assert.ok(!asks(page))
})

test('of several tabs, the one in view asks', async () => {
  const { hold } = phone({ agreed: true })
  const uploads = open('uploads')
  await uploads.shown
  uploads.hide()
  const profile = open('profile')
  await profile.shown
  hold()
  assert.deepEqual([asks(uploads), asks(profile)], [false, true])
})

test('a call on a page without the question is declined, not left hanging', async () => {
  const { answers, hold } = phone({ agreed: true })
  const page = open('uploads')
  await page.shown
  page.close()
  hold()
  assert.deepEqual(answers, [DECLINED])
})

test('the profile asks at once, since a nickname field does not', async () => {
  phone()
  const page = open('profile')
  await page.shown
  assert.match(page.find('.sheet').text, /《示例隐私保护指引》/)
})

test('the profile does not ask who has agreed', async () => {
  phone({ agreed: true })
  const page = open('profile')
  await page.shown
  assert.ok(!asks(page))
})

test('the guide opens from the question', async () => {
  const { shown } = phone()
  const page = open('profile')
  await page.tap('.contract')
  assert.equal(shown.contract, 1)
})

test('on a base library without consent everything works', async () => {
  start(screen().wx, { backend: fakeBackend().backend })
  const page = open('profile')
  await page.shown
  assert.ok(!asks(page) && page.has('form'))
})
