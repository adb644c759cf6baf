import type { Upload } from './types'

/**
 * - `api`: a function's answer, with `code`, and `fields` for what was wrong with the request.
 * - `gateway`: an answer of something in front of the functions, without a `code`.
 * - `network`: no answer.
 * - `storage`: S3 refused the file; `code` is S3's.
 * - `cancelled`: by `cancel()`.
 * - `client`: not sent, because of the session's state or the file; `code` says why.
 */
export type ErrorKind = 'api' | 'gateway' | 'network' | 'storage' | 'cancelled' | 'client'

export interface FieldError {
  field: string
  code: string
  message: string
}

export interface ErrorDetails {
  status?: number
  code?: string | undefined
  fields?: FieldError[]
  retryAfter?: number | undefined
  requestId?: string | undefined
  upload?: Upload | undefined
}

/** What every promise of the client rejects with. */
export class ApiError extends Error {
  readonly kind!: ErrorKind
  /** The HTTP status; 0 without an answer. */
  readonly status!: number
  readonly code?: string
  readonly fields!: FieldError[]
  /** Seconds. */
  readonly retryAfter?: number
  readonly requestId?: string
  /** With `upload_rejected` (see its `reason`) and `upload_pending`: the upload as last seen. */
  readonly upload?: Upload

  constructor(kind: ErrorKind, message: string, details?: ErrorDetails) {
    super(message)
    Object.assign(this, { name: 'ApiError', kind, status: 0, fields: [] }, details)
  }
}

export function clientError(code: string, message: string, upload?: Upload): ApiError {
  return new ApiError('client', `${code}: ${message}`, { code, upload })
}
