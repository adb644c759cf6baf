// What only a phone can answer about a deployment. Each step says what was seen, or throws.

/** @typedef {import('./wechat-backend').ApiError} ApiError */
/** @typedef {import('./wechat-backend').Client} Client */
/** @typedef {import('./wechat-backend').Upload} Upload */
/** @typedef {'ping' | 'clock' | 'session' | 'etag' | 'post' | 'put' | 'verdict' | 'download' | 'image' | 'remove'} StepName */
/** @typedef {'waiting' | 'running' | 'passed' | 'failed' | 'skipped'} StepState */
/** @typedef {{name: StepName, state: StepState, detail: string, ms: number}} Step */
/** @typedef {{backend: Client, baseUrl: string, uploads: Upload[], link: string, showImage: (url: string) => Promise<void>}} Context */

// A PNG of one pixel, 68 bytes.
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII='
const PIXEL_BYTES = 68

/** @param {string} reason */
const fail = (reason) => { throw new Error(reason) }

/** @returns {Promise<string>} the path of a file with the pixel */
function pixelFile() {
  const filePath = `${wx.env.USER_DATA_PATH}/selftest.png`
  return new Promise((resolve, reject) => {
    wx.getFileSystemManager().writeFile({
      filePath,
      data: PIXEL,
      encoding: 'base64',
      success: () => resolve(filePath),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    })
  })
}

/**
 * Without the client, which does not show headers.
 * @param {string} url
 * @returns {Promise<{statusCode: number, header: {[name: string]: string}}>}
 */
function get(url) {
  return new Promise((resolve, reject) => {
    wx.request({
      url,
      timeout: 15000,
      success: (answer) => resolve(/** @type {any} */ (answer)),
      fail: ({ errMsg }) => reject(new Error(`${errMsg} (is the host among the request domains?)`)),
    })
  })
}

/**
 * @param {string} url
 * @returns {Promise<{statusCode: number, tempFilePath: string}>}
 */
function download(url) {
  return new Promise((resolve, reject) => {
    wx.downloadFile({
      url,
      success: resolve,
      fail: ({ errMsg }) => reject(new Error(`${errMsg} (is the host among the downloadFile domains?)`)),
    })
  })
}

/**
 * @param {string} filePath
 * @returns {Promise<number>}
 */
function sizeOf(filePath) {
  return new Promise((resolve, reject) => {
    wx.getFileSystemManager().getFileInfo({
      filePath,
      success: ({ size }) => resolve(size),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    })
  })
}

/**
 * @param {Context} context
 * @param {'POST' | 'PUT'} method
 */
async function send(context, method) {
  const upload = await context.backend.upload(await pixelFile(), { method })
  context.uploads.push(upload)
  return upload
}

