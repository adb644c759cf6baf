import type { ApiError } from './error'
import { clientError } from './error'
import type { Send } from './http'
import { isTransient } from './retry'
import { signedOut } from './session'
import type { Session } from './session'
import type { Store, Tokens } from './store'
import { isOver, sendAs } from './tokens'
import type { Refresh } from './tokens'
import { once } from './wait'
import type { Running } from './wait'

// A session that is never ended expires by itself after 30 days.
const MOST = 8

/** Ends sessions and the account on the server; what could not be done is stored, and done when it next can. */
export interface Endings {
  logout(options?: { all?: boolean }): Promise<void>
  deleteAccount(session: Session): Promise<void>
  /** Ends a session, now or later. */
  end(tokens: Tokens): Promise<void>
  /** Does what is still to be done, and rejects if the account may not have been deleted yet. */
  finish(): Promise<void>
}

export function createEndings(send: Send, { stored, update }: Store, refresh: Refresh, running: Running): Endings {
  function end(tokens: Tokens): Promise<void> {
    update({ ending: stored.ending.concat(tokens).slice(-MOST) })
    return endAll()
  }

  const endAll = (): Promise<void> =>
    once(running, endAll, async () => {
      while (stored.ending[0]) {
        const [tokens] = stored.ending
        try {
          await sendAs(tokens, refresh, () => send('POST', '/v1/logout', { body: { all: !!tokens.all } }, tokens))
        } catch (error) {
          if (isTransient(error as ApiError)) return
        }
        update({ ending: stored.ending.filter((one) => one !== tokens) })
      }
    })

  /** For this phone it is over at once, and whatever login or renewal is under way will not count. */
  function forget(deletion?: Tokens): void {
    update({ session: undefined, signedOut: true, blocked: undefined, epoch: stored.epoch + 1, deletion })
  }

  const finishDeletion = (deletion: Tokens): Promise<void> =>
    once(running, finishDeletion, () =>
      sendAs(deletion, refresh, () => send('DELETE', '/v1/users/me', {}, deletion)).then(
        () => update({ deletion: undefined }),
        (error: ApiError) => {
          if (error.code === 'account_disabled') update({ deletion: undefined, blocked: error })
          if (!isOver(error)) throw error
          // Perhaps because the account was deleted and the response lost, perhaps not.
          update({ deletion: undefined, unconfirmed: true })
          throw clientError('deletion_unconfirmed', 'sign in to delete')
        },
      ),
    )

  return {
    end,
    logout({ all } = {}) {
      const { session, deletion } = stored
      forget(deletion)
      return session ? end(Object.assign(session, { all })) : endAll()
    },
    async deleteAccount(session) {
      if (!stored.deletion) {
        if (!stored.session) await session.access()
        if (stored.session) forget(stored.session)
      }
      // Another caller may have begun it while this one waited.
      if (!stored.deletion) throw signedOut()
      await finishDeletion(stored.deletion)
    },
    async finish() {
      await endAll()
      if (stored.deletion) {
        await finishDeletion(stored.deletion).catch((error) => {
          if (stored.deletion) throw error
        })
      }
    },
  }
}
