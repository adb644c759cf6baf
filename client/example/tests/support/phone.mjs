// A whole phone in front of the local stack: what it has stored survives a restart of the mini-program.
import { open, start } from './app.mjs'
import { network } from './network.mjs'
import { screen } from './screen.mjs'

export const API = process.env.STACK_API_URL
export const WITHOUT_STACK = API ? false : 'no local stack: run it by `make test`'

let persons = 0
export const newPerson = () => `walker${Date.now()}x${persons += 1}`

export class Phone {
  constructor(person = newPerson()) {
    this.storage = new Map()
    const net = network({ person })
    const { wx, shown, person: hand } = screen({ storage: this.storage })
    Object.assign(this, { network: net.network, shown, hand, wx: { ...wx, ...net.wx } })
  }

  /** Cold start: nothing is left but the storage. */
  start() {
    this.network.sent.length = 0
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
    this.hand.pictures = contents.map((bytes, i) => {
      const path = `wxfile://picked${this.network.files.size + i}`
      this.network.files.set(path, bytes)
      return path
    })
  }

  count(pattern) {
    return this.network.sent.filter((name) => pattern.test(name)).length
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
