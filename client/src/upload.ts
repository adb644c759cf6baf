import type { Call } from './client'
import { ApiError, clientError } from './error'
import { prepare } from './file'
import type { File } from './file'
import { repeated } from './retry'
import { transfer } from './transfer'
import type { Platform, Ticket, Upload, UploadAllOptions, UploadResult, UploadTask } from './types'
import { notify, wait } from './wait'

interface Issued {
  upload: Upload
  ticket: Ticket | null
}

interface Item {
  index: number
  file: File
}

type Outcome = { upload: Upload } | { error: ApiError }

// One request's tickets.
const BATCH = 20
const FIRST_POLL = 300
const SLOWEST_POLL = 3000
/** How long a verdict is waited for, in milliseconds. */
const PATIENCE = 60 * 1000

export function uploadAll(platform: Platform, call: Call, paths: string[], options: UploadAllOptions = {}): UploadTask<UploadResult[]> {
  const results: UploadResult[] = []
  const onCancel: (() => void)[] = []
  let cancelled: ApiError | undefined
  let cancel!: () => void

  function check(): void {
    if (cancelled) throw cancelled
  }

  /** Also if it has been cancelled already, while something was being prepared. */
  function atCancel(stop: () => void): void {
    if (cancelled) stop()
    else onCancel.push(stop)
  }

  function report(index: number, outcome: Outcome): void {
    check()
    results[index] = Object.assign({ path: paths[index] as string }, outcome)
    notify(options.onResult, results[index] as UploadResult, index)
  }

  /** What goes wrong with one file is that file's result, and does not end the others. */
  async function each(index: number, run: () => Promise<void>): Promise<void> {
    try {
      check()
      await run()
    } catch (error) {
      if (!cancelled) report(index, { error: error as ApiError })
    }
  }

  async function run(): Promise<UploadResult[]> {
    const items: Item[] = []
    for (let index = 0; index < paths.length; index += 1) {
      await each(index, () =>
        prepare(platform, paths[index] as string, options).then((file) => {
          items.push({ index, file })
        }),
      )
    }
    while (items.length) await batch(items.splice(0, BATCH))
    return results
  }

  /** Asking again with the same key renews the tickets that have expired. */
  async function batch(items: Item[]): Promise<void> {
    const { purpose = 'file', method = 'POST' } = options
    const idempotencyKey = randomKey()
    const body = { items: items.map(({ file: { size, content_type } }) => ({ content_type, size, purpose, method })) }
    const issue = () => call('POST', '/v1/uploads/batch', { body, idempotencyKey }).then((answer) => (answer.body as { items: Issued[] }).items)
    let tickets: Issued[]
    try {
      check()
      tickets = await issue()
    } catch (error) {
      // A batch is refused as a whole; one by one, the files that nothing is wrong with are accepted.
      const isOne = items.length === 1 || !(error as ApiError).fields.length
      for (const item of items) {
        if (isOne) report(item.index, { error: error as ApiError })
        else await batch([item])
      }
      return
    }
    const verdicts: Promise<void>[] = []
    const jobs = items.map((item, at) => {
      const { index } = item
      const issued = tickets[at] as Issued
      const { id } = issued.upload
      atCancel(() => {
        if (!results[index]) call('DELETE', `/v1/uploads/${id}`).catch(() => {})
      })
      const send = () => deliver(item, issued, () => issue().then((renewed) => renewed[at] as Issued))
      const follow = () => void verdicts.push(each(index, () => verdict(index, id)))
      return () => each(index, () => send().then(follow))
    })
    const worker = async () => {
      for (let job; (job = jobs.shift()); ) await job()
    }
    await Promise.all(Array.from({ length: options.concurrency || 3 }, worker))
    await Promise.all(verdicts)
  }

  /** Sends the file until S3 has it, with a fresh ticket if the first has expired. */
  function deliver({ index, file }: Item, issued: Issued, renew: () => Promise<Issued>): Promise<void> {
    let { ticket } = issued
    let renewed = false
    const send = async (earlier: number): Promise<void> => {
      check()
      // The file may have arrived, and only the answer was lost.
      if (!ticket || (earlier && (await read(issued.upload.id)).status !== 'pending')) return
      try {
        await transfer(platform, ticket, file, (progress) => notify(options.onProgress, progress, index), atCancel)
      } catch (error) {
        check()
        // S3 says 403 about an expired ticket, and 400 about one whose signer's credentials have expired.
        const { kind, status } = error as ApiError
        if (kind !== 'storage' || status > 403 || renewed) throw error
        renewed = true
        ticket = (await renew()).ticket
        await send(0)
      }
    }
    return repeated(true, send)
  }

  async function verdict(index: number, id: string): Promise<void> {
    for (let pause = FIRST_POLL, waited = 0; ; waited += pause, pause = Math.min(pause * 1.5, SLOWEST_POLL)) {
      await wait(pause)
      check()
      const upload = await read(id)
      const { status, reason } = upload
      if (waited < PATIENCE && /pending|checking/.test(status)) continue
      if (/ready|review|checking/.test(status)) return report(index, { upload })
      throw clientError(status === 'pending' ? 'upload_pending' : 'upload_rejected', reason || status, upload)
    }
  }

  const read = (id: string) => call('GET', `/v1/uploads/${id}`).then(({ body }) => body as Upload)

  const promise = new Promise<UploadResult[]>((resolve, reject) => {
    cancel = () => {
      if (cancelled) return
      cancelled = new ApiError('cancelled', 'cancelled')
      reject(cancelled)
      onCancel.forEach((stop) => stop())
    }
    run().then(resolve, reject)
  })
  return Object.assign(promise, { cancel })
}

/** Distinguishes one user's requests; nothing depends on its being secret. */
export function randomKey(): string {
  return `${Date.now()}-${Math.random()}`
}
