import { ApiError } from './error'
import { bytesOf } from './file'
import type { File } from './file'
import { networkError } from './http'
import type { Platform, Progress, Ticket, Transfer } from './types'
import { ask } from './wait'

const timeout = 5 * 60 * 1000

/** Sends a file to S3 once; `started` gets the function that stops it. */
export async function transfer(
  platform: Platform,
  ticket: Ticket,
  file: File,
  onProgress: (progress: Progress) => void,
  started: (abort: () => void) => void,
): Promise<void> {
  const { url } = ticket
  const { path } = file
  const failed = (list: string) => networkError(path, url, list)
  const follow = (task: unknown) => {
    const { abort, onProgressUpdate } = task as Partial<Transfer>
    if (abort) started(() => (task as Transfer).abort())
    if (onProgressUpdate) {
      ;(task as Required<Transfer>).onProgressUpdate((now) => onProgress({ sent: now.totalBytesSent, total: now.totalBytesExpectedToSend }))
    }
  }
  const { statusCode: status, data } = await (ticket.method === 'PUT'
    ? ask(platform, 'request', { url, method: 'PUT', header: ticket.headers, data: await bytesOf(platform, path), timeout }, failed('request'), follow)
    : ask(platform, 'uploadFile', { url, filePath: path, name: ticket.file_field, formData: ticket.fields, timeout }, failed('uploadFile'), follow))
  // 412: a request whose response was lost has stored it already.
  if (status < 300 || (status === 412 && ticket.method === 'PUT')) return
  throw storageError(status, String(data))
}

/** S3 answers in XML. */
function storageError(status: number, xml: string): ApiError {
  const read = (name: string) => (new RegExp(`<${name}>([^<]*)`).exec(xml) || [])[1]
  return new ApiError('storage', read('Message') || `HTTP ${status}`, { status, code: read('Code'), requestId: read('RequestId') })
}
