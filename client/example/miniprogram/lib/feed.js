// What the example examples/feed answers. It is not among the client's methods, which are those of openapi.yaml.
const backend = require('./backend')
const { texts } = require('./i18n')
const { timeText } = require('./view')

/** @typedef {import('./wechat-backend').Upload} Upload */
/**
 * @typedef {{
 *   id: string, author: string, text: string, status: 'ready' | 'checking' | 'review' | 'rejected',
 *   pictures: Upload[], likes: number, liked: boolean, is_mine: boolean, created_at: string,
 * }} Post
 */
/** @typedef {{items: Post[], next_cursor: string | null}} PostPage */
/** @typedef {{nickname: string | null, avatar_url: string | null}} Profile */

const PAGE = 20
const REASONS = ['porn', 'abuse', 'fraud', 'spam', 'illegal', 'other']

/**
 * @param {string} [cursor]
 * @returns {Promise<PostPage>}
 */
async function listPosts(cursor) {
  const query = cursor ? { limit: PAGE, cursor } : { limit: PAGE }
  const { body } = await backend.call('GET', '/v1/posts', { query })
  return /** @type {PostPage} */ (body)
}

/**
 * @param {{text: string, pictures: string[]}} post
 * @param {string} idempotencyKey the same when it is tried again
 */
function createPost(post, idempotencyKey) {
  return backend.call('POST', '/v1/posts', { body: post, idempotencyKey })
}

/** @param {string} id */
function deletePost(id) {
  return backend.call('DELETE', '/v1/posts/{id}', { params: { id } })
}

/**
 * @param {string} id
 * @param {boolean} liked
 * @returns {Promise<{likes: number, liked: boolean}>}
 */
async function like(id, liked) {
  const { body } = await backend.call(liked ? 'PUT' : 'DELETE', '/v1/posts/{id}/like', { params: { id } })
  return /** @type {{likes: number, liked: boolean}} */ (body)
}

/**
 * @param {string} id
 * @param {string} reason one of REASONS
 */
function report(id, reason) {
  return backend.call('POST', '/v1/posts/{id}/reports', { params: { id }, body: { reason } })
}

/** @param {string} user */
function block(user) {
  return backend.call('PUT', '/v1/blocks/{id}', { params: { id: user } })
}

/**
 * The profiles of those who have posted, by their ids. Without them, the posts are shown all the same.
 * @param {Post[]} posts
 * @returns {Promise<{[id: string]: Profile}>}
 */
async function profilesOf(posts) {
  const ids = Array.from(new Set(posts.map(({ author }) => author)))
  const known = /** @type {{[id: string]: Profile}} */ ({})
  if (!ids.length) return known
  try {
    const { items } = await backend.profiles({ ids })
    items.forEach((profile) => { known[profile.id] = profile })
  } catch (error) {} // they come with the next load
  return known
}

/** @type {{[status: string]: string}} */
const TONES = { rejected: 'badge-bad', checking: 'badge-warn', review: 'badge-warn' }

/**
 * @param {Post} post
 * @param {Profile} [profile]
 */
function postView(post, profile) {
  const t = texts()
  const name = (profile && profile.nickname) || t.home.nameless
  const badges = /** @type {{[status: string]: string}} */ ({
    checking: t.uploads.checking, review: t.uploads.review, rejected: t.uploads.rejected })
  return {
    id: post.id,
    author: post.author,
    name,
    initial: Array.from(name)[0],
    avatar: (profile && profile.avatar_url) || '',
    time: timeText(post.created_at),
    badge: badges[post.status] || '',
    tone: TONES[post.status] || '',
    text: post.text,
    pictures: post.pictures.map(({ download_url: url }) => ({ url: url || '' })),
    likes: post.likes,
    liked: post.liked,
    isMine: post.is_mine,
  }
}

module.exports = { REASONS, block, createPost, deletePost, like, listPosts, postView, profilesOf, report }
