import type { Estimate } from '../../src-main/contract/schemas/estimate.ts'
import { labelledTicks, type Axis } from './plot-axis.ts'
import type { SeriesMark } from './series-marks.ts'

/** How well one model knows people by templates of so many windows. */
export interface ShotsCurve {
  readonly name: string
  readonly label: string
  readonly mark: SeriesMark
  /** In order of `shots`. */
  readonly points: readonly { readonly shots: number; readonly estimate: Estimate }[]
}

/** Numbers of windows as they are, with ticks where there are figures, and room at either end for intervals that stand aside. */
export function shotsAxis(label: string, shots: readonly number[], tick: (shots: number) => string): Axis {
  const all = [...new Set(shots)].sort((a, b) => a - b)
  const [low, high] = [all[0] ?? 0, all.at(-1) ?? 1]
  const room = (high - low || 1) * 0.06
  return { label, low: low - room, high: high + room, ticks: all.map((at) => ({ at, label: tick(at) })) }
}

/**
 * Rates from one end, 0 or 1, to a round rate beyond the farthest value or interval, so that plots of the same estimates have the same axis.
 * @example ratesAxis('EER, %', [{ value: 0.11, interval: { low: 0.05, high: 0.17 } }], 0, String).high // 0.2
 */
export function ratesAxis(label: string, estimates: readonly Estimate[], end: 0 | 1, tick: (rate: number, decimals: number) => string): Axis {
  const away = estimates.flatMap(({ value, interval }) => [value, interval?.low, interval?.high].flatMap((rate) => (rate == null ? [] : [Math.abs(rate - end)])))
  const span = Math.min(1, Math.max(1, Math.ceil(Math.max(0, ...away) * 10 - 1e-9)) / 10)
  const [low, high] = end === 0 ? [0, span] : [1 - span, 1]
  return { label, low, high, ticks: labelledTicks(low, high, 6, (rate, decimals) => tick(100 * rate, Math.max(0, decimals - 2))) }
}

/** How far curve `index` of `count` stands aside of its place, pixels: intervals at one place would cover one another. @example asideOf(0, 2) // -3.5 */
export function asideOf(index: number, count: number): number {
  return 7 * (index - (count - 1) / 2)
}
