import type { Call } from './client'
import { ApiError, clientError } from './error'
import { prepare } from './file'
import type { File } from './file'
import { repeated } from './retry'
import { transfer } from './transfer'
import type { Platform, Ticket, Upload, UploadAllOptions, UploadResult, UploadTask } from './types'
import { wait } from './wait'

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
  let cancel = () => {}

  function check(): void {
    if (cancelled) throw cancelled
  }

  function report(index: number, outcome: Outcome): void {
    check()
    results[index] = Object.assign({ path: paths[index] as string }, outcome)
    if (options.onResult) options.onResult(results[index] as UploadResult, index)
  }

  /** What goes wrong with one file is that file's result, and does not end the others. */
  async function each(index: number, run: () => Promise<void>): Promise<void> {
    try {
      check()
      await run()
    } catch (error) {
      report(index, { error: error as ApiError })
    }
  }

  async function run(): Promise<UploadResult[]> {
    const items: Item[] = []
    for (let index = 0; index < paths.length; index += 1) {
      await each(index, async () => {
        items.push({ index, file: await prepare(platform, paths[index] as string, options) })
      })
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
    items.forEach(({ index }, at) => {
      const discard = () => {
        if (!results[index]) call('DELETE', `/v1/uploads/${(tickets[at] as Issued).upload.id}`).catch(() => {})
      }
      if (cancelled) discard()
      onCancel.push(discard)
    })
    let next = 0
    const verdicts: Promise<void>[] = []
    const worker = async () => {
      while (next < items.length) {
        const at = next
        const item = items[at] as Item
        const issued = tickets[at] as Issued
        next += 1
        await each(item.index, async () => {
          await deliver(item, issued, () => issue().then((renewed) => renewed[at] as Issued))
          verdicts.push(each(item.index, () => verdict(item.index, issued.upload.id)))
        })
      }
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
        await transfer(platform, ticket, file, (progress) => options.onProgress && options.onProgress(progress, index), (abort) => onCancel.push(abort))
      } catch (error) {
        check()
        if ((error as ApiError).status !== 403 || renewed) throw error
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
      const isOpen = /pending|checking/.test(status)
      if (isOpen && waited < PATIENCE) continue
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
