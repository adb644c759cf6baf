import type { Call } from './client'
import { ApiError } from './error'
import { prepare } from './file'
import type { File } from './file'
import { backOff } from './retry'
import type { Cancellation } from './task'
import { transfer } from './transfer'
import type { FileOptions, Platform, Progress, Ticket, Upload, UploadRequest } from './types'
import { wait } from './wait'

export interface Issued {
  upload: Upload
  ticket: Ticket | null
}

const ATTEMPTS = 3
const FIRST_POLL = 300
const SLOWEST_POLL = 3000
/** How long a verdict is waited for, in milliseconds. */
const PATIENCE = 60 * 1000

/** The steps of an upload. */
export class Uploads {
  constructor(
    private readonly platform: Platform,
    private readonly call: Call,
  ) {}

  prepare(path: string, options: FileOptions): Promise<File> {
    return prepare(this.platform, path, options)
  }

  /** A function that asks for tickets; asking again renews those that have expired. */
  issuer<T>(path: string, body: unknown): () => Promise<T> {
    const idempotencyKey = randomKey()
    return async () => (await this.call('POST', path, { body, idempotencyKey })).body as T
  }

  /** Deletes what was issued if the upload is cancelled; call the returned function to keep it. */
  discardOnCancel({ upload }: Issued, cancellation: Cancellation): () => void {
    return cancellation.onCancel(() => {
      this.call('DELETE', `/v1/uploads/${upload.id}`).catch(() => {})
    })
  }

  /** Sends the file until S3 has it, with a fresh ticket if the first has expired. */
  async deliver(
    file: File,
    issued: Issued,
    renew: () => Promise<Issued>,
    cancellation: Cancellation,
    onProgress: (progress: Progress) => void = () => {},
  ): Promise<void> {
    let { ticket } = issued
    let renewed = false
    for (let failures = 0; ticket; ) {
      cancellation.check()
      try {
        return await transfer(this.platform, ticket, file, cancellation, onProgress)
      } catch (cause) {
        cancellation.check()
        const error = cause as ApiError
        if (error.kind === 'storage' && error.status === 403 && !renewed) {
          renewed = true
          ticket = (await renew()).ticket
          continue
        }
        failures += 1
        if (failures === ATTEMPTS || !isPassing(error)) throw error
        await wait(backOff(failures - 1))
        // The file may have arrived, and only the answer was lost.
        if (error.kind === 'network' && (await this.read(issued.upload.id)).status !== 'pending') return
      }
    }
  }

  /** The upload once it is known whether the file is what was declared. */
  async verdict(id: string, cancellation: Cancellation): Promise<Upload> {
    let upload: Upload | undefined
    for (let pause = FIRST_POLL, waited = 0; waited < PATIENCE; pause = Math.min(pause * 1.5, SLOWEST_POLL)) {
      await wait(pause)
      waited += pause
      cancellation.check()
      upload = await this.read(id)
      if (upload.status === 'ready' || upload.status === 'review') return upload
      if (upload.status !== 'pending' && upload.status !== 'checking') throw failure('upload_rejected', upload)
    }
    if (upload && upload.status === 'checking') return upload
    throw failure('upload_pending', upload)
  }

  private async read(id: string): Promise<Upload> {
    return (await this.call('GET', `/v1/uploads/${id}`)).body as Upload
  }
}

export function requestFor({ size, contentType }: File, { purpose = 'file', method = 'POST' }: FileOptions): UploadRequest {
  return { content_type: contentType, size, purpose, method }
}

/** Distinguishes one user's requests; nothing depends on its being secret. */
export function randomKey(): string {
  return [Date.now(), Math.random(), Math.random()].map((part) => part.toString(36).replace('0.', '')).join('-')
}

/** S3 asks for a repetition with 409, and with 503 for a slower one. */
function isPassing({ kind, status }: ApiError): boolean {
  return kind === 'network' || (kind === 'storage' && (status === 409 || status >= 500))
}

function failure(code: string, upload?: Upload): ApiError {
  return new ApiError('client', `${code}: ${(upload && upload.reason) || (upload && upload.status)}`, { code, upload })
}
