const backend = require('../../lib/backend')
const { fill, texts } = require('../../lib/i18n')
const { failed, loaded, localize, toast } = require('../../lib/page')
const { fieldsOf, lineOf } = require('../../lib/problem')
const { reasonText } = require('../../lib/view')

const NO_QUOTA = 1400001 // errno of the phone button

/** @typedef {import('../../lib/wechat-backend').User} User */
/** @typedef {'nickname' | 'username' | 'email'} Field */
/** @type {Field[]} */
const FIELDS = ['nickname', 'username', 'email']

/**
 * What has changed in the form: an absent field stays as it is, null clears it.
 * @param {User} user
 * @param {Record<Field, string>} entered
 */
function changes(user, entered) {
  const body = /** @type {Partial<Record<Field, string | null>>} */ ({})
  FIELDS.forEach((field) => {
    const value = (entered[field] || '').trim() || null
    if (value !== user[field]) body[field] = value
  })
  return body
}

Component({
  data: {
    t: texts().profile,
    status: 'loading',
    problem: /** @type {import('../../lib/problem').Problem | null} */ (null),
    stale: '',
    user: /** @type {User | null} */ (null),
    etag: '',
    initial: '?',
    avatar: '',
    notice: '',
    nicknameNote: '',
    sendingAvatar: false,
    percent: 0,
    saving: false,
    gettingPhone: false,
    errors: /** @type {{[field: string]: string}} */ ({}),
  },

  methods: {
    onShow() {
      localize(this, 'profile')
      return this.load()
    },

    async onPullDownRefresh() {
      await this.load()
      wx.stopPullDownRefresh()
    },

    async load() {
      try {
        const { body, etag } = await backend.call('GET', '/v1/users/me')
        this.show(body, etag)
      } catch (error) {
        this.setData(failed(error, Boolean(this.data.user)))
      }
    },

    /**
     * @param {User} user
     * @param {string} [etag]
     */
    show(user, etag) {
      const initial = Array.from(user.nickname || user.username || '?')[0]
      const shown = this.data.sendingAvatar ? {} : { avatar: user.avatar_url || '' }
      const { t } = this.data
      const notes = { checking: t.nicknameChecking, review: t.nicknameChecking, rejected: t.nicknameRejected }
      const nicknameNote = user.nickname_status ? notes[user.nickname_status] : ''
      this.setData(Object.assign({ user, etag: etag || '', initial, nicknameNote }, shown, loaded))
    },

    // ---- the picture

    /** @param {{detail: {avatarUrl: string}}} event */
    async onAvatar({ detail }) {
      const { t } = this.data
      this.setData({ avatar: detail.avatarUrl, sendingAvatar: true, percent: 0, notice: '' })
      try {
        const upload = await backend.upload(detail.avatarUrl, {
          purpose: 'avatar',
          onProgress: ({ sent, total }) => this.setData({ percent: total ? Math.floor(sent / total * 100) : 0 }),
        })
        if (upload.status !== 'ready') this.setData({ notice: t.pictureChecking })
      } catch (error) {
        const rejected = error.upload && error.upload.reason
        this.setData({ notice: rejected ? fill(t.pictureRejected, { reason: reasonText(rejected) }) : lineOf(error) })
      }
      this.setData({ sendingAvatar: false })
      return this.load()
    },

    // ---- the form

    /** @param {{detail: {value: Record<Field, string>}}} event */
    async onSubmit({ detail }) {
      const { user, etag, t } = this.data
      if (!user) return
      const body = changes(user, detail.value)
      if (Object.keys(body).length === 0) return toast(t.saved)
      this.setData({ saving: true, errors: {}, notice: '' })
      try {
        // With the etag, nothing that was changed on another device is overwritten unseen.
        const saved = await backend.call('PUT', '/v1/users/me', { body, ifMatch: etag })
        this.show(saved.body, saved.etag)
        toast(t.saved)
      } catch (error) {
        await this.onSaveFailed(error)
      }
      this.setData({ saving: false })
    },

    /** @param {import('../../lib/wechat-backend').ApiError} error */
    async onSaveFailed(error) {
      if (error.status === 412) {
        await this.load()
        return this.setData({ notice: this.data.t.conflict })
      }
      const errors = fieldsOf(error)
      this.setData({ errors })
      if (Object.keys(errors).length) return
      const state = failed(error, true)
      if (state.status === 'signedOut' || state.status === 'blocked') return this.setData(state)
      this.setData({ notice: lineOf(error) })
    },

    // ---- the phone number

    /** @param {{detail: {code?: string, errno?: number}}} event */
    async onPhone({ detail }) {
      const { t } = this.data
      if (!detail.code) return toast(detail.errno === NO_QUOTA ? t.phoneQuota : t.phoneDenied)
      this.setData({ gettingPhone: true })
      try {
        await backend.setPhone({ code: detail.code })
        await this.load()
      } catch (error) {
        toast(lineOf(error))
      }
      this.setData({ gettingPhone: false })
    },
  },
})
