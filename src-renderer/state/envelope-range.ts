/**
 * Range that shows a lane without its rare spikes: percentiles of the column extremes with a margin.
 * @example visibleRange(new Float32Array([0, 1, 0, 1]), 0.5) // [-0.04, 1.04]: 4 % on either side
 */
export function visibleRange(values: Float32Array, smallest: number): [number, number] {
  const finite = values.filter((value) => Number.isFinite(value)).sort()
  if (finite.length === 0) return [-smallest / 2, smallest / 2]
  const low = finite[Math.floor(finite.length * 0.002)]
  const high = finite[Math.min(finite.length - 1, Math.ceil(finite.length * 0.998))]
  const span = Math.max(high - low, smallest)
  const middle = (low + high) / 2
  return [middle - span * 0.54, middle + span * 0.54]
}
