const backend = require('../../lib/backend')
const { baseUrl } = require('../../config')
const { fill, texts } = require('../../lib/i18n')
const { localize } = require('../../lib/page')
const { allWaiting, report, run } = require('../../lib/selftest')

/** @typedef {import('../../lib/selftest').Step} Step */

const TONES = { waiting: '', running: '', passed: 'badge-good', failed: 'badge-bad', skipped: 'badge-warn' }
const IMAGE_TIMEOUT = 15000

/** What waits for the picture. @type {(problem: string) => void} */
let onImage = () => {}

/**
 * @param {Step[]} steps
 * @param {ReturnType<typeof texts>['selftest']} t
 */
function rows(steps, t) {
  return steps.map(({ name, state, detail }) => ({ name, title: t[name], badge: t[state], tone: TONES[state], detail }))
}

Component({
  data: {
    t: texts().selftest,
    rows: rows(allWaiting(), texts().selftest),
    running: false,
    summary: '',
    report: '',
    image: '',
  },

  methods: {
    onShow() {
      localize(this, 'selftest')
      if (!this.data.running && !this.data.report) this.setData({ rows: rows(allWaiting(), this.data.t) })
    },

    async start() {
      const { t } = this.data
      this.setData({ running: true, summary: '', report: '', image: '' })
      /** @param {Step[]} steps */
      const show = (steps) => this.setData({ rows: rows(steps, t) })
      const steps = await run({ backend, baseUrl, showImage: (url) => this.showImage(url) }, show)
      /** @param {Step['state']} wanted */
      const count = (wanted) => steps.filter(({ state }) => state === wanted).length
      this.setData({
        running: false,
        summary: fill(t.summary, { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }),
        report: report(steps, baseUrl),
      })
    },

    /**
     * @param {string} url
     * @returns {Promise<void>}
     */
    showImage(url) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('neither shown nor refused')), IMAGE_TIMEOUT)
        onImage = (problem) => {
          clearTimeout(timer)
          if (problem) reject(new Error(problem))
          else resolve()
        }
        this.setData({ image: url })
      })
    },

    onImageLoad() {
      onImage('')
    },

    /** @param {{detail: {errMsg: string}}} event */
    onImageError({ detail }) {
      onImage(detail.errMsg)
    },
  },
})
