import type { SeriesMark } from './series-marks.ts'

/** What the stylesheet gives a plot's elements and a file needs for itself. */
const properties = [
  'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin', 'stroke-opacity', 'opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor',
  'dominant-baseline',
] as const

/** A line of the legend, which on screen stands beside the drawing. */
export interface LegendEntry {
  readonly label: string
  readonly mark: SeriesMark
}

const legendRow = 18

/** What a colour token is on the page now. */
function resolved(colour: string, within: Element): string {
  const probe = document.createElement('span')
  probe.style.color = colour
  within.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

/** The drawing as a file of its own: computed styles as attributes, the card's ground behind it, title and words inside. */
export function plotFile(drawing: SVGSVGElement, title: string, words: string, entries: readonly LegendEntry[] = []): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement
  const from = [drawing, ...drawing.querySelectorAll<SVGElement>('*')]
  const to = [copy, ...copy.querySelectorAll<SVGElement>('*')]
  from.forEach((element, i) => {
    const style = getComputedStyle(element)
    for (const property of properties) to[i].setAttribute(property, style.getPropertyValue(property))
    to[i].removeAttribute('class')
    to[i].removeAttribute('style')
  })
  const { width, height } = drawing.getBoundingClientRect()
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  const tall = Math.round(height) + entries.length * legendRow + (entries.length > 0 ? 8 : 0)
  copy.setAttribute('viewBox', `0 0 ${Math.round(width)} ${tall}`)
  copy.setAttribute('height', String(tall))
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'role']) copy.removeAttribute(attribute)
  entries.forEach(({ label, mark }, i) => {
    const colour = resolved(mark.colour, drawing.parentElement ?? document.body)
    const row = `translate(68 ${Math.round(height) + 8 + i * legendRow})`
    const piece = (name: string, attributes: Record<string, string>) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', name)
      for (const [key, value] of Object.entries({ transform: row, ...attributes })) element.setAttribute(key, value)
      copy.append(element)
      return element
    }
    piece('path', { d: 'M-15 0H15', stroke: colour, 'stroke-width': '2', 'stroke-dasharray': mark.dash || 'none', fill: 'none' })
    piece('path', { d: mark.shape, fill: colour })
    piece('text', { x: '24', 'dominant-baseline': 'central', 'font-size': '11.5', 'font-family': 'sans-serif', fill: resolved('var(--ink)', drawing.parentElement ?? document.body) }).textContent = label
  })
  const add = (name: string, text: string, attributes: Record<string, string> = {}) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name)
    element.textContent = text
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
    copy.prepend(element)
  }
  const ground = getComputedStyle(drawing.closest('.card') ?? document.body).backgroundColor
  add('rect', '', { width: '100%', height: '100%', fill: ground })
  add('desc', words)
  add('title', title)
  return new XMLSerializer().serializeToString(copy)
}

/** Gives a file to the person, by the browser's own way of saving. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** Columns as tab-separated text with a heading line: what a spreadsheet takes from the clipboard. @example 'fmr\tfnmr\n0.01\t0.2\n' */
export function tabSeparated(heads: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  return [heads, ...rows].map((row) => `${row.map((cell) => cell ?? '').join('\t')}\n`).join('')
}
