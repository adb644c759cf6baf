// The few globals that mini-programs and browsers share, without the types of either.
declare function setTimeout(run: () => void, milliseconds?: number): unknown
declare const wx: import('./types').Platform
