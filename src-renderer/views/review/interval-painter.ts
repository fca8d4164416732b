import type { BeatTrack } from '../../state/beat-track.ts'
import { axisStep, axisWords } from '../library/stored-painter.ts'
import type { ReviewTheme } from './review-theme.ts'

export interface IntervalPicture {
  readonly width: number
  readonly height: number
  readonly ratio: number
  readonly left: number
  readonly theme: ReviewTheme
  readonly colour: string
  readonly beats: BeatTrack
  /** Places of the lane's beats. */
  readonly indexes: Uint32Array
  readonly fromRow: number
  readonly toRow: number
  readonly rateHz: number
  readonly outliers: ReadonlySet<number>
  readonly cursorRow: number | null
  readonly clock: (seconds: number) => string
  readonly bpm: string
  readonly milliseconds: string
}

/** Intervals outside are drawn at the edge: a pause or a missed beat must not flatten the others. */
const shortest = 0.25
const longest = 2.5
const foot = 18

/** Place in `indexes` of the first beat at or after `row`. */
export function firstAt(beats: BeatTrack, indexes: Uint32Array, row: number): number {
  let low = 0
  let high = indexes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (beats.rows[indexes[middle]] < row) low = middle + 1
    else high = middle
  }
  return low
}

/** Lowest and highest interval in view, seconds, without the rarest ones. `null` with fewer than two beats. */
export function intervalRange(beats: BeatTrack, indexes: Uint32Array, from: number, to: number, rateHz: number): { low: number; high: number } | null {
  const step = Math.max(1, Math.floor((to - from) / 2000))
  const seconds: number[] = []
  for (let at = Math.max(1, from); at < to; at += step) seconds.push((beats.rows[indexes[at]] - beats.rows[indexes[at - 1]]) / rateHz)
  if (seconds.length === 0) return null
  seconds.sort((a, b) => a - b)
  const low = Math.max(shortest, seconds[Math.floor(seconds.length * 0.02)])
  const high = Math.min(longest, seconds[Math.min(seconds.length - 1, Math.ceil(seconds.length * 0.98))])
  const margin = Math.max(0.06, 0.15 * (high - low))
  return { low: Math.max(0, Math.min(low, high) - margin), high: Math.max(low, high) + margin }
}

/** Draws the intervals of one lane over time: higher is slower, with rates on the left. */
export function paintIntervals(context: CanvasRenderingContext2D, picture: IntervalPicture): void {
  const { width, height, ratio, left, theme, beats, indexes, fromRow, toRow, rateHz } = picture
  const { trace } = theme
  context.fillStyle = trace.background
  context.fillRect(0, 0, width, height)
  const from = firstAt(beats, indexes, fromRow)
  const to = firstAt(beats, indexes, toRow)
  const range = intervalRange(beats, indexes, Math.max(1, from), to, rateHz)
  if (range === null) return
  const bottom = height - foot * ratio
  const x = (row: number) => left + ((row - fromRow) / (toRow - fromRow)) * (width - left)
  const y = (seconds: number) => Math.max(3 * ratio, Math.min(bottom - 3 * ratio, bottom - ((seconds - range.low) / (range.high - range.low)) * bottom))
  paintRates(context, picture, range, bottom, y)
  paintTimes(context, picture, bottom, x)
  context.fillStyle = picture.colour
  context.strokeStyle = picture.colour
  const room = (width - left) / Math.max(1, to - from)
  if (room < 2 * ratio) paintDense(context, picture, from, to, x, y)
  else {
    context.lineWidth = ratio
    context.globalAlpha = 0.35
    context.beginPath()
    for (let at = Math.max(1, from); at < to; at++) context.lineTo(x(beats.rows[indexes[at]]), y((beats.rows[indexes[at]] - beats.rows[indexes[at - 1]]) / rateHz))
    context.stroke()
    context.globalAlpha = 1
    const radius = Math.min(2.2, Math.max(1.1, room / ratio / 5)) * ratio
    context.beginPath()
    for (let at = Math.max(1, from); at < to; at++) {
      const place = x(beats.rows[indexes[at]])
      const up = y((beats.rows[indexes[at]] - beats.rows[indexes[at - 1]]) / rateHz)
      context.moveTo(place + radius, up)
      context.arc(place, up, radius, 0, 2 * Math.PI)
    }
    context.fill()
  }
  paintOdd(context, picture, from, to, x, y)
  if (picture.cursorRow === null || picture.cursorRow < fromRow || picture.cursorRow > toRow) return
  context.strokeStyle = trace.head
  context.lineWidth = ratio
  context.setLineDash([4 * ratio, 3 * ratio])
  context.beginPath()
  context.moveTo(x(picture.cursorRow), 0)
  context.lineTo(x(picture.cursorRow), bottom)
  context.stroke()
  context.setLineDash([])
}

