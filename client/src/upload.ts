import { ApiError } from './error'
import type { File } from './file'
import { cancellable } from './task'
import type { Cancellation } from './task'
import type { Upload, UploadAllOptions, UploadOptions, UploadResult, UploadTask } from './types'
import { requestFor } from './uploads'
import type { Issued, Uploads } from './uploads'

const BATCH = 20

export function uploadOne(uploads: Uploads, path: string, options: UploadOptions = {}): UploadTask<Upload> {
  return cancellable(async (cancellation) => {
    const file = await uploads.prepare(path, options)
    cancellation.check()
    const issue = uploads.issuer<Issued>('/v1/uploads', requestFor(file, options))
    const issued = await issue()
    const keep = uploads.discardOnCancel(issued, cancellation)
    await uploads.deliver(file, issued, issue, cancellation, options.onProgress)
    const upload = await uploads.verdict(issued.upload.id, cancellation)
    keep()
    return upload
  })
}

export function uploadAll(uploads: Uploads, paths: string[], options: UploadAllOptions = {}): UploadTask<UploadResult[]> {
  return cancellable(async (cancellation) => {
    const results: UploadResult[] = []
    const report = (index: number, outcome: { upload: Upload } | { error: ApiError }) => {
      results[index] = { path: paths[index], ...outcome } as UploadResult
      if (options.onResult) options.onResult(index, results[index] as UploadResult)
    }
    const run = new Batches(uploads, options, cancellation, report)
    const items: Item[] = []
    for (let index = 0; index < paths.length; index += 1) {
      cancellation.check()
      const file = await run.reported(index, uploads.prepare(paths[index] as string, options))
      if (file) items.push({ index, file })
    }
    while (items.length) await run.batch(items.splice(0, BATCH))
    return results
  })
}

interface Item {
  index: number
  file: File
}

class Batches {
  constructor(
    private readonly uploads: Uploads,
    private readonly options: UploadAllOptions,
    private readonly cancellation: Cancellation,
    private readonly report: (index: number, outcome: { upload: Upload } | { error: ApiError }) => void,
  ) {}

  /** The promise's result; an error is the file's result, and does not end the others. */
  reported<T>(index: number, promise: Promise<T>): Promise<T | void> {
    return promise.catch((error) => {
      this.cancellation.check()
      this.report(index, { error })
    })
  }

  /** Up to twenty files with one request for their tickets. */
  async batch(items: Item[]): Promise<void> {
    const issue = this.uploads.issuer<{ items: Issued[] }>('/v1/uploads/batch', {
      items: items.map(({ file }) => requestFor(file, this.options)),
    })
    let tickets: Issued[]
    try {
      tickets = (await issue()).items
    } catch (error) {
      this.cancellation.check()
      return this.refused(items, error as ApiError)
    }
    const keep = tickets.map((issued) => this.uploads.discardOnCancel(issued, this.cancellation))
    this.cancellation.check()
    const verdicts: Promise<void>[] = []
    let next = 0
    const worker = async (): Promise<void> => {
      for (let at = next++; at < items.length; at = next++) {
        const item = items[at] as Item
        const issued = tickets[at] as Issued
        const position = at
        const renew = async () => (await issue()).items[position] as Issued
        const delivered = await this.reported(item.index, this.deliver(item, issued, renew))
        if (delivered) verdicts.push(this.verdict(item, issued, keep[at] as () => void))
      }
    }
    await Promise.all(Array.from({ length: this.options.concurrency || 3 }, worker))
    await Promise.all(verdicts)
  }

  private async deliver({ index, file }: Item, issued: Issued, renew: () => Promise<Issued>): Promise<true> {
    const { onProgress } = this.options
    await this.uploads.deliver(file, issued, renew, this.cancellation, onProgress && ((progress) => onProgress(index, progress)))
    return true
  }

  private async verdict({ index }: Item, { upload }: Issued, keep: () => void): Promise<void> {
    const verdict = await this.reported(index, this.uploads.verdict(upload.id, this.cancellation))
    keep()
    if (verdict) this.report(index, { upload: verdict })
  }

  /** A batch is refused as a whole: the files that the answer names are out, and the rest is asked for again. */
  private async refused(items: Item[], error: ApiError): Promise<void> {
    const fieldsOf = (at: number) => error.fields.filter(({ field }) => field.indexOf(`items[${at}]`) === 0)
    const rest = items.filter((_, at) => !fieldsOf(at).length)
    const noneNamed = rest.length === items.length
    items.forEach(({ index }, at) => {
      const fields = fieldsOf(at)
      if (noneNamed) this.report(index, { error })
      else if (fields.length) this.report(index, { error: new ApiError(error.kind, error.message, { ...error, fields }) })
    })
    if (!noneNamed && rest.length) await this.batch(rest)
  }
}
