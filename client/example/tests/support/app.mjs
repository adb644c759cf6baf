// The mini-program on one phone: starts it afresh, opens its pages, and lets a person use them.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { simulate } from './dom.mjs'
import { Element } from './tree.mjs'
import { until } from './until.mjs'

export const ROOT = fileURLToPath(new URL('../../miniprogram/', import.meta.url))
const require = createRequire(import.meta.url)

const underRoot = () => Object.keys(require.cache).filter((path) => path.startsWith(ROOT))

/** Starts the mini-program: nothing of an earlier run is left but what `wx` has stored. `backend` replaces the client. */
export function start(wx, { backend, baseUrl } = {}) {
  underRoot().forEach((path) => { delete require.cache[path] })
  globalThis.wx = wx
  if (backend) provide('lib/backend.js', backend)
  if (baseUrl) provide('config.js', { baseUrl })
  globalThis.App = () => {}
  require(`${ROOT}app.js`)
}

function provide(path, exports) {
  const id = ROOT + path
  require.cache[id] = { id, filename: id, loaded: true, exports }
}

/** The mini-program's own client. */
export const client = () => require(`${ROOT}lib/backend.js`)

/** Opens a page and shows it, as the framework does. */
export function open(name) {
  const path = `${ROOT}pages/${name}/${name}`
  // The pure JavaScript compiler: WeChat's own comes as an x86-64 program. tests/wxml.test.mjs has a stricter one.
  const id = simulate.load(path, 'main', { compiler: 'simulate', rootPath: ROOT })
  const page = new Page(simulate.render(id))
  page.show()
  return page
}

export class Page {
  constructor(component) {
    this.component = component
    component.attach(document.createElement('div'))
    this.call('onLoad', {})
  }

  call(method, ...args) {
    const { instance } = this.component
    return instance[method] ? instance[method](...args) : undefined
  }

  /** Resolves when what the page does at each appearance is done. */
  show() {
    this.component.triggerPageLifeTime('show')
    this.shown = Promise.resolve(this.call('onShow'))
    return this.shown
  }

  hide() {
    this.component.triggerPageLifeTime('hide')
    this.call('onHide')
  }

  close() {
    this.component.detach()
  }

  get tree() {
    return new Element(this.component._exparserNode, null)
  }

  get text() {
    return this.tree.text.replace(/\s+/g, ' ').trim()
  }

  find(selector) {
    return this.tree.find(selector)
  }

  findAll(selector) {
    return this.tree.findAll(selector)
  }

  has(selector) {
    return Boolean(this.find(selector))
  }

  async until(condition, what = String(condition)) {
    return until(condition, { what, seen: () => this.text })
  }

  /** Waits until the element is there and not disabled, then does to it what a person would. */
  async dispatch(selector, event, detail) {
    const usable = () => this.findAll(selector).find(({ disabled }) => !disabled)
    const element = await this.until(usable, `there is ${selector} to be used`)
    element.dispatch(event, detail)
  }

  tap(selector) {
    return this.dispatch(selector, 'tap')
  }
}

export const readSample = (path) => readFileSync(ROOT + path, 'utf8')
