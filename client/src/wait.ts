import type { Callbacks } from './types'

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Calls a listener of the program's. What it throws is the program's to see, and interrupts nothing here. */
export function notify<A extends unknown[]>(listener: ((...given: A) => void) | undefined, ...given: A): void {
  try {
    if (listener) listener(...given)
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}

/** What is running, by what it is about. */
export type Running = Map<unknown, Promise<unknown>>

/** Calls `run`, unless it is still running for `key`: then its promise is shared. */
export function once<T>(running: Running, key: unknown, run: () => Promise<T>): Promise<T> {
  const earlier = running.get(key) as Promise<T> | undefined
  if (earlier) return earlier
  const promise = run()
  // Not `finally`, which is missing on older phones.
  const done = () => running.delete(key)
  running.set(key, promise)
  promise.then(done, done)
  return promise
}

type OptionsOf<F> = NonNullable<F> extends (options: infer O) => unknown ? O : never
type ResultOf<O> = O extends Callbacks<infer T> ? T : never

/** Calls a function of the platform's that calls back; `failure` makes what it rejects with of its message. */
export function ask<T extends object, N extends keyof T>(
  target: T,
  name: N,
  options: Omit<OptionsOf<T[N]>, keyof Callbacks<never>>,
  failure: (message: string) => unknown,
  started?: (task: unknown) => void,
): Promise<ResultOf<OptionsOf<T[N]>>> {
  return new Promise((success, reject) => {
    const fail = (cause: { errMsg: string }) => reject(failure(cause.errMsg))
    const functions = target as Record<N, (options: object) => Promise<unknown> | void>
    const task = functions[name]({ success, fail, ...options })
    // Taro also returns a promise, whose rejection nobody else handles.
    if (!task) return
    if (task.catch) task.catch(() => {})
    if (started) started(task)
  })
}