/** @type {{name: StepName, needs?: StepName, run(context: Context): Promise<string>}[]} */
const STEPS = [
  {
    name: 'ping',
    async run({ backend }) {
      const { body } = await backend.call('GET', '/v1/ping', { anonymous: true })
      return `version ${body.version}`
    },
  },
  {
    name: 'clock',
    needs: 'ping',
    async run({ baseUrl }) {
      const before = Date.now()
      const { header } = await get(`${baseUrl}/v1/ping`)
      const middle = (before + Date.now()) / 2
      const name = Object.keys(header).find((key) => key.toLowerCase() === 'date') || ''
      const server = Date.parse(header[name])
      if (isNaN(server)) return 'no Date header: not compared'
      return `${Math.round((middle - server) / 1000)} s ahead of the server` // the header has whole seconds
    },
  },
  {
    name: 'session',
    needs: 'ping',
    async run({ backend }) {
      await backend.readMe()
      return backend.state
    },
  },
  {
    name: 'etag',
    needs: 'session',
    async run({ backend }) {
      const { etag } = await backend.call('GET', '/v1/users/me')
      if (!etag) return fail('the response has no ETag')
      const again = await backend.call('GET', '/v1/users/me', { ifNoneMatch: etag })
      return again.status === 304 ? '304 reached the mini-program' : fail(`status ${again.status} instead of 304`)
    },
  },
  {
    name: 'post',
    needs: 'session',
    async run(context) {
      await send(context, 'POST')
      return 'S3 took the form' // it ignores fields after the file, and would have refused this
    },
  },
  {
    name: 'put',
    needs: 'session',
    async run(context) {
      await send(context, 'PUT')
      return 'S3 took the bytes'
    },
  },
  {
    name: 'verdict',
    needs: 'post',
    async run({ uploads }) {
      const wrong = uploads.filter(({ size }) => size !== PIXEL_BYTES)
      if (wrong.length) return fail(`${wrong[0].size} bytes instead of ${PIXEL_BYTES}`)
      return uploads.map(({ status }) => status).join(', ')
    },
  },
  {
    name: 'download',
    needs: 'post',
    async run(context) {
      const { download_url: url } = await context.backend.readUpload(context.uploads[0].id)
      if (!url) return fail('the upload has no link')
      context.link = url
      const { statusCode, tempFilePath } = await download(url)
      if (statusCode !== 200) return fail(`status ${statusCode}`)
      const size = await sizeOf(tempFilePath)
      return size === PIXEL_BYTES ? `${size} bytes` : fail(`${size} bytes instead of ${PIXEL_BYTES}`)
    },
  },
  {
    name: 'image',
    needs: 'download',
    async run({ link, showImage }) {
      await showImage(link)
      return 'shown'
    },
  },
  {
    name: 'remove',
    needs: 'post',
    async run({ backend, uploads }) {
      await Promise.all(uploads.map(({ id }) => backend.deleteUpload(id)))
      return `${uploads.length} deleted`
    },
  },
]

/** @param {ApiError} error */
function wordsOf({ kind, status, code, requestId, message }) {
  const parts = [kind, status || '', code || '', message, requestId ? `request ${requestId}` : '']
  return parts.filter(Boolean).join(' ')
}

/** @returns {Step[]} */
function allWaiting() {
  return STEPS.map(({ name }) => ({ name, state: 'waiting', detail: '', ms: 0 }))
}

/**
 * Runs all steps; a step whose predecessor failed is skipped.
 * @param {Pick<Context, 'backend' | 'baseUrl' | 'showImage'>} environment
 * @param {(steps: Step[]) => void} onChange
 */
async function run(environment, onChange) {
  const context = Object.assign({ uploads: [], link: '' }, environment)
  const steps = allWaiting()
  for (let i = 0; i < STEPS.length; i += 1) {
    const { needs } = STEPS[i]
    const possible = !needs || steps.some(({ name, state }) => name === needs && state === 'passed')
    steps[i] = possible ? Object.assign(steps[i], { state: 'running' }) : Object.assign(steps[i], { state: 'skipped' })
    onChange(steps)
    if (possible) steps[i] = await result(STEPS[i], context)
    onChange(steps)
  }
  return steps
}

/**
 * @param {typeof STEPS[0]} step
 * @param {Context} context
 * @returns {Promise<Step>}
 */
async function result({ name, run: work }, context) {
  const begun = Date.now()
  /** @type {(state: StepState, detail: string) => Step} */
  const done = (state, detail) => ({ name, state, detail, ms: Date.now() - begun })
  try {
    return done('passed', await work(context))
  } catch (error) {
    return done('failed', wordsOf(error))
  }
}

/** The phone, without anything about the person. */
function phone() {
  const { model, system, platform, version, SDKVersion } = wx.getSystemInfoSync()
  return `${model}, ${system} (${platform}), WeChat ${version}, base library ${SDKVersion}`
}

/**
 * Plain text, to be sent to whoever looks after the deployment.
 * @param {Step[]} steps
 * @param {string} baseUrl
 */
function report(steps, baseUrl) {
  const lines = steps.map(({ name, state, detail, ms }) =>
    `${state.toUpperCase()} ${name}${detail ? `: ${detail}` : ''}${ms ? ` (${ms} ms)` : ''}`)
  return [`Self-test ${new Date().toISOString()}`, baseUrl, phone()].concat(lines).join('\n')
}

module.exports = { allWaiting, report, run }
