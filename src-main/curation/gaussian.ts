import type { Random } from './random.ts'

const bits = 0x100000000
const logarithmOf2 = 0.6931471805599453

/**
 * Natural logarithm of x > 0 from IEEE additions, multiplications and divisions only. ECMAScript leaves the last bits of `Math.log` to the engine; these are the same everywhere.
 * ln x = k ln 2 + 2 artanh((m - 1) / (m + 1)) with x = 2^k m, sqrt(1/2) <= m < sqrt(2); ten terms of the series leave less than 1e-16.
 * @example naturalLogarithm(2) is 0.6931471805599453
 */
export function naturalLogarithm(x: number): number {
  let mantissa = x
  let exponent = 0
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2
    exponent--
  }
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2
    exponent++
  }
  const ratio = (mantissa - 1) / (mantissa + 1)
  const square = ratio * ratio
  let series = 0
  for (let k = 19; k >= 1; k -= 2) series = series * square + 1 / k
  return exponent * logarithmOf2 + 2 * ratio * series
}

/** 0 <= value < 1, with 32 bits. */
export const uniform = (random: Random): number => random.next() / bits

/**
 * Independent standard normal numbers, bit for bit the same on every machine: Marsaglia's polar method (Marsaglia and Bray 1964), `Math.sqrt` being exactly rounded.
 * @example gaussians(Random.of('weights', 1)) gives a function that draws one number a call
 */
export function gaussians(random: Random): () => number {
  let kept: number | null = null
  return () => {
    if (kept !== null) {
      const drawn = kept
      kept = null
      return drawn
    }
    for (;;) {
      const x = 2 * uniform(random) - 1
      const y = 2 * uniform(random) - 1
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const stretch = Math.sqrt((-2 * naturalLogarithm(square)) / square)
      kept = y * stretch
      return x * stretch
    }
  }
}
