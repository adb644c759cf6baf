// A client whose answers a test chooses, for states that a server is slow to bring about.

export const USER = {
  id: 'u5esjy36duo2g3uwfwiew2hluhz', nickname: '小明', username: null, email: null, phone: null, avatar_url: null,
  role: 'user', status: 'active', created_at: '2026-11-22T21:48:37.885Z', updated_at: '2026-11-22T21:48:37.885Z', version: 1,
}

let serial = 0
export function upload(change = {}) {
  serial += 1
  return {
    id: `upload${serial}`, content_type: 'image/jpeg', size: 345678, purpose: 'file', status: 'ready', reason: null,
    download_url: `http://127.0.0.1/${serial}.jpg`, download_expires_at: null, etag: 'e', ready_at: '2026-11-22T21:50:00Z',
    created_at: '2026-11-22T21:49:00Z', ...change,
  }
}

/** As the client's ApiError. */
export function failure(kind, details = {}) {
  return Object.assign(new Error(details.code || kind), { kind, status: 0, fields: [], ...details })
}

export const OFFLINE = failure('network')
export const SIGNED_OUT = failure('client', { code: 'signed_out' })
export const BLOCKED = failure('api', { status: 403, code: 'account_disabled' })
export const BROKEN = failure('api', { status: 500, code: 'internal', requestId: 'r-17' })

/** A task as upload() and uploadAll() return it; settled by the test. */
function task(calls) {
  let settle
  const promise = new Promise((resolve, reject) => { settle = { resolve, reject } })
  promise.cancel = () => settle.reject(failure('cancelled'))
  calls.push({ ...settle, promise })
  return promise
}

/** `answers[name]` is a value, an error to reject with, or a function of the arguments. */
export function fakeBackend(answers = {}) {
  const calls = []
  const listeners = new Set()
  const transfers = []
  const reply = (name, fallback) => async (...args) => {
    calls.push([name, ...args])
    const wanted = name in answers ? answers[name] : fallback
    const answer = typeof wanted === 'function' ? await wanted(...args) : wanted
    if (answer instanceof Error) throw answer
    return answer
  }
  const backend = {
    state: 'signed_in',
    onChange: (listener) => { listeners.add(listener); return () => listeners.delete(listener) },
    ping: reply('ping', { message: 'pong', version: '0.1.0' }),
    readMe: reply('readMe', USER),
    profiles: reply('profiles', { items: [] }),
    setPhone: reply('setPhone', USER),
    listUploads: reply('listUploads', { items: [], next_cursor: null }),
    readUpload: reply('readUpload'),
    deleteUpload: reply('deleteUpload'),
    signIn: reply('signIn', { user: USER, isNew: false }),
    logout: reply('logout'),
    deleteAccount: reply('deleteAccount'),
    call: reply('call', { status: 200, body: USER, etag: '"1"' }),
    upload: (path, options) => { const begun = task(transfers); Object.assign(transfers.at(-1), { path, options }); return begun },
    uploadAll: (paths, options) => { const begun = task(transfers); Object.assign(transfers.at(-1), { paths, options }); return begun },
  }
  const become = (state) => {
    backend.state = state
    listeners.forEach((listener) => listener(state))
  }
  return { backend, answers, calls, transfers, become }
}
