import type { App } from '../../state/app.svelte.ts'
import type { SectionName } from '../../state/router.svelte.ts'

/** After `g`, the first letter of a section. */
const sectionKeys: Record<string, SectionName> = { r: 'record', l: 'library', s: 'subjects', c: 'curate', t: 'train', i: 'identify', d: 'dataset' }

/** The second key of a pair must follow within this time. */
const pairMs = 1200
let goUntil = 0

/** True when the keys belong to what has the focus: a text field, a list to choose from, an open dialog. */
export function typing(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true
  if (document.querySelector('dialog[open]') !== null) return true
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true
  return target instanceof HTMLInputElement && target.type !== 'radio' && target.type !== 'checkbox'
}

/** Keys that work on every screen. */
export function globalKey(event: KeyboardEvent, app: App): void {
  if (typing(event)) return
  if (event.key === '?') {
    app.helpOpen = true
    event.preventDefault()
    return
  }
  if (app.dataset.current === null) return
  if (event.key === 'g') {
    goUntil = event.timeStamp + pairMs
    return
  }
  const section = sectionKeys[event.key]
  if (section !== undefined && event.timeStamp < goUntil) {
    goUntil = 0
    event.preventDefault()
    app.router.go({ name: section })
  }
}
