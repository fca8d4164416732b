/**
 * Standard normal distribution function, to about 1e-15: a series near 0, a continued fraction in the tails.
 * Source: Abramowitz and Stegun, 26.2.11 and 26.2.14. @example normalCdf(1.959964) is 0.975
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN
  if (x > 38) return 1
  if (x < -38) return 0
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  if (Math.abs(x) < 3) {
    let [term, sum] = [x, x]
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
      term *= (x * x) / (2 * k + 1)
      sum += term
    }
    return 0.5 + density * sum
  }
  let fraction = Math.abs(x)
  for (let k = 100; k >= 1; k--) fraction = Math.abs(x) + k / fraction
  const tail = density / fraction
  return x > 0 ? 1 - tail : tail
}

// Coefficients of Acklam's rational approximation (relative error below 1.15e-9), sharpened below by one step of Halley's method.
const centre = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239]
const centreBelow = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1]
const tail = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783]
const tailBelow = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]
const polynomial = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)

/** Normal deviate of a probability (inverse of `normalCdf`); -Infinity at 0, Infinity at 1. @example probit(0.975) is 1.959964 */
export function probit(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${p} is no probability`)
  if (p === 0) return -Infinity
  if (p === 1) return Infinity
  // By symmetry below one half: 1 - p would lose the digits of a small p.
  if (p > 0.5) return -probit(1 - p)
  let x: number
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    x = polynomial(tail, q) / polynomial(tailBelow, q)
  } else {
    const q = p - 0.5
    x = (q * polynomial(centre, q * q)) / polynomial(centreBelow, q * q)
  }
  const error = (normalCdf(x) - p) * Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2)
  return x - error / (1 + (x * error) / 2)
}
