// What can be said about the sample's files without running them.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { parse } from 'acorn'
import { ROOT, readSample } from './support/app.mjs'

const { TmplGroup } = createRequire(import.meta.url)('glass-easel-template-compiler')
const app = JSON.parse(readSample('app.json'))
const units = [...app.pages, 'components/page-status/page-status', 'components/privacy-consent/privacy-consent']
const wxml = Object.fromEntries(units.map((unit) => [unit, readSample(`${unit}.wxml`)]))

const files = (ending) => readdirSync(ROOT, { recursive: true }).filter((path) => path.endsWith(ending))
const matches = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1])

test('every page and component has its four files, and the tabs their icons', () => {
  for (const unit of units) {
    for (const ending of ['js', 'json', 'wxml', 'wxss']) assert.ok(existsSync(`${ROOT}${unit}.${ending}`), `${unit}.${ending}`)
  }
  for (const tab of app.tabBar.list) {
    assert.ok(app.pages.includes(tab.pagePath), tab.pagePath)
    for (const icon of [tab.iconPath, tab.selectedIconPath]) assert.ok(existsSync(ROOT + icon), icon)
  }
})

test('WeChat\'s template compiler accepts every .wxml', () => {
  const group = new TmplGroup()
  for (const unit of units) {
    const problems = group.addTmpl(unit, wxml[unit]).map(({ message, startLine, startColumn }) =>
      `${unit}.wxml:${startLine + 1}:${startColumn + 1} ${message}`)
    assert.deepEqual(problems, [])
  }
})

test('the template compiler would have complained', () => {
  assert.notDeepEqual(new TmplGroup().addTmpl('broken', '<view wx:if="{{a +}}" />'), [])
})

test('every handler that a template names is a method', () => {
  for (const unit of units) {
    const code = readSample(`${unit}.js`)
    const handlers = matches(wxml[unit], /\s(?:bind|catch):?[a-z]+="(\w+)"/g)
    for (const handler of handlers) assert.match(code, new RegExp(`^ {4}(async )?${handler}\\(`, 'm'), `${unit}: ${handler}`)
  }
})

test('every component that a template uses is registered', () => {
  for (const unit of units) {
    const { usingComponents } = JSON.parse(readSample(`${unit}.json`))
    const used = new Set(matches(wxml[unit], /<([a-z]+-[a-z-]+)/g))
    assert.deepEqual([...used].sort(), Object.keys(usingComponents).sort(), unit)
    for (const path of Object.values(usingComponents)) assert.ok(existsSync(`${ROOT}${path}.js`), path)
  }
})

// Components see their own styles and app.wxss (addGlobalClass); so do pages.
test('every class in a template has a style, or is there for the tests, and every style is used', () => {
  const classesOf = (css) => new Set(matches(css, /\.([a-z][\w-]*)/g))
  const shared = classesOf(readSample('app.wxss'))
  const tones = matches(readSample('lib/view.js') + readSample('lib/feed.js') + readSample('pages/selftest/selftest.js') + readSample('pages/settings/settings.js'), /'(badge-\w+)'/g)
  const usedAnywhere = new Set(tones)
  for (const unit of units) {
    const own = classesOf(readSample(`${unit}.wxss`))
    const used = new Set(matches(wxml[unit], /class="([^"]*)"/g).flatMap((value) => value.split(/[\s{}?:']+/)))
    used.forEach((name) => usedAnywhere.add(name))
    for (const name of own) assert.ok(used.has(name), `${unit}.wxss: .${name} is not used`)
  }
  for (const name of shared) assert.ok(usedAnywhere.has(name), `app.wxss: .${name} is not used`)
})

