// A whole phone in front of the local stack: what it has stored survives a restart of the mini-program.
import { Phone as Headless } from '../../../tests/headless/phone.mjs'
import { open, start } from './app.mjs'
import { screen } from './screen.mjs'

export const API = process.env.STACK_API_URL
export const WITHOUT_STACK = API ? false : 'no local stack: run it by `make test`'

/** A picture that the server accepts: PNG, one pixel. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=', 'base64')

/** It begins as a PNG does, and is none. */
export const IMPOSTOR = Buffer.concat([PIXEL.subarray(0, 8), Buffer.from('<html>not a picture</html>')])

let persons = 0
export const newPerson = () => `s${process.pid}${Date.now().toString(36)}${persons += 1}`

export class Phone {
  constructor(person = newPerson()) {
    this.headless = new Headless(person)
    const { network, files, storage } = this.headless
    const { wx: display, shown, person: hand } = screen({ storage })
    Object.assign(this, { network, files, display, shown, hand, changed: () => ({}) })
  }

  /** Cold start: nothing is left but the storage. `changed` says what this phone does differently. */
  start() {
    const wx = this.headless.restart()
    this.wx = { ...this.display, ...wx, ...others(wx, this.files) }
    Object.assign(this.wx, this.changed({ ...this.wx }))
    this.network.calls.length = 0
    start(this.wx, { baseUrl: API })
    return this
  }

  /** Of several phones, the one in the hand. */
  takeUp() {
    globalThis.wx = this.wx
  }

  open(page) {
    this.takeUp()
    return open(page)
  }

  /** Chooses pictures with these contents on the page of files. */
  pick(...contents) {
    this.hand.pictures = contents.map((bytes) => {
      const path = `wxfile://picked${this.files.size}`
      this.files.set(path, bytes)
      return path
    })
  }

  /** How often something was asked for: `count('POST /v1/login')`. */
  count(what) {
    return this.network.calls.filter(({ method, path }) => `${method} ${path}` === what).length
  }

  /** Signed in: by a tap the first time, silently on a further phone of the same person. */
  async signedIn() {
    this.start()
    const home = this.open('home')
    await home.shown
    if (home.has('button.sign-in')) await home.tap('button.sign-in')
    await home.until(() => home.has('.hello'))
    return home
  }
}

/** What of `wx` the self-test uses, and the client does not. */
function others(wx, files) {
  const fileSystem = wx.getFileSystemManager()
  return {
    downloadFile: ({ url, success, fail }) => {
      fetch(url).then(async (response) => {
        const tempFilePath = `wxfile://downloaded${files.size}`
        files.set(tempFilePath, Buffer.from(await response.arrayBuffer()))
        success({ statusCode: response.status, tempFilePath })
      }).catch(({ message }) => fail({ errMsg: `downloadFile:fail ${message}` }))
    },
    getFileSystemManager: () => ({
      ...fileSystem,
      writeFile: ({ filePath, data, encoding, success }) => {
        files.set(filePath, Buffer.from(data, encoding))
        success()
      },
    }),
  }
}
