import type { ApiError } from './error'
import type { Operations } from './operations'
import type { components, operations, paths } from './schema'

export type User = components['schemas']['User']
export type Profile = components['schemas']['Profile']
export type Upload = components['schemas']['Upload']
export type UploadRequest = components['schemas']['UploadRequest']
export type Ticket = components['schemas']['PostTicket'] | components['schemas']['PutTicket']
/** The codes of this version's API. A newer server may send others. */
export type ErrorCode = components['schemas']['ErrorCode']

// ---- the platform

/** What `wx`, `uni`, `Taro` and `fetchPlatform()` have in common. Only the members without `?` are needed. */
export interface Platform {
  request(options: RequestOptions): unknown
  uploadFile(options: UploadFileOptions): unknown
  login(options: Callbacks<{ code: string }>): unknown
  getStorageSync(key: string): unknown
  setStorageSync(key: string, value: string): void
  removeStorageSync(key: string): void
  getFileSystemManager(): FileSystem
  compressImage?(options: { src: string; quality?: number } & Callbacks<{ tempFilePath: string }>): unknown
  onAppShow?(listener: () => void): void
}

export interface Callbacks<T> {
  success(result: T): void
  fail(error: { errMsg: string }): void
}

export interface RequestOptions extends Callbacks<{ statusCode: number; data: unknown; header: object }> {
  url: string
  method: Method
  header: Record<string, string>
  data?: string | ArrayBuffer
  timeout: number
}

export interface UploadFileOptions extends Callbacks<{ statusCode: number; data: string }> {
  url: string
  filePath: string
  name: string
  formData: Record<string, string>
  timeout: number
}

/** What `uploadFile` returns. */
export interface Transfer {
  abort(): void
  onProgressUpdate?(listener: (progress: { totalBytesSent: number; totalBytesExpectedToSend: number }) => void): void
}

export interface FileSystem {
  getFileInfo(options: { filePath: string } & Callbacks<{ size: number }>): void
  readFile(options: { filePath: string; position?: number; length?: number } & Callbacks<{ data: string | ArrayBuffer }>): void
}

/** Where the session is kept; the platform's storage unless given. */
export type SessionStorage = Pick<Platform, 'getStorageSync' | 'setStorageSync' | 'removeStorageSync'>

// ---- calls

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface CallOptions {
  /** An `etag` of an earlier response: the write happens only if nothing has changed since, otherwise 412. */
  ifMatch?: string
  /** Makes a POST safe to repeat. `createUpload` and `createUploads` have one of their own. */
  idempotencyKey?: string
  /** Milliseconds; the client's own unless given. */
  timeout?: number
}

export interface CallRequest extends CallOptions {
  /** Replaces `{name}` in the path. */
  params?: Record<string, string>
  query?: object
  body?: unknown
  header?: Record<string, string>
  /** An `etag` of an earlier response: 304 without a body if nothing has changed since. */
  ifNoneMatch?: string
  /** Send it without an access token, signed in or not. */
  anonymous?: boolean
}

export interface Response<T> {
  /** 200 to 299, or 304 with `ifNoneMatch`. */
  status: number
  body: T
  etag?: string
}

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : void
type Responses<O> = O extends { responses: infer R } ? R : never
type SuccessOf<O> = { [S in keyof Responses<O> & (200 | 201 | 204)]: Json<Responses<O>[S]> }[keyof Responses<O> & (200 | 201 | 204)]
type BodyOf<O> = O extends { requestBody?: { content: { 'application/json': infer T } } } ? T : never
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? Q : never

export type Success<Id extends keyof operations> = SuccessOf<operations[Id]>
export type Body<Id extends keyof operations> = BodyOf<operations[Id]>
export type Query<Id extends keyof operations> = QueryOf<operations[Id]>

