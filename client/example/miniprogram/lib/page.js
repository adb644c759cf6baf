const { texts } = require('./i18n')
const { problemOf } = require('./problem')

/** @typedef {'home' | 'uploads' | 'profile' | 'settings'} Tab */

/** @type {Tab[]} */
const TABS = ['home', 'uploads', 'profile', 'settings']

/**
 * The page's texts and title, and the tabs, in the language in use: app.json names them in Chinese.
 * @param {{setData(data: object): void}} page
 * @param {Tab | 'selftest' | 'feed' | 'compose'} name
 */
function localize(page, name) {
  const t = texts()
  page.setData({ t: t[name] })
  wx.setNavigationBarTitle({ title: t.tabs[name] })
  if (TABS.indexOf(/** @type {Tab} */ (name)) < 0) return // on a page without tabs, they cannot be named
  TABS.forEach((tab, index) => wx.setTabBarItem({ index, text: t.tabs[tab] }))
}

/**
 * What a page shows after a failed load. Offline, what it showed before is better than nothing.
 * @param {import('./wechat-backend').ApiError} error
 * @param {boolean} hasContent
 */
function failed(error, hasContent) {
  const problem = problemOf(error)
  const stale = hasContent && problem.status === 'offline'
  return { status: stale ? 'ready' : problem.status, problem, stale: stale ? texts().status.stale : '' }
}

const loaded = { status: 'ready', problem: null, stale: '' }

/**
 * @param {string} title
 */
function toast(title) {
  wx.showToast({ title, icon: 'none', duration: 2500 })
}

/**
 * @param {{title: string, content: string, confirmText: string}} question
 * @returns {Promise<boolean>}
 */
function confirm(question) {
  return new Promise((resolve) => {
    wx.showModal(Object.assign({ confirmColor: '#e64340' }, question, {
      success: (/** @type {{confirm: boolean}} */ answer) => resolve(answer.confirm),
      fail: () => resolve(false),
    }))
  })
}

/**
 * @param {string[]} itemList
 * @returns {Promise<number>} which of them was tapped; -1 if none was
 */
function choose(itemList) {
  return new Promise((resolve) => {
    wx.showActionSheet({ itemList, success: ({ tapIndex }) => resolve(tapIndex), fail: () => resolve(-1) })
  })
}

module.exports = { choose, confirm, failed, loaded, localize, toast }
