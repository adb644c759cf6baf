import { ApiError } from './error'
import type { ErrorKind, FieldError } from './error'
import type { CallRequest, Method, Platform, Response } from './types'
import { promised } from './wait'

/** Sends one request, once. */
export type Send = (method: Method, path: string, request?: CallRequest, token?: string) => Promise<Response<unknown>>

interface ProblemOrMessage {
  code?: string
  detail?: string
  message?: string
  errors?: FieldError[]
  request_id?: string
}

export function createSend(platform: Platform, baseUrl: string, timeout: number): Send {
  const base = baseUrl.replace(/\/+$/, '')
  return async (method, path, request = {}, token) => {
    const url = base + fill(path, request.params) + encodeQuery(request.query)
    const answer = await promised<{ statusCode: number; data: unknown; header: object }>((callbacks) =>
      platform.request({
        url,
        method,
        header: headerOf(request, token),
        data: request.body === undefined ? undefined : JSON.stringify(request.body),
        timeout: request.timeout || timeout,
        ...callbacks,
      }),
    ).catch((cause) => {
      throw networkError(cause, `${method} ${path}`, base, 'request')
    })
    return interpret(answer.statusCode, answer.data, answer.header)
  }
}

function fill(path: string, params: Record<string, string> = {}): string {
  return path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(params[name] as string))
}

function encodeQuery(query: object = {}): string {
  const values = query as Record<string, unknown>
  const pairs = Object.keys(values)
    .filter((name) => values[name] !== undefined && values[name] !== null)
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(String(values[name]))}`)
  return pairs.length ? `?${pairs.join('&')}` : ''
}

function headerOf(request: CallRequest, token?: string): Record<string, string> {
  const header: Record<string, string> = { ...request.header }
  if (request.body !== undefined) header['content-type'] = 'application/json'
  if (request.ifMatch) header['if-match'] = request.ifMatch
  if (request.ifNoneMatch) header['if-none-match'] = request.ifNoneMatch
  if (request.idempotencyKey) header['idempotency-key'] = request.idempotencyKey
  if (token) header['authorization'] = `Bearer ${token}`
  return header
}

/** Every status reaches `success`, so what is an error is decided here. */
function interpret(status: number, data: unknown, header: object): Response<unknown> {
  const requestId = lookUp(header, 'x-request-id') || lookUp(header, 'apigw-requestid')
  if ((status >= 200 && status < 300) || status === 304) {
    return { status, body: status === 204 || status === 304 ? undefined : data, etag: lookUp(header, 'etag'), requestId }
  }
  const problem = asProblem(data)
  const kind: ErrorKind = problem.code ? 'api' : 'gateway'
  throw new ApiError(kind, problem.detail || problem.message || `HTTP ${status}`, {
    status,
    code: problem.code,
    fields: problem.errors,
    retryAfter: Number(lookUp(header, 'retry-after')) || undefined,
    requestId: problem.request_id || requestId,
  })
}

/** Some platforms parse `application/json` only, and leave `application/problem+json` as text. */
function asProblem(data: unknown): ProblemOrMessage {
  try {
    return (typeof data === 'string' ? JSON.parse(data) : data) || {}
  } catch (_) {
    return {}
  }
}

/** Phones differ in the case of header names. */
function lookUp(header: object, name: string): string | undefined {
  const key = Object.keys(header || {}).find((one) => one.toLowerCase() === name)
  return key && (header as Record<string, string>)[key]
}

/** `list` is the domain list of the mini-program that the URL's host has to be on. */
export function networkError(cause: { errMsg?: string }, what: string, url?: string, list?: string): ApiError {
  const [host] = (url && /^\w+:\/\/[^/?]+/.exec(url)) || []
  const hint = host ? ` (if this fails on phones only, add ${host} to the mini-program's ${list} domains)` : ''
  return new ApiError('network', `${what}: ${(cause && cause.errMsg) || cause}${hint}`)
}
