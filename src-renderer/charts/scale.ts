import { place } from './plot-axis.ts'

/** From values to pixels along one axis. `place` of a value that has no place (a logarithm of nothing) is `null`. */
export interface Scale {
  readonly low: number
  readonly high: number
  place(value: number): number | null
}

/** @example linearScale(0, 10, 100, 0).place(2.5) // 75 */
export function linearScale(low: number, high: number, from: number, to: number): Scale {
  const at = place({ low, high }, from, to)
  return { low, high, place: (value) => (Number.isFinite(value) ? at(value) : null) }
}

/** @example logScale(0.01, 1, 100, 0).place(0.1) // 50 */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const at = place({ low: Math.log(low), high: Math.log(high) }, from, to)
  return { low, high, place: (value) => (value > 0 && Number.isFinite(value) ? at(Math.log(value)) : null) }
}

export interface Extent {
  readonly low: number
  readonly high: number
}

/** Lowest and highest of the numbers that are numbers; `null` of none. `positive`: only those that a logarithmic axis can show. */
export function extentOf(values: Iterable<number | null>, positive = false): Extent | null {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value === null || !Number.isFinite(value) || (positive && value <= 0)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return low <= high ? { low, high } : null
}

/** Air above and below a curve, so that it does not run along the frame; never below zero where nothing is below zero. */
export function withAir({ low, high }: Extent, air = 0.06): Extent {
  if (low === high) return low === 0 ? { low: 0, high: 1 } : { low: Math.min(low, low - Math.abs(low) * 0.1), high: high + Math.abs(high) * 0.1 }
  const more = (high - low) * air
  return { low: low >= 0 ? Math.max(0, low - more) : low - more, high: high + more }
}
