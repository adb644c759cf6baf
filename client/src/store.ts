import type { Platform, SessionStorage } from './types'

/** One session's tokens. A refresh changes them in place, wherever they are kept. */
export interface Tokens {
  access: string
  refresh: string
  /** When they arrived, by the clock of this phone, and for how long the access token is good; milliseconds. */
  received: number
  lifetime: number
}

/** All that outlives the program. */
export interface Stored {
  session?: Tokens
  signedOut?: boolean
  deletion?: Tokens
  deletionUnconfirmed?: boolean
  /** Sessions to be ended on the server. */
  ending: { tokens: Tokens; all: boolean }[]
}

const KEY = 'wechat-backend'

export class Store {
  readonly stored: Stored

  constructor(private readonly storage: SessionStorage) {
    this.stored = this.read()
  }

  private read(): Stored {
    try {
      return { ending: [], ...JSON.parse(this.storage.get(KEY) || '{}') }
    } catch (_) {
      return { ending: [] }
    }
  }

  save(): void {
    const text = JSON.stringify(this.stored)
    try {
      this.storage.set(KEY, text)
    } catch (_) {
      this.replace(text)
    }
  }

  /** The storage is full: what was stored has to go all the same, or a restart would sign in whoever signed out. */
  private replace(text: string): void {
    try {
      this.storage.remove(KEY)
      this.storage.set(KEY, text)
    } catch (_) {
      // It lasts as long as the program.
    }
  }
}

export function storageOf(platform: Platform): SessionStorage {
  return {
    get: (key) => platform.getStorageSync(key) as string,
    set: (key, value) => platform.setStorageSync(key, value),
    remove: (key) => platform.removeStorageSync(key),
  }
}
