// The types of wechat-backend.js, which is a copy of the built client.
export * from '../../../miniprogram_dist/index'
