import type { Platform } from './types'

export * from './index'

/** The parts of a browser that `fetchPlatform` uses; Node has them too, apart from the storage. */
interface Fetched {
  status: number
  headers: { forEach(visit: (value: string, name: string) => void): void }
  text(): Promise<string>
  arrayBuffer(): Promise<ArrayBuffer>
  blob(): Promise<object & { size: number }>
}
declare class FormData {
  append(name: string, value: object | string): void
}
declare class AbortController {
  readonly signal: object
  abort(): void
}
declare function clearTimeout(timer: unknown): void
declare function fetch(url: string, options?: object): Promise<Fetched>

export interface WebStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/**
 * A platform for browsers. Pass it to `createClient` together with `code`; the files to upload are object URLs
 * (`URL.createObjectURL(file)`). `storage` is, for example, `sessionStorage`.
 */
export function fetchPlatform(storage: WebStorage): Platform {
  return {
    request: ({ url, method, header, data, timeout, success, fail }) =>
      send(url, { method, headers: header, body: data }, timeout, (status, headers, text) =>
        success({ statusCode: status, data: parsed(text), header: headers }),
      fail),
    uploadFile: ({ url, filePath, name, formData, timeout, success, fail }) => {
      const body = read(filePath).then((file) => {
        const form = new FormData()
        Object.keys(formData).forEach((field) => form.append(field, formData[field] as string))
        form.append(name, file)
        return form
      })
      return send(url, { method: 'POST', body }, timeout, (status, _, text) => success({ statusCode: status, data: text }), fail)
    },
    login: ({ fail }) => fail({ errMsg: 'outside WeChat, createClient needs the option `code`' }),
    getStorageSync: (key) => storage.getItem(key),
    setStorageSync: (key, value) => storage.setItem(key, value),
    removeStorageSync: (key) => storage.removeItem(key),
    getFileSystemManager: () => ({
      getFileInfo: ({ filePath, success, fail }) => {
        read(filePath).then(({ size }) => success({ size }), failed(fail))
      },
      readFile: ({ filePath, length, success, fail }) => {
        fetch(filePath)
          .then((file) => file.arrayBuffer())
          .then((data) => success({ data: data.slice(0, length) }), failed(fail))
      },
    }),
  }
}

function send(
  url: string,
  options: { method: string; headers?: object; body?: unknown },
  timeout: number,
  success: (status: number, headers: object, text: string) => void,
  fail: (error: { errMsg: string }) => void,
): { abort(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeout)
  const run = async () => {
    const response = await fetch(url, { ...options, body: await options.body, signal: controller.signal })
    const headers: Record<string, string> = {}
    response.headers.forEach((value, name) => (headers[name] = value))
    success(response.status, headers, await response.text())
  }
  const over = () => clearTimeout(timer)
  run().then(over, (cause) => {
    over()
    failed(fail)(cause)
  })
  return controller
}

function read(url: string) {
  return fetch(url).then((file) => file.blob())
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (_) {
    return text
  }
}

function failed(fail: (error: { errMsg: string }) => void) {
  return (cause: unknown) => fail({ errMsg: String(cause) })
}