test('no template uses what a component\'s style sheet may not select by', () => {
  for (const unit of units) {
    const selectors = readSample(`${unit}.wxss`).match(/^[^\s@}].*\{$/gm) || []
    for (const selector of selectors) assert.match(selector, /^[.\w-]*\.[\w-]+(::after)?(\.[\w-]+)? \{$/, `${unit}.wxss: ${selector}`)
  }
})

test('every text is there in both languages', () => {
  globalThis.wx = { getStorageSync: () => '' }
  const { table } = createRequire(import.meta.url)(`${ROOT}lib/i18n.js`)
  const places = (text) => (text.match(/\{\w+\}/g) || []).sort()
  const check = (part, path) => {
    if (!Array.isArray(part)) return Object.entries(part).forEach(([key, value]) => check(value, `${path}.${key}`))
    const [chinese, english] = part
    assert.equal(part.length, 2, path)
    assert.ok(chinese && english, path)
    assert.doesNotMatch(english, /[\u4e00-\u9fff]/, path)
    assert.deepEqual(places(chinese), places(english), path)
  }
  check(table, 'table')
})

test('every text that is named exists, and every text is named', () => {
  const { table } = createRequire(import.meta.url)(`${ROOT}lib/i18n.js`)
  const code = [...files('.js'), ...files('.wxml')].filter((path) => !/i18n|wechat-backend/.test(path)).map(readSample).join('\n')
  for (const unit of units) {
    const section = { 'page-status': 'status', 'privacy-consent': 'consent' }[unit.split('/')[1]] || unit.split('/')[1]
    for (const key of matches(wxml[unit], /\bt\.(\w+)/g)) assert.ok(key in table[section], `${unit}.wxml: t.${key}`)
  }
  // These are looked up by what the server says, or by the step's name.
  const dynamic = ['tabs', 'errors', 'fields', 'reasons', 'selftest']
  const states = ['pending', 'checking', 'review', 'ready', 'rejected', 'deleted', 'sending', 'verifying']
  for (const [section, part] of Object.entries(table)) {
    if (dynamic.includes(section) || Array.isArray(part)) continue
    for (const key of Object.keys(part)) {
      const named = new RegExp(`\\b(t|home|uploads|status|settings|consent|profile|feed|compose)\\.${key}\\b`).test(code)
      assert.ok(named || states.includes(key), `${section}.${key} is not used`)
    }
  }
})

test('every error code that the sample has words for is one of the server\'s or the client\'s', () => {
  const { table } = createRequire(import.meta.url)(`${ROOT}lib/i18n.js`)
  const openapi = readFileSync(new URL('../../../openapi.yaml', import.meta.url), 'utf8')
  const client = readSample('lib/wechat-backend.js')
  for (const code of Object.keys(table.errors)) {
    assert.ok(new RegExp(`^ +- ${code}$`, 'm').test(openapi) || client.includes(`'${code}'`), code)
  }
})

test('the sample\'s own code runs on iOS 12 and Android\'s Chrome 66 without polyfills', () => {
  for (const path of files('.js')) {
    const code = readSample(path)
    assert.doesNotThrow(() => parse(code, { ecmaVersion: 2017, sourceType: 'script' }), path)
    assert.doesNotMatch(code, /\.finally\(|\.flat\(|\.flatMap\(|fromEntries|replaceAll|\.at\(|AbortController|URLSearchParams|TextEncoder/, path)
  }
})

test('the sample carries the client as it is built', () => {
  const built = readFileSync(new URL('../../miniprogram_dist/index.js', import.meta.url), 'utf8')
  assert.equal(readSample('lib/wechat-backend.js'), built)
})

test('the project opens as cloned: no npm build, no real app id, no check of domains', () => {
  const project = JSON.parse(readFileSync(new URL('../project.config.json', import.meta.url), 'utf8'))
  assert.equal(project.appid, 'touristappid')
  assert.equal(project.setting.urlCheck, false)
  assert.equal(project.setting.packNpmManually, false)
  assert.ok(!existsSync(`${ROOT}package.json`) && !existsSync(`${ROOT}miniprogram_npm`))
  for (const path of files('.js')) {
    for (const module of matches(readSample(path), /require\('([^']+)'\)/g)) {
      assert.match(module, /^\.\.?\//, `${path} requires ${module}`)
    }
  }
})
