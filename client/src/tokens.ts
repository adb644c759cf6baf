import { ApiError } from './error'
import type { Send } from './http'
import { repeated } from './retry'
import type { Store, Tokens } from './store'
import type { User } from './types'
import { once } from './wait'
import type { Running } from './wait'

const MARGIN = 60 * 1000
// The server takes a refresh token once more for 10 seconds; a repeated refresh has to be in time.
const REFRESH_TIMEOUT = 8000

/** The response of login and refresh. */
export interface SessionAnswer {
  access_token: string
  refresh_token: string
  expires_in: number
  user: User
  is_new: boolean
}

export function tokensOf(answer?: SessionAnswer): Tokens {
  // A Wi-Fi's login page answers anything with 200.
  if (!answer || !answer.refresh_token) throw new ApiError('network', 'not from the API')
  return { access: answer.access_token, refresh: answer.refresh_token, user: answer.user.id, received: Date.now(), lifetime: answer.expires_in * 1000 }
}

/** By this phone's clock only, which may be wrong; if it was set back since, the token counts as expired. */
export function isFresh({ received, lifetime }: Pick<Tokens, 'received' | 'lifetime'>, margin = MARGIN): boolean {
  const age = Date.now() - received
  return age >= 0 && age < lifetime - margin
}

/** Whether the server has said that the session is over. */
export function isOver({ code }: ApiError): boolean {
  return /^refresh_/.test(code as string)
}

/** Renews tokens in place; one refresh of the same tokens at a time. */
export type Refresh = (tokens: Tokens) => Promise<void>

export function createRefresh(send: Send, { update }: Store, running: Running, timeout: number): Refresh {
  return (tokens) =>
    once(running, tokens, () => {
      const request = { body: { refresh_token: tokens.refresh }, timeout: Math.min(timeout, REFRESH_TIMEOUT) }
      return repeated(true, () => send('POST', '/v1/login/refresh', request)).then(({ body }) => {
        Object.assign(tokens, tokensOf(body as SessionAnswer))
        update()
      })
    })
}

/** Sends a request in the name of a session, which need not be the current one. */
export async function sendAs(tokens: Tokens, refresh: Refresh, request: () => Promise<unknown>): Promise<void> {
  const attempt = () => repeated(true, request)
  if (!isFresh(tokens)) await refresh(tokens)
  try {
    await attempt()
  } catch (error) {
    if ((error as ApiError).code !== 'unauthorized') throw error
    await refresh(tokens)
    await attempt()
  }
}