type OperationAt<P extends keyof paths, M extends Method> = paths[P][Lowercase<M> & keyof paths[P]]
/** The methods that a path of the API has. */
export type MethodsOf<P extends keyof paths> = { [M in Method]: OperationAt<P, M> extends { responses: unknown } ? M : never }[Method]
export interface TypedRequest<P extends keyof paths, M extends Method> extends CallRequest {
  query?: QueryOf<OperationAt<P, M>>
  body?: BodyOf<OperationAt<P, M>>
}

// ---- the client

export interface ClientOptions {
  /** For example `https://api.example.com`. */
  baseUrl: string
  /** `wx` unless given. */
  platform?: Platform
  storage?: SessionStorage
  /** A fresh login code for each call; `wx.login` unless given. */
  code?: () => string | Promise<string>
  /** Of a request, in milliseconds: 15,000 unless given. */
  timeout?: number
}

/**
 * - `unknown`: nothing is stored; the first call logs in silently, which never creates an account.
 * - `signed_in`: there is a session.
 * - `signed_out`: show the sign-in button. Only `signIn()` ends this, also after a restart.
 * - `blocked`: the account is disabled. Calls are rejected; the next start and `signIn()` try again.
 * - `deletion_pending`: `deleteAccount()` has not reached the server; it is repeated, and until then nobody is signed in.
 * - `deletion_unconfirmed`: signed out, and whether the account was deleted is not known: sign in to delete it.
 */
export type SessionState = 'unknown' | 'signed_in' | 'signed_out' | 'blocked' | 'deletion_pending' | 'deletion_unconfirmed'

export interface SignedIn {
  user: User
  /** Whether the account was created just now. */
  isNew: boolean
}

export interface Client extends Operations {
  readonly state: SessionState
  /** Calls the listener after each change of `state`; returns a function that ends this. */
  onChange(listener: (state: SessionState) => void): () => void
  /** For the sign-in button: nothing else creates an account or restores a deleted one. */
  signIn(): Promise<SignedIn>
  /** Signs out here at once, and ends the session on the server now or when it can next be reached. Never rejects. */
  logout(options?: { all?: boolean }): Promise<void>
  /** Resolves when the server has deleted the account. Once called, nobody is signed in; see `SessionState`. */
  deleteAccount(): Promise<void>
  /** Any route, with status and ETag. Routes of openapi.yaml are typed. */
  call<P extends keyof paths, M extends MethodsOf<P>>(method: M, path: P, request?: TypedRequest<P, M>): Promise<Response<SuccessOf<OperationAt<P, M>>>>
  call<T = unknown, P extends string = string>(method: Method, path: P extends keyof paths ? never : P, request?: CallRequest): Promise<Response<T>>
  /** Resolves when the upload was verified: `ready`, or `checking` or `review` if its content is still to be checked. */
  upload(path: string, options?: UploadOptions): UploadTask<Upload>
  /** Uploads some files at a time. Resolves with one result per path, in order, whatever became of it. */
  uploadAll(paths: string[], options?: UploadAllOptions): UploadTask<UploadResult[]>
}

// ---- uploads

export interface FileOptions {
  /** `file` unless given. */
  purpose?: 'avatar' | 'file'
  /** Unless given, it is found from the first bytes. */
  contentType?: UploadRequest['content_type']
  /** Larger JPEG and PNG pictures are compressed, other files refused; 10 MB unless given, 2 MB for an avatar. */
  maxBytes?: number
  /** `PUT` sends the bytes with `request` instead of `uploadFile`, for files that fit into memory. */
  method?: 'POST' | 'PUT'
}

export interface UploadOptions extends FileOptions {
  onProgress?(progress: Progress): void
}

export interface Progress {
  sent: number
  total: number
}

/** A promise that can be cancelled; it then rejects with an error of the kind `cancelled`. */
export interface UploadTask<T> extends Promise<T> {
  cancel(): void
}

export interface UploadAllOptions extends FileOptions {
  /** How many files are sent at a time: 3 unless given. */
  concurrency?: number
  onProgress?(progress: Progress, index: number): void
  onResult?(result: UploadResult, index: number): void
}

export type UploadResult = { path: string; upload: Upload; error?: undefined } | { path: string; upload?: undefined; error: ApiError }
