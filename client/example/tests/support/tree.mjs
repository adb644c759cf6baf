// The rendered tree, components and slots resolved, as plain elements that can be looked at and tapped.
import { exparser } from './dom.mjs'

const attributesOf = (vt) => Object.fromEntries((vt.attrs || []).map(({ name, value }) => [name, value]))

export class Element {
  constructor(node, parent) {
    this.node = node
    this.parent = parent
    const vt = node._vt || {}
    this.tag = tagOf(vt)
    this.attributes = attributesOf(vt)
    this.classes = String(this.attributes.class || '').split(/\s+/).filter(Boolean)
    this.children = childrenOf(node, this)
  }

  get text() {
    return this.children.map((child) => (typeof child === 'string' ? child : child.text)).join('')
  }

  get disabled() {
    return Boolean(this.attributes.disabled)
  }

  /** All elements below, in order. */
  * all() {
    for (const child of this.children) {
      if (typeof child === 'string') continue
      yield child
      yield* child.all()
    }
  }

  findAll(selector) {
    const wanted = typeof selector === 'function' ? selector : matcher(selector)
    return [...this.all()].filter(wanted)
  }

  find(selector) {
    return this.findAll(selector)[0]
  }

  /** As the framework does it: a tap bubbles, the events of built-in elements do not. */
  dispatch(name, detail = {}) {
    if (this.disabled) throw new Error(`<${this.tag}> is disabled`)
    const bubbles = name === 'tap'
    exparser.Event.dispatchEvent(this.node, exparser.Event.create(name, detail, {
      bubbles, composed: bubbles, capturePhase: true, extraFields: { touches: [], changedTouches: [] },
    }))
  }
}

function tagOf({ tagName = '' }) {
  return tagName.replace(/^wx-/, '')
}

function childrenOf(node, parent) {
  return (node.__wxSlotChildren || []).flatMap((child) => {
    if (child instanceof exparser.TextNode) return [child.textContent]
    if (!(child instanceof exparser.Element)) return []
    return child.__virtual ? childrenOf(child, parent) : [new Element(child, parent)]
  })
}

/** `tag`, `.class` or `tag.class`. */
function matcher(selector) {
  const [tag, ...classes] = selector.split('.')
  return (element) => (!tag || element.tag === tag) && classes.every((name) => element.classes.includes(name))
}
