const backend = require('../../lib/backend')
const { texts } = require('../../lib/i18n')
const { confirm, failed, loaded, localize, toast } = require('../../lib/page')
const { lineOf } = require('../../lib/problem')
const { uploadView } = require('../../lib/view')

const PAGE = 20
const AT_ONCE = 9 // what wx.chooseMedia allows on every phone

/** @typedef {import('../../lib/wechat-backend').Upload} Upload */
/** @typedef {import('../../lib/wechat-backend').Progress} Progress */
/** @typedef {import('../../lib/wechat-backend').UploadResult} UploadResult */
/** @typedef {'waiting' | 'sending' | 'verifying' | 'failed' | 'cancelled'} SendState */
/** @typedef {{key: string, path: string, percent: number, state: SendState, text: string}} Sending */

let serial = 0
/** What is under way. @type {Set<{cancel(): void}>} */
const tasks = new Set()

Component({
  data: {
    t: texts().uploads,
    status: 'loading',
    problem: /** @type {import('../../lib/problem').Problem | null} */ (null),
    stale: '',
    sending: /** @type {Sending[]} */ ([]),
    busy: false,
    items: /** @type {ReturnType<typeof uploadView>[]} */ ([]),
    cursor: '',
    loadingMore: false,
  },

  methods: {
    onShow() {
      localize(this, 'uploads')
      return this.load()
    },

    async onPullDownRefresh() {
      await this.load()
      wx.stopPullDownRefresh()
    },

    onReachBottom() {
      return this.more()
    },

    // ---- the list

    async load() {
      try {
        const { items, next_cursor: cursor } = await backend.listUploads({ limit: PAGE })
        this.setData(Object.assign({ items: items.map(uploadView), cursor: cursor || '' }, loaded))
      } catch (error) {
        this.setData(failed(error, this.data.status === 'ready'))
      }
    },

    async more() {
      const { cursor, loadingMore } = this.data
      if (!cursor || loadingMore) return
      this.setData({ loadingMore: true })
      try {
        const page = await backend.listUploads({ limit: PAGE, cursor })
        // A refresh meanwhile starts a new list.
        if (this.data.cursor === cursor) this.append(page.items, page.next_cursor)
      } catch (error) {
        toast(lineOf(error))
      }
      this.setData({ loadingMore: false })
    },

    /**
     * @param {Upload[]} uploads
     * @param {string | null} cursor
     */
    append(uploads, cursor) {
      this.setData({ items: this.data.items.concat(uploads.map(uploadView)), cursor: cursor || '' })
    },

    /** @param {Upload} upload */
    put(upload) {
      const others = this.data.items.filter(({ id }) => id !== upload.id)
      this.setData({ items: [uploadView(upload)].concat(others) })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    async remove({ currentTarget }) {
      const { id } = currentTarget.dataset
      const { t } = this.data
      if (!await confirm({ title: t.removeTitle, content: t.removeText, confirmText: t.remove })) return
      try {
        await backend.deleteUpload(id)
      } catch (error) {
        if (error.status !== 404) return toast(lineOf(error)) // else it was deleted elsewhere
      }
      this.setData({ items: this.data.items.filter((item) => item.id !== id) })
    },

    // ---- sending

    choose() {
      wx.chooseMedia({
        count: AT_ONCE,
        mediaType: ['image'],
        sizeType: ['compressed'], // smaller, and usually without the GPS position
        success: ({ tempFiles }) => { this.send(tempFiles.map(({ tempFilePath }) => tempFilePath)) },
        fail: ({ errMsg }) => { if (!/cancel/.test(errMsg)) toast(this.data.t.notChosen) }, // there is no code for it
      })
    },

    /** @param {string[]} paths */
    async send(paths) {
      const rows = paths.map((path) => /** @type {Sending} */ (
        { key: `s${serial += 1}`, path, percent: 0, state: 'waiting', text: this.data.t.waiting }))
      this.setData({ sending: rows.concat(this.data.sending), busy: true })
      const task = backend.uploadAll(paths, {
        onProgress: (progress, index) => this.onProgress(rows[index].key, progress),
        onResult: (result, index) => this.onResult(rows[index].key, result),
      })
      tasks.add(task)
      // onResult has shown what became of each; this is for what concerns all of them, such as the session.
      await task.catch((error) => rows.forEach(({ key, path }) => this.onResult(key, { path, error })))
      tasks.delete(task)
      this.setData({ busy: tasks.size > 0 })
    },

    cancel() {
      tasks.forEach((task) => task.cancel())
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    retry({ currentTarget }) {
      const row = this.data.sending.find(({ key }) => key === currentTarget.dataset.key)
      this.dismiss({ currentTarget })
      return row && this.send([row.path])
    },

    /** @param {Pick<WechatMiniprogram.TouchEvent, 'currentTarget'>} event */
    dismiss({ currentTarget }) {
      this.setData({ sending: this.data.sending.filter(({ key }) => key !== currentTarget.dataset.key) })
    },

    /**
     * @param {string} key
     * @param {Progress} progress
     */
    onProgress(key, { sent, total }) {
      const percent = total ? Math.floor(sent / total * 100) : 0
      const state = percent < 100 ? 'sending' : 'verifying'
      this.change(key, { percent, state, text: this.data.t[state] })
    },

    /**
     * @param {string} key
     * @param {UploadResult} result
     */
    onResult(key, { upload, error }) {
      const known = upload || error.upload // a rejected one is in the list too, with its reason
      if (known) {
        this.put(known)
        return this.dismiss(/** @type {any} */ ({ currentTarget: { dataset: { key } } }))
      }
      const cancelled = error.kind === 'cancelled'
      this.change(key, cancelled
        ? { state: 'cancelled', text: this.data.t.cancelled }
        : { state: 'failed', text: lineOf(error) })
    },

    /**
     * @param {string} key
     * @param {Partial<Sending>} change
     */
    change(key, change) {
      this.setData({
        sending: this.data.sending.map((row) => (row.key === key ? Object.assign({}, row, change) : row)),
      })
    },
  },
})
