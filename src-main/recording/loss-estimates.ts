/**
 * The row of a hold behind whose pause all arrivals are `riseNs` later, or 0 where they rise without such a pause. It has to stand out: a pause
 * as any other of the hold explains nothing. `pausesNs[i]` is the host time between row i and the one before, ns.
 * @example stepBehind([8e6, 8e6, 320e6, 16e6], 312e6) === 2; stepBehind([8e6, 16e6, 16e6], 12e6) === 0
 */
export function stepBehind(pausesNs: readonly number[], riseNs: number): number {
  const pauses = pausesNs.map((pauseNs, index) => (index === 0 ? 0 : pauseNs))
  const longest = Math.max(...pauses)
  const at = pauses.indexOf(longest)
  const next = Math.max(...pauses.filter((_, index) => index !== at))
  return longest >= 0.75 * riseNs && longest >= 2 * next ? at : 0
}

/**
 * Rows lost where bytes were skipped: whole frames by their bytes unless the clock contradicts; torn ones, and noise that was no frame,
 * by the clock, for which even half a frame may be one.
 * @example skippedRows(1, 0.6) === 1; skippedRows(3.4, 0.1) === 0; skippedRows(0.5, 1.1) === 1
 */
export function skippedRows(byBytes: number, byClock: number): number {
  if (Number.isInteger(byBytes) && Math.abs(byClock - byBytes) < 0.75) return byBytes
  return Math.max(0, Math.min(Math.ceil(2 * byBytes), Math.round(byClock)))
}
