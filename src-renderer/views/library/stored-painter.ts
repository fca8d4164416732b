import type { Gap, Marker } from '../../../src-main/contract/schemas/recording.ts'
import type { LaneSpec } from '../../../src-main/contract/schemas/device.ts'
import type { Piece, Segment } from '../../state/envelope-tiles.ts'
import { roundDown125 } from '../../trace/auto-gain.ts'
import type { LaneScale } from '../../trace/auto-gain.ts'
import type { Rails } from '../../trace/envelope-painter.ts'
import { shortQuantity } from '../../trace/gutter-painter.ts'
import { laneColour, type TraceTheme } from '../../trace/trace-theme.ts'
import type { StoredLayout } from './stored-layout.ts'
import { axisPixels, innerHeight, stripMiddle, stripTop, xOf } from './stored-layout.ts'

/** A lane of the picture: what is drawn where, and how large. `null` scale: nothing is known of it yet. */
export interface StoredLane {
  readonly spec: LaneSpec
  readonly segments: readonly Segment[]
  readonly scale: LaneScale | null
  readonly active: boolean
}

export interface StoredPicture {
  readonly layout: StoredLayout
  readonly theme: TraceTheme
  readonly accent: string
  readonly markerColour: string
  readonly lanes: readonly StoredLane[]
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

/** The scale at which a range fills most of its strip; `null` when there is no range. */
export function fillingScale(range: { low: number; high: number } | null, stripHeight: number): LaneScale | null {
  if (range === null) return null
  const span = range.high - range.low
  return { centre: (range.low + range.high) / 2, pixelsPerUnit: span > 0 ? (0.84 * stripHeight) / span : 1 }
}

/** Smallest step of 1, 2, 5, 10, 30, 60 ... seconds that keeps labels `apart` seconds from each other. */
export function axisStep(apart: number): number {
  if (apart < 1) return roundDown125(apart * 2.5)
  return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((step) => step >= apart) ?? 14400
}

/** Seconds as an axis says them: as many decimals as the step between labels has. @example axisWords(61.25, 0.05, clock) // '01:01.25' */
export function axisWords(seconds: number, step: number, clock: (seconds: number) => string): string {
  if (step >= 1) return clock(Math.round(seconds))
  const digits = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3
  const rounded = Number(seconds.toFixed(digits))
  return `${clock(Math.floor(rounded))}${(rounded % 1).toFixed(digits).slice(1)}`
}

/** Background, time axis, gaps and separators: what lies under the traces, device pixels. */
export function paintGround(context: CanvasRenderingContext2D, picture: StoredPicture): void {
  const { layout, theme } = picture
  context.fillStyle = theme.background
  context.fillRect(0, 0, layout.width, layout.height)
  paintAxis(context, picture)
  context.fillStyle = theme.gap
  context.globalAlpha = 0.25
  for (const gap of picture.gaps) {
    if (gap.to < layout.fromRow || gap.from > layout.toRow) continue
    const from = Math.max(layout.left, xOf(layout, gap.from))
    context.fillRect(from, 0, Math.max(layout.ratio, Math.min(layout.width, xOf(layout, gap.to)) - from), layout.plotBottom)
  }
  context.globalAlpha = 1
  const line = Math.max(1, Math.round(layout.ratio))
  picture.lanes.forEach((lane, index) => {
    context.fillStyle = theme.separator
    context.fillRect(0, Math.round(stripTop(layout, index)), layout.width, line)
    if (!lane.active || picture.lanes.length === 1) return
    context.fillStyle = picture.accent
    context.fillRect(0, Math.round(stripTop(layout, index)) + line, Math.round(3 * layout.ratio), Math.round(layout.stripHeight) - line)
  })
}

/** The lanes themselves with names and scale bars. */
export function paintLanes(context: CanvasRenderingContext2D, picture: StoredPicture): void {
  const { layout, theme } = picture
  picture.lanes.forEach((lane, index) => {
    const middle = stripMiddle(layout, index)
    paintLabel(context, picture, lane, middle)
    if (lane.scale === null) return
    context.save()
    context.beginPath()
    context.rect(layout.left, stripTop(layout, index), layout.width - layout.left, layout.stripHeight)
    context.clip()
    const colour = laneColour(theme, lane.spec.kind)
    if (lane.segments.every(({ piece }) => columnPixels(layout, piece) <= 1)) {
      context.fillStyle = colour
      fillSegments(context, lane.segments, lane.scale, middle, layout)
    } else {
      context.strokeStyle = colour
      context.lineWidth = 1.2 * layout.ratio
      context.lineJoin = 'round'
      context.beginPath()
      traceSegments(context, lane.segments, lane.scale, middle, layout)
      context.stroke()
    }
    context.restore()
  })
}

/** Device pixels of one column of a piece. */
function columnPixels(layout: StoredLayout, piece: Piece): number {
  return (((piece.toRow - piece.fromRow) / piece.columns) * layout.plotWidth) / (layout.toRow - layout.fromRow)
}

/**
 * Draws pieces whose columns are not wider than a pixel: one upright bar per pixel, from the lowest to the highest value that falls into it. Without a
 * graphics card a stroked zigzag of so many corners takes many times as long.
 */
export function fillSegments(target: Pick<CanvasRenderingContext2D, 'fillRect'>, segments: readonly Segment[], scale: LaneScale, middle: number, layout: StoredLayout): void {
  const half = 0.6 * layout.ratio
  let pixel = Number.NaN
  let top = 0
  let foot = 0
  let lastTop = Number.NaN
  let lastFoot = Number.NaN
  const flush = () => {
    if (pixel !== pixel) return
    // A bar reaches to its neighbour, so that a steep flank has no steps.
    const from = lastFoot < top ? lastFoot : top
    const to = lastTop > foot ? lastTop : foot
    target.fillRect(pixel, from - half, 1, to - from + 2 * half)
    lastTop = top
    lastFoot = foot
  }
  for (const { fromRow, toRow, piece } of segments) {
    const { values, columns } = piece
    const step = (piece.toRow - piece.fromRow) / columns
    const pixels = columnPixels(layout, piece)
    const first = Math.max(0, Math.floor((fromRow - piece.fromRow) / step))
    const end = Math.min(columns, Math.ceil((toRow - piece.fromRow) / step))
    let x = xOf(layout, piece.fromRow + (first + 0.5) * step)
    for (let column = first; column < end; column++, x += pixels) {
      const low = values[2 * column]
      const high = values[2 * column + 1]
      if (low !== low || high !== high) {
        flush()
        pixel = Number.NaN
        lastTop = Number.NaN
        lastFoot = Number.NaN
        continue
      }
      const yTop = middle - (high - scale.centre) * scale.pixelsPerUnit
      const yFoot = middle - (low - scale.centre) * scale.pixelsPerUnit
      const place = Math.floor(x)
      if (place === pixel) {
        top = Math.min(top, yTop)
        foot = Math.max(foot, yFoot)
        continue
      }
      flush()
      pixel = place
      top = yTop
      foot = yFoot
    }
  }
  flush()
}

/** Adds the pieces of one lane to a path; neighbouring pieces join, missing columns break the line. */
export function traceSegments(target: Pick<CanvasRenderingContext2D, 'moveTo' | 'lineTo'>, segments: readonly Segment[], scale: LaneScale, middle: number, layout: StoredLayout): void {
  const reach = layout.stripHeight
  let down = false
  let rising = true
  for (const { fromRow, toRow, piece } of segments) {
    const { values, columns } = piece
    const step = (piece.toRow - piece.fromRow) / columns
    const pixels = (step * layout.plotWidth) / (layout.toRow - layout.fromRow)
    // One column beyond each edge of the window, so that lines run on to it.
    const first = Math.max(0, Math.floor((fromRow - piece.fromRow) / step) - (fromRow === layout.fromRow ? 1 : 0))
    const end = Math.min(columns, Math.ceil((toRow - piece.fromRow) / step) + (toRow === layout.toRow ? 1 : 0))
    let x = xOf(layout, piece.fromRow + (first + 0.5) * step)
    for (let column = first; column < end; column++, x += pixels) {
      const low = values[2 * column]
      const high = values[2 * column + 1]
      if (low !== low || high !== high) {
        down = false
        continue
      }
      const yLow = Math.max(-reach, Math.min(reach, (low - scale.centre) * scale.pixelsPerUnit))
      const yHigh = Math.max(-reach, Math.min(reach, (high - scale.centre) * scale.pixelsPerUnit))
      // Alternating the order makes one zigzag instead of a comb of returns.
      if (down) target.lineTo(x, middle - (rising ? yLow : yHigh))
      else target.moveTo(x, middle - (rising ? yLow : yHigh))
      if (yHigh > yLow) target.lineTo(x, middle - (rising ? yHigh : yLow))
      rising = !rising
      down = true
    }
  }
}

function paintAxis(context: CanvasRenderingContext2D, picture: StoredPicture): void {
  const { layout, theme, rateHz } = picture
  const { ratio, left, plotWidth, plotBottom, fromRow, toRow } = layout
  const seconds = (toRow - fromRow) / rateHz
  const step = axisStep((seconds * 90 * ratio) / plotWidth)
  const line = Math.max(1, Math.round(ratio))
  context.font = `${11.5 * ratio}px ${theme.fontFamily}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (let index = Math.ceil(fromRow / rateHz / step); index * step * rateHz <= toRow; index++) {
    const at = index * step
    const place = Math.round(xOf(layout, at * rateHz))
    if (place < left) continue
    context.fillStyle = theme.gridMajor
    context.fillRect(place, 0, line, plotBottom)
    context.fillStyle = theme.textSoft
    context.fillText(axisWords(at, step, picture.clock), Math.max(left + 20 * ratio, Math.min(left + plotWidth - 24 * ratio, place)), plotBottom + (axisPixels / 2) * ratio)
  }
}

function paintLabel(context: CanvasRenderingContext2D, picture: StoredPicture, lane: StoredLane, middle: number): void {
  const { layout, theme } = picture
  const { ratio, left } = layout
  const { spec, scale } = lane
  const stripHeight = innerHeight(layout)
  const tall = stripHeight > 33 * ratio && scale !== null
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillStyle = theme.text
  const room = left - 30 * ratio
  const font = (pixels: number) => `${lane.active ? 700 : 600} ${pixels * ratio}px ${theme.fontFamily}`
  context.font = font(13)
  // Most names that are too long fit when they are set a little smaller.
  if (context.measureText(spec.label).width > room) context.font = font(11.5)
  context.fillText(shortened(context, spec.label, room), 12 * ratio, tall ? middle - 8 * ratio : middle)
  if (scale === null) return
  const units = roundDown125((0.6 * stripHeight) / scale.pixelsPerUnit)
  const length = Math.round(units * scale.pixelsPerUnit)
  context.fillStyle = laneColour(theme, spec.kind)
  context.fillRect(Math.round(left - 12 * ratio), Math.round(middle - length / 2), Math.max(2, Math.round(2 * ratio)), length)
  if (!tall) return
  context.fillStyle = theme.textSoft
  context.font = `${11 * ratio}px ${theme.fontFamily}`
  context.fillText(shortQuantity(units, spec.unit === 'count' ? picture.counts : spec.unit).join(' '), 12 * ratio, middle + 8 * ratio, left - 28 * ratio)
}

/** As much of a name as fits `room`, with an ellipsis where it was cut. */
export function shortened(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) return name
  let kept = name.length - 1
  while (kept > 1 && context.measureText(`${name.slice(0, kept).trimEnd()}\u2026`).width > room) kept--
  return `${name.slice(0, kept).trimEnd()}\u2026`
}

/** What technicians and devices marked while recording: a line, and words where there is room. */
export function paintMarkers(context: CanvasRenderingContext2D, picture: StoredPicture): void {
  const { layout, theme } = picture
  const { ratio, left, width, plotBottom } = layout
  context.font = `${11.5 * ratio}px ${theme.fontFamily}`
  context.textAlign = 'left'
  context.textBaseline = 'top'
  let freeFrom = Number.NEGATIVE_INFINITY
  for (const marker of picture.markers) {
    if (marker.row < layout.fromRow || marker.row > layout.toRow) continue
    const place = Math.round(xOf(layout, marker.row))
    if (place < left) continue
    context.fillStyle = picture.markerColour
    context.fillRect(place, 0, Math.max(1, Math.round(1.2 * ratio)), plotBottom)
    const text = marker.text || marker.code
    const room = Math.min(420 * ratio, width - place - 8 * ratio)
    if (place < freeFrom || room < 24 * ratio) continue
    const wide = Math.min(room, context.measureText(text).width)
    context.fillText(shortened(context, text, room), place + 6 * ratio, 5 * ratio)
    freeFrom = place + wide + 14 * ratio
  }
}
