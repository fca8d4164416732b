import type { Envelope } from '../../src-main/contract/schemas/recording.ts'
import type { LaneScale } from './auto-gain.ts'
import type { PathTarget, Strip } from './lane-strokes.ts'

/** Lane-major min/max pairs of an envelope, `[lane][column][min, max]`. */
export function envelopeValues(envelope: Envelope): Float32Array {
  const { bytes } = envelope
  // A message may sit anywhere in a larger buffer; typed arrays need their own alignment.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Float32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 4))
}

export function envelopeLanes(envelope: Envelope): number {
  return envelope.columns === 0 ? 0 : Math.floor(envelope.bytes.byteLength / 8 / envelope.columns)
}

/** Physical values at the ends of a converter's range. */
export interface Rails {
  readonly low: number
  readonly high: number
}

/**
 * Lowest and highest value of a lane; `null` when every column is missing. Columns at a rail do not count while others are left:
 * an electrode that was off for a while must not flatten the heartbeats around it.
 */
export function envelopeRange(values: Float32Array, lane: number, columns: number, rails?: Rails): { low: number; high: number } | null {
  const margin = rails === undefined ? 0 : 0.001 * (rails.high - rails.low)
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let at = 2 * lane * columns; at < 2 * (lane + 1) * columns; at += 2) {
    if (rails !== undefined && (values[at] <= rails.low + margin || values[at + 1] >= rails.high - margin)) continue
    if (values[at] < low) low = values[at]
    if (values[at + 1] > high) high = values[at + 1]
  }
  if (low <= high) return { low, high }
  return rails === undefined ? null : envelopeRange(values, lane, columns)
}

/** Adds one lane's envelope to a path: columns spread evenly over `width` pixels from `left`; NaN columns break the line. */
export function traceEnvelope(target: PathTarget, values: Float32Array, lane: number, columns: number, scale: LaneScale, strip: Strip, left: number, width: number): void {
  const step = width / columns
  const y = (value: number) => strip.middle - Math.max(-strip.height / 2, Math.min(strip.height / 2, (value - scale.centre) * scale.pixelsPerUnit))
  let down = false
  let rising = true
  for (let column = 0; column < columns; column++) {
    const at = 2 * (lane * columns + column)
    const low = values[at]
    const high = values[at + 1]
    if (low !== low || high !== high) {
      down = false
      continue
    }
    const x = left + (column + 0.5) * step
    // Alternating the order makes one zigzag instead of a comb of returns.
    if (down) target.lineTo(x, y(rising ? low : high))
    else target.moveTo(x, y(rising ? low : high))
    if (high > low) target.lineTo(x, y(rising ? high : low))
    rising = !rising
    down = true
  }
}

/** One lane of stored rows across `width` device pixels, missing columns hatched. */
export function paintEnvelopeLane(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  lane: number,
  columns: number,
  scale: LaneScale,
  strip: Strip,
  width: number,
  pen: { readonly colour: string; readonly hatch: CanvasPattern | string; readonly linePixels: number },
): void {
  const step = width / Math.max(1, columns)
  context.fillStyle = pen.hatch
  for (let column = 0; column < columns; column++) {
    const low = values[2 * (lane * columns + column)]
    if (low === low) continue
    const from = column
    while (column + 1 < columns && Number.isNaN(values[2 * (lane * columns + column + 1)])) column++
    context.fillRect(from * step, strip.middle - strip.height / 2, (column + 1 - from) * step, strip.height)
  }
  context.strokeStyle = pen.colour
  context.lineWidth = pen.linePixels
  context.lineJoin = 'round'
  context.beginPath()
  traceEnvelope(context, values, lane, columns, scale, strip, 0, width)
  context.stroke()
}

export interface ThumbnailOptions {
  /** Device pixels. */
  readonly width: number
  readonly height: number
  readonly ratio: number
  /** One colour per lane of the envelope. */
  readonly colours: readonly string[]
  readonly gapColour: string
  /** Per lane of the envelope, where known. */
  readonly rails?: readonly Rails[]
}

/** Draws every lane of an envelope in a strip of its own, scaled to fill it: the library's thumbnails. */
export function paintThumbnail(context: CanvasRenderingContext2D, envelope: Envelope, options: ThumbnailOptions): void {
  const { width, height, ratio } = options
  context.clearRect(0, 0, width, height)
  const lanes = envelopeLanes(envelope)
  const values = envelopeValues(envelope)
  const stripHeight = height / Math.max(1, lanes)
  context.lineWidth = Math.max(1, 0.9 * ratio)
  context.lineJoin = 'round'
  for (let lane = 0; lane < lanes; lane++) {
    const strip = { middle: (lane + 0.5) * stripHeight, height: stripHeight }
    const range = envelopeRange(values, lane, envelope.columns, options.rails?.[lane])
    if (range === null) {
      context.fillStyle = options.gapColour
      context.fillRect(0, Math.round(strip.middle), width, Math.max(1, Math.round(ratio)))
      continue
    }
    const span = range.high - range.low
    const scale = { centre: (range.low + range.high) / 2, pixelsPerUnit: span > 0 ? (0.86 * stripHeight) / span : 1 }
    context.strokeStyle = options.colours[lane % options.colours.length]
    context.beginPath()
    traceEnvelope(context, values, lane, envelope.columns, scale, strip, 0, width)
    context.stroke()
  }
}
