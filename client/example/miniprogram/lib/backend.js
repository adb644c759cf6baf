const { createClient } = require('./wechat-backend')
const { baseUrl } = require('../config')

// What wx.login returns in the developer tools with a test app id. The mock WeChat server of `make dev` cannot know
// who that is, so it gets a name instead. Real codes are passed on as they are.
const MOCK_CODE = 'the code is a mock one'
let serial = Date.now()

/** @returns {Promise<string>} */
function loginCode() {
  return new Promise((resolve, reject) => {
    wx.login({
      success({ code }) {
        serial += 1
        resolve(code === MOCK_CODE ? `devtools-${serial}` : code)
      },
      fail: ({ errMsg }) => reject(errMsg), // the client makes an error of it
    })
  })
}

module.exports = createClient({ baseUrl, code: loginCode })
