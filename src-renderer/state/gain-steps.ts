const digits = [1, 2, 5, 10] as const

/**
 * The next gain of the series 1-2-5 above or below `value`.
 * @example nextGain(10, 1) // 20
 * @example nextGain(7, -1) // 5
 */
export function nextGain(value: number, direction: 1 | -1): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9)
  const digit = value / power
  const tidy = (next: number) => Number((next * power).toPrecision(6))
  if (direction === 1) return tidy(digits.find((step) => step > digit * 1.001) ?? 10)
  const below = digits.filter((step) => step < digit * 0.999).at(-1)
  return tidy(below ?? 0.5)
}
