import { Endings } from './ending'
import type { ApiError } from './error'
import { createSend, networkError } from './http'
import type { Send } from './http'
import { OPERATIONS } from './operations'
import type { Operations } from './operations'
import { isSafe, repeated } from './retry'
import { Session } from './session'
import { storageOf, Store } from './store'
import { Refresher } from './tokens'
import type { CallOptions, CallRequest, Client, ClientOptions, Method, Platform, Response, UploadAllOptions, UploadOptions } from './types'
import { uploadAll, uploadOne } from './upload'
import { randomKey, Uploads } from './uploads'
import { promised } from './wait'

export type Call = (method: Method, path: string, request?: CallRequest) => Promise<Response<unknown>>

export function createClient(options: ClientOptions): Client {
  const platform = options.platform || wx
  const timeout = options.timeout || 15000
  const send = createSend(platform, options.baseUrl, timeout)
  const store = new Store(options.storage || storageOf(platform))
  const refresher = new Refresher(send, store, timeout)
  const session = new Session(send, store, refresher, () => codeOf(platform, options))
  const endings = new Endings(send, store, refresher, session)
  session.end = (tokens) => {
    endings.add(tokens)
    endings.endAll()
  }
  session.beforeSignIn = () => endings.beforeSignIn()
  const call: Call = async (method, path, request = {}) => {
    const response = await sendSignedIn(send, session, method, path, request)
    if (endings.pending) endings.resume()
    return response
  }
  resumeWhenPossible(endings, platform)
  return assemble(session, endings, call, new Uploads(platform, call))
}

async function codeOf(platform: Platform, options: ClientOptions): Promise<string> {
  if (options.code) return options.code()
  try {
    return (await promised<{ code: string }>((callbacks) => platform.login(callbacks))).code
  } catch (cause) {
    throw networkError(cause as { errMsg: string }, 'login')
  }
}

/** Without timers: a mini-program's stop in the background. */
function resumeWhenPossible(endings: Endings, platform: Platform): void {
  const resume = () => {
    if (endings.pending) endings.resume()
  }
  if (platform.onAppShow) platform.onAppShow(resume)
  resume()
}

function assemble(session: Session, endings: Endings, call: Call, uploads: Uploads): Client {
  const client = {
    get state() {
      return session.state
    },
    onChange: (listener: Session['listeners'][0]) => {
      session.listeners.push(listener)
      return () => {
        const index = session.listeners.indexOf(listener)
        if (index >= 0) session.listeners.splice(index, 1)
      }
    },
    signIn: () => session.signIn(),
    logout: (options?: { all?: boolean }) => endings.logout(options),
    deleteAccount: () => endings.deleteAccount(),
    call,
    upload: (path: string, options?: UploadOptions) => uploadOne(uploads, path, options),
    uploadAll: (paths: string[], options?: UploadAllOptions) => uploadAll(uploads, paths, options),
  }
  Object.keys(OPERATIONS).forEach((id) => {
    ;(client as Record<string, unknown>)[id] = method(OPERATIONS[id as keyof Operations], call)
  })
  return client as unknown as Client
}

/** An operation's method: the ids in its path, then body and query if it has them, then options. */
function method(operation: string, call: Call) {
  const [, anonymous, verb, path, body, keyed, query] = /^(-?)(\w+) ([^=#?]*)(=?)(#?)(\??)$/.exec(operation) as unknown as string[]
  return async (...given: unknown[]) => {
    const params: Record<string, string> = {}
    ;(path as string).replace(/{(\w+)}/g, (_, name) => (params[name] = given.shift() as string))
    const request: CallRequest = { params, anonymous: !!anonymous }
    if (body) request.body = given.shift()
    if (query) request.query = given.shift() as object
    if (keyed) request.idempotencyKey = randomKey()
    return (await call(verb as Method, path as string, { ...request, ...(given[0] as CallOptions) })).body
  }
}

/** With an access token, renewed when needed, and repeated where that is safe. */
async function sendSignedIn(send: Send, session: Session, method: Method, path: string, request: CallRequest): Promise<Response<unknown>> {
  let access = request.anonymous ? undefined : await session.access()
  let replayed = request.anonymous
  const attempt = async (earlier: number): Promise<Response<unknown>> => {
    try {
      return await send(method, path, request, access)
    } catch (cause) {
      const error = cause as ApiError
      if (error.code === 'unauthorized' && !replayed) {
        replayed = true
        access = await session.access(access)
        return attempt(earlier)
      }
      if (error.code === 'account_disabled' && access) session.blockedWith(access, error)
      // The attempt before has deleted it, and only its answer was lost.
      if (earlier && method === 'DELETE' && error.status === 404) return { status: 204, body: undefined }
      throw error
    }
  }
  return repeated(isSafe(method, request), attempt)
}
