/** BIDMC delays its PPG by up to a second against its ECG, and the delay wanders over minutes: the neighbourhood's median tells it. */
const longestTransitSeconds = 1.2
const spreadSeconds = 0.15
const neighbours = 15

/** Pairs every R peak with the pulse that follows it by the usual delay of the beats around it +- 150 ms. */
export function matchPulses(beats: readonly number[], pulses: readonly number[], rateHz: number): { matched: number; transitSeconds: number } {
  const delays: number[] = []
  let next = 0
  for (const beat of beats) {
    while (next < pulses.length && pulses[next] <= beat) next++
    delays.push(next < pulses.length && pulses[next] - beat < longestTransitSeconds * rateHz ? pulses[next] - beat : Number.NaN)
  }
  const usual = (from: number, to: number) => {
    const known = delays.slice(Math.max(0, from), to).filter((delay) => !Number.isNaN(delay)).sort((a, b) => a - b)
    return known[known.length >> 1] ?? Number.NaN
  }
  let matched = 0
  let at = 0
  beats.forEach((beat, k) => {
    const expected = beat + usual(k - neighbours, k + neighbours + 1)
    if (Number.isNaN(expected)) return
    while (at < pulses.length && pulses[at] < expected - spreadSeconds * rateHz) at++
    if (at < pulses.length && pulses[at] <= expected + spreadSeconds * rateHz) {
      matched++
      at++
    }
  })
  return { matched, transitSeconds: usual(0, delays.length) / rateHz }
}
