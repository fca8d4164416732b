import { niceTicks } from './ticks.ts'

/** One axis of a plot. `at` and the range are in the axis's own unit: for a DET plot normal deviates. */
export interface Axis {
  readonly label: string
  readonly low: number
  readonly high: number
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
}

/**
 * Ticks at round numbers inside the range, about `wanted` of them, written with the decimals that tell them apart.
 *
 * @example labelledTicks(0.991, 0.999, 4, (value, decimals) => value.toFixed(decimals)) // 0.992, 0.994, 0.996, 0.998
 */
export function labelledTicks(low: number, high: number, wanted: number, words: (value: number, decimals: number) => string): Axis['ticks'] {
  const { values, decimals } = niceTicks(low, high, wanted)
  return values.map((at) => ({ at, label: words(at, decimals) }))
}

/** From the axis's unit to pixels between `from` (its low end) and `to`. @example place({ low: 0, high: 2 }, 10, 110)(1) // 60 */
export function place({ low, high }: Pick<Axis, 'low' | 'high'>, from: number, to: number): (value: number) => number {
  const span = high - low || 1
  return (value) => from + ((value - low) / span) * (to - from)
}

/** Index of the value nearest to `wanted` in a column that need not be sorted, the first of equals; -1 in an empty one. @example nearest([0, 3, 8], 4) // 1 */
export function nearest(column: readonly number[], wanted: number): number {
  return column.reduce((best, value, i) => (best === -1 || Math.abs(value - wanted) < Math.abs(column[best] - wanted) ? i : best), -1)
}

/** Ticks whose labels have room beside one another: the first, and each that is `least` pixels from the last one written. */
export function roomForLabels(pixels: readonly number[], least: number): boolean[] {
  let last: number | null = null
  return pixels.map((at) => {
    if (last !== null && Math.abs(at - last) < least) return false
    last = at
    return true
  })
}
