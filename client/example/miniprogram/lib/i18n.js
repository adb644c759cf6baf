// All texts, Chinese and English side by side. texts() picks one language; fill() puts values into {places}.

const table = {
  tabs: {
    home: ['首页', 'Home'],
    uploads: ['文件', 'Files'],
    profile: ['资料', 'Profile'],
    settings: ['设置', 'Settings'],
    selftest: ['真机自检', 'Self-test'],
    feed: ['动态', 'Feed'],
    compose: ['发表动态', 'New post'],
  },
  status: {
    loading: ['正在加载…', 'Loading…'],
    retry: ['重试', 'Try again'],
    signIn: ['微信登录', 'Sign in with WeChat'],
    signedOutTitle: ['未登录', 'Signed out'],
    signedOutText: ['登录后才会创建或恢复账号。', 'Your account is only created or restored when you sign in.'],
    blockedTitle: ['账号已停用', 'Account disabled'],
    blockedText: ['请联系管理员。', 'Please contact the operator.'],
    offlineTitle: ['网络不可用', 'You are offline'],
    offlineText: ['请检查网络后重试。', 'Check the connection, then try again.'],
    errorTitle: ['出错了', 'Something went wrong'],
    stale: ['网络不可用，显示的是上次的内容。', 'You are offline. This is what was loaded last.'],
    request: ['请求编号 {id}', 'Request {id}'],
    wait: ['请在 {seconds} 秒后重试。', 'Try again in {seconds} seconds.'],
  },
  home: {
    hello: ['你好，{name}', 'Hello, {name}'],
    nameless: ['未设置昵称', 'No nickname yet'],
    welcome: ['账号已创建，欢迎！', 'Your account is ready. Welcome!'],
    complete: ['完善资料', 'Complete your profile'],
    completeText: ['添加头像和昵称', 'Add a picture and a nickname'],
    id: ['用户 ID', 'User ID'],
    since: ['注册时间', 'Member since'],
    phone: ['手机号', 'Phone'],
    none: ['未绑定', 'Not set'],
    user: ['用户', 'User'],
    admin: ['管理员', 'Administrator'],
    recent: ['最近的文件', 'Latest files'],
    empty: ['还没有文件', 'No files yet'],
    all: ['查看全部', 'See all'],
  },
  uploads: {
    choose: ['选择图片', 'Choose pictures'],
    emptyTitle: ['还没有文件', 'No files yet'],
    emptyText: ['选择几张图片上传试试。', 'Choose some pictures to upload.'],
    sending: ['正在上传', 'Uploading'],
    waiting: ['等待中', 'Waiting'],
    verifying: ['校验中', 'Being verified'],
    pending: ['未收到', 'Not received'],
    checking: ['检测中', 'Being checked'],
    review: ['审核中', 'In review'],
    ready: ['可用', 'Ready'],
    rejected: ['已拒绝', 'Rejected'],
    deleted: ['已删除', 'Deleted'],
    cancelled: ['已取消', 'Cancelled'],
    cancel: ['取消', 'Cancel'],
    retry: ['重试', 'Retry'],
    dismiss: ['移除', 'Dismiss'],
    remove: ['删除', 'Delete'],
    removeTitle: ['删除文件？', 'Delete the file?'],
    removeText: ['删除后无法恢复。', 'This cannot be undone.'],
    more: ['加载更多', 'Load more'],
    end: ['没有更多了', 'No more files'],
    avatar: ['头像', 'Avatar'],
    notChosen: ['未能选择图片', 'No picture was chosen'],
  },
  feed: {
    compose: ['发表动态', 'New post'],
    emptyTitle: ['还没有动态', 'No posts yet'],
    emptyText: ['发表第一条吧。', 'Write the first one.'],
    missingTitle: ['动态功能未部署', 'The feed is not deployed'],
    missingText: ['这是示例 examples/feed，默认不部署。', 'It is the example examples/feed, which is not deployed by default.'],
    like: ['赞', 'Like'],
    liked: ['已赞', 'Liked'],
    options: ['更多', 'More'],
    more: ['加载更多', 'Load more'],
    remove: ['删除', 'Delete'],
    removeTitle: ['删除这条动态？', 'Delete this post?'],
    removeText: ['删除后无法恢复。', 'This cannot be undone.'],
    report: ['举报', 'Report'],
    reported: ['已举报，我们会尽快处理', 'Reported. We will look into it'],
    porn: ['色情低俗', 'Pornography'],
    abuse: ['辱骂攻击', 'Abuse'],
    fraud: ['诈骗', 'Fraud'],
    spam: ['广告骚扰', 'Spam'],
    illegal: ['其他违法内容', 'Otherwise illegal'],
    other: ['其他', 'Something else'],
    block: ['屏蔽', 'Block'],
    blockTitle: ['屏蔽此人？', 'Block this person?'],
    blockText: ['你们将看不到彼此的动态。', 'You will not see each other’s posts.'],
    blocked: ['已屏蔽', 'Blocked'],
  },
  compose: {
    hint: ['这一刻的想法…', 'What is on your mind?'],
    send: ['发表', 'Post'],
    sent: ['已发表', 'Posted'],
    notChosen: ['未能选择图片', 'No picture was chosen'],
    missing: ['动态功能未部署', 'The feed is not deployed'],
  },
  reasons: {
    content: ['内容不合规', 'The content is not allowed'],
    empty: ['文件是空的', 'The file is empty'],
    headers_not_allowed: ['上传时带有不允许的响应头', 'It was sent with headers that are not allowed'],
    size_mismatch: ['大小与声明不符', 'Its size is not what was declared'],
    suspicious_content: ['图片中含有可疑内容', 'The picture contains markup'],
    too_large: ['文件太大', 'The file is too large'],
    type_mismatch: ['类型与声明不符', 'Its type is not what was declared'],
  },
  profile: {
    pictureHint: ['点击头像更换', 'Tap the picture to change it'],
    nickname: ['昵称', 'Nickname'],
    nicknameHint: ['请输入昵称', 'Your nickname'],
    nicknameChecking: ['正在审核，通过前别人看到的是原来的昵称', 'In review: until it passes, others see the old one'],
    nicknameRejected: ['未通过审核，别人看到的是原来的昵称', 'It did not pass the review: others see the old one'],
    username: ['用户名', 'Username'],
    usernameHint: ['3–32 个字母、数字、_ 或 -', '3–32 letters, digits, _ or -'],
    email: ['邮箱', 'E-mail'],
    emailHint: ['选填，不会发送邮件', 'Optional; no mail is sent'],
    phone: ['手机号', 'Phone'],
    getPhone: ['获取手机号', 'Use my number'],
    changePhone: ['更换', 'Change'],
    phoneDenied: ['未授权手机号', 'The number was not shared'],
    phoneQuota: ['手机号验证次数已用完', 'The quota for phone numbers is used up'],
    save: ['保存', 'Save'],
    saved: ['已保存', 'Saved'],
    conflict: ['资料已在其他设备上更改，已重新载入，请再次保存。', 'It was changed on another device. It has been loaded again; please save once more.'],
    pictureRejected: ['头像被拒绝：{reason}', 'The picture was rejected: {reason}'],
    pictureChecking: ['头像正在审核，通过后显示', 'The picture is shown once it has passed the check'],
  },
  settings: {
    account: ['账号', 'Account'],
    state: ['登录状态', 'Session'],
    signedIn: ['已登录', 'Signed in'],
    signedOut: ['未登录', 'Signed out'],
    blocked: ['已停用', 'Disabled'],
    deleting: ['等待注销', 'Deletion pending'],
    unconfirmed: ['注销未确认', 'Deletion not confirmed'],
    unconfirmedText: ['注销可能没有完成。请登录后再次注销。', 'The account may not have been deleted. Sign in and delete it again.'],
    deletingText: ['网络恢复后会自动完成注销。', 'It will be deleted as soon as the network is back.'],
    language: ['语言', 'Language'],
    languageName: ['中文', 'English'],
    privacy: ['隐私保护指引', 'Privacy guide'],
    privacyMissing: ['尚未在管理后台填写隐私保护指引', 'The privacy guide has not been filled in yet'],
    selftest: ['真机自检', 'Self-test on this phone'],
    feed: ['动态（示例）', 'Feed (example)'],
    logout: ['退出登录', 'Log out'],
    logoutAll: ['退出所有设备', 'Log out everywhere'],
    loggedOut: ['已退出', 'Logged out'],
    remove: ['注销账号', 'Delete account'],
    removeTitle: ['注销账号？', 'Delete your account?'],
    removeText: ['资料和文件会被永久删除，无法恢复。', 'Your profile and files are deleted for good.'],
    removeConfirm: ['注销', 'Delete'],
    removed: ['账号已注销', 'Account deleted'],
    about: ['关于', 'About'],
    server: ['服务器', 'Server'],
    version: ['版本', 'Version'],
    unreachable: ['无法连接', 'Not reachable'],
  },
  consent: {
    title: ['隐私保护提示', 'Privacy'],
    text: ['使用前请阅读并同意', 'Before you continue, please read and accept the'],
    contract: ['《用户隐私保护指引》', 'privacy guide'],
    uses: ['头像、昵称、手机号和你选中的图片只用于显示你的资料和文件。', 'Your picture, nickname, phone number and chosen pictures are used to show your profile and files only.'],
    agree: ['同意', 'Accept'],
    disagree: ['不同意', 'Decline'],
  },
  selftest: {
    intro: [
      '在真机上对部署好的后端运行一次。会上传两个 70 字节左右的图片并删除，不会改动资料。',
      'Run this once on a phone against a deployment. It uploads two pictures of about 70 bytes and deletes them; the profile is left alone.',
    ],
    run: ['开始自检', 'Run'],
    again: ['再次运行', 'Run again'],
    report: ['报告（长按可选择、复制）', 'Report (press and hold to select and copy)'],
    summary: ['{passed} 项通过，{failed} 项失败，{skipped} 项跳过', '{passed} passed, {failed} failed, {skipped} skipped'],
    ping: ['连接服务器', 'Reach the server'],
    clock: ['手机时钟', "The phone's clock"],
    session: ['登录', 'Session'],
    etag: ['304 条件请求', '304 on a conditional request'],
    post: ['wx.uploadFile：表单字段在文件之前', 'wx.uploadFile: form fields before the file'],
    put: ['wx.request：PUT 原始字节', 'wx.request: PUT of raw bytes'],
    verdict: ['服务器校验文件', 'The server verifies the file'],
    download: ['wx.downloadFile：签名链接', 'wx.downloadFile: signed link'],
    image: ['<image>：签名链接', '<image>: signed link'],
    remove: ['删除测试文件', 'Delete the test files'],
    passed: ['通过', 'Passed'],
    failed: ['失败', 'Failed'],
    skipped: ['跳过', 'Skipped'],
    running: ['进行中', 'Running'],
    waiting: ['等待', 'Waiting'],
  },
  // By the error codes of server and client. What is not here is shown with the server's own words.
  errors: {
    account_disabled: ['账号已停用', 'The account is disabled'],
    deletion_unconfirmed: ['注销未确认，请登录后再次注销', 'Not confirmed: sign in and delete the account again'],
    email_taken: ['该邮箱已被使用', 'This e-mail address is taken'],
    empty: ['文件是空的', 'The file is empty'],
    internal: ['服务器出错了', 'The server made a mistake'],
    invalid_request: ['请检查填写的内容', 'Please check what you entered'],
    not_found: ['内容不存在', 'It does not exist'],
    rate_limited: ['操作太频繁', 'Too many attempts'],
    temporarily_unavailable: ['服务暂时不可用', 'The service is temporarily unavailable'],
    too_large: ['文件太大', 'The file is too large'],
    unknown_type: ['不支持这种文件', 'Files of this type are not supported'],
    unreadable: ['无法读取文件', 'The file could not be read'],
    upload_pending: ['服务器还没有校验完，请稍后刷新', 'It has not been verified yet; refresh in a moment'],
    upload_quota: ['上传数量或空间已达上限', 'The limit for uploads is reached'],
    username_taken: ['该用户名已被使用', 'This username is taken'],
    wechat_config: ['小程序配置有误，请联系管理员', 'The mini-program is not set up correctly; please tell the operator'],
    wechat_error: ['微信接口出错，请重试', "WeChat's server made a mistake; try again"],
    wechat_not_enabled: ['小程序没有这项权限', 'This mini-program lacks the permission'],
    wechat_phone_code_invalid: ['手机号授权已过期，请重试', 'The permission has expired; tap again'],
    wechat_rate_limited: ['操作太频繁，请稍后再试', 'Too many attempts'],
    wechat_unavailable: ['微信服务暂时不可用', 'WeChat is temporarily unavailable'],
    wechat_user_blocked: ['微信限制了该账号登录', "WeChat blocks this account's logins"],
  },
  // By the codes of single fields.
  fields: {
    invalid_type: ['格式不正确', 'Not of the right type'],
    invalid_value: ['不符合要求', 'Not allowed'],
    required: ['必填', 'Required'],
  },
}

