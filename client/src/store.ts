import type { ApiError } from './error'
import type { SessionState, SessionStorage } from './types'
import { notify } from './wait'

/** One session's tokens. A refresh changes them in place, wherever they are kept. */
export interface Tokens {
  access: string
  refresh: string
  /** The user's id: what one of them began must not be done in the name of another. */
  user: string
  /** When they arrived, by the clock of this phone, and for how long the access token is good; milliseconds. */
  received: number
  lifetime: number
  /** Whether ending this session ends all of the user's. */
  all?: boolean
}

export interface Stored {
  session?: Tokens | undefined
  signedOut?: boolean | undefined
  /** The session of an account that is to be deleted. */
  deletion?: Tokens | undefined
  unconfirmed?: boolean | undefined
  /** Sessions to be ended on the server. */
  ending: Tokens[]
  /** Grows when somebody signs in or out: a renewal or a login that began before must not undo that. */
  epoch: number
  /** Why the session is of no use; a restart forgets it. */
  blocked?: ApiError | undefined
}

export interface Store {
  readonly stored: Stored
  state(): SessionState
  /** Changes what is stored, saves it, and tells the listeners about a change of state. */
  update(change?: Partial<Stored>): void
  onChange(listener: (state: SessionState) => void): () => void
}

const KEY = 'wechat-backend'

export function createStore(storage: SessionStorage): Store {
  const stored = read(storage)
  const state = (): SessionState => {
    if (stored.deletion) return 'deletion_pending'
    if (stored.blocked) return 'blocked'
    if (stored.unconfirmed) return 'deletion_unconfirmed'
    if (stored.signedOut) return 'signed_out'
    return stored.session ? 'signed_in' : 'unknown'
  }
  const listeners = new Set<(state: SessionState) => void>()
  let notified = state()
  return {
    stored,
    state,
    update(change) {
      Object.assign(stored, change)
      save(storage, JSON.stringify(stored))
      if (notified === state()) return
      notified = state()
      listeners.forEach((listener) => notify(listener, notified))
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function read(storage: SessionStorage): Stored {
  const stored: Stored = { ending: [], epoch: 0 }
  try {
    Object.assign(stored, JSON.parse(storage.getStorageSync(KEY) as string), { blocked: undefined })
  } catch (_) {
    // Nothing is stored, or something else.
  }
  return stored
}

function save(storage: SessionStorage, text: string): void {
  try {
    storage.setStorageSync(KEY, text)
  } catch (_) {
    // The storage is full. What it has must go all the same, or a restart would sign in whoever signed out.
    try {
      storage.removeStorageSync(KEY)
      storage.setStorageSync(KEY, text)
    } catch (_) {
      // It lasts as long as the program.
    }
  }
}
