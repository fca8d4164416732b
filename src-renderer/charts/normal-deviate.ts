// Coefficients of Wichura's PPND7 (Applied Statistics 37, 1988, algorithm AS 241): about seven digits, a pixel needs four.
const centre = [59.10937472, 159.29113202, 50.434271938, 3.3871327179]
const centreBelow = [67.1875636, 78.757757664, 17.895169469, 1]
const near = [0.17023821103, 1.3067284816, 2.75681539, 1.4234372777]
const nearBelow = [0.12021132975, 0.7370016425, 1]
const far = [0.017337203997, 0.42868294337, 3.081226386, 6.657905115]
const farBelow = [0.012258202635, 0.24197894225, 1]

const polynomial = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)

/** The rate of a deviate, by halving: a pointer's place on a DET axis. @example rateOfDeviate(-1.959964) // 0.025 */
export function rateOfDeviate(deviate: number): number {
  let [low, high] = [0, 1]
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (normalDeviate(middle) < deviate) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * Normal deviate of a rate, what the axes of a DET plot are drawn in; -Infinity at 0, Infinity at 1.
 * @example normalDeviate(0.025) // -1.959964
 */
export function normalDeviate(rate: number): number {
  if (rate <= 0) return -Infinity
  if (rate >= 1) return Infinity
  const q = rate - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * polynomial(centre, r)) / polynomial(centreBelow, r)
  }
  const r = Math.sqrt(-Math.log(Math.min(rate, 1 - rate)))
  const deviate = r <= 5 ? polynomial(near, r - 1.6) / polynomial(nearBelow, r - 1.6) : polynomial(far, r - 5) / polynomial(farBelow, r - 5)
  return q < 0 ? -deviate : deviate
}
