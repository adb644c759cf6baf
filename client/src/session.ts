import type { Endings } from './ending'
import { clientError } from './error'
import type { ApiError } from './error'
import type { Send } from './http'
import type { Store, Tokens } from './store'
import { isFresh, isOver, tokensOf } from './tokens'
import type { Refresh, SessionAnswer } from './tokens'
import type { SignedIn } from './types'
import { once } from './wait'
import type { Running } from './wait'

const COOLDOWN = 30 // seconds

/** Which session is the current one, and how a call gets a token that is good. */
export interface Session {
  /** Tokens that are good as far as this phone can tell; instead of `refused` ones, others of the same user. */
  access(refused?: Tokens): Promise<Tokens>
  signIn(): Promise<SignedIn>
  /** A call with these tokens was answered `account_disabled`. */
  block(tokens: Tokens, error: ApiError): void
}

export function createSession(
  send: Send,
  { stored, update }: Store,
  refresh: Refresh,
  running: Running,
  endings: Endings,
  code: () => Promise<string>,
): Session {
  let cooldown: { error?: ApiError; received: number; lifetime: number } = { received: 0, lifetime: 0 }
  const isCurrent = ({ access }: Tokens) => stored.session && stored.session.access === access

  async function access(refused?: Tokens): Promise<Tokens> {
    if (!stored.session) await running.get(stored.epoch)
    usable()
    const former = refused || stored.session
    if (refused && isCurrent(refused)) (stored.session as Tokens).lifetime = 0
    const isGood = (margin?: number) => stored.session && isFresh(stored.session, margin)
    if (!isGood()) {
      await guarded(renew).catch((error) => {
        usable()
        // The server is busy or out of reach: what is left of the token's life will do.
        if (!isGood(0)) throw error
      })
      usable()
    }
    const tokens: Tokens = Object.assign({}, stored.session)
    if (former && former.user !== tokens.user) throw clientError('account_changed', 'call again')
    return tokens
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
    if (begun === stored.epoch) await logIn(false, begun)
  }

  /** What a refusal means: nobody to sign in, a disabled account, or not to ask again for a while. */
  function refuse(error: ApiError): void {
    const { code, kind, retryAfter } = error
    if (kind !== 'network') cooldown = { error, received: Date.now(), lifetime: (retryAfter || COOLDOWN) * 1000 }
    update(code === 'login_required' ? { signedOut: true } : code === 'account_disabled' ? { blocked: error } : {})
  }

  function signIn(begun: number): Promise<SignedIn> {
    return endings
      .finish()
      .then(() => logIn(true, begun))
      .then(({ user, is_new: isNew }) => ({ user, isNew }))
  }

  async function logIn(create: boolean, begun: number): Promise<SessionAnswer> {
    const exchange = () => code().then((fresh) => send('POST', '/v1/login', { body: { code: fresh, create } }))
    const { body } = await exchange().catch((error) => {
      // On a bad network, wx.login can return a code that was used before.
      if (error.code !== 'wechat_code_used') throw error
      return exchange()
    })
    const tokens = tokensOf(body as SessionAnswer)
    if (begun !== stored.epoch) {
      endings.end(tokens)
      throw signedOut()
    }
    const former = stored.session
    if (create) stored.epoch += 1
    cooldown.lifetime = 0
    update({ session: tokens, signedOut: undefined, unconfirmed: undefined, blocked: undefined })
    if (former) endings.end(former)
    return body as SessionAnswer
  }

  /**
   * Runs one at a time, and acts on a refusal unless somebody has signed in or out in the meantime. A sign-in that began
   * before that comes to nothing, so the next one does not wait for it.
   */
  function guarded<T>(run: (begun: number) => Promise<T>): Promise<T> {
    return once(running, run === (signIn as unknown) && stored.epoch, () => {
      const begun = stored.epoch
      return run(begun).catch((error) => {
        if (begun === stored.epoch) refuse(error)
        throw error
      })
    })
  }

  return {
    access,
    signIn: () => guarded(signIn),
    block(tokens, blocked) {
      if (isCurrent(tokens)) update({ blocked })
    },
  }
}

export function signedOut(): ApiError {
  return clientError('signed_out', 'call signIn()')
}
