// The pages of the example examples/feed: list, like, report, block, delete, and writing a post.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, start } from './support/app.mjs'
import { BLOCKED, BROKEN, OFFLINE, SIGNED_OUT, USER, failure, fakeBackend, upload } from './support/backend.mjs'
import { PIXEL, Phone, WITHOUT_STACK } from './support/phone.mjs'
import { screen } from './support/screen.mjs'

const NOT_DEPLOYED = failure('api', { status: 404, code: 'not_found' })
const OTHER = 'uaaaaaaaaaaaaaaaaaaaaaaaaaa'

let serial = 0
function post(change = {}) {
  serial += 1
  return {
    id: `0-${serial}`, author: OTHER, text: `post ${serial}`, status: 'ready', pictures: [], likes: 0, liked: false,
    is_mine: false, created_at: '2026-11-22T21:49:00Z', ...change,
  }
}

const list = (...items) => ({ 'GET /v1/posts': { body: { items, next_cursor: null } } })

/** `answers` are by method and path; what is not there is not deployed. */
function phone(answers, options) {
  const fake = fakeBackend({
    profiles: { items: [{ id: OTHER, nickname: '小红', avatar_url: null }] },
    call: async (method, path, request) => {
      const answer = answers[`${method} ${path}`] ?? NOT_DEPLOYED
      return typeof answer === 'function' ? answer(request) : answer
    },
  })
  const { wx, shown, person } = screen(options)
  start(wx, { backend: fake.backend })
  const asked = () => fake.calls.filter(([name]) => name === 'call').map(([, method, path, request]) => [`${method} ${path}`, request])
  return { ...fake, shown, person, asked, answers }
}

async function feedPage(answers) {
  const it = phone(answers)
  const page = open('feed')
  await page.shown
  return { ...it, page }
}

const texts = (page) => page.findAll('.text').map(({ text }) => text)

// ---- states

test('loading', () => {
  phone({ 'GET /v1/posts': () => new Promise(() => {}) })
  assert.equal(open('feed').text, '正在加载…')
})

test('not deployed: said, and nothing else', async () => {
  const { page, shown } = await feedPage({})
  assert.match(page.text, /^动态功能未部署/)
  assert.ok(!page.has('button'))
  assert.equal(shown.title, '动态')
})

for (const [name, error, words] of [
  ['signed out', SIGNED_OUT, /未登录/], ['blocked', BLOCKED, /账号已停用/], ['offline', OFFLINE, /网络不可用/], ['a failure', BROKEN, /服务器出错了.*r-17/],
]) {
  test(`${name}, then all is well`, async () => {
    const { page, answers } = await feedPage({ 'GET /v1/posts': error })
    assert.match(page.text, words)
    Object.assign(answers, list(post({ text: 'hello' })))
    await page.show()
    assert.deepEqual(texts(page), ['hello'])
  })
}

test('an empty feed says so', async () => {
  const { page } = await feedPage(list())
  assert.match(page.text, /还没有动态/)
})

test('offline later, what was loaded stays, and says so', async () => {
  const { page, answers } = await feedPage(list(post({ text: 'hello' })))
  answers['GET /v1/posts'] = OFFLINE
  await page.show()
  assert.match(page.text, /显示的是上次的内容/)
  assert.deepEqual(texts(page), ['hello'])
})

test('in English', async () => {
  phone(list(post({ status: 'review', is_mine: true })), { language: 'en' })
  const page = open('feed')
  await page.shown
  assert.match(page.text, /New post.*In review.*Like 0.*More/)
})

// ---- the list

test('a post shows who wrote it, its pictures, and how far its check has come', async () => {
  const mine = post({ author: USER.id, is_mine: true, status: 'checking', pictures: [upload(), upload()], likes: 3, liked: true })
  const { page, shown } = await feedPage(list(mine, post()))
  assert.match(page.text, /未设置昵称.*检测中.*已赞 3.*小红.*赞 0/)
  const pictures = page.findAll('image.shot')
  assert.equal(pictures.length, 2)
  pictures[1].dispatch('tap')
  assert.deepEqual(shown.previews, [{ urls: mine.pictures.map((it) => it.download_url), current: mine.pictures[1].download_url }])
})

test('posts are shown without the profiles, too', async () => {
  const { page, answers } = phoneWithoutProfiles(list(post({ text: 'hello' })))
  await page.shown
  assert.deepEqual(texts(page), ['hello'])
  assert.match(page.text, /未设置昵称/)
  assert.ok(answers)
})

function phoneWithoutProfiles(answers) {
  const it = phone(answers)
  it.backend.profiles = async () => { throw OFFLINE }
  return { ...it, page: open('feed') }
}

