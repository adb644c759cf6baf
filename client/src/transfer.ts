import { ApiError } from './error'
import { bytesOf } from './file'
import type { File } from './file'
import { networkError } from './http'
import type { Cancellation } from './task'
import type { Platform, Progress, Ticket, Transfer } from './types'
import { promised } from './wait'

const TIMEOUT = 5 * 60 * 1000

/** Sends a file to S3 once. */
export async function transfer(
  platform: Platform,
  ticket: Ticket,
  file: File,
  cancellation: Cancellation,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const { method, url } = ticket
  const put = ticket.method === 'PUT' ? await bytesOf(platform, file.path) : undefined
  cancellation.check()
  const { statusCode, data } = await promised<{ statusCode: number; data: unknown }>((callbacks) => {
    const task = (
      ticket.method === 'PUT'
        ? platform.request({ url, method, header: ticket.headers, data: put, timeout: TIMEOUT, ...callbacks })
        : platform.uploadFile({
            url,
            filePath: file.path,
            name: ticket.file_field,
            formData: ticket.fields,
            timeout: TIMEOUT,
            ...callbacks,
          })
    ) as Transfer | undefined
    follow(task, cancellation, onProgress)
    return task
  }).catch((cause) => {
    throw networkError(cause, `${method} ${file.path}`, url, method === 'PUT' ? 'request' : 'uploadFile')
  })
  // 412: a request whose response was lost has stored it already.
  if (statusCode === (method === 'PUT' ? 200 : 201) || (method === 'PUT' && statusCode === 412)) return
  throw storageError(statusCode, String(data))
}

function follow(task: Transfer | undefined, cancellation: Cancellation, onProgress: (progress: Progress) => void): void {
  if (!task) return
  if (task.abort) cancellation.onCancel(() => task.abort())
  if (task.onProgressUpdate) {
    task.onProgressUpdate(({ totalBytesSent: sent, totalBytesExpectedToSend: total }) => onProgress({ sent, total }))
  }
}

/** S3 answers in XML. */
function storageError(status: number, xml: string): ApiError {
  const read = (name: string) => (new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) || [])[1]
  return new ApiError('storage', read('Message') || `HTTP ${status}`, { status, code: read('Code'), requestId: read('RequestId') })
}
