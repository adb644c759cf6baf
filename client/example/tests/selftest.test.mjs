// The page that a person runs once on a phone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { OFFLINE, fakeBackend } from './support/backend.mjs'
import { Phone, WITHOUT_STACK } from './support/phone.mjs'
import { screen } from './support/screen.mjs'

const badges = (page) => page.findAll('.badge').map(({ text }) => text)

/** Runs it, as a phone that does (or does not) show the picture. */
async function run(page, { shows = true } = {}) {
  await page.tap('button.start')
  const answer = async () => {
    const probe = page.find('image.probe')
    if (probe) probe.dispatch(shows ? 'load' : 'error', { errMsg: 'image:fail' })
    return page.has('.report')
  }
  await page.until(answer, 'the report')
}

test('against the local stack: everything passes, and nothing is left behind', { skip: WITHOUT_STACK, timeout: 60000 }, async () => {
  const phone = new Phone()
  await phone.signedIn()
  const page = phone.open('selftest')
  await run(page)
  assert.deepEqual(new Set(badges(page)), new Set(['通过']), page.text)
  assert.match(page.find('.summary').text, /^10 项通过，0 项失败/)
  const report = page.find('.report').text
  assert.match(report, /PASSED etag: 304/)
  assert.doesNotMatch(report, /u[a-z2-7]{26}|Bearer|walker/)
  const uploads = phone.open('uploads')
  await uploads.shown
  assert.match(uploads.text, /还没有文件/)
})

test('what a phone does wrong is named', { skip: WITHOUT_STACK, timeout: 60000 }, async () => {
  const phone = new Phone()
  await phone.signedIn()
  // The fields after the file, where S3 does not read them; 304 swallowed by a cache.
  phone.changed = ({ uploadFile, request }) => ({
    uploadFile: (options) => uploadFile({ ...options, formData: {} }),
    request: (options) => request({
      ...options,
      success: (answer) => options.success(answer.statusCode === 304 ? { ...answer, statusCode: 200 } : answer),
    }),
  })
  phone.start()
  const page = phone.open('selftest')
  await run(page)
  const report = page.find('.report').text
  assert.match(report, /FAILED etag: status 200 instead of 304/)
  assert.match(report, /FAILED post: storage 4\d\d/)
  assert.match(report, /PASSED put/)
  assert.match(report, /SKIPPED download/)
})

test('signed out or offline: what depends on it is skipped', async () => {
  const { wx } = screen()
  const fake = fakeBackend({ call: OFFLINE })
  start(wx, { backend: fake.backend })
  const page = open('selftest')
  assert.equal(new Set(badges(page)).size, 1)
  await run(page)
  assert.deepEqual(badges(page), ['失败', ...Array(9).fill('跳过')])
  assert.match(page.find('.report').text, /FAILED ping: network/)
})
