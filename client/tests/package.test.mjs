import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { faults } from '../tools/check.mjs'

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the package is one that "构建 npm" takes', () => {
  const manifest = JSON.parse(read('package.json'))
  assert.equal(manifest.miniprogram, 'miniprogram_dist')
  assert.equal(manifest.main, 'miniprogram_dist/index.js')
  assert.equal(manifest.types, 'miniprogram_dist/index.d.ts')
  for (const field of ['exports', 'dependencies', 'peerDependencies', 'module']) assert.equal(manifest[field], undefined)
})

test('the built file has named exports only, and calls no module', () => {
  const code = read('miniprogram_dist/index.js')
  assert.doesNotMatch(code, /\brequire\(|exports\.default|__esModule|regeneratorRuntime|setInterval/)
})

for (const [name, addition, message] of [
  ['optional chaining', 'exports.x = wx?.request', /^not ES2015/],
  ['async functions', 'async function x() {}', /^not ES2015/],
  ['object spread', 'exports.x = { ...wx }', /^not ES2015/],
  ['AbortController', 'exports.x = new AbortController()', /AbortController/],
  ['URLSearchParams', 'exports.x = new URLSearchParams()', /URLSearchParams/],
  ['fetch', 'exports.x = () => fetch("")', /fetch/],
  ['finally', 'exports.x = (p) => p.finally(() => {})', /\.finally/],
  ['Array.prototype.flat', 'exports.x = [].flat()', /\.flat/],
  ['padStart', 'exports.x = "".padStart(2)', /\.padStart/],
]) {
  test(`the check finds ${name}`, async () => {
    const code = read('miniprogram_dist/index.js')
    const [fault, ...more] = await faults(`${code}\n${addition}\n`)
    assert.match(fault, message)
    assert.deepEqual(more.filter((one) => !/bytes minified/.test(one)), [])
  })
}

test('the check finds a file that is too large', async () => {
  const code = `${read('miniprogram_dist/index.js')}\nexports.x = '${'x'.repeat(12 * 1024)}'\n`
  assert.match((await faults(code))[0], /bytes minified/)
})

test('the built file has none of these faults', async () => {
  assert.deepEqual(await faults(read('miniprogram_dist/index.js')), [])
})
