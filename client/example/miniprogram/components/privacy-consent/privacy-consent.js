// Asks for consent to the privacy guide. WeChat holds a call back (chooseMedia, chooseAvatar, getPhoneNumber) until its
// resolve() was called. With `eager` it asks when the page appears: a nickname field does not ask, it only loses its
// suggestion of the WeChat name.
const { texts } = require('../../lib/i18n')

/** @typedef {{event: 'agree' | 'disagree' | 'exposureAuthorization', buttonId?: string}} Answer */
/** @typedef {{ask(): void, close(): void}} Sheet */

/** Calls that wait for an answer. @type {((answer: Answer) => void)[]} */
let waiting = []
/** The one on the page in view; each tab has its own. @type {Sheet | null} */
let current = null

/** @param {Answer} answer */
function settle(answer) {
  const calls = waiting
  waiting = []
  calls.forEach((resolve) => resolve(answer))
}

/** @param {(answer: Answer) => void} resolve */
function onNeed(resolve) {
  waiting.push(resolve)
  if (!current) return settle({ event: 'disagree' })
  resolve({ event: 'exposureAuthorization' })
  current.ask()
}

Component({
  options: { addGlobalClass: true },

  properties: {
    eager: { type: Boolean, value: false },
  },

  data: {
    t: texts().consent,
    visible: false,
    contract: '',
  },

  lifetimes: {
    attached() {
      // Before base library 2.32.3 nothing asks for consent, and nothing is held back.
      // (The typings do not know what the listener is called with.)
      if (wx.onNeedPrivacyAuthorization) wx.onNeedPrivacyAuthorization(/** @type {any} */ (onNeed))
      this.appear()
    },
    detached() {
      this.leave()
    },
  },

  pageLifetimes: {
    show() {
      this.appear()
    },
    hide() {
      this.leave()
    },
  },

  methods: {
    appear() {
      current = this
      if (!this.data.eager || !wx.getPrivacySetting) return
      wx.getPrivacySetting({
        success: ({ needAuthorization, privacyContractName }) => {
          this.setData({ contract: privacyContractName })
          if (needAuthorization) this.ask()
        },
      })
    },

    ask() {
      this.setData({ visible: true, t: texts().consent })
    },

    close() {
      this.setData({ visible: false })
    },

    leave() {
      if (current !== this) return
      current = null
      this.disagree()
    },

    agree() {
      settle({ event: 'agree', buttonId: 'agree-privacy' })
      this.close()
      this.triggerEvent('agree')
    },

    disagree() {
      settle({ event: 'disagree' })
      this.close()
    },

    openContract() {
      wx.openPrivacyContract({})
    },

    ignore() {},
  },
})
