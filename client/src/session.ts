import { ApiError } from './error'
import type { Send } from './http'
import { isFresh, isRefused, tokensOf } from './tokens'
import type { Refresher, SessionAnswer } from './tokens'
import type { Store, Tokens } from './store'
import type { SessionState, SignedIn } from './types'
import { shared } from './wait'

const COOLDOWN = 30 * 1000

/** Which session is the current one, and how a call gets a token that is good. */
export class Session {
  /** Ends the sessions that the client no longer wants, now or later. */
  end: (tokens: Tokens) => void = () => {}
  /** What has to be finished before somebody signs in. */
  beforeSignIn: () => Promise<unknown> = () => Promise.resolve()

  readonly listeners: ((state: SessionState) => void)[] = []
  private notified: SessionState
  /** Grows when somebody signs in or out: a renewal or a login that began before must not undo that. */
  private epoch = 0
  private blocked: ApiError | undefined
  private cooldown: { error: ApiError; since: number; length: number } | undefined

  constructor(
    private readonly send: Send,
    private readonly store: Store,
    private readonly refresher: Refresher,
    private readonly code: () => Promise<string>,
  ) {
    this.notified = this.state
  }

  get state(): SessionState {
    const { deletion, deletionUnconfirmed, signedOut, session } = this.store.stored
    if (deletion) return 'deletion_pending'
    if (this.blocked) return 'blocked'
    if (deletionUnconfirmed) return 'deletion_unconfirmed'
    if (signedOut) return 'signed_out'
    return session ? 'signed_in' : 'unknown'
  }

  /** An access token that is good as far as this phone can tell, and is not `refused`. */
  async access(refused?: string): Promise<string> {
    if (this.signIn.running && !this.store.stored.session) await this.signIn.running
    this.rejectUnlessUsable()
    const { session } = this.store.stored
    if (!session || session.access === refused || !isFresh(session)) {
      await this.renew().catch((error) => {
        // The server is busy or out of reach: what is left of the token's life will do.
        const current = this.store.stored.session
        if (!current || current.access === refused || !isFresh(current, 0)) throw error
      })
      this.rejectUnlessUsable()
    }
    const { session: renewed } = this.store.stored
    if (!renewed) throw signedOut()
    return renewed.access
  }

  private rejectUnlessUsable(): void {
    const { state } = this
    if (state === 'blocked') throw this.blocked
    if (state === 'deletion_pending') throw new ApiError('client', 'the account is being deleted', { code: state })
    if (state !== 'signed_in' && state !== 'unknown') throw signedOut()
  }

  // ---- renewal

  private readonly renew = shared(async () => {
    const { cooldown, epoch } = this
    if (cooldown) {
      const age = Date.now() - cooldown.since
      if (age >= 0 && age < cooldown.length) throw cooldown.error
    }
    try {
      if (await this.refreshed()) return
      if (epoch === this.epoch) await this.logIn(false, epoch)
    } catch (error) {
      if (epoch === this.epoch) this.refuse(error as ApiError)
      throw error
    } finally {
      this.changed()
    }
  })

  /** Whether there is a session that can be refreshed, and it was. */
  private async refreshed(): Promise<boolean> {
    const { session } = this.store.stored
    if (!session) return false
    try {
      await this.refresher.refresh(session)
      return true
    } catch (error) {
      if (!isRefused(error)) throw error
      // Unless somebody has signed in or out in the meantime, this was the current session.
      if (this.store.stored.session === session) {
        this.store.stored.session = undefined
        this.store.save()
      }
      return false
    }
  }

  /** What a refusal means: nobody to sign in, a disabled account, or not to ask again for a while. */
  private refuse(error: ApiError): void {
    if (error.code === 'login_required') this.signOut()
    else if (error.code === 'account_disabled') this.block(error)
    else if (error.kind === 'api' || error.kind === 'gateway') {
      this.cooldown = { error, since: Date.now(), length: error.retryAfter ? error.retryAfter * 1000 : COOLDOWN }
    }
  }

  // ---- login

  readonly signIn = shared(async (): Promise<SignedIn> => {
    const { epoch } = this
    await this.beforeSignIn()
    try {
      const answer = await this.logIn(true, epoch)
      return { user: answer.user, isNew: answer.is_new }
    } catch (error) {
      if (epoch === this.epoch && (error as ApiError).code === 'account_disabled') this.block(error as ApiError)
      throw error
    }
  })

  private async logIn(create: boolean, epoch: number): Promise<SessionAnswer> {
    const { body } = await this.exchangeCode(create)
    const tokens = tokensOf(body)
    if (epoch !== this.epoch) {
      this.end(tokens)
      throw signedOut()
    }
    this.begin(tokens, create)
    return body as SessionAnswer
  }

  private async exchangeCode(create: boolean) {
    const attempt = async () => this.send('POST', '/v1/login', { body: { code: await this.code(), create } })
    try {
      return await attempt()
    } catch (error) {
      // On a bad network, wx.login can return a code that was used before.
      if ((error as ApiError).code !== 'wechat_code_used') throw error
      return attempt()
    }
  }

  private begin(tokens: Tokens, explicit: boolean): void {
    const { stored } = this.store
    const former = stored.session
    if (explicit) this.epoch += 1
    stored.session = tokens
    stored.signedOut = stored.deletionUnconfirmed = undefined
    this.blocked = this.cooldown = undefined
    this.store.save()
    if (former) this.end(former)
    this.changed()
  }

  // ---- the end

  /** Whatever login or renewal is under way will not count. */
  supersede(): void {
    this.epoch += 1
  }

  /** Until `signIn()`. */
  signOut(change: Partial<Store['stored']> = {}): void {
    this.blocked = this.cooldown = undefined
    Object.assign(this.store.stored, { session: undefined, signedOut: true }, change)
    this.store.save()
    this.changed()
  }

  /** A call was answered `account_disabled`; `access` is the token that it was made with. */
  blockedWith(access: string, error: ApiError): void {
    const { session } = this.store.stored
    if (session && session.access === access) this.block(error)
  }

  block(error: ApiError): void {
    this.blocked = error
    this.changed()
  }

  changed(): void {
    const { state } = this
    if (state === this.notified) return
    this.notified = state
    this.listeners.slice().forEach((listener) => listener(state))
  }
}

export function signedOut(): ApiError {
  return new ApiError('client', 'signed out: call signIn()', { code: 'signed_out' })
}
