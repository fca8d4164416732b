/** A pulse reaches the finger 0.15-0.4 s after the R peak; BIDMC's PPG has its own fixed delay, so the record's median decides. */
const longestTransitSeconds = 1.2
const spreadSeconds = 0.15

/** Pairs every R peak with the pulse that follows it by the record's usual delay +- 150 ms. */
export function matchPulses(beats: readonly number[], pulses: readonly number[], rateHz: number): { matched: number; transitSeconds: number } {
  const delays: number[] = []
  let next = 0
  for (const beat of beats) {
    while (next < pulses.length && pulses[next] <= beat) next++
    if (next < pulses.length && pulses[next] - beat < longestTransitSeconds * rateHz) delays.push(pulses[next] - beat)
  }
  const transit = delays.sort((a, b) => a - b)[delays.length >> 1] ?? 0
  let matched = 0
  let at = 0
  for (const beat of beats) {
    const expected = beat + transit
    while (at < pulses.length && pulses[at] < expected - spreadSeconds * rateHz) at++
    if (at < pulses.length && pulses[at] <= expected + spreadSeconds * rateHz) {
      matched++
      at++
    }
  }
  return { matched, transitSeconds: transit / rateHz }
}