/** More beats than pixels: the lowest and highest interval per pixel. */
function paintDense(context: CanvasRenderingContext2D, { beats, indexes, rateHz, ratio }: IntervalPicture, from: number, to: number, x: (row: number) => number, y: (seconds: number) => number): void {
  let column = Number.NEGATIVE_INFINITY
  let low = 0
  let high = 0
  const flush = () => {
    if (high > 0) context.fillRect(column, y(high), Math.max(1, 1.2 * ratio), Math.max(1.8 * ratio, y(low) - y(high)))
  }
  for (let at = Math.max(1, from); at < to; at++) {
    const seconds = (beats.rows[indexes[at]] - beats.rows[indexes[at - 1]]) / rateHz
    const place = Math.round(x(beats.rows[indexes[at]]))
    if (place !== column) {
      flush()
      column = place
      low = seconds
      high = seconds
    } else {
      low = Math.min(low, seconds)
      high = Math.max(high, seconds)
    }
  }
  flush()
}

/** What is not normal gets a cross, what is unlike the mean a ring: shapes, not colours alone. */
function paintOdd(context: CanvasRenderingContext2D, { beats, indexes, rateHz, ratio, theme, outliers }: IntervalPicture, from: number, to: number, x: (row: number) => number, y: (seconds: number) => number): void {
  const normal = beats.symbols.indexOf('N')
  let last = Number.NEGATIVE_INFINITY
  context.lineWidth = 1.6 * ratio
  for (let at = Math.max(1, from); at < to; at++) {
    const index = indexes[at]
    const row = beats.rows[index]
    const odd = beats.codes[index] !== normal
    if (!odd && !outliers.has(row)) continue
    const place = x(row)
    if (place - last < 1.5 * ratio) continue
    last = place
    const up = y((row - beats.rows[indexes[at - 1]]) / rateHz)
    const size = 3.6 * ratio
    context.strokeStyle = odd ? theme.odd : theme.warn
    context.beginPath()
    if (odd) {
      context.moveTo(place - size, up - size)
      context.lineTo(place + size, up + size)
      context.moveTo(place + size, up - size)
      context.lineTo(place - size, up + size)
    } else context.arc(place, up, size, 0, 2 * Math.PI)
    context.stroke()
  }
}

function paintRates(context: CanvasRenderingContext2D, { width, left, ratio, theme, bpm }: IntervalPicture, range: { low: number; high: number }, bottom: number, y: (seconds: number) => number): void {
  context.font = `${11 * ratio}px ${theme.trace.fontFamily}`
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  let free = Number.NEGATIVE_INFINITY
  for (const rate of [200, 180, 160, 150, 140, 130, 120, 110, 100, 95, 90, 85, 80, 75, 70, 65, 60, 55, 50, 45, 40, 35, 30, 25]) {
    const seconds = 60 / rate
    if (seconds < range.low || seconds > range.high) continue
    const place = Math.round(y(seconds))
    // From fast to slow: upwards on the strip.
    if (free !== Number.NEGATIVE_INFINITY && free - place < 19 * ratio) continue
    if (place < 8 * ratio || place > bottom - 6 * ratio) continue
    free = place
    context.fillStyle = theme.trace.gridMajor
    context.fillRect(left, place, width - left, Math.max(1, Math.round(ratio)))
    context.fillStyle = theme.trace.textSoft
    context.fillText(`${rate} ${bpm}`, left - 8 * ratio, place)
  }
}

function paintTimes(context: CanvasRenderingContext2D, { width, left, ratio, theme, fromRow, toRow, rateHz, clock }: IntervalPicture, bottom: number, x: (row: number) => number): void {
  const step = axisStep((((toRow - fromRow) / rateHz) * 90 * ratio) / (width - left))
  context.textAlign = 'center'
  for (let index = Math.ceil(fromRow / rateHz / step); index * step * rateHz <= toRow; index++) {
    const place = Math.round(x(index * step * rateHz))
    context.fillStyle = theme.trace.gridMinor
    context.fillRect(place, 0, Math.max(1, Math.round(ratio)), bottom)
    if (place < left + 20 * ratio || place > width - 24 * ratio) continue
    context.fillStyle = theme.trace.textSoft
    context.fillText(axisWords(index * step, step, clock), place, bottom + (foot / 2) * ratio)
  }
}
