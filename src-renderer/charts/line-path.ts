import type { Scale } from './scale.ts'

export interface Point {
  readonly x: number
  /** `null`: not measured there; the line has a hole. */
  readonly y: number | null
}

/** Hundredths of a pixel: finer is not seen, and makes long paths. */
const digits = 2

/**
 * SVG path of a curve. A point without a place (not measured, not above zero on a logarithmic axis) breaks the line; a point alone becomes a dot
 * (a line of no length, drawn by round caps).
 *
 * @example linePath([{ x: 0, y: 0 }, { x: 1, y: 1 }], linearScale(0, 1, 0, 10), linearScale(0, 1, 10, 0)) // 'M0 10L10 0'
 */
export function linePath(points: readonly Point[], xScale: Scale, yScale: Scale): string {
  let path = ''
  let open = 0
  let last = ''
  const end = () => {
    if (open === 1) path += `L${last}`
    open = 0
  }
  for (const point of points) {
    const x = xScale.place(point.x)
    const y = point.y === null ? null : yScale.place(point.y)
    if (x === null || y === null) {
      end()
      continue
    }
    last = `${round(x)} ${round(y)}`
    path += (open === 0 ? 'M' : 'L') + last
    open++
  }
  end()
  return path
}

function round(value: number): number {
  return Number(value.toFixed(digits))
}

/** The point nearest to `x`; points are in order of x. `null` of none. */
export function nearestPoint<P extends { readonly x: number }>(points: readonly P[], x: number): P | null {
  let low = 0
  let high = points.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (points[middle].x < x) low = middle + 1
    else high = middle
  }
  const at = points[low]
  if (at === undefined) return null
  const before = points[low - 1]
  return before !== undefined && x - before.x <= at.x - x ? before : at
}
