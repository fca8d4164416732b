/**
 * Holm's step-down correction for a family of tests: p values that may each be compared with the level of the whole family. Source: S. Holm, Scandinavian Journal of Statistics 6
 * (1979), 65-70. @throws RangeError on a value outside 0-1.
 * @example 0.01, 0.04, 0.03: 0.03, 0.06, 0.06
 */
export function holm(values: readonly number[]): number[] {
  if (values.some((p) => !(p >= 0 && p <= 1))) throw new RangeError('a p value is outside 0-1')
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
  const adjusted = new Array<number>(values.length).fill(1)
  let most = 0
  order.forEach((place, step) => {
    most = Math.max(most, Math.min(1, (values.length - step) * values[place]))
    adjusted[place] = most
  })
  return adjusted
}
