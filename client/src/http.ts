import { ApiError } from './error'
import type { FieldError } from './error'
import type { Tokens } from './store'
import type { CallRequest, Method, Platform, Response } from './types'
import { ask } from './wait'

/** Sends one request, once. */
export type Send = (method: Method, path: string, request?: CallRequest, tokens?: Tokens) => Promise<Response<unknown>>

interface ProblemOrMessage {
  code?: string
  detail?: string
  message?: string
  errors?: FieldError[]
  request_id?: string
}

export function createSend(platform: Platform, baseUrl: string, timeout: number): Send {
  const base = baseUrl.replace(/\/+$/, '')
  return (method, path, request = {}, tokens) =>
    ask(
      platform,
      'request',
      {
        url: base + fill(path, request.params) + encodeQuery((request.query || {}) as Record<string, unknown>),
        method,
        header: headerOf(request, tokens),
        data: JSON.stringify(request.body),
        timeout: request.timeout || timeout,
      },
      networkError(`${method} ${path}`, base, 'request'),
    ).then(interpret)
}

function fill(path: string, params?: Record<string, string>): string {
  return path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent((params as Record<string, string>)[name] as string))
}

function encodeQuery(query: Record<string, unknown>): string {
  return Object.keys(query)
    .filter((name) => query[name] != null)
    .map((name, index) => `${index ? '&' : '?'}${name}=${encodeURIComponent(query[name] as string)}`)
    .join('')
}

function headerOf({ header, body, ifMatch, ifNoneMatch, idempotencyKey }: CallRequest, tokens?: Tokens): Record<string, string> {
  const own = {
    'content-type': body && 'application/json',
    'if-match': ifMatch,
    'if-none-match': ifNoneMatch,
    'idempotency-key': idempotencyKey,
    authorization: tokens && `Bearer ${tokens.access}`,
  }
  // JSON leaves out what is undefined, and some phones do not.
  return Object.assign({}, header, JSON.parse(JSON.stringify(own)))
}

/** Every status reaches `success`, so what is an error is decided here. */
function interpret({ statusCode: status, data, header }: { statusCode: number; data: unknown; header: object }): Response<unknown> {
  if (status < 300 || status === 304) {
    return { status, body: data === '' ? undefined : data, etag: lookUp(header, /^etag$/i) }
  }
  const { code, detail, message, errors = [], request_id } = (data || {}) as ProblemOrMessage
  throw new ApiError(code ? 'api' : 'gateway', detail || message || `HTTP ${status}`, {
    status,
    code,
    fields: errors,
    retryAfter: Number(lookUp(header, /^retry-after$/i)) || undefined,
    requestId: request_id || lookUp(header, /^(x-request-id|apigw-requestid)$/i),
  })
}

/** Phones differ in the case of header names. */
function lookUp(header: object, name: RegExp): string | undefined {
  const key = Object.keys(header || {}).find((one) => name.test(one))
  return key && (header as Record<string, string>)[key]
}

/** `list` is the domain list of the mini-program that the URL's host has to be on. */
export function networkError(what: string, url: string, list: string): (message: string) => ApiError {
  return (message) =>
    new ApiError('network', `${what}: ${message} (on phones only? Add ${url.split('/', 3).join('/')} to the ${list} domains)`)
}
