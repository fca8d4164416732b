/** One axis of a plot. `at` and the range are in the axis's own unit: for a DET plot normal deviates. */
export interface Axis {
  readonly label: string
  readonly low: number
  readonly high: number
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
}

/** From the axis's unit to pixels between `from` (its low end) and `to`. @example place({ low: 0, high: 2 }, 10, 110)(1) // 60 */
export function place({ low, high }: Pick<Axis, 'low' | 'high'>, from: number, to: number): (value: number) => number {
  const span = high - low || 1
  return (value) => from + ((value - low) / span) * (to - from)
}

/** Place of the value nearest to `wanted` in a column that need not be sorted; -1 in an empty one. @example nearest([0, 3, 8], 4) // 1 */
export function nearest(column: readonly number[], wanted: number): number {
  return column.reduce((best, value, i) => (best === -1 || Math.abs(value - wanted) < Math.abs(column[best] - wanted) ? i : best), -1)
}

/** Round values (1, 2 or 5 times a power of ten) inside the range, at most `most` + 1 of them. @example roundTicks(0, 1, 5) // [0, 0.2, 0.4, 0.6, 0.8, 1] */
export function roundTicks(low: number, high: number, most: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
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

/** Points as an SVG path; what is not finite breaks the line. @example linePath([0, 1], [2, 3]) // 'M0 2L1 3' */
export function linePath(x: readonly number[], y: readonly number[]): string {
  let path = ''
  let drawing = false
  for (let i = 0; i < x.length; i++) {
    const there = Number.isFinite(x[i]) && Number.isFinite(y[i])
    if (there) path += `${drawing ? 'L' : 'M'}${round(x[i])} ${round(y[i])}`
    drawing = there
  }
  return path
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10