const COLUMNS = ['zh', 'en']
const KEY = 'language'

let column = -1

function phoneLanguage() {
  const info = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync()
  return /^zh/i.test(info.language || 'zh') ? 'zh' : 'en'
}

/** The column of what was chosen in the settings, or else of the phone's language. */
function currentColumn() {
  if (column < 0) column = COLUMNS.indexOf(wx.getStorageSync(KEY))
  if (column < 0) column = COLUMNS.indexOf(phoneLanguage())
  return column
}

function switchLanguage() {
  column = 1 - currentColumn()
  wx.setStorageSync(KEY, COLUMNS[column])
}

/**
 * @template T
 * @typedef {T extends string[] ? string : {[K in keyof T]: Texts<T[K]>}} Texts
 */

/**
 * @template T
 * @param {T} part
 * @param {number} index
 * @returns {Texts<T>}
 */
function pick(part, index) {
  if (Array.isArray(part)) return part[index]
  const picked = /** @type {any} */ ({})
  Object.keys(/** @type {object} */ (part)).forEach((key) => { picked[key] = pick(/** @type {any} */ (part)[key], index) })
  return picked
}

/** The texts in the language that is in use. */
function texts() {
  return pick(table, currentColumn())
}

/**
 * @param {string} text
 * @param {{[place: string]: string | number}} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place))
}

module.exports = { fill, switchLanguage, table, texts }
