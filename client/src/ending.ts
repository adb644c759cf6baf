import { ApiError } from './error'
import type { Send } from './http'
import { isFinal, repeated } from './retry'
import { signedOut } from './session'
import type { Session } from './session'
import type { Store, Stored, Tokens } from './store'
import { isRefused } from './tokens'
import type { Refresher } from './tokens'
import { shared } from './wait'

// A session that is never ended expires by itself after 30 days.
const MOST = 8

/** Ends sessions and the account on the server; what could not be done is stored, and done when it next can. */
export class Endings {
  constructor(
    private readonly send: Send,
    private readonly store: Store,
    private readonly refresher: Refresher,
    private readonly session: Session,
  ) {}

  get pending(): boolean {
    const { deletion, ending } = this.store.stored
    return !!deletion || ending.length > 0
  }

  /** Does what is still to be done, as far as the server can be reached. */
  resume(): Promise<unknown> {
    const { deletion } = this.store.stored
    return Promise.all([this.endAll(), deletion && this.finishDeletion().catch(() => {})])
  }

  // ---- sessions

  /** Ends the current session, and forgets it whether the server can be reached or not. */
  logout({ all = false } = {}): Promise<void> {
    const { stored } = this.store
    const { session } = stored
    this.session.supersede()
    if (session) this.add(session, all)
    this.session.signOut()
    return this.endAll()
  }

  /** Remembers to end a session. */
  add(tokens: Tokens, all = false): void {
    const { ending } = this.store.stored
    ending.push({ tokens, all })
    if (ending.length > MOST) ending.shift()
    this.store.save()
  }

  readonly endAll = shared(async () => {
    const { stored } = this.store
    while (stored.ending.length) {
      const first = stored.ending[0] as Stored['ending'][0]
      try {
        await this.logOut(first.tokens, first.all)
      } catch (error) {
        if (!isFinal(error as ApiError)) return
      }
      stored.ending = stored.ending.filter((one) => one !== first)
      this.store.save()
    }
  })

  private logOut(tokens: Tokens, all: boolean): Promise<unknown> {
    return this.refresher.sendAs(tokens, (access) =>
      repeated(true, () => this.send('POST', '/v1/logout', { body: all ? { all } : {} }, access)),
    )
  }

  // ---- the account

  /** What is still to be done when somebody signs in; rejects if the account may not have been deleted yet. */
  async beforeSignIn(): Promise<void> {
    await this.endAll()
    await this.finishDeletion().catch((error: ApiError) => {
      if (this.store.stored.deletion) throw error
    })
  }

  /** From here on nobody is signed in, whatever becomes of it. */
  async deleteAccount(): Promise<void> {
    const { stored } = this.store
    if (!stored.deletion) {
      if (!stored.session) await this.session.access()
      const deletion = stored.session
      if (!deletion) throw signedOut()
      this.session.supersede()
      this.session.signOut({ deletion })
    }
    return this.finishDeletion()
  }

  readonly finishDeletion = shared(async () => {
    const { deletion } = this.store.stored
    if (!deletion) return
    try {
      await this.refresher.sendAs(deletion, (access) => repeated(true, () => this.send('DELETE', '/v1/users/me', {}, access)))
    } catch (error) {
      throw this.undeleted(error as ApiError)
    }
    this.session.signOut({ deletion: undefined })
  })

  private undeleted(error: ApiError): ApiError {
    // The session is over: perhaps because the account was deleted and the response lost, perhaps not.
    if (isRefused(error) && error.code !== 'unauthorized') {
      this.session.signOut({ deletion: undefined, deletionUnconfirmed: true })
      return new ApiError('client', 'not confirmed: sign in to delete the account', { code: 'deletion_unconfirmed' })
    }
    if (error.code === 'account_disabled') {
      this.session.signOut({ deletion: undefined })
      this.session.block(error)
    }
    return error
  }
}
