const backend = require('../../lib/backend')
const { fill, texts } = require('../../lib/i18n')
const { failed, loaded, localize, toast } = require('../../lib/page')
const { uploadView, userView } = require('../../lib/view')

const RECENT = 4

/** @typedef {ReturnType<typeof userView>} UserView */
/** @typedef {ReturnType<typeof uploadView>} UploadView */

Component({
  data: {
    t: texts().home,
    status: 'loading',
    problem: /** @type {import('../../lib/problem').Problem | null} */ (null),
    stale: '',
    hello: '',
    me: /** @type {UserView | null} */ (null),
    recent: /** @type {UploadView[]} */ ([]),
  },

  methods: {
    onShow() {
      localize(this, 'home')
      return this.load()
    },

    async onPullDownRefresh() {
      await this.load()
      wx.stopPullDownRefresh()
    },

    async load() {
      try {
        const [user, uploads] = await Promise.all([backend.readMe(), backend.listUploads({ limit: RECENT })])
        const me = userView(user)
        const hello = fill(this.data.t.hello, { name: me.name })
        this.setData(Object.assign({ me, hello, recent: uploads.items.map(uploadView) }, loaded))
      } catch (error) {
        this.setData(failed(error, Boolean(this.data.me)))
      }
    },

    /** @param {{detail: {isNew: boolean}}} event */
    onSignedIn({ detail }) {
      if (detail.isNew) toast(this.data.t.welcome)
      return this.load()
    },

    openProfile() {
      wx.switchTab({ url: '/pages/profile/profile' })
    },

    openUploads() {
      wx.switchTab({ url: '/pages/uploads/uploads' })
    },
  },
})
