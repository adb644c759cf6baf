const backend = require('../../lib/backend')
const { createPost } = require('../../lib/feed')
const { texts } = require('../../lib/i18n')
const { localize, toast } = require('../../lib/page')
const { lineOf } = require('../../lib/problem')

const MOST = 9

/** @typedef {{path: string, upload: string}} Picture with the upload's id once it has arrived */

Component({
  data: {
    t: texts().compose,
    text: '',
    pictures: /** @type {Picture[]} */ ([]),
    sending: false,
    percent: 0,
    problem: '',
    key: '', // of the post that was tried last, and what it said
    tried: '',
  },

  methods: {
    onShow() {
      localize(this, 'compose')
    },

    /** @param {WechatMiniprogram.Input} event */
    onInput({ detail }) {
      this.setData({ text: detail.value })
    },

    choose() {
      wx.chooseMedia({
        count: MOST - this.data.pictures.length,
        mediaType: ['image'],
        sizeType: ['compressed'], // smaller, and usually without the GPS position
        success: ({ tempFiles }) => {
          const chosen = tempFiles.map(({ tempFilePath: path }) => ({ path, upload: '' }))
          this.setData({ pictures: this.data.pictures.concat(chosen).slice(0, MOST) })
        },
        fail: ({ errMsg }) => { if (!/cancel/.test(errMsg)) toast(this.data.t.notChosen) }, // there is no code for it
      })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    drop({ currentTarget }) {
      const { path } = currentTarget.dataset
      this.setData({ pictures: this.data.pictures.filter((picture) => picture.path !== path) })
    },

    async send() {
      if (this.data.sending) return
      this.setData({ sending: true, percent: 0, problem: '' })
      try {
        await this.upload()
        await this.post()
        toast(this.data.t.sent)
        wx.navigateBack()
      } catch (error) {
        this.setData({ problem: error.status === 404 ? this.data.t.missing : lineOf(error) })
      }
      this.setData({ sending: false })
    },

    /** Uploads the pictures that have not arrived yet: what has, is kept for another try. */
    async upload() {
      const waiting = this.data.pictures.filter(({ upload }) => !upload)
      if (!waiting.length) return
      const parts = waiting.map(() => 0)
      const results = await backend.uploadAll(waiting.map(({ path }) => path), {
        onProgress: ({ sent, total }, index) => {
          parts[index] = total ? sent / total : 0
          const percent = Math.floor(parts.reduce((sum, part) => sum + part, 0) / parts.length * 100)
          this.setData({ percent })
        },
      })
      const arrived = /** @type {{[path: string]: string}} */ ({})
      results.forEach(({ path, upload }) => { if (upload) arrived[path] = upload.id })
      this.setData({
        pictures: this.data.pictures.map(({ path, upload }) => ({ path, upload: upload || arrived[path] || '' })),
      })
      const lost = results.find(({ error }) => error)
      if (lost) throw lost.error
    },

    /** The same post has the same key, so that it is posted once although it is tried twice. */
    post() {
      const post = { text: this.data.text, pictures: this.data.pictures.map(({ upload }) => upload) }
      const tried = JSON.stringify(post)
      if (tried !== this.data.tried) {
        this.setData({ tried, key: `post-${Date.now()}-${Math.random()}` })
      }
      return createPost(post, this.data.key)
    },
  },
})
