import { roundDown125 } from './auto-gain.ts'
import type { LaneScale } from './auto-gain.ts'
import { stripMiddle } from './trace-layout.ts'
import type { TraceLayout } from './trace-layout.ts'
import { laneColour } from './trace-theme.ts'
import type { TraceTheme } from './trace-theme.ts'

export interface GutterLane {
  readonly unit: string
  readonly kind: string
  readonly scale: LaneScale
}

/** Its usual height: 1 mV at 10 mm/mV. */
const calibrationMillimetres = 10
/** Strips lower than this (CSS pixels) have room for one line of text only. */
const oneLineBelow = 52
const valuePixels = 12
const smallPixels = 11
/** The calibration pulse of ECG paper lasts 0.2 s. */
const calibrationSeconds = 0.2

/** A number as short as it can be: 0.5, 20, 2k, 0.1M. */
export function shortNumber(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}

/** Number and unit as a person would write them: 0.005 V is 5 mV. */
export function shortQuantity(value: number, unit: string): [string, string] {
  return unit === 'V' && Math.abs(value) < 0.1 ? [shortNumber(1000 * value), 'mV'] : [shortNumber(value), unit]
}

/** Height of a scale bar in units: a 1-2-5 number that takes a quarter to three fifths of the strip. */
export function scaleBarUnits(scale: LaneScale, stripHeight: number): number {
  return roundDown125((0.6 * stripHeight) / scale.pixelsPerUnit)
}

/** Draws scale bars (or, on paper, calibration pulses) with what they mean left of the plot, and the time scale at its lower right. */
export function paintGutter(context: CanvasRenderingContext2D, layout: TraceLayout, lanes: readonly GutterLane[], theme: TraceTheme, paper: { millimetresPerSecond: number } | null): void {
  const { ratio, plotLeft } = layout
  context.clearRect(0, 0, layout.width, layout.height)
  context.fillStyle = theme.background
  context.fillRect(0, 0, plotLeft, layout.height)
  context.fillStyle = theme.separator
  context.fillRect(plotLeft - Math.max(1, Math.round(ratio)), 0, Math.max(1, Math.round(ratio)), layout.height)
  lanes.forEach((lane, strip) => {
    const middle = stripMiddle(layout, strip)
    context.fillStyle = theme.separator
    if (strip > 0) context.fillRect(0, Math.round(strip * layout.stripHeight), plotLeft, Math.max(1, Math.round(ratio)))
    if (paper === null) paintScaleBar(context, layout, lane, middle, theme)
    else paintCalibration(context, layout, lane, middle, theme, paper.millimetresPerSecond)
  })
  paintTimeScale(context, layout, theme, paper)
}

/** Units that a calibration pulse stands for: the highest 1-2-5 number that fits 10 mm and its strip. */
export function calibrationUnits(scale: LaneScale, stripHeight: number, millimetre: number): number {
  return roundDown125(Math.min(0.9 * stripHeight, calibrationMillimetres * millimetre * 1.01) / scale.pixelsPerUnit)
}

/** What stands under a calibration pulse: the paper's gain where it is a clinical one, else what the pulse is worth. */
export function calibrationText(lane: GutterLane, units: number, millimetre: number): string {
  return lane.unit === 'mV' ? `${shortNumber(lane.scale.pixelsPerUnit / millimetre)} mm/mV` : shortQuantity(units, lane.unit).join(' ')
}

