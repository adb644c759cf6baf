// A phone without a screen: what of `wx` the client uses, with the limits that WeChat documents, and a program (a realm of
// its own, with the globals of base library 2.21.2 and no others) that can be sent to the background and restarted.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { Network } from './network.mjs'

const CLIENT = new URL('../../miniprogram_dist/index.js', import.meta.url)
const KEY_LIMIT = 1024 * 1024
const STORAGE_LIMIT = 10 * 1024 * 1024
// What Node's realms have and a mini-program's does not, or not everywhere.
const MISSING = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'AggregateError']

/** A login code for the mock WeChat server, which takes each once. */
export const codeOf = (openid) => `${openid}-${randomBytes(8).toString('hex')}`

/** Taro's functions call back, and return a promise that settles in the same way. */
function alsoAsPromise(call, options) {
  return new Promise((resolve, reject) => {
    call({
      ...options,
      success: (result) => { options.success(result); resolve(result) },
      fail: (error) => { options.fail(error); reject(error) },
    })
  })
}

export class Phone {
  storage = new Map()
  files = new Map()
  network = new Network(this.files)
  /** Added to the real time, in milliseconds. */
  clock = 0
  isTaro = false
  /** Timers of the program run this much faster, and so does nothing else. */
  faster = 5
  /** What timers of the program threw; `wx.onError` would report it. */
  errors = []
  /** Reading a file waits for this. */
  reading = undefined
  #listeners = []
  #suspended = []
  #program = 0

  constructor(openid) {
    this.openid = openid
  }

  /** Ends the program that runs; returns the `wx` of the next one. */
  restart() {
    this.network.kill()
    this.network.background = false
    this.#listeners = []
    this.#suspended = []
    this.#program += 1
    return this.#wxOf(this.#program)
  }

  /** Starts the program, ending the one that runs; what it calls `createClient` with can be added to. */
  start(options = {}) {
    const wx = this.restart()
    const exports = {}
    const realm = vm.createContext({ exports, wx, setTimeout: this.#timer(this.#program) })
    vm.runInContext(`delete Promise.prototype.finally; ${MISSING.map((name) => `delete globalThis.${name}`).join(';')}`, realm)
    vm.runInContext('Date', realm).now = () => Date.now() + this.clock
    vm.runInContext(readFileSync(CLIENT, 'utf8'), realm, { filename: CLIENT.pathname })
    this.ApiError = exports.ApiError
    return exports.createClient({ baseUrl: process.env.STACK_API_URL, ...options })
  }

  hide() {
    this.network.interrupt()
  }

  show() {
    this.network.background = false
    this.#suspended.splice(0).forEach((run) => this.#attempt(run))
    this.#listeners.forEach((listener) => listener())
  }

  file(name, bytes) {
    const path = `wxfile://tmp_${name}`
    this.files.set(path, bytes)
    return path
  }

  #timer(program) {
    return (run, milliseconds) => {
      setTimeout(() => {
        if (program !== this.#program) return
        if (this.network.background) this.#suspended.push(run)
        else this.#attempt(run)
      }, (milliseconds ?? 0) / this.faster)
    }
  }

  #attempt(run) {
    try {
      run()
    } catch (error) {
      this.errors.push(error)
    }
  }

  /** A program that was ended reaches nothing any more. */
  #wxOf(program) {
    const wx = this.#wx()
    const guarded = (call) => (...given) => {
      if (program !== this.#program) return undefined
      return this.isTaro && given[0]?.fail ? alsoAsPromise(call, given[0]) : call(...given)
    }
    return Object.fromEntries(Object.entries(wx).map(([name, call]) => [name, guarded(call)]))
  }

  #wx() {
    return {
      request: (options) => this.network.request(options),
      uploadFile: (options) => this.network.uploadFile(options),
      login: (options) => this.#login(options),
      getStorageSync: (key) => this.storage.get(key) ?? '',
      setStorageSync: (key, value) => this.#store(key, value),
      removeStorageSync: (key) => this.storage.delete(key),
      onAppShow: (listener) => this.#listeners.push(listener),
      compressImage: ({ src, quality, success, fail }) => {
        const file = this.files.get(src)
        if (!file) return fail({ errMsg: 'compressImage:fail file not found' })
        success({ tempFilePath: this.file(`compressed_${quality}_${src.slice(13)}`, file.subarray(0, Math.ceil((file.length * quality) / 100))) })
      },
      getFileSystemManager: () => ({
        getFileInfo: ({ filePath, success, fail }) => this.#file(filePath, fail, (file) => success({ size: file.length })),
        readFile: ({ filePath, position = 0, length, success, fail }) =>
          this.#file(filePath, fail, (file) => {
            if (length !== undefined && position + length > file.length) return fail({ errMsg: 'readFile:fail the value of "length" is out of range' })
            success({ data: Uint8Array.from(file.subarray(position, length && position + length)).buffer })
          }),
      }),
    }
  }

  async #login({ success, fail }) {
    await undefined
    if (this.network.offline || this.network.background) return fail({ errMsg: 'login:fail network' })
    this.code = this.staleCode ?? codeOf(this.openid)
    this.staleCode = undefined
    success({ code: this.code, errMsg: 'login:ok' })
  }

  async #file(path, fail, then) {
    await this.reading
    const file = this.files.get(path)
    if (file) then(file)
    else fail({ errMsg: `fail no such file or directory ${path}` })
  }

  #store(key, value) {
    if (typeof value !== 'string') throw new Error('setStorageSync: the tests expect text')
    const others = [...this.storage].reduce((sum, [other, text]) => sum + (other === key ? 0 : text.length), 0)
    if (this.storageFull || value.length > KEY_LIMIT || others + value.length > STORAGE_LIMIT) {
      throw new Error('setStorageSync:fail exceed storage max size 10Mb')
    }
    this.storage.set(key, value)
  }
}
