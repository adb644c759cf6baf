// What a page shows instead of its content: loading, signed out (with the button), blocked, offline, or an error.
const backend = require('../../lib/backend')
const { texts } = require('../../lib/i18n')
const { lineOf } = require('../../lib/problem')
const { toast } = require('../../lib/page')

Component({
  options: { addGlobalClass: true },

  properties: {
    status: { type: String, value: 'loading' },
    problem: { type: Object, value: {} },
  },

  data: {
    t: texts().status,
    busy: false,
  },

  observers: {
    status() {
      this.setData({ t: texts().status })
    },
  },

  methods: {
    retry() {
      this.triggerEvent('retry')
    },

    // The only place that signs in: an account is created, or comes back, by this tap and nothing else.
    async signIn() {
      this.setData({ busy: true })
      try {
        const { isNew } = await backend.signIn()
        this.triggerEvent('signedin', { isNew })
      } catch (error) {
        toast(lineOf(error))
        this.triggerEvent('retry')
      }
      this.setData({ busy: false })
    },
  },
})
