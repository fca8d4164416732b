import type { LaneScale } from './auto-gain.ts'
import type { TraceLayout } from './trace-layout.ts'
import type { TraceRing } from './trace-ring.ts'

/** The part of a 2-D context that strokes need; a recording double stands in for it in tests. */
export type PathTarget = Pick<CanvasRenderingContext2D, 'moveTo' | 'lineTo'>

/** A trace may reach this part of a strip's height into its neighbours before it is cut off, as on paper recorders. */
const overlap = 0.35

/** Where a lane's strip is: `middle` in device pixels, `height` of the strip. */
export interface Strip {
  readonly middle: number
  readonly height: number
}

const clamped = (y: number, strip: Strip) => {
  const reach = (0.5 + overlap) * strip.height
  return y < strip.middle - reach ? strip.middle - reach : y > strip.middle + reach ? strip.middle + reach : y
}

/**
 * Adds one lane's path for columns `from`..`to` (half open, absolute) to `target`; x is relative to column `origin`. Two or more rows
 * per column: the column's first, lowest, highest and last value, so that no spike is lost. Fewer: a line through every
 * row. Starts at the row before `from`, so that pieces drawn frame by frame join.
 */
export function traceColumns(target: PathTarget, ring: TraceRing, lane: number, layout: TraceLayout, scale: LaneScale, strip: Strip, origin: number, from: number, to: number): void {
  if (layout.rowsPerColumn >= 2) traceExtremes(target, ring, lane, layout, scale, strip, origin, from, to)
  else traceRows(target, ring, lane, layout, scale, strip, origin, from, to)
}

function traceRows(target: PathTarget, ring: TraceRing, lane: number, layout: TraceLayout, scale: LaneScale, strip: Strip, origin: number, from: number, to: number): void {
  const { rowsPerColumn } = layout
  const end = Math.min(ring.newestRow, Math.ceil(to * rowsPerColumn))
  let down = false
  for (let row = Math.max(ring.oldestRow, Math.ceil(from * rowsPerColumn) - 1); row < end; row++) {
    const value = ring.at(lane, row)
    if (value !== value) {
      down = false
      continue
    }
    const x = row / rowsPerColumn - origin
    const y = clamped(strip.middle - (value - scale.centre) * scale.pixelsPerUnit, strip)
    if (down) target.lineTo(x, y)
    else target.moveTo(x, y)
    down = true
  }
}

function traceExtremes(target: PathTarget, ring: TraceRing, lane: number, layout: TraceLayout, scale: LaneScale, strip: Strip, origin: number, from: number, to: number): void {
  const { rowsPerColumn } = layout
  const { newestRow, oldestRow } = ring
  const { pixelsPerUnit } = scale
  const zero = strip.middle + scale.centre * pixelsPerUnit
  let row = Math.max(oldestRow, Math.ceil(from * rowsPerColumn))
  let down = false
  if (row > oldestRow) {
    const before = ring.at(lane, row - 1)
    if (before === before) {
      target.moveTo(from - 0.5 - origin, clamped(zero - before * pixelsPerUnit, strip))
      down = true
    }
  }
  for (let column = from; column < to; column++) {
    const end = Math.min(newestRow, Math.ceil((column + 1) * rowsPerColumn))
    let first = Number.NaN
    let last = Number.NaN
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (; row < end; row++) {
      const value = ring.at(lane, row)
      if (value !== value) continue
      if (first !== first) first = value
      last = value
      if (value < low) low = value
      if (value > high) high = value
    }
    if (first !== first) {
      down = false
      continue
    }
    const x = column + 0.5 - origin
    const y = clamped(zero - first * pixelsPerUnit, strip)
    if (down) target.lineTo(x, y)
    else target.moveTo(x, y)
    down = true
    if (low < high) {
      target.lineTo(x, clamped(zero - low * pixelsPerUnit, strip))
      target.lineTo(x, clamped(zero - high * pixelsPerUnit, strip))
      if (last !== high) target.lineTo(x, clamped(zero - last * pixelsPerUnit, strip))
    }
  }
}

/** A run of columns, half open. */
export interface ColumnRun {
  from: number
  to: number
}

/**
 * The first run of columns in `from`..`to` of which no row has a sample, within the rows that the ring has seen; false when there is
 * none. Written into `into`: this is asked for every lane of every frame.
 */
export function nextGap(ring: TraceRing, lane: number, rowsPerColumn: number, from: number, to: number, into: ColumnRun): boolean {
  let column = from
  while (column < to && !isGap(ring, lane, rowsPerColumn, column)) column++
  into.from = column
  while (column < to && isGap(ring, lane, rowsPerColumn, column)) column++
  into.to = column
  return into.to > into.from
}

function isGap(ring: TraceRing, lane: number, rowsPerColumn: number, column: number): boolean {
  const first = Math.floor(column * rowsPerColumn)
  const end = Math.max(first + 1, Math.ceil((column + 1) * rowsPerColumn))
  if (first < ring.oldestRow || end > ring.newestRow) return false
  for (let row = first; row < end; row++) {
    const value = ring.at(lane, row)
    if (value === value) return false
  }
  return true
}

/** Lowest and highest value of a lane in rows `from`..`to`; low > high when there is none. */
export function rangeOf(ring: TraceRing, lane: number, from: number, to: number, into: { low: number; high: number }): void {
  into.low = Number.POSITIVE_INFINITY
  into.high = Number.NEGATIVE_INFINITY
  for (let row = Math.max(ring.oldestRow, from); row < Math.min(ring.newestRow, to); row++) {
    const value = ring.at(lane, row)
    if (value < into.low) into.low = value
    if (value > into.high) into.high = value
  }
}
