const feed = require('../../lib/feed')
const { texts } = require('../../lib/i18n')
const { choose, confirm, failed, loaded, localize, toast } = require('../../lib/page')
const { lineOf } = require('../../lib/problem')

/** @typedef {import('../../lib/feed').Post} Post */
/** @typedef {ReturnType<typeof feed.postView>} PostView */

/** @param {Post[]} posts */
async function viewsOf(posts) {
  const profiles = await feed.profilesOf(posts)
  return posts.map((post) => feed.postView(post, profiles[post.author]))
}

Component({
  data: {
    t: texts().feed,
    status: 'loading',
    problem: /** @type {import('../../lib/problem').Problem | null} */ (null),
    stale: '',
    missing: false, // the example is not deployed
    items: /** @type {PostView[]} */ ([]),
    cursor: '',
    loadingMore: false,
  },

  methods: {
    onShow() {
      localize(this, 'feed')
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
        const { items, next_cursor: cursor } = await feed.listPosts()
        const views = await viewsOf(items)
        this.setData(Object.assign({ items: views, cursor: cursor || '', missing: false }, loaded))
      } catch (error) {
        const missing = error.status === 404
        this.setData(Object.assign(failed(error, this.data.status === 'ready'), { missing }))
      }
    },

    async more() {
      const { cursor, loadingMore } = this.data
      if (!cursor || loadingMore) return
      this.setData({ loadingMore: true })
      try {
        const page = await feed.listPosts(cursor)
        const views = await viewsOf(page.items)
        // A refresh meanwhile starts a new list.
        if (this.data.cursor === cursor) this.setData({ items: this.data.items.concat(views), cursor: page.next_cursor || '' })
      } catch (error) {
        toast(lineOf(error))
      }
      this.setData({ loadingMore: false })
    },

    /**
     * @param {string} id
     * @param {Partial<PostView>} change
     */
    change(id, change) {
      this.setData({ items: this.data.items.map((item) => (item.id === id ? Object.assign({}, item, change) : item)) })
    },

    /** @param {(item: PostView) => boolean} keep */
    keep(keep) {
      this.setData({ items: this.data.items.filter(keep) })
    },

    /**
     * Does something about a post. One that is gone meanwhile leaves the list.
     * @param {PostView} post
     * @param {() => Promise<unknown>} action
     */
    async act(post, action) {
      try {
        await action()
      } catch (error) {
        toast(lineOf(error))
        if (error.status === 404) this.keep(({ id }) => id !== post.id)
      }
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    postOf({ currentTarget }) {
      return this.data.items.find(({ id }) => id === currentTarget.dataset.id)
    },

    // ---- what a person does

    compose() {
      wx.navigateTo({ url: '/pages/compose/compose' })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    preview(event) {
      const post = this.postOf(event)
      if (!post) return
      wx.previewImage({ urls: post.pictures.map(({ url }) => url), current: event.currentTarget.dataset.url })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    like(event) {
      const post = this.postOf(event)
      return post && this.act(post, async () => this.change(post.id, await feed.like(post.id, !post.liked)))
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    async options(event) {
      const post = this.postOf(event)
      if (!post) return
      const { t } = this.data
      if (post.isMine) {
        return await choose([t.remove]) === 0 ? this.remove(post) : undefined
      }
      const chosen = await choose([t.report, t.block])
      if (chosen === 0) return this.report(post)
      if (chosen === 1) return this.block(post)
    },

    /** @param {PostView} post */
    async remove(post) {
      const { t } = this.data
      if (!await confirm({ title: t.removeTitle, content: t.removeText, confirmText: t.remove })) return
      await this.act(post, async () => {
        await feed.deletePost(post.id)
        this.keep(({ id }) => id !== post.id)
      })
    },

    /** @param {PostView} post */
    async report(post) {
      const { t } = this.data
      const chosen = await choose([t.porn, t.abuse, t.fraud, t.spam, t.illegal, t.other]) // in the order of REASONS
      const reason = feed.REASONS[chosen]
      if (!reason) return
      await this.act(post, async () => {
        await feed.report(post.id, reason)
        toast(t.reported)
      })
    },

    /** @param {PostView} post */
    async block(post) {
      const { t } = this.data
      if (!await confirm({ title: t.blockTitle, content: t.blockText, confirmText: t.block })) return
      await this.act(post, async () => {
        await feed.block(post.author)
        this.keep(({ author }) => author !== post.author)
        toast(t.blocked)
      })
    },
  },
})
