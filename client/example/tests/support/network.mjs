// The network and the files of one phone, against the running local stack.
let serial = Date.now()

/**
 * A `wx` for network, login and files. `network.online = false` is aeroplane mode; `network.before` is called with each
 * request and can change that in the middle of something; `network.sent` lists them.
 */
export function network({ person, files = new Map() }) {
  const state = { online: true, before: () => {}, sent: [], files, code: () => `${person}-${serial += 1}` }

  const perform = async (kind, options, work) => {
    const name = `${options.method || kind} ${new URL(options.url).pathname}`
    state.sent.push(name)
    await state.before(name)
    if (!state.online) return options.fail({ errMsg: `${kind}:fail ` })
    try {
      options.success(await work())
    } catch (error) {
      options.fail({ errMsg: `${kind}:fail ${error.message}` })
    }
  }

  const wx = {
    login: ({ success, fail }) => (state.online ? success({ code: state.code() }) : fail({ errMsg: 'login:fail' })),
    request: (options) => { perform('request', options, () => request(options)) },
    uploadFile: (options) => {
      perform('uploadFile', options, () => uploadFile(options, files))
      return { abort() {}, onProgressUpdate() {} }
    },
    downloadFile: (options) => { perform('downloadFile', options, () => downloadFile(options, files)) },
    getFileSystemManager: () => fileSystem(files),
  }
  return { wx, network: state }
}

async function request({ url, method = 'GET', header, data }) {
  const response = await fetch(url, { method, headers: header, body: data, redirect: 'manual' })
  const text = await response.text()
  const json = text && /json/.test(response.headers.get('content-type') || '')
  return { statusCode: response.status, data: json ? JSON.parse(text) : text, header: Object.fromEntries(response.headers) }
}

async function uploadFile({ url, filePath, name, formData }, files) {
  const form = new FormData()
  Object.entries(formData).forEach(([field, value]) => form.append(field, value))
  form.append(name, new Blob([files.get(filePath)]), 'file')
  const response = await fetch(url, { method: 'POST', body: form })
  return { statusCode: response.status, data: await response.text() }
}

async function downloadFile({ url }, files) {
  const response = await fetch(url)
  const tempFilePath = `wxfile://tmp${serial += 1}`
  files.set(tempFilePath, Buffer.from(await response.arrayBuffer()))
  return { statusCode: response.status, tempFilePath }
}

function fileSystem(files) {
  const withFile = (filePath, fail, use) => {
    const bytes = files.get(filePath)
    return bytes ? use(bytes) : fail({ errMsg: `no such file ${filePath}` })
  }
  return {
    getFileInfo: ({ filePath, success, fail }) => withFile(filePath, fail, (bytes) => success({ size: bytes.length })),
    readFile: ({ filePath, position = 0, length, success, fail }) => withFile(filePath, fail, (bytes) => {
      const part = bytes.subarray(position, length === undefined ? undefined : position + length)
      success({ data: new Uint8Array(part).buffer })
    }),
    writeFile: ({ filePath, data, encoding, success }) => {
      files.set(filePath, Buffer.from(data, encoding))
      success()
    },
  }
}

/** A picture that the server accepts: PNG, one pixel. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=', 'base64')

/** It begins as a PNG does, and is none. */
export const IMPOSTOR = Buffer.concat([PIXEL.subarray(0, 8), Buffer.from('<html>not a picture</html>')])
