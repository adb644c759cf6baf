const backend = require('../../lib/backend')
const { baseUrl } = require('../../config')
const { switchLanguage, texts } = require('../../lib/i18n')
const { confirm, localize, toast } = require('../../lib/page')
const { lineOf } = require('../../lib/problem')

/** @typedef {import('../../lib/wechat-backend').SessionState} SessionState */

/**
 * @param {SessionState} state
 * @param {ReturnType<typeof texts>['settings']} t
 */
function stateView(state, t) {
  const words = {
    unknown: { name: t.signedOut, tone: '', text: '' },
    signed_in: { name: t.signedIn, tone: 'badge-good', text: '' },
    signed_out: { name: t.signedOut, tone: '', text: '' },
    blocked: { name: t.blocked, tone: 'badge-bad', text: '' },
    deletion_pending: { name: t.deleting, tone: 'badge-warn', text: t.deletingText },
    deletion_unconfirmed: { name: t.unconfirmed, tone: 'badge-warn', text: t.unconfirmedText },
  }
  return Object.assign({ signedIn: state === 'signed_in' }, words[state])
}

let stopListening = () => {}

Component({
  data: {
    t: texts().settings,
    signInText: texts().status.signIn,
    session: stateView(backend.state, texts().settings),
    busy: false,
    server: baseUrl,
    version: '…',
  },

  lifetimes: {
    attached() {
      stopListening = backend.onChange(() => this.showState())
    },
    detached() {
      stopListening()
    },
  },

  methods: {
    onShow() {
      localize(this, 'settings')
      this.showState()
      return this.readVersion()
    },

    showState() {
      this.setData({ session: stateView(backend.state, this.data.t), signInText: texts().status.signIn })
    },

    async readVersion() {
      try {
        const { version } = await backend.ping()
        this.setData({ version })
      } catch (error) {
        this.setData({ version: this.data.t.unreachable })
      }
    },

    /** @param {() => Promise<string>} action returns what to tell */
    async act(action) {
      if (this.data.busy) return
      this.setData({ busy: true })
      try {
        toast(await action())
      } catch (error) {
        toast(lineOf(error))
      }
      this.setData({ busy: false })
    },

    signIn() {
      return this.act(async () => {
        await backend.signIn()
        return this.data.t.signedIn
      })
    },

    logout() {
      return this.act(async () => {
        await backend.logout()
        return this.data.t.loggedOut
      })
    },

    logoutAll() {
      return this.act(async () => {
        await backend.logout({ all: true })
        return this.data.t.loggedOut
      })
    },

    async deleteAccount() {
      const { t } = this.data
      if (!await confirm({ title: t.removeTitle, content: t.removeText, confirmText: t.removeConfirm })) return
      await this.act(async () => {
        await backend.deleteAccount()
        return t.removed
      })
    },

    toggleLanguage() {
      switchLanguage()
      localize(this, 'settings')
      this.showState()
    },

    openPrivacy() {
      const missing = () => toast(this.data.t.privacyMissing)
      if (!wx.openPrivacyContract) return missing()
      wx.openPrivacyContract({ fail: missing })
    },

    openFeed() {
      wx.navigateTo({ url: '/pages/feed/feed' })
    },

    openSelftest() {
      wx.navigateTo({ url: '/pages/selftest/selftest' })
    },
  },
})
