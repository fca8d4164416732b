import { stripMiddle } from './trace-layout.ts'
import type { TraceLayout } from './trace-layout.ts'

export type TraceMode = 'sweep' | 'scroll'

/** What is on screen: `headRow` is the row after the newest one drawn. */
export interface TraceView {
  readonly layout: TraceLayout
  readonly mode: TraceMode
  readonly headRow: number
}

/** The lane under a height in CSS pixels; `null` outside. */
export function laneAt(view: TraceView, cssY: number, lanes: number): number | null {
  const lane = Math.floor((cssY * view.layout.ratio) / view.layout.stripHeight)
  return lane >= 0 && lane < lanes ? lane : null
}

/** The row drawn at a place in CSS pixels from the canvas's left edge; `null` in the gutter and where nothing can be. */
export function rowAt(view: TraceView, cssX: number): number | null {
  const { layout, mode, headRow } = view
  const x = cssX * layout.ratio - layout.plotLeft
  if (x < 0 || x >= layout.plotWidth) return null
  const headColumn = Math.floor(headRow / layout.rowsPerColumn)
  if (mode === 'scroll') return notBeforeStart((headColumn - layout.plotWidth + x) * layout.rowsPerColumn)
  const page = Math.floor(headColumn / layout.plotWidth) * layout.plotWidth
  const column = x < headColumn - page ? page + x : page - layout.plotWidth + x
  return notBeforeStart(column * layout.rowsPerColumn)
}

const notBeforeStart = (row: number) => (row < 0 ? null : row)

/** CSS pixels from the canvas's left edge of a row; `null` when it is not on screen. Inverse of `rowAt`. */
export function pixelAt(view: TraceView, row: number): number | null {
  const { layout, mode, headRow } = view
  const column = row / layout.rowsPerColumn
  const headColumn = Math.floor(headRow / layout.rowsPerColumn)
  if (row < 0 || column >= headColumn || column < headColumn - layout.plotWidth) return null
  const x = mode === 'scroll' ? column - (headColumn - layout.plotWidth) : column % layout.plotWidth
  return (x + layout.plotLeft) / layout.ratio
}

/** The value at a height in CSS pixels of a lane drawn with `pixelsPerUnit` (device pixels) around `centre`. */
export function valueAt(view: TraceView, lane: number, cssY: number, scale: { pixelsPerUnit: number; centre: number }): number {
  return scale.centre + (stripMiddle(view.layout, lane) - cssY * view.layout.ratio) / scale.pixelsPerUnit
}
