import { createEndings } from './ending'
import type { Endings } from './ending'
import { ApiError } from './error'
import { createSend } from './http'
import type { Send } from './http'
import { OPERATIONS } from './operations'
import { repeated } from './retry'
import { createSession } from './session'
import type { Session } from './session'
import { createStore } from './store'
import type { Store } from './store'
import { createRefresh } from './tokens'
import type { CallOptions, CallRequest, Client, ClientOptions, Method, Platform, Response, UploadAllOptions, UploadOptions, UploadResult, UploadTask } from './types'
import { randomKey, uploadAll } from './upload'
import { ask } from './wait'
import type { Running } from './wait'

export type Call = (method: Method, path: string, request?: CallRequest) => Promise<Response<unknown>>

export function createClient(options: ClientOptions): Client {
  const { platform = wx, timeout = 15000, baseUrl } = options
  const send = createSend(platform, baseUrl, timeout)
  const store = createStore(options.storage || platform)
  const running: Running = new Map()
  const refresh = createRefresh(send, store, running, timeout)
  const endings = createEndings(send, store, refresh, running)
  const code = codes(platform, options.code)
  const session = createSession(send, store, refresh, running, endings, code)
  // Without timers, which a mini-program in the background does not run.
  const finish = () => endings.finish().catch(() => {})
  if (platform.onAppShow) platform.onAppShow(finish)
  finish()
  const call: Call = (method, path, request = {}) =>
    sendSignedIn(send, session, method, path, request).then((response) => {
      if (store.stored.ending.length) finish()
      return response
    })
  return assemble(platform, store, session, endings, call)
}

/** Login codes, from `wx.login` or the program's own function. */
function codes(platform: Platform, own: ClientOptions['code']): () => Promise<string> {
  const fromPlatform = () => ask(platform, 'login', {}, (message) => message).then(({ code }) => code)
  return () =>
    Promise.resolve()
      .then(own || fromPlatform)
      .catch((cause) => {
        throw new ApiError('network', `login code: ${cause}`)
      })
}

function assemble(platform: Platform, store: Store, session: Session, endings: Endings, call: Call): Client {
  const client = {
    get state() {
      return store.state()
    },
    onChange: store.onChange,
    signIn: session.signIn,
    logout: endings.logout,
    deleteAccount: () => endings.deleteAccount(session),
    call,
    upload(path: string, options?: UploadOptions) {
      const task: UploadTask<unknown> = uploadAll(platform, call, [path], options)
      const one = (task as Promise<[UploadResult]>).then(([{ upload, error }]) => {
        if (upload) return upload
        throw error
      })
      return Object.assign(one, { cancel: task.cancel })
    },
    uploadAll: (paths: string[], options?: UploadAllOptions) => uploadAll(platform, call, paths, options),
  }
  OPERATIONS.replace(/(\w+) (-?)(\w+) ([^=#?\n]*)(=?)(#?)(\??)/g, (_, id, ...parts) => {
    ;(client as unknown as Record<string, unknown>)[id] = operation(call, parts)
    return ''
  })
  return client as unknown as Client
}

/** An operation's method: the ids in its path, then body and query if it has them, then options. */
function operation(call: Call, [anonymous, method, path, body, keyed, query]: string[]) {
  return (...given: unknown[]) => {
    const params: Record<string, string> = {}
    ;(path as string).replace(/{(\w+)}/g, (_, name) => (params[name] = given.shift() as string))
    const request: CallRequest = { params, anonymous: !!anonymous }
    if (body) request.body = given.shift()
    if (query) request.query = given.shift() as object
    if (keyed) request.idempotencyKey = randomKey()
    return call(method as Method, `/v1${path}`, Object.assign(request, given[0] as CallOptions)).then((answer) => answer.body)
  }
}

/** With an access token, renewed when needed, and repeated where that is safe. */
async function sendSignedIn(send: Send, session: Session, method: Method, path: string, request: CallRequest): Promise<Response<unknown>> {
  let tokens = request.anonymous ? undefined : await session.access()
  let replayed = !tokens
  const attempt = (earlier: number): Promise<Response<unknown>> =>
    send(method, path, request, tokens).catch((error: ApiError) => {
      if (error.code === 'unauthorized' && !replayed) {
        replayed = true
        return session.access(tokens).then((fresh) => {
          tokens = fresh
          return attempt(earlier)
        })
      }
      if (error.code === 'account_disabled' && tokens) session.block(tokens, error)
      // The attempt before has deleted it, and only its answer was lost.
      if (earlier && method === 'DELETE' && error.status === 404) return { status: 204, body: undefined }
      throw error
    })
  // With If-Match, a second attempt could find what the first has changed.
  const safe = method === 'POST' ? request.idempotencyKey : !request.ifMatch
  return repeated(!!safe, attempt)
}
