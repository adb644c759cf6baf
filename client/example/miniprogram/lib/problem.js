const { fill, texts } = require('./i18n')

/** @typedef {import('./wechat-backend').ApiError} ApiError */
/** @typedef {'loading' | 'ready' | 'signedOut' | 'blocked' | 'offline' | 'error'} Status */
/** @typedef {{status: Status, title: string, text: string, request: string}} Problem */

/** @type {{[code: string]: Status}} */
const STATUS_OF_CODE = {
  signed_out: 'signedOut',
  login_required: 'signedOut',
  deletion_pending: 'signedOut',
  account_disabled: 'blocked',
  wechat_user_blocked: 'blocked',
}

/**
 * @param {ApiError} error
 * @returns {Status}
 */
function statusOf(error) {
  return STATUS_OF_CODE[error.code || ''] || (error.kind === 'network' ? 'offline' : 'error')
}

/** @param {ApiError} error */
function wordsOf(error) {
  const t = texts()
  const known = /** @type {{[code: string]: string}} */ (t.errors)[error.code || '']
  const wait = error.retryAfter ? fill(t.status.wait, { seconds: error.retryAfter }) : ''
  return [known || error.message, wait].filter(Boolean).join(' ')
}

/**
 * What a person is shown instead of an error.
 * @param {ApiError} error
 * @returns {Problem}
 */
function problemOf(error) {
  const t = texts().status
  const status = statusOf(error)
  const request = error.requestId && status === 'error' ? fill(t.request, { id: error.requestId }) : ''
  if (status === 'signedOut') return { status, title: t.signedOutTitle, text: t.signedOutText, request }
  if (status === 'blocked') return { status, title: t.blockedTitle, text: t.blockedText, request }
  if (status === 'offline') return { status, title: t.offlineTitle, text: t.offlineText, request }
  return { status, title: t.errorTitle, text: wordsOf(error), request }
}

/**
 * In one line, for a toast or a list.
 * @param {ApiError} error
 */
function lineOf(error) {
  const { status, title, text } = problemOf(error)
  return status === 'error' ? text : title
}

/**
 * The text for each field that the server did not accept.
 * @param {ApiError} error
 * @returns {{[field: string]: string}}
 */
function fieldsOf(error) {
  const t = texts()
  const known = /** @type {{[code: string]: string}} */ (t.fields)
  const words = /** @type {{[field: string]: string}} */ ({})
  error.fields.forEach(({ field, code, message }) => { words[field] = known[code] ? `${known[code]} (${message})` : message })
  if (error.code === 'username_taken') words.username = t.errors.username_taken
  if (error.code === 'email_taken') words.email = t.errors.email_taken
  return words
}

module.exports = { fieldsOf, lineOf, problemOf }
