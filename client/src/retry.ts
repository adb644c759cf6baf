import { ApiError } from './error'
import type { CallRequest, Method } from './types'
import { wait } from './wait'

const ATTEMPTS = 3
const LONGEST_WAIT = 10 // seconds; the caller is told about a longer one

/** Whether doing it twice is the same as doing it once. */
export function isSafe(method: Method, request: CallRequest): boolean {
  // With If-Match, the second attempt would find what the first has changed.
  return method === 'POST' ? !!request.idempotencyKey : !request.ifMatch
}

export function isTransient({ kind, status }: ApiError): boolean {
  return kind === 'network' || status === 429 || (status > 501 && status < 505)
}

/** Whether the server has decided, so that asking again would not help. */
export function isFinal({ kind, status }: ApiError): boolean {
  return kind === 'api' && status < 500 && status !== 429
}

/** Repeats what failed in passing, when `safe`; `attempt` gets the number of earlier attempts. */
export async function repeated<T>(safe: boolean, attempt: (earlier: number) => Promise<T>): Promise<T> {
  for (let earlier = 0; ; earlier += 1) {
    try {
      return await attempt(earlier)
    } catch (error) {
      const { retryAfter } = error as ApiError
      if (!safe || earlier + 1 === ATTEMPTS || !isTransient(error as ApiError) || (retryAfter || 0) > LONGEST_WAIT) throw error
      await wait(retryAfter ? retryAfter * 1000 : backOff(earlier))
    }
  }
}

export function backOff(earlier: number): number {
  return 300 * Math.pow(3, earlier) * (1 + Math.random() / 2)
}
