import type { Gap, Marker } from '../../../src-main/contract/schemas/recording.ts'
import type { LaneSpec } from '../../../src-main/contract/schemas/device.ts'
import { roundDown125 } from '../../trace/auto-gain.ts'
import { envelopeRange, traceEnvelope, type Rails } from '../../trace/envelope-painter.ts'
import { shortQuantity } from '../../trace/gutter-painter.ts'
import { laneColour, type TraceTheme } from '../../trace/trace-theme.ts'

/** Room on the left for lane names and scale bars, CSS pixels. */
export const nameGutterPixels = 148
/** Room above the lanes for what markers say, CSS pixels. */
const markerPixels = 22
/** Room for the time axis, CSS pixels. */
export const axisPixels = 24

export interface StoredPicture {
  readonly width: number
  readonly height: number
  readonly ratio: number
  readonly gutter: number
  readonly theme: TraceTheme
  readonly markerColour: string
  readonly values: Float32Array
  readonly columns: number
  readonly lanes: readonly LaneSpec[]
  readonly fromRow: number
  readonly toRow: number
  readonly rateHz: number
  readonly gaps: readonly Gap[]
  readonly markers: readonly Marker[]
  /** Unit of lanes without a calibration, in the reader's language. */
  readonly counts: string
  readonly clock: (seconds: number) => string
}

/** @example laneRails({ minimum: 0, maximum: 1023, baseline: 512, gainCountsPerUnit: 1, ... }) // { low: -512, high: 511 } */
export function laneRails({ minimum, maximum, baseline, gainCountsPerUnit }: LaneSpec): Rails {
  return { low: (minimum - baseline) / gainCountsPerUnit, high: (maximum - baseline) / gainCountsPerUnit }
}

/** Smallest step of 1, 2, 5, 10, 30, 60 ... seconds that keeps labels `apart` seconds from each other. */
export function axisStep(apart: number): number {
  if (apart < 1) return roundDown125(apart * 2.5)
  return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((step) => step >= apart) ?? 14400
}

/** Draws stored rows in device pixels: time axis, gaps, one strip per lane, markers. */
export function paintStored(context: CanvasRenderingContext2D, picture: StoredPicture): void {
  const { width, height, ratio, theme } = picture
  const left = picture.gutter * ratio
  const plotWidth = width - left
  const plotHeight = height - axisPixels * ratio
  const top = picture.markers.length > 0 ? markerPixels * ratio : 0
  const stripHeight = (plotHeight - top) / Math.max(1, picture.lanes.length)
  const x = (row: number) => left + ((row - picture.fromRow) / (picture.toRow - picture.fromRow)) * plotWidth
  context.fillStyle = theme.background
  context.fillRect(0, 0, width, height)
  paintAxis(context, picture, left, plotWidth, plotHeight, x)
  paintGaps(context, picture, left, width, plotHeight, x)
  picture.lanes.forEach((lane, index) => {
    const middle = top + (index + 0.5) * stripHeight
    const range = envelopeRange(picture.values, index, picture.columns, laneRails(lane))
    context.fillStyle = theme.separator
    if (index > 0 || top > 0) context.fillRect(0, Math.round(top + index * stripHeight), width, Math.max(1, Math.round(ratio)))
    const span = range === null ? 0 : range.high - range.low
    const scale = { centre: range === null ? 0 : (range.low + range.high) / 2, pixelsPerUnit: span > 0 ? (0.84 * stripHeight) / span : 1 }
    paintLabel(context, picture, lane, middle, stripHeight, span > 0 ? scale.pixelsPerUnit : null)
    if (range === null) return
    context.strokeStyle = laneColour(theme, lane.kind)
    context.lineWidth = 1.2 * ratio
    context.lineJoin = 'round'
    context.beginPath()
    traceEnvelope(context, picture.values, index, picture.columns, scale, { middle, height: stripHeight }, left, plotWidth)
    context.stroke()
  })
  paintMarkers(context, picture, left, width, plotHeight, x)
}

