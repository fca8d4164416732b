/**
 * Indices of positive values that nothing within `reach` samples exceeds (of equals the first counts); linear in the length for any
 * input. For 0 1 3 2 0 2 and a reach of 2: index 2.
 */
export function localPeaks(values: Float64Array, reach: number): Int32Array {
  const n = values.length
  const found = new Int32Array(Math.ceil(n / (reach + 1)))
  let count = 0
  for (let i = 0; i < n; ) {
    while (i + 1 < n && values[i + 1] > values[i]) i++
    const value = values[i]
    const end = Math.min(n - 1, i + reach)
    let higher = i + 1
    while (higher <= end && values[higher] <= value) higher++
    if (higher <= end) {
      i = higher
      continue
    }
    let before = i - 1
    const start = Math.max(0, i - reach)
    while (before >= start && values[before] < value) before--
    if (value > 0 && before < start) found[count++] = i
    // Nothing up to `end` is higher, and what is equal comes second.
    i = end + 1
  }
  return found.slice(0, count)
}
