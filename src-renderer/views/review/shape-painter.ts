import type { MeanBeat } from '../../../src-main/contract/schemas/analysis.ts'
import { roundDown125 } from '../../trace/auto-gain.ts'
import { shortQuantity } from '../../trace/gutter-painter.ts'
import type { ReviewTheme } from './review-theme.ts'

export interface ShapePicture {
  readonly width: number
  readonly height: number
  readonly ratio: number
  readonly theme: ReviewTheme
  /** The first in full, others over it: dashed, each scaled to its own height. */
  readonly beats: readonly { readonly beat: MeanBeat; readonly colour: string }[]
  /** Unit of lanes without a calibration. */
  readonly counts: string
  readonly seconds: (value: number) => string
}

/** Draws mean beats over the time around the peak; the band is one standard deviation to either side. */
export function paintShape(context: CanvasRenderingContext2D, picture: ShapePicture): void {
  const { width, height, ratio, theme, beats } = picture
  context.fillStyle = theme.trace.background
  context.fillRect(0, 0, width, height)
  const foot = 20 * ratio
  const plot = height - foot
  const from = Math.min(...beats.map(({ beat }) => beat.fromSeconds))
  const to = Math.max(...beats.map(({ beat }) => beat.fromSeconds + beat.mean.length / beat.rateHz))
  const x = (seconds: number) => ((seconds - from) / (to - from)) * width
  context.font = `${11 * ratio}px ${theme.trace.fontFamily}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  const line = Math.max(1, Math.round(ratio))
  for (let tenth = Math.ceil(from * 5); tenth / 5 <= to; tenth++) {
    const place = Math.round(x(tenth / 5))
    context.fillStyle = tenth === 0 ? theme.trace.head : theme.trace.gridMajor
    context.fillRect(place, 0, line, plot)
    if (place < 14 * ratio || place > width - 14 * ratio) continue
    context.fillStyle = theme.trace.textSoft
    context.fillText(picture.seconds(tenth / 5), place, plot + foot / 2)
  }
  beats.forEach(({ beat, colour }, index) => paintOne(context, picture, beat, colour, plot, x, index > 0))
}

function paintOne(context: CanvasRenderingContext2D, { ratio, theme, beats, counts }: ShapePicture, beat: MeanBeat, colour: string, plot: number, x: (seconds: number) => number, over: boolean): void {
  const alone = beats.length === 1
  const spread = (index: number) => (alone ? beat.deviation[index] : 0)
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  beat.mean.forEach((value, index) => {
    low = Math.min(low, value - spread(index))
    high = Math.max(high, value + spread(index))
  })
  if (!(high > low)) return
  const scale = (0.86 * plot) / (high - low)
  const y = (value: number) => 0.07 * plot + (high - value) * scale
  const at = (index: number) => x(beat.fromSeconds + index / beat.rateHz)
  if (alone) {
    context.beginPath()
    beat.mean.forEach((value, index) => context.lineTo(at(index), y(value + beat.deviation[index])))
    for (let index = beat.mean.length - 1; index >= 0; index--) context.lineTo(at(index), y(beat.mean[index] - beat.deviation[index]))
    context.closePath()
    context.globalAlpha = 0.22
    context.fillStyle = colour
    context.fill()
    context.globalAlpha = 1
    const units = roundDown125((0.4 * plot) / scale)
    const bar = units * scale
    context.fillStyle = theme.trace.textSoft
    context.fillRect(10 * ratio, 10 * ratio, Math.max(1, 2 * ratio), bar)
    context.textAlign = 'left'
    context.fillText(shortQuantity(units, beat.unit === 'count' ? counts : beat.unit).join(' '), 17 * ratio, 10 * ratio + bar / 2)
  }
  context.strokeStyle = colour
  context.lineWidth = 2 * ratio
  context.lineJoin = 'round'
  context.setLineDash(over ? [6 * ratio, 4 * ratio] : [])
  context.beginPath()
  beat.mean.forEach((value, index) => context.lineTo(at(index), y(value)))
  context.stroke()
  context.setLineDash([])
}