function paintScaleBar(context: CanvasRenderingContext2D, layout: TraceLayout, lane: GutterLane, middle: number, theme: TraceTheme): void {
  const { ratio, plotLeft } = layout
  const length = Math.round(scaleBarUnits(lane.scale, layout.stripHeight) * lane.scale.pixelsPerUnit)
  const x = Math.round(plotLeft - 12 * ratio)
  const width = Math.max(2, Math.round(2 * ratio))
  const top = Math.round(middle - length / 2)
  context.fillStyle = laneColour(theme, lane.kind)
  context.fillRect(x, top, width, length)
  context.fillRect(x - 2 * ratio, top, width + 4 * ratio, Math.round(ratio))
  context.fillRect(x - 2 * ratio, top + length - Math.round(ratio), width + 4 * ratio, Math.round(ratio))
  const [value, unit] = shortQuantity(scaleBarUnits(lane.scale, layout.stripHeight), lane.unit)
  const right = x - 8 * ratio
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  context.fillStyle = theme.text
  context.font = `600 ${valuePixels * ratio}px ${theme.fontFamily}`
  if (layout.stripHeight < oneLineBelow * ratio) {
    context.fillText(`${value} ${unit}`, right, middle, right - 4 * ratio)
    return
  }
  context.fillText(value, right, middle - 8 * ratio, right - 4 * ratio)
  context.fillStyle = theme.textSoft
  context.font = `${smallPixels * ratio}px ${theme.fontFamily}`
  context.fillText(unit, right, middle + 7 * ratio, right - 4 * ratio)
}

function paintCalibration(context: CanvasRenderingContext2D, layout: TraceLayout, lane: GutterLane, middle: number, theme: TraceTheme, millimetresPerSecond: number): void {
  const { ratio, plotLeft } = layout
  const units = calibrationUnits(lane.scale, layout.stripHeight, layout.millimetre)
  const height = units * lane.scale.pixelsPerUnit
  const pulse = Math.min(24 * ratio, calibrationSeconds * millimetresPerSecond * layout.millimetre)
  const right = plotLeft - 5 * ratio
  const foot = Math.round(middle + height / 2) + 0.5
  context.strokeStyle = laneColour(theme, lane.kind)
  context.lineWidth = 1.25 * ratio
  context.lineJoin = 'miter'
  context.beginPath()
  context.moveTo(right - pulse - 3 * ratio, foot)
  context.lineTo(right - pulse, foot)
  context.lineTo(right - pulse, foot - height)
  context.lineTo(right - 3 * ratio, foot - height)
  context.lineTo(right - 3 * ratio, foot)
  context.lineTo(right, foot)
  context.stroke()
  // Below the pulse, never across it; a strip without that room goes without: the grid says the same.
  if (foot + 16 * ratio > middle + layout.stripHeight / 2) return
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  context.fillStyle = theme.textSoft
  context.font = `${smallPixels * ratio}px ${theme.fontFamily}`
  context.fillText(calibrationText(lane, units, layout.millimetre), right, foot + 10 * ratio, right - 3 * ratio)
}

function paintTimeScale(context: CanvasRenderingContext2D, layout: TraceLayout, theme: TraceTheme, paper: { millimetresPerSecond: number } | null): void {
  const { ratio } = layout
  const right = layout.width - 12 * ratio
  const bottom = layout.height - 10 * ratio
  const second = Math.round(layout.pixelsPerSecond)
  const text = paper === null ? '1 s' : `${shortNumber(paper.millimetresPerSecond)} mm/s`
  context.font = `${smallPixels * ratio}px ${theme.fontFamily}`
  context.textAlign = 'right'
  context.textBaseline = 'alphabetic'
  // A halo instead of a box: the words stay readable and no trace is hidden.
  context.strokeStyle = theme.background
  context.lineJoin = 'round'
  context.lineWidth = 4 * ratio
  context.strokeText(text, right, bottom - (paper === null ? 5 : 1) * ratio)
  context.fillStyle = theme.textSoft
  context.fillText(text, right, bottom - (paper === null ? 5 : 1) * ratio)
  if (paper !== null) return
  const line = Math.max(1, Math.round(ratio))
  context.fillRect(right - second, bottom, second, line)
  context.fillRect(right - second, bottom - 3 * ratio, line, 3 * ratio + line)
  context.fillRect(right - line, bottom - 3 * ratio, line, 3 * ratio + line)
}
