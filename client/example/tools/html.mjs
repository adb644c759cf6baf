// A rendered page as HTML that a browser shows nearly as WeChat does.
import { readFileSync } from 'node:fs'
import { ROOT, readSample } from '../tests/support/app.mjs'

const escape = (text) => String(text).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)

const COMPONENTS = { 'page-status': 'components/page-status/page-status', 'privacy-consent': 'components/privacy-consent/privacy-consent' }

function image({ attributes: { src } }, classes) {
  const url = src.startsWith('/') ? `data:image/png;base64,${readFileSync(ROOT + src, 'base64')}` : src
  return `<div class="wx-image ${classes}" style="background-image:url('${escape(url)}')"></div>`
}

function input({ attributes }, classes) {
  const { value, placeholder } = attributes
  return `<div class="wx-input ${classes}">${value ? escape(value) : `<span class="${attributes['placeholder-class']}">${escape(placeholder)}</span>`}</div>`
}

function progress({ attributes }, classes) {
  const { percent, activeColor, backgroundColor } = attributes
  return `<div class="${classes}"><div class="wx-progress" style="background:${backgroundColor}"><div style="width:${percent}%;background:${activeColor}"></div></div></div>`
}

const SPECIAL = { image, input, progress }

/** @param {import('../tests/support/tree.mjs').Element | string} element */
export function html(element) {
  if (typeof element === 'string') return escape(element)
  const { tag, classes, attributes, children } = element
  const names = classes.map(escape).join(' ')
  if (SPECIAL[tag]) return SPECIAL[tag](element, names)
  const unit = COMPONENTS[tag] ? ` data-unit="${COMPONENTS[tag]}"` : ''
  const state = ['disabled', 'loading'].filter((name) => attributes[name]).map((name) => ` data-${name}`).join('')
  const wanted = tag === 'text' ? 'span' : 'div'
  return `<${wanted} class="wx-${tag} ${names}"${unit}${state}>${children.map(html).join('')}</${wanted}>`
}

const BUILT_IN = `
  * { -webkit-font-smoothing: antialiased; }
  body { display: flex; gap: 20px; width: max-content; margin: 0; padding: 20px; background: #d5d8dc; }
  .device { display: flex; flex-direction: column; position: relative; width: 375px; height: 700px; overflow: hidden;
    border-radius: 16px; font-family: "Noto Sans CJK SC", sans-serif; transform: translateZ(0); }
  .device .nav { flex: none; height: 46px; font-size: 16px; font-weight: 600; line-height: 46px; text-align: center; }
  .device .body { flex: 1; overflow: hidden; transform: translateZ(0); }
  .device .tabs { display: flex; flex: none; height: 54px; border-top: 0.5px solid var(--line); background: var(--card); }
  .device .tab { flex: 1; padding-top: 5px; color: #7f7f7f; font-size: 10px; text-align: center; }
  .device .tab img { display: block; width: 26px; height: 26px; margin: 0 auto 2px; }
  .device .tab.on { color: #07c160; }
  .wx-view, .wx-form { display: block; }
  .wx-button { position: relative; display: block; box-sizing: border-box; border-radius: 5px; text-align: center; }
  .wx-button[data-disabled] { background: var(--field) !important; color: var(--faint) !important; }
  .wx-button.picture[data-disabled] { background: transparent !important; }
  .wx-image { background-position: center; background-size: cover; }
  .wx-input { display: flex; align-items: center; white-space: nowrap; overflow: hidden; }
  .wx-progress { height: 4px; border-radius: 2px; overflow: hidden; }
  .wx-progress > div { height: 100%; }`

/** The styles of app.wxss for the phone instead of the page, in the light or the dark set. */
function appStyles() {
  const css = readSample('app.wxss')
  const dark = /@media \(prefers-color-scheme: dark\) \{\s*page (\{[^}]*\})\s*\}/
  const [, darkSet] = dark.exec(css)
  return `${css.replace(dark, '').replace(/^page \{/m, '.device {')}\n.device.dark ${darkSet}`
}

function unitStyles(unit) {
  const css = readSample(`${unit}.wxss`)
  const keyframes = (css.match(/@keyframes[^{]*\{[^}]*\}\s*\}/g) || []).join('\n')
  return `${keyframes}\n[data-unit="${unit}"] {\n${css.replace(/@keyframes[^{]*\{[^}]*\}\s*\}/g, '')}\n}`
}

export function styles(pages) {
  const units = [...Object.values(COMPONENTS), ...pages.map((name) => `pages/${name}/${name}`)]
  return [BUILT_IN, appStyles(), ...units.map(unitStyles)].join('\n')
}
