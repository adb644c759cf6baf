// What the server sends, as the pages show it.
const { texts } = require('./i18n')

/** @typedef {import('./wechat-backend').User} User */
/** @typedef {import('./wechat-backend').Upload} Upload */

/** @param {number} bytes */
function sizeText(bytes) {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** @param {number} number */
const twoDigits = (number) => (number < 10 ? `0${number}` : `${number}`)

/** @param {string} time RFC 3339, which every phone parses. */
function timeText(time) {
  const date = new Date(time)
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-')
  return `${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`
}

/** @param {User} user */
function userView(user) {
  const t = texts().home
  return {
    id: user.id,
    name: user.nickname || user.username || t.nameless,
    initial: Array.from(user.nickname || user.username || '?')[0],
    avatar: user.avatar_url || '',
    role: user.role === 'admin' ? t.admin : t.user,
    isAdmin: user.role === 'admin',
    phone: user.phone || t.none,
    since: timeText(user.created_at),
    complete: Boolean(user.nickname && user.avatar_url),
  }
}

/** @type {{[status: string]: string}} */
const TONES = { ready: 'badge-good', rejected: 'badge-bad', checking: 'badge-warn', review: 'badge-warn' }

/** @param {string | null} reason */
function reasonText(reason) {
  const reasons = /** @type {{[reason: string]: string}} */ (texts().reasons)
  return reason ? reasons[reason] || reason : ''
}

/** @param {Upload} upload */
function uploadView(upload) {
  const t = texts().uploads
  const isPicture = /^image\//.test(upload.content_type)
  return {
    id: upload.id,
    kind: upload.content_type.replace(/^.*\//, '').toUpperCase(),
    thumb: (isPicture && upload.download_url) || '',
    badge: /** @type {{[status: string]: string}} */ (/** @type {unknown} */ (t))[upload.status] || upload.status,
    tone: TONES[upload.status] || '',
    reason: reasonText(upload.reason),
    detail: [upload.purpose === 'avatar' ? t.avatar : '', sizeText(upload.size), timeText(upload.created_at)].filter(Boolean).join(' · '),
  }
}

module.exports = { reasonText, sizeText, timeText, uploadView, userView }
