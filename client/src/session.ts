import { ApiError, clientError } from './error'
import type { Send } from './http'
import type { Store, Tokens } from './store'
import { isFresh, isOver, tokensOf } from './tokens'
import type { Refresh, SessionAnswer } from './tokens'
import type { SignedIn } from './types'
import { once } from './wait'
import type { Running } from './wait'

const COOLDOWN = 30 // seconds
const NONE: { error?: ApiError; received: number; lifetime: number } = { received: 0, lifetime: 0 }

/** Which session is the current one, and how a call gets a token that is good. */
export interface Session {
  /** An access token that is good as far as this phone can tell, and is not `refused`. */
  access(refused?: string): Promise<string>
  signIn(): Promise<SignedIn>
  /** Whatever login or renewal is under way will not count. */
  supersede(): void
  /** A call with this token was answered `account_disabled`. */
  block(access: string, error: ApiError): void
}

export interface Hooks {
  /** A fresh login code. */
  code(): Promise<string>
  /** Ends a session that the client does not want. */
  end(tokens: Tokens): void
  /** What has to be finished before somebody signs in. */
  beforeSignIn(): Promise<void>
}

export function createSession(send: Send, { stored, update }: Store, refresh: Refresh, running: Running, hooks: Hooks): Session {
  // Grows when somebody signs in or out: a renewal or a login that began before must not undo that.
  let epoch = 0
  let cooldown = NONE

  async function access(refused?: string): Promise<string> {
    if (!stored.session) await running.get(signIn)
    usable()
    const isGood = (margin?: number) => stored.session && stored.session.access !== refused && isFresh(stored.session, margin)
    if (!isGood()) {
      await guarded(renew).catch((error) => {
        // The server is busy or out of reach: what is left of the token's life will do.
        if (!isGood(0)) throw error
      })
      usable()
    }
    if (!stored.session) throw signedOut()
    return stored.session.access
  }

  function usable(): void {
    if (stored.blocked) throw stored.blocked
    if (stored.signedOut) throw signedOut()
  }

  async function renew(begun: number): Promise<void> {
    if (isFresh(cooldown, 0)) throw cooldown.error
    const { session } = stored
    if (session) {
      try {
        return await refresh(session)
      } catch (error) {
        if (!isOver(error as ApiError)) throw error
        // Listeners are told once it is known whether a login has replaced it.
        if (stored.session === session) stored.session = undefined
      }
    }
    if (begun === epoch) await logIn(false, begun)
  }

  /** What a refusal means: nobody to sign in, a disabled account, or not to ask again for a while. */
  function refuse(error: ApiError): void {
    const { code, kind, retryAfter = COOLDOWN } = error
    if (kind !== 'network') cooldown = { error, received: Date.now(), lifetime: retryAfter * 1000 }
    update(code === 'login_required' ? { signedOut: true } : code === 'account_disabled' ? { blocked: error } : {})
  }

  async function signIn(begun: number): Promise<SignedIn> {
    await hooks.beforeSignIn()
    const { user, is_new: isNew } = await logIn(true, begun)
    return { user, isNew }
  }

  async function logIn(create: boolean, begun: number): Promise<SessionAnswer> {
    const exchange = async () => send('POST', '/v1/login', { body: { code: await hooks.code(), create } })
    const { body } = await exchange().catch((error) => {
      // On a bad network, wx.login can return a code that was used before.
      if (error.code !== 'wechat_code_used') throw error
      return exchange()
    })
    const answer = body as SessionAnswer
    const tokens = tokensOf(answer)
    if (begun !== epoch) {
      hooks.end(tokens)
      throw signedOut()
    }
    const former = stored.session
    if (create) epoch += 1
    cooldown = NONE
    update({ session: tokens, signedOut: undefined, unconfirmed: undefined, blocked: undefined })
    if (former) hooks.end(former)
    return answer
  }

  /** Runs one at a time, and acts on a refusal unless somebody has signed in or out in the meantime. */
  function guarded<T>(run: (begun: number) => Promise<T>): Promise<T> {
    return once(running, run, () => {
      const begun = epoch
      return run(begun).catch((error) => {
        if (begun === epoch) refuse(error)
        throw error
      })
    })
  }

  return {
    access,
    signIn: () => guarded(signIn),
    supersede() {
      epoch += 1
      cooldown = NONE
    },
    block(access, blocked) {
      if (stored.session && stored.session.access === access) update({ blocked })
    },
  }
}

export function signedOut(): ApiError {
  return clientError('signed_out', 'call signIn()')
}
