import type { ApiError } from './error'
import { wait } from './wait'

const REPEATS = 2
const LONGEST_WAIT = 10 // seconds; the caller is told about a longer one

/** Whether it may succeed if it is tried again. S3 asks for that with 409, too. */
export function isTransient({ kind, status }: ApiError): boolean {
  return kind === 'network' || status === 429 || (status > 499 && status !== 501) || (kind === 'storage' && status === 409)
}

/** Repeats what failed in passing, if that is `safe`; `attempt` gets the number of earlier attempts. */
export async function repeated<T>(safe: boolean, attempt: (earlier: number) => Promise<T>): Promise<T> {
  for (let earlier = 0; ; earlier += 1) {
    try {
      return await attempt(earlier)
    } catch (cause) {
      const { retryAfter = earlier + 0.3 + Math.random() / 2 } = cause as ApiError
      if (!safe || earlier === REPEATS || !isTransient(cause as ApiError) || retryAfter > LONGEST_WAIT) throw cause
      await wait(retryAfter * 1000)
    }
  }
}