test('more posts come by the cursor, once', async () => {
  const pages = { undefined: { items: [post()], next_cursor: 'c1' }, c1: { items: [post()], next_cursor: null } }
  const { page, asked } = await feedPage({ 'GET /v1/posts': ({ query }) => ({ body: pages[query.cursor] }) })
  page.call('onReachBottom')
  await page.tap('.more')
  await page.until(() => texts(page).length === 2)
  assert.equal(asked().length, 2)
  assert.ok(!page.has('.more'))
})

// ---- what a person does

test('a like, and no longer', async () => {
  const { page, asked } = await feedPage({
    ...list(post({ id: '1-a', likes: 4 })),
    'PUT /v1/posts/{id}/like': { body: { likes: 5, liked: true } },
    'DELETE /v1/posts/{id}/like': { body: { likes: 4, liked: false } },
  })
  await page.tap('.like')
  await page.until(() => page.find('.like').text === '已赞 5')
  await page.tap('.like')
  await page.until(() => page.find('.like').text === '赞 4')
  assert.deepEqual(asked().slice(1).map(([, { params }]) => params.id), ['1-a', '1-a'])
})

test('a post that is gone leaves the list, one that could not be liked stays', async () => {
  const { page, shown, answers } = await feedPage({ ...list(post(), post()), 'PUT /v1/posts/{id}/like': OFFLINE })
  await page.tap('.like')
  await page.until(() => shown.toasts.length === 1)
  assert.equal(texts(page).length, 2)
  answers['PUT /v1/posts/{id}/like'] = NOT_DEPLOYED
  await page.tap('.like')
  await page.until(() => texts(page).length === 1)
  assert.deepEqual(shown.toasts, ['网络不可用', '内容不存在'])
})

test('somebody else’s post is reported or its author blocked, one’s own deleted', async () => {
  const { page, shown } = await feedPage(list(post(), post({ is_mine: true })))
  for (const link of page.findAll('.options')) link.dispatch('tap')
  await page.until(() => shown.choices.length === 2)
  assert.deepEqual(shown.choices, [['举报', '屏蔽'], ['删除']])
})

test('reporting asks for the reason', async () => {
  const { page, shown, person, asked } = await feedPage({
    ...list(post({ id: '1-a' })), 'POST /v1/posts/{id}/reports': { body: {} },
  })
  person.chooses = '举报'
  await page.tap('.options')
  await page.until(() => shown.choices.length === 2)
  assert.equal(shown.choices[1].length, 6)
  assert.equal(asked().length, 1)
  const choose = globalThis.wx.showActionSheet
  globalThis.wx.showActionSheet = (options) => {
    person.chooses = options.itemList.includes('诈骗') ? '诈骗' : '举报'
    choose(options)
  }
  await page.tap('.options')
  await page.until(() => shown.toasts.length)
  assert.deepEqual(asked()[1], ['POST /v1/posts/{id}/reports', { params: { id: '1-a' }, body: { reason: 'fraud' } }])
  assert.deepEqual(shown.toasts, ['已举报，我们会尽快处理'])
})

test('blocking asks first, and takes all of the person’s posts away', async () => {
  const { page, shown, person, asked } = await feedPage({
    ...list(post(), post({ text: 'mine', is_mine: true, author: USER.id }), post()), 'PUT /v1/blocks/{id}': { status: 204 },
  })
  person.chooses = '屏蔽'
  person.confirms = false
  await page.tap('.options')
  await page.until(() => shown.dialogs.length === 1)
  assert.equal(asked().length, 1)
  person.confirms = true
  await page.tap('.options')
  await page.until(() => texts(page).length === 1)
  assert.deepEqual(texts(page), ['mine'])
  assert.deepEqual(asked()[1], ['PUT /v1/blocks/{id}', { params: { id: OTHER } }])
})

test('deleting asks first', async () => {
  const { page, shown, person, asked } = await feedPage({
    ...list(post({ id: '1-a', is_mine: true })), 'DELETE /v1/posts/{id}': { status: 204 },
  })
  person.chooses = '删除'
  person.confirms = false
  await page.tap('.options')
  await page.until(() => shown.dialogs.length === 1)
  assert.equal(asked().length, 1)
  person.confirms = true
  await page.tap('.options')
  await page.until(() => /还没有动态/.test(page.text))
  assert.deepEqual(asked()[1], ['DELETE /v1/posts/{id}', { params: { id: '1-a' } }])
})

// ---- writing a post

function composePage(answers) {
  const it = phone(answers)
  return { ...it, page: open('compose') }
}

const disabled = (page) => page.find('button.send').disabled

