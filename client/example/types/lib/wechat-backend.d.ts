// The types of miniprogram/lib/wechat-backend.js, which is a copy of the built client.
export * from '../../../src/index'
