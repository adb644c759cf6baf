// What WeChat's own interface does around a page: toasts, dialogs, titles, tabs, navigation, choosing pictures.

/** A `wx` for the interface. What a person would answer is set on `person`; what they were shown is in `shown`. */
export function screen({ language = 'zh_CN', storage = new Map() } = {}) {
  const shown = { toasts: [], dialogs: [], choices: [], previews: [], title: '', tabs: [], opened: [], back: 0, contract: 0, refreshing: true }
  const person = { confirms: true, chooses: '', pictures: [], denies: '' }
  const wx = {
    env: { USER_DATA_PATH: 'wxfile://usr' },
    getStorageSync: (key) => (storage.has(key) ? storage.get(key) : ''),
    setStorageSync: (key, value) => { storage.set(key, value) },
    removeStorageSync: (key) => { storage.delete(key) },
    getAppBaseInfo: () => ({ language }),
    getSystemInfoSync: () => ({
      model: 'test', system: 'test 1', platform: 'test', version: '8.0.0', SDKVersion: '3.0.0', language,
    }),
    setTabBarItem: ({ index, text }) => { shown.tabs[index] = text },
    setNavigationBarTitle: ({ title }) => { shown.title = title },
    showToast: ({ title }) => { shown.toasts.push(title) },
    showModal: ({ title, success }) => { shown.dialogs.push(title); success({ confirm: person.confirms }) },
    showActionSheet: ({ itemList, success, fail }) => {
      shown.choices.push(itemList)
      const tapIndex = itemList.indexOf(person.chooses)
      if (tapIndex < 0) fail({ errMsg: 'showActionSheet:fail cancel' })
      else success({ tapIndex })
    },
    previewImage: ({ urls, current }) => { shown.previews.push({ urls, current }) },
    navigateBack: () => { shown.back += 1 },
    switchTab: ({ url }) => { shown.opened.push(url) },
    navigateTo: ({ url }) => { shown.opened.push(url) },
    stopPullDownRefresh: () => { shown.refreshing = false },
    openPrivacyContract: ({ fail }) => {
      shown.contract += 1
      if (person.denies === 'contract' && fail) fail({ errMsg: 'openPrivacyContract:fail' })
    },
    chooseMedia: ({ success, fail }) => (person.denies === 'pictures'
      ? fail({ errMsg: 'chooseMedia:fail cancel' })
      : success({ tempFiles: person.pictures.map((tempFilePath) => ({ tempFilePath })) })),
  }
  return { wx, shown, person }
}
