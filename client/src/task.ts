import { ApiError } from './error'
import type { UploadTask } from './types'

/** Lets `cancel()` reach what is under way. */
export interface Cancellation {
  /** Throws once it was cancelled. */
  check(): void
  /** Returns a function that takes the registration back. */
  onCancel(run: () => void): () => void
}

/** A promise with `cancel()`, which rejects it at once. */
export function cancellable<T>(run: (cancellation: Cancellation) => Promise<T>): UploadTask<T> {
  const cancelled = new ApiError('cancelled', 'cancelled')
  const listeners = new Set<() => void>()
  let state: 'running' | 'cancelled' | 'settled' = 'running'
  let rejectNow: (error: ApiError) => void
  const cancellation: Cancellation = {
    check() {
      if (state === 'cancelled') throw cancelled
    },
    onCancel(listener) {
      if (state === 'cancelled') listener()
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const promise = new Promise<T>((resolve, reject) => {
    const settle = <V>(how: (value: V) => void) => (value: V) => {
      if (state === 'running') state = 'settled'
      how(value)
    }
    rejectNow = reject
    run(cancellation).then(settle(resolve), settle(reject))
  })
  const cancel = () => {
    if (state !== 'running') return
    state = 'cancelled'
    rejectNow(cancelled)
    listeners.forEach((listener) => listener())
  }
  return Object.assign(promise, { cancel })
}
