/**
 * How far a quotient of two rates may lie below a half that is meant: a hundredth of what tells two samples' places apart, and far above what doubles lose on a
 * row below 2^31.
 */
const slack = 1e-6

/**
 * The row on which sample `k` of a lane with a rate of its own stands: the nearest to its time, of two equally near ones the later.
 * @example rowOfSample(3, 1000, 250) // 12; rowOfSample(1, 100 / 3, 8 / 3) // 13, for 12.5
 */
export function rowOfSample(k: number, rateHz: number, laneRateHz: number): number {
  return Math.floor((k * rateHz) / laneRateHz + 0.5 + slack)
}

/** How many samples of a lane lie on the first `rows` rows. @example samplesInRows(1000, 1000, 250) // 250 */
export function samplesInRows(rows: number, rateHz: number, laneRateHz: number): number {
  return Math.ceil((rows * laneRateHz) / rateHz - slack)
}
