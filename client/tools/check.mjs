// What the built client has to be: up to date, ES2015, free of what base library 2.21.2 lacks, and small.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { parse } from 'acorn'
import { ancestor, full } from 'acorn-walk'
import { minify } from 'terser'
import { build, outdated } from './build.mjs'
import { generate } from './generate.mjs'

const LIMIT = 12 * 1024
const FLOOR = '2.21.2'
const FLOOR_HAS = { ios: 10, safari: 10, chrome: 51 } // the first with all of ES2015
const GLOBALS = new Set([
  'Array', 'Date', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'RegExp', 'Set', 'String', 'Uint8Array',
  'encodeURIComponent', 'exports', 'setTimeout', 'undefined', 'wx',
])

const require = createRequire(import.meta.url)

/** What is wrong with a file for mini-programs. */
export async function faults(code) {
  let tree
  try {
    tree = parse(code, { ecmaVersion: 2015, sourceType: 'script' })
  } catch (error) {
    return [`not ES2015: ${error.message}`]
  }
  const { code: small } = await minify(code, { ecma: 2015, toplevel: true })
  const bytes = Buffer.byteLength(small)
  return [
    ...[...freeIdentifiers(tree)].filter((name) => !GLOBALS.has(name)).map((name) => `not everywhere: ${name}`),
    ...(await newerMembers(tree)).map((name) => `newer than ES2015: .${name}`),
    ...(bytes > LIMIT ? [`${bytes} bytes minified, and ${LIMIT} are allowed`] : []),
  ]
}

function freeIdentifiers(tree) {
  const declared = new Set(['arguments', 'this'])
  const declare = (pattern) => {
    if (!pattern) return
    if (pattern.type === 'Identifier') declared.add(pattern.name)
    else if (pattern.type === 'ObjectPattern') pattern.properties.forEach((one) => declare(one.value ?? one.argument))
    else if (pattern.type === 'ArrayPattern') pattern.elements.forEach(declare)
    else declare(pattern.left ?? pattern.argument)
  }
  full(tree, (node) => {
    if (node.type === 'VariableDeclarator' || node.type === 'ClassDeclaration') declare(node.id)
    if (/Function/.test(node.type)) [node.id, ...node.params].forEach(declare)
    if (node.type === 'CatchClause') declare(node.param)
  })
  const free = new Set()
  ancestor(tree, {
    Identifier({ name }) {
      if (!declared.has(name)) free.add(name)
    },
  })
  return free
}

/** Members whose names belong to built-ins, but not to those of ES2015. */
async function newerMembers(tree) {
  const folder = new URL('./', `file://${require.resolve('typescript')}`)
  const parts = ['es5', 'es2015.core', 'es2015.collection', 'es2015.iterable', 'es2015.promise', 'es2015.generator']
  const texts = await Promise.all(parts.map((part) => readFile(new URL(`lib.${part}.d.ts`, folder), 'utf8')))
  const old = new Set(texts.join().replace(/\/\*[^]*?\*\//g, '').match(/\w+/g))
  const newer = new Set(
    [Array, ArrayBuffer, Date, Map, Math, Number, Object, Promise, RegExp, Set, String, Uint8Array, JSON]
      .flatMap((one) => [...Object.getOwnPropertyNames(one), ...Object.getOwnPropertyNames(one.prototype ?? {})])
      .filter((name) => !old.has(name)),
  )
  const found = new Set()
  full(tree, (node) => {
    if (node.type === 'MemberExpression' && !node.computed && newer.has(node.property.name)) found.add(node.property.name)
  })
  return [...found]
}

/** Whether the platforms of the base library have all of ES2015 by themselves. */
function floorFaults() {
  const browsers = require('miniprogram-compat').getBrowsersList(FLOOR)
  return browsers.filter((browser) => {
    const [name, version] = browser.split(' ')
    return !(Number(version) >= FLOOR_HAS[name])
  }).map((browser) => `base library ${FLOOR} runs on ${browser}, which has not all of ES2015`)
}

async function main() {
  const stale = [...(await outdated(await generate())), ...(await outdated(await build()))]
  const code = await readFile(new URL('../miniprogram_dist/index.js', import.meta.url), 'utf8')
  const all = [...stale.map((path) => `client/${path} is out of date: run \`make client\``), ...floorFaults(), ...(await faults(code))]
  all.forEach((fault) => console.error(fault))
  process.exitCode = all.length ? 1 : 0
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main()
