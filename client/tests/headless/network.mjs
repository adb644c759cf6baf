// `wx.request` and `wx.uploadFile` as documented: any status is a success, ten at a time, interrupted in the background.
// Between them and the stack, a test can lose requests and responses.

const METHODS = ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT']
const AT_ONCE = 10

export class Network {
  offline = false
  background = false
  /** What was asked for, in order: {method, path, header, timeout, status}. */
  calls = []
  mostAtOnce = 0
  mostFilesAtOnce = 0
  /** The bodies of the session answers that reached the program. */
  sessions = []
  #faults = []
  #running = new Set()
  #queue = []

  constructor(files) {
    this.files = files
  }

  /**
   * The next `times` requests that match (`'POST /v1/login'`, or part of a URL) go wrong:
   * `drop` does not send it, `lose` sends it and loses the response, a function answers in place of the stack or, if it
   * returns nothing, runs before the request is sent.
   */
  fault(match, what, times = 1) {
    this.#faults.push({ match, what, times })
  }

  /** Holds the next matching request back until `release()`; `arrived` resolves when it has got that far. */
  hold(match, { after = false } = {}) {
    const gate = {}
    gate.released = new Promise((resolve) => (gate.release = resolve))
    gate.arrived = new Promise((resolve) => (gate.arrive = resolve))
    this.#faults.push({ match, what: async () => { gate.arrive(); await gate.released }, times: 1, after })
    return gate
  }

  request(options) {
    if (!METHODS.includes(options.method ?? 'GET')) return options.fail({ errMsg: 'request:fail method not supported' })
    return this.#start(options, 'request', () => ({
      method: options.method ?? 'GET',
      headers: Object.fromEntries(Object.entries(options.header ?? {}).filter(([, value]) => value !== undefined)),
      body: options.data,
    }))
  }

  uploadFile(options) {
    const listeners = []
    const task = this.#start(options, 'uploadFile', () => {
      const body = new FormData()
      for (const [name, value] of Object.entries(options.formData ?? {})) {
        if (typeof value !== 'string') throw new Error(`uploadFile: formData.${name} has to be a string`)
        body.append(name, value)
      }
      const file = this.files.get(options.filePath)
      if (!file) throw new Error('uploadFile:fail file not found')
      body.append(options.name, new Blob([file]), 'upload')
      for (const sent of [0.5, 1]) {
        listeners.forEach((one) => one({ progress: sent * 100, totalBytesSent: file.length * sent, totalBytesExpectedToSend: file.length }))
      }
      return { method: 'POST', body }
    })
    return Object.assign(task, { onProgressUpdate: (listener) => listeners.push(listener) })
  }

  #start(options, api, prepare) {
    const run = { api, options, prepare, controller: new AbortController(), over: false }
    run.finish = (report) => {
      if (run.over) return
      run.over = true
      this.#running.delete(run)
      this.#next()
      report()
    }
    run.fail = (reason) => run.finish(() => options.fail({ errMsg: `${api}:fail ${reason}`, errno: 600001 }))
    this.#queue.push(run)
    this.#next()
    return {
      abort: () => {
        run.controller.abort()
        this.#queue = this.#queue.filter((one) => one !== run)
        run.fail('abort')
      },
    }
  }

  #next() {
    while (this.#queue.length && this.#running.size < AT_ONCE) {
      const run = this.#queue.shift()
      this.#running.add(run)
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#running.size)
      const files = [...this.#running].filter(({ api }) => api === 'uploadFile').length
      this.mostFilesAtOnce = Math.max(this.mostFilesAtOnce, files)
      this.#run(run).catch((error) => run.fail(error.cause?.code ?? error.message))
    }
  }

  async #run(run) {
    const { url } = run.options
    await undefined
    if (run.over) return
    if (this.background) return run.fail('interrupted')
    if (this.offline) return run.fail('net::ERR_INTERNET_DISCONNECTED')
    const init = run.prepare()
    const call = { method: init.method, path: new URL(url).pathname, url, header: init.headers ?? {}, timeout: run.options.timeout, body: init.body }
    this.calls.push(call)
    const fault = this.#take(call)
    if (fault?.what === 'drop') return run.fail('net::ERR_CONNECTION_RESET')
    const replaced = typeof fault?.what === 'function' && !fault.after ? await fault.what(call, init) : undefined
    if (run.over) return
    const answer = replaced ?? (await send(call.url, init, run.controller.signal))
    call.status = answer.status
    if (fault?.after) await fault.what()
    if (fault?.what === 'lose') return run.fail('net::ERR_CONNECTION_RESET')
    run.finish(() => {
      const result = this.#result(run.api, answer)
      if (result.data?.refresh_token) this.sessions.push(result.data)
      run.options.success(result)
    })
  }

  #take({ method, path, url }) {
    const fault = this.#faults.find(({ match, times }) => times > 0 && (match === `${method} ${path}` || (!match.includes(' ') && url.includes(match))))
    if (fault) fault.times -= 1
    return fault
  }

  #result(api, { status, headers, text }) {
    if (api === 'uploadFile') return { statusCode: status, data: text, errMsg: 'uploadFile:ok' }
    // Phones write header names as they like.
    const header = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()), value]))
    return { statusCode: status, data: parsed(text), header, cookies: [], errMsg: 'request:ok' }
  }

  forgetFaults() {
    this.#faults = []
  }

  /** Five seconds after the program went to the background. */
  interrupt() {
    this.background = true
    for (const run of this.#running) {
      run.controller.abort()
      run.fail('interrupted')
    }
  }

  /** The program was ended: nothing of it is called back any more. */
  kill() {
    for (const run of this.#running) run.over = true
    this.#running.clear()
    this.#queue = []
    this.#faults = []
  }
}

async function send(url, init, signal) {
  const response = await fetch(url, { ...init, signal })
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() }
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
