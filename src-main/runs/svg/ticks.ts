import type { Axis, Tick } from './plot.ts'

/** Steps that people count in. */
const steps = [1, 2, 5, 10] as const

/** Round numbers from `low` to `high`, about `wanted` of them. @example roundTicks(0, 0.31, 4).map(({ label }) => label) // ['0', '0.1', '0.2', '0.3'] */
export function roundTicks(low: number, high: number, wanted = 5): Tick[] {
  const span = high - low
  if (!(span > 0) || !Number.isFinite(span)) return []
  const power = 10 ** Math.floor(Math.log10(span / wanted))
  const step = power * (steps.find((factor) => factor * power * wanted >= span * 0.999) ?? 10)
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const ticks: Tick[] = []
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high + step * 1e-9; count++) ticks.push({ at: count * step || 0, label: (count * step || 0).toFixed(decimals) })
  return ticks
}

export interface AxisLimits {
  /** Where it must reach at least. */
  readonly from?: number
  readonly to?: number
  /** Part of the span that is left free at either end (not below `from`, not above `to`), for marks that are larger than their point. */
  readonly air?: number
}

/** An axis that holds all values, ends at the outermost of them, and has round ticks. */
export function axisOf(label: string, values: Iterable<number | null>, { from = Infinity, to = -Infinity, air = 0 }: AxisLimits = {}): Axis {
  let low = from
  let high = to
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) [low, high] = [0, 1]
  if (low === high) high = low + (Math.abs(low) || 1)
  const more = air * (high - low)
  if (low !== from) low -= more
  if (high !== to) high += more
  return { label, low, high, ticks: roundTicks(low, high) }
}

/** 0-1 as percent. */
export const percentAxis = (label: string): Axis => ({ label, low: 0, high: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => ({ at, label: `${Math.round(100 * at)} %` })) })
