/** Rows `from` up to but not including `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/**
 * Stretches that begin and end with a present sample and hold no hole longer than `bridgedRows`. NaN and infinite values are missing.
 * For 1 - 2 3 - - - 4 and 1: [0, 4) and [7, 8).
 */
export function presentStretches(samples: ArrayLike<number>, bridgedRows: number): Stretch[] {
  const stretches: Stretch[] = []
  let from = -1
  let last = -1
  for (let row = 0; row < samples.length; row++) {
    if (!Number.isFinite(samples[row])) continue
    if (from >= 0 && row - last - 1 > bridgedRows) {
      stretches.push({ from, to: last + 1 })
      from = row
    } else if (from < 0) from = row
    last = row
  }
  if (from >= 0) stretches.push({ from, to: last + 1 })
  return stretches
}

/** Copies rows from..to (whose ends are present) to `line` at `at`, with straight lines over the holes between them. */
export function bridgeHoles(samples: ArrayLike<number>, from: number, to: number, line: Float64Array, at: number): void {
  let last = from
  for (let row = from; row < to; row++) {
    const value = samples[row]
    if (!Number.isFinite(value)) continue
    line[at + row - from] = value
    const step = (value - samples[last]) / (row - last)
    for (let hole = last + 1; hole < row; hole++) line[at + hole - from] = samples[last] + step * (hole - last)
    last = row
  }
}
