import type { Label } from '../../../src-main/contract/schemas/label.ts'
import type { BeatTrack } from '../../state/beat-track.ts'
import { stripTop, xOf, type StoredLayout } from '../library/stored-layout.ts'
import { shortened } from '../library/stored-painter.ts'
import { texture, textures, type ReviewTheme } from './review-theme.ts'

/** CSS pixels between beats: room for a letter on each, and the least at which every beat has its tick. */
const letterRoom = 13
const tickRoom = 3
/** Height of the quality strip at the foot of a lane, CSS pixels. */
export const qualityPixels = 5

/** Beats of a layer in one lane's strip: ticks at its top (or, for the compared layer, its foot), a letter for what is not normal. */
export function paintBeats(context: CanvasRenderingContext2D, layout: StoredLayout, theme: ReviewTheme, beats: BeatTrack, lane: string, strip: number, place: 'top' | 'foot'): void {
  const { ratio, fromRow, toRow, plotWidth, left } = layout
  const all = beats.onLane(lane)
  const dense = (span: Uint32Array) => lowerPlace(beats, span, toRow) - lowerPlace(beats, span, fromRow)
  const room = plotWidth / ratio / Math.max(1, dense(all))
  // Too many to tell apart: only those that are not normal.
  const shown = room < tickRoom ? beats.unusual(lane) : all
  const letters = plotWidth / ratio / Math.max(1, dense(shown)) >= letterRoom
  const top = place === 'top'
  const edge = top ? stripTop(layout, strip) + 2 * ratio : stripTop(layout, strip) + layout.stripHeight - (qualityPixels + 3) * ratio
  const towards = top ? 1 : -1
  const { trace } = theme
  context.textAlign = 'center'
  context.textBaseline = top ? 'top' : 'bottom'
  context.font = `600 ${11 * ratio}px ${trace.fontFamily}`
  context.lineWidth = Math.max(1, Math.round(ratio))
  let last = Number.NEGATIVE_INFINITY
  for (let at = lowerPlace(beats, shown, fromRow); at < shown.length; at++) {
    const index = shown[at]
    const row = beats.rows[index]
    if (row >= toRow) break
    const x = Math.round(xOf(layout, row + 0.5))
    if (x < left || x - last < ratio) continue
    last = x
    const symbol = beats.symbol(index)
    const odd = symbol !== 'N'
    context.fillStyle = odd ? theme.odd : top ? trace.beat : theme.marker
    if (!letters || (!odd && room < 3 * letterRoom)) {
      if (top) context.fillRect(x, edge, Math.max(1, Math.round((odd ? 2 : 1) * ratio)), (odd ? 11 : 7) * ratio)
      else paintHollow(context, x, edge, ratio)
      continue
    }
    context.fillText(symbol, x, edge)
    const from = edge + towards * 12 * ratio
    context.fillRect(x, Math.min(from, from + towards * 5 * ratio), Math.max(1, Math.round(ratio)), 5 * ratio)
  }
}

function paintHollow(context: CanvasRenderingContext2D, x: number, foot: number, ratio: number): void {
  context.strokeStyle = context.fillStyle
  context.beginPath()
  context.moveTo(x - 3 * ratio, foot)
  context.lineTo(x + 3 * ratio, foot)
  context.lineTo(x, foot - 6 * ratio)
  context.closePath()
  context.stroke()
}

/** Place in `indexes` of the first beat at or after `row`. */
function lowerPlace(beats: BeatTrack, indexes: Uint32Array, row: number): number {
  let low = 0
  let high = indexes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (beats.rows[indexes[middle]] < row) low = middle + 1
    else high = middle
  }
  return low
}

export interface LabelBand {
  readonly label: Label
  /** What it says, in the reader's language. */
  readonly words: string
  readonly picked: boolean
  /** Of the compared layer: drawn in the second line, with a dashed edge. */
  readonly compared: boolean
}

