/** Logarithm of the gamma function for x > 0: Lanczos' approximation (g = 7, 9 terms), relative error below 1e-14. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

export function logGamma(x: number): number {
  const shifted = x - 1
  let sum = lanczos[0]
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i] / (shifted + i)
  const t = shifted + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum)
}

/** Regularised incomplete beta function by its continued fraction (Lentz's method). Source: NIST DLMF 8.17.22. */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges quickly below the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a
  const tiny = 1e-300
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value)
  let [c, d] = [1, 1 / away(1 - ((a + b) * x) / (a + 1))]
  let fraction = d
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    fraction *= c * d
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    fraction *= c * d
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return front * fraction
}

/** Two-sided p value of Student's t. @throws RangeError below 1 degree of freedom. @example t = 2.776445 with 4 degrees of freedom: 0.05 */
export function studentTwoSided(t: number, freedom: number): number {
  if (!(freedom >= 1)) throw new RangeError(`${freedom} degrees of freedom are too few`)
  return incompleteBeta(freedom / 2, 0.5, freedom / (freedom + t * t))
}

/** The t that is exceeded on either side with probability `p` in sum: halving, for `studentTwoSided` falls. @example p = 0.05, 4 degrees of freedom: 2.776445 */
export function studentLimit(p: number, freedom: number): number {
  let [low, high] = [0, 1]
  while (studentTwoSided(high, freedom) > p) high *= 2
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2
    if (studentTwoSided(middle, freedom) > p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
