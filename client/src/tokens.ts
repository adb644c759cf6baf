import { ApiError } from './error'
import type { Send } from './http'
import { repeated } from './retry'
import type { Store, Tokens } from './store'
import type { User } from './types'
import { afterwards } from './wait'

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

export function tokensOf(body: unknown): Tokens {
  const answer = body as SessionAnswer | undefined
  // A Wi-Fi's login page answers anything with 200.
  if (!answer || !answer.access_token || !answer.refresh_token) throw new ApiError('network', 'the response is not from the API')
  return { access: answer.access_token, refresh: answer.refresh_token, received: Date.now(), lifetime: answer.expires_in * 1000 }
}

/** Counts by this phone's clock only, so it may be wrong; one that was set back makes the token count as expired. */
export function isFresh({ received, lifetime }: Tokens, margin = MARGIN): boolean {
  const age = Date.now() - received
  return age >= 0 && age < lifetime - Math.min(margin, lifetime / 2)
}

/** Whether the server has said that the session is over. */
export function isRefused(error: unknown): boolean {
  const { kind, status } = error as ApiError
  return kind === 'api' && status === 401
}

/** Renews tokens in place; one refresh of the same tokens at a time. */
export class Refresher {
  private readonly running = new Map<Tokens, Promise<void>>()

  constructor(
    private readonly send: Send,
    private readonly store: Store,
    private readonly timeout: number,
  ) {}

  refresh(tokens: Tokens): Promise<void> {
    let refresh = this.running.get(tokens)
    if (!refresh) {
      refresh = this.exchange(tokens)
      this.running.set(tokens, refresh)
      afterwards(refresh, () => this.running.delete(tokens))
    }
    return refresh
  }

  private async exchange(tokens: Tokens): Promise<void> {
    const { body } = await repeated(true, () =>
      this.send('POST', '/v1/login/refresh', {
        body: { refresh_token: tokens.refresh },
        timeout: Math.min(this.timeout, REFRESH_TIMEOUT),
      }),
    )
    Object.assign(tokens, tokensOf(body))
    this.store.save()
  }

  /** Sends a request in the name of a session, whichever it is: it need not be the current one. */
  async sendAs<T>(tokens: Tokens, request: (access: string) => Promise<T>): Promise<T> {
    if (!isFresh(tokens)) await this.refresh(tokens)
    try {
      return await request(tokens.access)
    } catch (error) {
      if ((error as ApiError).code !== 'unauthorized') throw error
      await this.refresh(tokens)
      return request(tokens.access)
    }
  }
}