/** Spans as tinted, textured bands over their lanes with their words above; moments as lines. `line`: the rail that holds the words. */
export function paintBands(context: CanvasRenderingContext2D, layout: StoredLayout, theme: ReviewTheme, bands: readonly LabelBand[], lanes: readonly string[], lineOf: (band: LabelBand) => number, railHeight: number): void {
  const { ratio, left, width, plotBottom } = layout
  const freeFrom = new Map<number, number>()
  for (const band of bands) {
    const { label } = band
    const to = label.toRow ?? label.row + 1
    if (to < layout.fromRow || label.row > layout.toRow) continue
    const colour = theme.kinds[label.kind]
    const strip = label.lane === null ? -1 : lanes.indexOf(label.lane)
    if (label.lane !== null && strip < 0) continue
    const y = strip < 0 ? layout.top : stripTop(layout, strip)
    const height = strip < 0 ? plotBottom - layout.top : layout.stripHeight
    const line = lineOf(band)
    const railTop = line * railHeight * ratio
    const start = Math.max(left, xOf(layout, label.row))
    if (label.toRow === null) {
      context.fillStyle = colour
      if (start >= left && start < width) context.fillRect(Math.round(start), railTop, Math.max(1, Math.round((band.picked ? 2.5 : 1.4) * ratio)), plotBottom - railTop)
    } else {
      const end = Math.max(start + ratio, Math.min(width, xOf(layout, label.toRow)))
      const wide = end - start
      context.globalAlpha = band.compared ? 0.04 : band.picked ? 0.16 : 0.08
      context.fillStyle = colour
      context.fillRect(start, y, wide, height)
      context.globalAlpha = band.compared ? 0.12 : 0.22
      context.fillStyle = texture(context, textures[label.kind], colour, ratio)
      if (textures[label.kind] !== 'none') context.fillRect(start, y, wide, height)
      context.globalAlpha = 1
      context.fillStyle = colour
      context.fillRect(start, railTop + (railHeight - 3) * ratio, wide, Math.max(1, Math.round((band.compared ? 1 : 2.5) * ratio)))
      if (band.picked) {
        context.strokeStyle = colour
        context.lineWidth = 2 * ratio
        context.strokeRect(start, y + ratio, wide, height - 2 * ratio)
      }
    }
    if (start < (freeFrom.get(line) ?? 0)) continue
    context.font = `${band.picked ? 700 : 600} ${11 * ratio}px ${theme.trace.fontFamily}`
    context.textAlign = 'left'
    context.textBaseline = 'middle'
    context.fillStyle = colour
    const end = label.toRow === null ? width : Math.min(width, xOf(layout, label.toRow))
    const room = Math.min(320 * ratio, (label.toRow === null ? width : Math.max(end, start + 60 * ratio)) - start - 10 * ratio)
    if (room < 16 * ratio) continue
    const words = shortened(context, band.words, room)
    context.fillText(words, start + 5 * ratio, railTop + (railHeight / 2 - 1) * ratio)
    freeFrom.set(line, start + context.measureText(words).width + 12 * ratio)
  }
}

/** Quality of one lane, a strip at its foot: thin line = good, dots = fair, hatching = bad, nothing = no signal. */
export function paintQuality(context: CanvasRenderingContext2D, layout: StoredLayout, theme: ReviewTheme, quality: string, rateHz: number, strip: number): void {
  const { ratio, left, fromRow, toRow, plotWidth } = layout
  const foot = stripTop(layout, strip) + layout.stripHeight - ratio
  const height = qualityPixels * ratio
  const seconds = (toRow - fromRow) / rateHz
  // A pixel of a long window covers many seconds: the worst of them is shown.
  const step = Math.max(1, Math.floor((seconds / plotWidth) * ratio))
  const first = Math.floor(fromRow / rateHz / step) * step
  let runFrom = first
  let run = -1
  const flush = (end: number) => {
    if (run < 0) return
    const x = Math.max(left, xOf(layout, runFrom * rateHz))
    const wide = Math.min(layout.width, xOf(layout, end * rateHz)) - x
    if (wide <= 0) return
    if (run === 3) {
      context.fillStyle = theme.good
      context.fillRect(x, foot - height / 2 - ratio, wide, Math.max(1, 1.5 * ratio))
    } else if (run > 0) {
      context.fillStyle = texture(context, run === 2 ? 'dots' : 'up', run === 2 ? theme.warn : theme.bad, ratio)
      context.fillRect(x, foot - height, wide, height)
    }
  }
  for (let second = first; second * rateHz < toRow && second < quality.length; second += step) {
    let level = 9
    for (let at = second; at < Math.min(quality.length, second + step); at++) level = Math.min(level, quality.charCodeAt(at) - 48)
    if (level === run) continue
    flush(second)
    run = level
    runFrom = second
  }
  flush(Math.min(quality.length, Math.ceil(toRow / rateHz)))
}