function paintAxis(context: CanvasRenderingContext2D, picture: StoredPicture, left: number, plotWidth: number, plotHeight: number, x: (row: number) => number): void {
  const { ratio, theme, rateHz, fromRow, toRow } = picture
  const seconds = (toRow - fromRow) / rateHz
  const step = axisStep((seconds * 90 * ratio) / plotWidth)
  const line = Math.max(1, Math.round(ratio))
  context.font = `${11.5 * ratio}px ${theme.fontFamily}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (let index = Math.ceil(fromRow / rateHz / step); index * step * rateHz <= toRow; index++) {
    const at = index * step
    const place = Math.round(x(at * rateHz))
    if (place < left) continue
    context.fillStyle = theme.gridMajor
    context.fillRect(place, 0, line, plotHeight)
    context.fillStyle = theme.textSoft
    const text = step >= 1 ? picture.clock(at) : `${picture.clock(at)}${(at % 1).toFixed(step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3).slice(1)}`
    context.fillText(text, Math.max(left + 20 * ratio, Math.min(left + plotWidth - 20 * ratio, place)), plotHeight + (axisPixels / 2) * ratio)
  }
}

function paintGaps(context: CanvasRenderingContext2D, picture: StoredPicture, left: number, right: number, plotHeight: number, x: (row: number) => number): void {
  context.fillStyle = picture.theme.gap
  context.globalAlpha = 0.25
  for (const gap of picture.gaps) {
    if (gap.to < picture.fromRow || gap.from > picture.toRow) continue
    const from = Math.max(left, x(gap.from))
    context.fillRect(from, 0, Math.max(picture.ratio, Math.min(right, x(gap.to)) - from), plotHeight)
  }
  context.globalAlpha = 1
}

function paintLabel(context: CanvasRenderingContext2D, picture: StoredPicture, lane: LaneSpec, middle: number, stripHeight: number, pixelsPerUnit: number | null): void {
  const { ratio, theme, gutter } = picture
  const tall = stripHeight > 33 * ratio && pixelsPerUnit !== null
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillStyle = theme.text
  context.font = `600 ${13 * ratio}px ${theme.fontFamily}`
  context.fillText(shortened(context, lane.label, (gutter - 32) * ratio), 12 * ratio, tall ? middle - 8 * ratio : middle)
  if (pixelsPerUnit === null) return
  const units = roundDown125((0.6 * stripHeight) / pixelsPerUnit)
  const length = Math.round(units * pixelsPerUnit)
  const bar = Math.round((gutter - 12) * ratio)
  context.fillStyle = laneColour(theme, lane.kind)
  context.fillRect(bar, Math.round(middle - length / 2), Math.max(2, Math.round(2 * ratio)), length)
  if (!tall) return
  context.fillStyle = theme.textSoft
  context.font = `${11 * ratio}px ${theme.fontFamily}`
  context.fillText(shortQuantity(units, lane.unit === 'count' ? picture.counts : lane.unit).join(' '), 12 * ratio, middle + 8 * ratio, (gutter - 28) * ratio)
}

/** As much of a name as fits `room`, with an ellipsis where it was cut. */
function shortened(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) return name
  let kept = name.length - 1
  while (kept > 1 && context.measureText(`${name.slice(0, kept).trimEnd()}\u2026`).width > room) kept--
  return `${name.slice(0, kept).trimEnd()}\u2026`
}

function paintMarkers(context: CanvasRenderingContext2D, picture: StoredPicture, left: number, right: number, plotHeight: number, x: (row: number) => number): void {
  const { ratio, theme } = picture
  context.font = `${11.5 * ratio}px ${theme.fontFamily}`
  context.textAlign = 'left'
  context.textBaseline = 'top'
  let freeFrom = Number.NEGATIVE_INFINITY
  for (const marker of picture.markers) {
    if (marker.row < picture.fromRow || marker.row > picture.toRow) continue
    const place = Math.round(x(marker.row))
    if (place < left) continue
    context.fillStyle = picture.markerColour
    context.fillRect(place, 0, Math.max(1, Math.round(1.2 * ratio)), plotHeight)
    const text = marker.text || marker.code
    const room = Math.min(420 * ratio, right - place - 8 * ratio)
    if (place < freeFrom || room < 24 * ratio) continue
    const wide = Math.min(room, context.measureText(text).width)
    context.fillText(shortened(context, text, room), place + 6 * ratio, 5 * ratio)
    freeFrom = place + wide + 14 * ratio
  }
}
