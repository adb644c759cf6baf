import { ApiError } from './error'
import { bytesOf } from './file'
import type { File } from './file'
import { networkError } from './http'
import type { Platform, Progress, Ticket, Transfer, UploadFileOptions } from './types'
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
  const follow = (task: Partial<Transfer>) => {
    if (task.abort) started(() => (task as Transfer).abort())
    if (task.onProgressUpdate) {
      task.onProgressUpdate((now) => onProgress({ sent: now.totalBytesSent, total: now.totalBytesExpectedToSend }))
    }
  }
  const [name, options] =
    ticket.method === 'PUT'
      ? ['request', { method: 'PUT', header: ticket.headers, data: await bytesOf(platform, path) }]
      : ['uploadFile', { filePath: path, name: ticket.file_field, formData: ticket.fields }]
  const { statusCode: status, data } = await ask(
    platform as unknown as { [name: string]: (options: UploadFileOptions) => unknown },
    name as string,
    Object.assign({ url, timeout }, options as UploadFileOptions),
    networkError(path, url, name as string),
    follow as (task: unknown) => void,
  )
  // 412: a request whose response was lost has stored it already.
  if (status < 300 || (status === 412 && ticket.method === 'PUT')) return
  const [, code, message] = /<Code>(.*?)<\/Code>\s*<Message>(.*?)</.exec(data) || []
  throw new ApiError('storage', message || `HTTP ${status}`, { status, code })
}
