// Generated from openapi.yaml by `npm run generate`.

import type { Body, CallOptions, Query, Success } from './types'

/** The API's operations. What an operation returns is the response's body. */
export interface Operations {
  /** Health check */
  ping(options?: CallOptions): Promise<Success<'ping'>>
  /** Exchanges a code from the phone-number button for the number, and stores it */
  setPhone(body: Body<'setPhone'>, options?: CallOptions): Promise<Success<'setPhone'>>
  /** Returns the caller */
  readMe(options?: CallOptions): Promise<Success<'readMe'>>
  /** Updates the caller */
  changeMe(body: Body<'changeMe'>, options?: CallOptions): Promise<Success<'changeMe'>>
  /** Returns everything that is stored on the caller, page by page */
  exportMe(query?: Query<'exportMe'>, options?: CallOptions): Promise<Success<'exportMe'>>
  /** Returns a user; what is included depends on the caller */
  readUser(id: string, options?: CallOptions): Promise<Success<'readUser'>>
  /** Updates a user; administrators can update others */
  changeUser(id: string, body: Body<'changeUser'>, options?: CallOptions): Promise<Success<'changeUser'>>
  /** Deletes an account; administrators can delete others' */
  deleteUser(id: string, options?: CallOptions): Promise<Success<'deleteUser'>>
  /** Lists users, newest first, or finds one (administrators) */
  listUsers(query?: Query<'listUsers'>, options?: CallOptions): Promise<Success<'listUsers'>>
  /** Registers a user ahead of their first login (administrators) */
  createUser(body: Body<'createUser'>, options?: CallOptions): Promise<Success<'createUser'>>
  /** Returns the public profiles of up to 50 users */
  profiles(query: Query<'profiles'>, options?: CallOptions): Promise<Success<'profiles'>>
  /** Lists the audit log, newest first (administrators) */
  listAudit(query?: Query<'listAudit'>, options?: CallOptions): Promise<Success<'listAudit'>>
  /** Lists what waits for a moderator, oldest first (administrators) */
  listReviews(query?: Query<'listReviews'>, options?: CallOptions): Promise<Success<'listReviews'>>
  /** Decides on a review (administrators) */
  decideReview(id: string, body: Body<'decideReview'>, options?: CallOptions): Promise<Success<'decideReview'>>
  /** Reports another user's profile, or one of their uploads */
  report(body: Body<'report'>, options?: CallOptions): Promise<Success<'report'>>
  /** Lists a user's uploads, newest first (administrators) */
  listUploadsOfUser(id: string, query?: Query<'listUploadsOfUser'>, options?: CallOptions): Promise<Success<'listUploadsOfUser'>>
  /** Deletes one of a user's uploads, record and object (administrators) */
  deleteUploadOfUser(id: string, upload: string, options?: CallOptions): Promise<Success<'deleteUploadOfUser'>>
  /** Lists the caller's uploads, newest first */
  listUploads(query?: Query<'listUploads'>, options?: CallOptions): Promise<Success<'listUploads'>>
  /** Creates an upload and a ticket to send its object to S3 */
  createUpload(body: Body<'createUpload'>, options?: CallOptions): Promise<Success<'createUpload'>>
  /** Creates one to twenty uploads and their tickets, all or none */
  createUploads(body: Body<'createUploads'>, options?: CallOptions): Promise<Success<'createUploads'>>
  /** Returns one of the caller's uploads */
  readUpload(id: string, options?: CallOptions): Promise<Success<'readUpload'>>
  /** Deletes one of the caller's uploads, record and object */
  deleteUpload(id: string, options?: CallOptions): Promise<Success<'deleteUpload'>>
}

/** Name, method and path, without its /v1; before them `-` for no access token, after them `=` for a body, `#` for an idempotency key, `?` for a query. */
export const OPERATIONS = `
ping -GET /ping
setPhone POST /users/me/phone=
readMe GET /users/me
changeMe PUT /users/me=
exportMe GET /users/me/export?
readUser GET /users/{id}
changeUser PUT /users/{id}=
deleteUser DELETE /users/{id}
listUsers GET /users?
createUser POST /users=
profiles GET /profiles?
listAudit GET /audit?
listReviews GET /reviews?
decideReview POST /reviews/{id}=
report POST /reports=
listUploadsOfUser GET /users/{id}/uploads?
deleteUploadOfUser DELETE /users/{id}/uploads/{upload}
listUploads GET /uploads?
createUpload POST /uploads=#
createUploads POST /uploads/batch=#
readUpload GET /uploads/{id}
deleteUpload DELETE /uploads/{id}
`
