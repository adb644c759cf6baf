// Takes the pictures of the sample in docs/images: the pages as the simulator renders them, shown by Chromium.
//
//   CHROMIUM=/usr/bin/chromium node example/tools/screenshots.mjs
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { ROOT, open, start } from '../tests/support/app.mjs'
import { BLOCKED, OFFLINE, SIGNED_OUT, USER, failure, fakeBackend, upload } from '../tests/support/backend.mjs'
import { screen } from '../tests/support/screen.mjs'
import { html, styles } from './html.mjs'

const TARGET = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
const TABS = ['home', 'uploads', 'profile', 'settings']

const photo = (from, to) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs><rect width="100" height="100" fill="url(#g)"/></svg>`)}`
const [SKY, LEAF, SUN, ROSE] = [photo('#8ec5fc', '#4a7fd6'), photo('#b5e48c', '#1a936f'), photo('#ffd97d', '#ee6c4d'), photo('#f6c1d5', '#a05195')]

const ME = { ...USER, avatar_url: SUN, phone: '13800138000', username: 'xiaoming' }
const FILES = [
  upload({ download_url: SKY }),
  upload({ download_url: LEAF, content_type: 'image/png', size: 1234567 }),
  upload({ status: 'rejected', reason: 'type_mismatch', download_url: null }),
  upload({ status: 'review', download_url: ROSE, content_type: 'image/webp' }),
]
const ANSWERS = { readMe: ME, call: { body: ME, etag: '"1"' }, listUploads: { items: FILES, next_cursor: null } }

/** One phone: a page in a state, as HTML. */
async function phone(name, { answers = {}, language, dark, state, use = () => {} } = {}) {
  const fake = fakeBackend({ ...ANSWERS, ...answers })
  if (state) fake.backend.state = state
  const { wx, shown, person } = screen({ language })
  wx.getPrivacySetting = ({ success }) => success({ needAuthorization: false, privacyContractName: '' })
  start(wx, { backend: fake.backend })
  const page = open(name)
  await Promise.race([page.shown, new Promise((done) => { setTimeout(done, 50) })])
  await use({ page, person, wx, ...fake })
  return `<div class="device ${dark ? 'dark' : ''}">
    <div class="nav">${shown.title}</div>
    <div class="body" data-unit="pages/${name}/${name}">${page.tree.children.map(html).join('')}</div>
    ${TABS.includes(name) ? tabs(name, shown.tabs) : ''}
  </div>`
}

function tabs(current, texts) {
  const icon = (file) => `data:image/png;base64,${readFileSync(`${ROOT}images/${file}.png`, 'base64')}`
  return `<div class="tabs">${TABS.map((tab, i) => `<div class="tab ${tab === current ? 'on' : ''}">
    <img src="${icon(tab === current ? `${tab}-on` : tab)}">${texts[i]}</div>`).join('')}</div>`
}

async function sending({ page, person, transfers }) {
  person.pictures = [SUN, SKY, ROSE]
  await page.tap('button.choose')
  await page.until(() => transfers.length)
  const { onProgress, onResult } = transfers[0].options
  onProgress({ sent: 100, total: 100 }, 0)
  onProgress({ sent: 42, total: 100 }, 1)
  onResult({ path: ROSE, error: OFFLINE }, 2)
}

const fieldErrors = failure('api', {
  status: 400, code: 'invalid_request', fields: [{ field: 'username', code: 'invalid_value', message: 'is reserved' }],
})

async function wrongName({ page, answers }) {
  answers.call = fieldErrors
  await page.dispatch('form', 'submit', { value: { nickname: '小明', username: 'admin', email: '' } })
  await page.until(() => page.has('.field-error'))
}

async function consent({ page, wx }) {
  wx.getPrivacySetting = ({ success }) => success({ needAuthorization: true, privacyContractName: '《示例小程序隐私保护指引》' })
  await page.show()
}

const PICTURES = {
  'sample-pages': [
    ['home'], ['uploads', { use: sending }], ['profile'], ['settings'],
  ],
  'sample-states': [
    ['home', { answers: { readMe: SIGNED_OUT } }], ['uploads', { answers: { listUploads: OFFLINE } }],
    ['profile', { answers: { call: BLOCKED } }], ['profile', { use: consent }],
  ],
  'sample-dark': [
    ['home', { dark: true, language: 'en' }], ['uploads', { dark: true, language: 'en', use: sending }],
    ['profile', { dark: true, language: 'en', use: wrongName }], ['selftest', { dark: true, language: 'en' }],
  ],
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })
const tab = await browser.newPage({ viewport: { width: 1600, height: 740 } })
mkdirSync(TARGET, { recursive: true })
for (const [name, phones] of Object.entries(PICTURES)) {
  const frames = []
  for (const arguments_ of phones) frames.push(await phone(...arguments_))
  await tab.setContent(`<style>${styles([...TABS, 'selftest'])}</style>${frames.join('')}`)
  await tab.locator('body').screenshot({ path: `${TARGET}${name}.png` })
}
await browser.close()
process.exit() // pages that wait for an answer would keep it running
