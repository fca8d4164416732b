/** Where the ticks of an axis are, and how many decimals their words need. */
export interface Ticks {
  readonly values: readonly number[]
  readonly decimals: number
}

/** Steps that people count in: 1, 2 and 5 times a power of ten. */
const steps = [1, 2, 5, 10] as const

/**
 * Ticks at round numbers within [low, high], about `wanted` of them. `whole`: only whole numbers (epochs).
 *
 * @example niceTicks(0, 0.31, 4) // { values: [0, 0.1, 0.2, 0.3], decimals: 1 }
 */
export function niceTicks(low: number, high: number, wanted: number, whole = false): Ticks {
  const span = high - low
  if (!(span > 0) || !Number.isFinite(span)) return { values: Number.isFinite(low) ? [low] : [], decimals: whole ? 0 : decimalsOf(Math.abs(low) || 1) }
  const rough = span / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(rough))
  const round = power * (steps.find((step) => step * power >= rough * 0.75) ?? 10)
  const step = whole ? Math.max(1, Math.round(round)) : round
  const decimals = whole ? 0 : decimalsOf(step)
  const values: number[] = []
  // Counted and rounded, not summed up: 0.1 + 0.2 is not 0.3.
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) values.push(at === 0 ? 0 : Number((at * step).toFixed(Math.min(100, decimals))))
  return { values, decimals }
}

function decimalsOf(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
}

/**
 * Ticks of a logarithmic axis: whole decades; 2 and 5 of each too where there are few.
 *
 * @example logTicks(0.02, 3) // [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
 */
export function logTicks(low: number, high: number): readonly number[] {
  if (!(low > 0) || !(high >= low)) return []
  const from = Math.floor(Math.log10(low) + 1e-9)
  const to = Math.ceil(Math.log10(high) - 1e-9)
  const decades = to - from
  const within = decades <= 3 ? [1, 2, 5] : [1]
  const apart = Math.max(1, Math.ceil(decades / 6))
  const values: number[] = []
  for (let power = from; power <= to; power += apart) {
    for (const digit of within) {
      const value = power < 0 ? digit / 10 ** -power : digit * 10 ** power
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push(value)
    }
  }
  return values
}
