// The globals that miniprogram-simulate expects of a browser, and the simulator itself.
import { createRequire } from 'node:module'
import { JSDOM } from 'jsdom'

const require = createRequire(import.meta.url)
const { window } = new JSDOM('<!doctype html><html><head></head><body></body></html>')

for (const name of ['Node', 'Element', 'HTMLElement', 'Event', 'CustomEvent', 'TouchEvent', 'MutationObserver', 'getComputedStyle']) {
  globalThis[name] = window[name]
}
Object.assign(globalThis, { window, document: window.document, wx: {} })

export const exparser = require('miniprogram-exparser')
export const simulate = require('miniprogram-simulate')
