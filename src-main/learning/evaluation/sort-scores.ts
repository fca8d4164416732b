/** Bits per pass: two passes over the 32 of a float. */
const radix = 1 << 16

/**
 * Places of scores in descending order; equal ones stay in their order. Radix sort on the bits of the floats: a comparison sort of millions takes seconds.
 * @throws RangeError on a score that is not a number.
 * @example [0.1, 0.9, -0.5]: [1, 0, 2]
 */
export function descendingOrder(scores: Float32Array): Uint32Array {
  // A copy: -0 becomes 0, which it equals.
  const values = Float32Array.from(scores, (score) => {
    if (Number.isNaN(score)) throw new RangeError('a score is not a number')
    return score + 0
  })
  const keys = new Uint32Array(values.buffer)
  for (let i = 0; i < keys.length; i++) {
    // Floats order like sign-magnitude integers: flip negative ones whole, set the sign of the others; then all once more for descending.
    keys[i] = keys[i] & 0x80000000 ? keys[i] : ~(keys[i] | 0x80000000)
  }
  let order = Uint32Array.from(keys, (_, i) => i)
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(radix + 1)
    for (const key of keys) starts[((key >>> shift) & 0xffff) + 1]++
    for (let i = 0; i < radix; i++) starts[i + 1] += starts[i]
    const next = new Uint32Array(order.length)
    for (const place of order) next[starts[(keys[place] >>> shift) & 0xffff]++] = place
    order = next
  }
  return order
}
