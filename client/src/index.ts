export { createClient } from './client'
export { ApiError } from './error'
export type { ErrorKind, FieldError } from './error'
export type * from './types'