async function write(page, text) {
  await page.dispatch('textarea', 'input', { value: text })
  await page.until(() => !disabled(page))
}

test('nothing cannot be posted; a text can', async () => {
  const { page, shown, asked } = composePage({ 'POST /v1/posts': { body: {} } })
  assert.ok(disabled(page))
  await write(page, '你好')
  await page.tap('button.send')
  await page.until(() => shown.back === 1)
  const [[what, { body }]] = asked()
  assert.deepEqual([what, body], ['POST /v1/posts', { text: '你好', pictures: [] }])
  assert.deepEqual(shown.toasts, ['已发表'])
})

test('pictures are chosen, dropped, uploaded, and named in the post', async () => {
  const { page, shown, person, transfers, asked } = composePage({ 'POST /v1/posts': { body: {} } })
  person.pictures = ['wxfile://a', 'wxfile://b']
  await page.tap('.add')
  person.pictures = ['wxfile://c']
  await page.tap('.add')
  await page.until(() => page.findAll('.picture').length === 3)
  await page.tap('.drop')
  await page.until(() => page.findAll('.picture').length === 2)
  await page.tap('button.send')
  await page.until(() => transfers.length)
  const [{ paths, options, resolve }] = transfers
  assert.deepEqual(paths, ['wxfile://b', 'wxfile://c'])
  options.onProgress({ sent: 50, total: 100 }, 0)
  await page.until(() => page.find('button.send').text === '25%')
  resolve(paths.map((path) => ({ path, upload: upload({ id: `of ${path}` }) })))
  await page.until(() => shown.back === 1)
  assert.deepEqual(asked()[0][1].body.pictures, ['of wxfile://b', 'of wxfile://c'])
})

test('nine pictures at most', async () => {
  const { page, person } = composePage({})
  person.pictures = Array.from({ length: 12 }, (_, i) => `wxfile://${i}`)
  await page.tap('.add')
  await page.until(() => page.findAll('.picture').length === 9)
  assert.ok(!page.has('.add'))
})

test('what has arrived is not uploaded again, and what was tried is posted once', async () => {
  const { page, shown, person, transfers, asked, answers } = composePage({ 'POST /v1/posts': OFFLINE })
  person.pictures = ['wxfile://a', 'wxfile://b']
  await page.tap('.add')
  await page.tap('button.send')
  await page.until(() => transfers.length === 1)
  transfers[0].resolve([{ path: 'wxfile://a', upload: upload() }, { path: 'wxfile://b', error: OFFLINE }])
  await page.until(() => /网络不可用/.test(page.text))
  await page.tap('button.send')
  await page.until(() => transfers.length === 2)
  assert.deepEqual(transfers[1].paths, ['wxfile://b'])
  transfers[1].resolve([{ path: 'wxfile://b', upload: upload() }])
  await page.until(() => asked().length === 1 && /网络不可用/.test(page.text))
  answers['POST /v1/posts'] = { body: {} }
  await page.tap('button.send')
  await page.until(() => shown.back === 1)
  const [first, second] = asked().map(([, { idempotencyKey }]) => idempotencyKey)
  assert.equal(first, second)
  assert.ok(first.length > 10)
})

test('another text is another post', async () => {
  const { page, shown, asked, answers } = composePage({ 'POST /v1/posts': OFFLINE })
  await write(page, 'one')
  await page.tap('button.send')
  await page.until(() => /网络不可用/.test(page.text))
  answers['POST /v1/posts'] = { body: {} }
  await write(page, 'two')
  await page.tap('button.send')
  await page.until(() => shown.back === 1)
  const [first, second] = asked().map(([, { idempotencyKey }]) => idempotencyKey)
  assert.notEqual(first, second)
})

test('not deployed: writing says so, too', async () => {
  const { page } = composePage({})
  await write(page, '你好')
  await page.tap('button.send')
  await page.until(() => /动态功能未部署/.test(page.text))
})

// ---- against the local stack, which has no feed

const walk = (name, run) => test(name, { skip: WITHOUT_STACK, timeout: 60000 }, run)

walk('a deployment without the feed says so, on both pages', async () => {
  const phone = new Phone()
  await phone.signedIn()
  const settings = phone.open('settings')
  await settings.tap('.feed')
  assert.deepEqual(phone.shown.opened, ['/pages/feed/feed'])
  const page = phone.open('feed')
  await page.until(() => /动态功能未部署/.test(page.text))
  phone.pick(PIXEL)
  const compose = phone.open('compose')
  await compose.tap('.add')
  await compose.tap('button.send')
  await compose.until(() => /动态功能未部署/.test(compose.text))
})
