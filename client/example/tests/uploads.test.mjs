// The page of files: list, verdicts, sending, deleting.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { OFFLINE, failure, fakeBackend, upload } from './support/backend.mjs'
import { screen } from './support/screen.mjs'

async function uploadsPage(answers) {
  const fake = fakeBackend(answers)
  const { wx, shown, person } = screen()
  start(wx, { backend: fake.backend })
  const page = open('uploads')
  await page.shown
  return { ...fake, shown, person, page }
}

const list = (...items) => ({ listUploads: { items, next_cursor: null } })
const rowTexts = (page) => page.findAll('.middle').map(({ text }) => text)

/** Chooses pictures and returns the transfer that begins. */
async function choose({ page, person, transfers }, ...pictures) {
  person.pictures = pictures
  await page.tap('button.choose')
  await page.until(() => transfers.length)
  return transfers.at(-1)
}

test('an empty list says so', async () => {
  const { page } = await uploadsPage()
  assert.match(page.text, /还没有文件/)
})

test('every status and every reason has words of its own', async () => {
  const statuses = { pending: '未收到', checking: '检测中', review: '审核中', ready: '可用', rejected: '已拒绝', deleted: '已删除' }
  const reasons = ['empty', 'headers_not_allowed', 'size_mismatch', 'suspicious_content', 'too_large', 'type_mismatch', 'content']
  const items = Object.keys(statuses).map((status) => upload({ status }))
    .concat(reasons.map((reason) => upload({ status: 'rejected', reason, download_url: null })))
  const { page } = await uploadsPage(list(...items))
  const texts = rowTexts(page)
  Object.values(statuses).forEach((words, i) => assert.match(texts[i], new RegExp(`^${words}`)))
  const reasonWords = page.findAll('.reason').map(({ text }) => text)
  assert.equal(new Set(reasonWords).size, reasons.length)
  reasonWords.forEach((words) => assert.match(words, /[\u4e00-\u9fff]/))
})

test('what a newer server says is shown as it is', async () => {
  const { page } = await uploadsPage(list(upload({ status: 'archived', reason: 'too_old' })))
  assert.match(page.text, /archived.*too_old/)
})

test('several files: progress, verdicts, and the rejected one with its reason', async () => {
  const phone = await uploadsPage()
  const { page } = phone
  const { paths, options, resolve } = await choose(phone, 'wxfile://a', 'wxfile://b')
  assert.deepEqual(paths, ['wxfile://a', 'wxfile://b'])
  options.onProgress({ sent: 30, total: 120 }, 0)
  options.onProgress({ sent: 120, total: 120 }, 1)
  assert.match(page.text, /正在上传25%.*校验中100%/)
  options.onResult({ path: 'wxfile://a', upload: upload() }, 0)
  const rejected = upload({ status: 'rejected', reason: 'suspicious_content', download_url: null })
  options.onResult({ path: 'wxfile://b', error: failure('api', { code: 'upload_rejected', upload: rejected }) }, 1)
  resolve([])
  await page.until(() => !page.has('.bar'))
  assert.match(page.text, /已拒绝图片中含有可疑内容.*可用/)
})

test('a file that failed says why, can be tried again, and then succeeds', async () => {
  const phone = await uploadsPage()
  const { page, transfers } = phone
  const first = await choose(phone, 'wxfile://a')
  first.options.onResult({ path: 'wxfile://a', error: OFFLINE }, 0)
  first.resolve([])
  await page.until(() => /网络不可用/.test(page.text))
  await page.tap('.retry')
  await page.until(() => transfers.length === 2)
  assert.deepEqual(transfers[1].paths, ['wxfile://a'])
  transfers[1].options.onResult({ path: 'wxfile://a', upload: upload() }, 0)
  transfers[1].resolve([])
  await page.until(() => /可用/.test(page.text) && !/网络不可用/.test(page.text))
})

test('the quota is named, and the row can be dismissed', async () => {
  const phone = await uploadsPage()
  const { page } = phone
  const { reject } = await choose(phone, 'wxfile://a')
  reject(failure('api', { status: 429, code: 'upload_quota' }))
  await page.until(() => /上传数量或空间已达上限/.test(page.text))
  await page.tap('.dismiss')
  await page.until(() => /还没有文件/.test(page.text))
})

test('cancelling ends what is under way', async () => {
  const phone = await uploadsPage()
  const { page } = phone
  await choose(phone, 'wxfile://a', 'wxfile://b')
  await page.tap('.cancel')
  await page.until(() => page.findAll('.line').filter(({ text }) => text === '已取消').length === 2)
  assert.ok(!page.has('.cancel'))
})

test('closing the picture chooser is not an error, any other failure is told', async () => {
  const { page, person, shown } = await uploadsPage()
  person.denies = 'pictures'
  await page.tap('button.choose')
  assert.deepEqual(shown.toasts, [])
  globalThis.wx.chooseMedia = ({ fail }) => fail({ errMsg: 'chooseMedia:fail api scope is not declared' })
  await page.tap('button.choose')
  assert.deepEqual(shown.toasts, ['未能选择图片'])
})

test('deleting asks first', async () => {
  const { page, person, shown, calls } = await uploadsPage(list(upload({ id: 'one' }), upload({ id: 'two' })))
  person.confirms = false
  await page.tap('.remove')
  await page.until(() => shown.dialogs.length === 1)
  assert.equal(rowTexts(page).length, 2)
  person.confirms = true
  await page.tap('.remove')
  await page.until(() => rowTexts(page).length === 1)
  assert.deepEqual(calls.filter(([name]) => name === 'deleteUpload'), [['deleteUpload', 'one']])
})

test('a file deleted elsewhere goes, one that could not be deleted stays', async () => {
  const answers = { ...list(upload(), upload()), deleteUpload: failure('api', { status: 404, code: 'not_found' }) }
  const { page, shown } = await uploadsPage(answers)
  await page.tap('.remove')
  await page.until(() => rowTexts(page).length === 1)
  answers.deleteUpload = OFFLINE
  await page.tap('.remove')
  await page.until(() => shown.toasts.length === 1)
  assert.deepEqual([rowTexts(page).length, shown.toasts], [1, ['网络不可用']])
})

test('more files come by the cursor, once', async () => {
  const answers = { listUploads: { items: [upload()], next_cursor: 'c1' } }
  const { page, calls } = await uploadsPage(answers)
  answers.listUploads = { items: [upload()], next_cursor: null }
  page.call('onReachBottom')
  await page.tap('.more')
  await page.until(() => rowTexts(page).length === 2)
  assert.deepEqual(calls.map(([, query]) => query.cursor), [undefined, 'c1'])
  assert.ok(!page.has('.more'))
})
