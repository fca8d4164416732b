/** recognition.md A0.2: the R peak is the largest deflection within 0.10 s, polarity by majority of the recording's beats. */
const reachSeconds = 0.1
/** A QRS's top is 10 ms wide: the mean of 8 ms keeps it in place and takes the converter's steps away. */
const smoothedSeconds = 0.008

/** Which way the larger deflection of most beats goes: 1 up, -1 down. `shape`: without baseline, beats in its samples. */
export function majorityPolarity(shape: Float64Array, beats: Int32Array, rateHz: number): 1 | -1 {
  const reach = Math.round(reachSeconds * rateHz)
  let votes = 0
  for (const beat of beats) {
    const up = shape[summit(shape, beat, reach, 1)]
    const down = -shape[summit(shape, beat, reach, -1)]
    votes += up >= down ? 1 : -1
  }
  return votes >= 0 ? 1 : -1
}

/** Index of the largest value times `polarity` within `reach` of `centre`, where the farthest counts half: a T wave's foot is no R peak. */
export function summit(shape: Float64Array, centre: number, reach: number, polarity: 1 | -1): number {
  const end = Math.min(shape.length - 1, centre + reach)
  let best = Math.min(end, Math.max(0, centre))
  let height = polarity * shape[best]
  for (let i = Math.max(0, centre - reach); i <= end; i++) {
    const value = polarity * shape[i] * (1 - 0.5 * ((i - centre) / reach) ** 2)
    if (value <= height) continue
    best = i
    height = value
  }
  return best
}

/**
 * The R peak in the lane's own samples: the largest deflection in `shape` (working rate, `factor` lane samples each) within 0.10 s,
 * then the highest lightly smoothed sample around it. Returns a present row (of the lane), or -1 when all around are missing.
 */
export function refineRow(samples: Float32Array, rateHz: number, shape: Float64Array, factor: number, beat: number, polarity: 1 | -1): number {
  const top = summit(shape, beat, Math.round((reachSeconds * rateHz) / factor), polarity)
  const half = Math.floor((smoothedSeconds * rateHz) / 2)
  let best = -1
  let height = Number.NEGATIVE_INFINITY
  for (let row = Math.max(0, (top - 1) * factor); row <= Math.min(samples.length - 1, (top + 2) * factor - 1); row++) {
    if (!Number.isFinite(samples[row])) continue
    const value = polarity * smoothed(samples, row, half)
    if (value <= height) continue
    best = row
    height = value
  }
  return best
}

function smoothed(samples: Float32Array, centre: number, half: number): number {
  let sum = 0
  let present = 0
  for (let row = Math.max(0, centre - half); row <= Math.min(samples.length - 1, centre + half); row++) {
    if (!Number.isFinite(samples[row])) continue
    sum += samples[row]
    present++
  }
  return sum / present
}
