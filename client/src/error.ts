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
  /** The HTTP status; 0 without an answer. */
  status?: number
  code?: string
  fields?: FieldError[]
  /** Seconds. */
  retryAfter?: number
  requestId?: string
  upload?: Upload
}

/** What every promise of the client rejects with. */
export class ApiError extends Error {
  readonly kind: ErrorKind
  readonly status: number
  readonly code: string | undefined
  readonly fields: FieldError[]
  readonly retryAfter: number | undefined
  readonly requestId: string | undefined
  /** With `upload_rejected` (see its `reason`) and `upload_pending`: the upload as last seen. */
  readonly upload: Upload | undefined

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message)
    this.name = 'ApiError'
    this.kind = kind
    this.status = details.status || 0
    this.code = details.code
    this.fields = details.fields || []
    this.retryAfter = details.retryAfter
    this.requestId = details.requestId
    this.upload = details.upload
  }
}
