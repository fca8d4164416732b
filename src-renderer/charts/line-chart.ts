import { spreadLabels } from './direct-labels.ts'
import type { Point } from './line-path.ts'
import { nearest } from './plot-axis.ts'
import type { Scale } from './scale.ts'
import type { SeriesStyle } from './series-style.ts'

/** One curve; `points` in order of x. `marked`: the point that is emphasised (best epoch). */
export interface Series {
  readonly id: string
  readonly label: string
  readonly points: readonly Point[]
  readonly style: SeriesStyle
  readonly marked?: number | null
  /** Thicker: the sum of the others. */
  readonly strong?: boolean
}

/** Where the axes end, pixels. */
export interface Plane {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The last point of a curve and the height of its label. */
export interface CurveEnd {
  readonly curve: Series
  readonly value: number
  readonly x: number
  readonly y: number
  readonly labelY: number
}

/** What every curve says at one x; `px`: where that is. */
export interface Reading {
  readonly x: number
  readonly px: number
  readonly values: readonly { readonly curve: Series; readonly value: number }[]
}

/** Height of a direct label. */
const labelHeight = 14
const mostRoom = 150
/** For a number at the end of a curve alone. */
const numberRoom = 60

/** Pixels to the right of the axes: for the names of several curves or the last value of one. Wide letters are Chinese ones. */
export function labelRoom(series: readonly Series[]): number {
  if (series.length < 2) return numberRoom
  const longest = Math.max(...series.map(({ label }) => [...label].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 255 ? 12 : 6.4), 0)))
  return Math.min(mostRoom, longest + numberRoom + 2)
}

/** The ends of all curves that have one on these axes, their labels apart from one another. */
export function curveEnds(series: readonly Series[], x: Scale, y: Scale, { left, top, bottom }: Plane): CurveEnd[] {
  const ends = series.flatMap((curve) => {
    const last = curve.points.findLast((point) => point.y !== null && y.place(point.y) !== null)
    return last?.y == null ? [] : [{ curve, value: last.y, x: x.place(last.x) ?? left, y: y.place(last.y) ?? 0 }]
  })
  const heights = spreadLabels(ends.map((end) => end.y), labelHeight, top + 4, bottom - 2)
  return ends.map((end, index) => ({ ...end, labelY: heights[index] }))
}

/** What is read at the x of `xs` nearest to `wanted`; `null` of an empty chart. */
export function readingAt(series: readonly Series[], xs: readonly number[], wanted: number, x: Scale): Reading | null {
  const at = xs[nearest(xs, wanted)]
  if (at === undefined) return null
  const values = series.flatMap((curve) => {
    const point = curve.points.find((candidate) => candidate.x === at)
    return point?.y == null ? [] : [{ curve, value: point.y }]
  })
  return { x: at, px: x.place(at) ?? 0, values }
}

/** The place that a key goes to from place `now` of `count`; `undefined` for another key. @example placeAfter('PageDown', 3, 20) // 13 */
export function placeAfter(key: string, now: number, count: number): number | undefined {
  const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: count - 1, PageUp: now - 10, PageDown: now + 10 }[key]
  return next === undefined ? undefined : Math.max(0, Math.min(count - 1, next))
}
