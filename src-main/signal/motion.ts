/** A stretch of a window that long without a value, as a part of it: nobody knows whether it was moved. */
const longestHole = 0.25

/** Standard gravity, m/s2. */
const gravity = 9.80665
const perG: Readonly<Record<string, number>> = { g: 1, mg: 1e-3, 'm/s2': 1 / gravity, 'cm/s2': 0.01 / gravity }

/** How many g one of a lane's units is; `null` for counts, and for a gyroscope's degrees per second. @example gravitiesPer('m/s^2') // 0.102 */
export function gravitiesPer(unit: string): number | null {
  const plain = unit.trim().toLowerCase().replace('²', '2').replaceAll(/[\s^*]/g, '')
  return Object.hasOwn(perG, plain) ? perG[plain] : null
}

/**
 * How much an accelerometer moved: root mean square, over the window, of its acceleration about its mean there, g; all axes together. The mean is gravity where the sensor keeps its attitude, so that a turn
 * of the wrist counts as a movement too. A sensor that lies on a table shows its own noise, below 0.013 g an axis (van Hees et al. 2013, PLoS ONE 8:e61691: the bound for one that is not worn).
 * @param axes g, NaN = no value: between two of a slower sensor's, or lost
 * @param from, to rows of them, `to` not included
 * @returns `null` where nobody knows: rows that are not there, or a quarter of them in a row without a value of some axis
 * @example 1 s of a shake of +-0.5 g along one axis, which points wherever it likes: 0.35
 */
export function motionOf(axes: readonly Float32Array[], from: number, to: number): number | null {
  if (axes.length === 0 || from < 0 || !(to > from) || axes.some(({ length }) => length < to)) return null
  const most = longestHole * (to - from)
  let power = 0
  for (const axis of axes) {
    let [count, sum, last] = [0, 0, from - 1]
    for (let row = from; row < to; row++) {
      if (Number.isNaN(axis[row])) continue
      if (row - last > most) return null
      last = row
      count++
      sum += axis[row]
    }
    if (count === 0 || to - last > most) return null
    const mean = sum / count
    for (let row = from; row < to; row++) if (!Number.isNaN(axis[row])) power += (axis[row] - mean) ** 2 / count
  }
  return Math.sqrt(power)
}
