import { escapeMarkup, pixel } from './markup.ts'

export interface Tick {
  readonly at: number
  readonly label: string
}

/** One axis: what lies at its ends, in the plot's own values. */
export interface Axis {
  readonly label: string
  readonly low: number
  readonly high: number
  readonly ticks: readonly Tick[]
}

/** From values to pixels. */
export interface Places {
  x(value: number): number
  y(value: number): number
}

export interface PlotOptions {
  /** Read out, and shown above. */
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly width?: number
  readonly height?: number
  /** Names of the curves, in the order of their styles. */
  readonly legend?: readonly string[]
}

/** Room for words around the drawing, pixels. */
const margin = { left: 56, right: 22, top: 26, bottom: 42 }
const legendRow = 17
/** Curves that differ in dashes and colour (report-style.ts). */
export const styles = 8

/** Class of a curve: its colour and dashes are in the style sheet. @example seriesClass(9) // 's1' */
export const seriesClass = (index: number): string => `s${index % styles}`

/** A drawing with axes, grid, title and legend. What `draw` gives is cut off at the frame. */
export function plot({ title, x, y, width = 400, height = 320, legend = [] }: PlotOptions, draw: (places: Places) => string): string {
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom }
  const places: Places = {
    x: (value) => ((value - x.low) / (x.high - x.low || 1)) * inner.width,
    y: (value) => inner.height - ((value - y.low) / (y.high - y.low || 1)) * inner.height,
  }
  const vertical = x.ticks.map(({ at, label }) => {
    const place = pixel(margin.left + places.x(at))
    return `<line class="grid" x1="${place}" y1="${margin.top}" x2="${place}" y2="${margin.top + inner.height}"/><text class="tick" x="${place}" y="${margin.top + inner.height + 15}" text-anchor="middle">${escapeMarkup(label)}</text>`
  })
  const horizontal = y.ticks.map(({ at, label }) => {
    const place = pixel(margin.top + places.y(at))
    return `<line class="grid" x1="${margin.left}" y1="${place}" x2="${margin.left + inner.width}" y2="${place}"/><text class="tick" x="${margin.left - 6}" y="${place}" dy="0.32em" text-anchor="end">${escapeMarkup(label)}</text>`
  })
  const middle = margin.top + inner.height / 2
  const all = height + legend.length * legendRow
  // An inner svg cuts off what lies outside it, without an id that would have to be unique in the page.
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${all}" width="${width}" height="${all}" role="img"><title>${escapeMarkup(title)}</title>`,
    `<text class="title" x="${margin.left}" y="16">${escapeMarkup(title)}</text>`,
    ...vertical, ...horizontal,
    `<rect class="frame" x="${margin.left}" y="${margin.top}" width="${inner.width}" height="${inner.height}"/>`,
    `<svg x="${margin.left}" y="${margin.top}" width="${inner.width}" height="${inner.height}" overflow="hidden">${draw(places)}</svg>`,
    `<text class="label" x="${margin.left + inner.width / 2}" y="${height - 8}" text-anchor="middle">${escapeMarkup(x.label)}</text>`,
    `<text class="label" x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})">${escapeMarkup(y.label)}</text>`,
    ...legend.map((name, index) => {
      const at = height + index * legendRow + 4
      return `<line class="curve ${seriesClass(index)}" x1="${margin.left}" y1="${at}" x2="${margin.left + 34}" y2="${at}"/><text class="tick" x="${margin.left + 42}" y="${at}" dy="0.32em">${escapeMarkup(name)}</text>`
    }),
    '</svg>',
  ].join('')
}

/** Columns of a curve. `null`: no value there, the curve has a hole. */
export interface Curve {
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
}

/** A point alone becomes a dot: a line of no length with round ends. @example curve({ x: [0, 1], y: [0, 1] }, places, 's0') // '<path class="curve s0" d="M0 100L100 0"/>' */
export function curve({ x, y }: Curve, places: Places, name: string): string {
  let path = ''
  let isOpen = false
  for (let i = 0; i < x.length; i++) {
    const value = y[i]
    if (value == null || !Number.isFinite(value) || !Number.isFinite(x[i])) {
      isOpen = false
      continue
    }
    const point = `${pixel(places.x(x[i]))} ${pixel(places.y(value))}`
    const next = y[i + 1]
    path += isOpen ? `L${point}` : `M${point}${next == null ? `L${point}` : ''}`
    isOpen = true
  }
  return path === '' ? '' : `<path class="curve ${name}" d="${path}"/>`
}
