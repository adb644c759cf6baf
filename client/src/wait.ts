export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}

/** Calls `then` once the promise has settled; `finally` is missing on older phones. */
export function afterwards(promise: Promise<unknown>, then: () => void): void {
  promise.then(then, then)
}

/** One run at a time: whoever asks while it runs gets the same promise. */
export function shared<T>(run: () => Promise<T>): { (): Promise<T>; readonly running: Promise<T> | undefined } {
  let running: Promise<T> | undefined
  const start = () => {
    if (!running) {
      running = run()
      afterwards(running, () => {
        running = undefined
      })
    }
    return running
  }
  return Object.defineProperty(start, 'running', { get: () => running }) as never
}

/** A promise from an API with callbacks. */
export function promised<T>(start: (callbacks: { success(result: T): void; fail(error: { errMsg: string }): void }) => unknown): Promise<T> {
  return new Promise((success, fail) => {
    const returned = start({ success, fail }) as Promise<unknown> | undefined
    // Taro also returns a promise, whose rejection nobody else handles.
    if (returned && returned.catch) returned.catch(() => {})
  })
}
