const { localizeTabs } = require('./lib/page')

App({
  onLaunch() {
    localizeTabs()
  },
})
