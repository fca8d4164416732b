/** Beats of one lane laid over each other. */
export interface MeanBeat {
  /** Samples of one beat; `before` of them lie before the R peak. */
  readonly length: number
  readonly before: number
  readonly mean: Float32Array
  readonly median: Float32Array
  /** Rows (into the lane) of the beats that lie wholly in present samples, ascending. */
  readonly rows: readonly number[]
  /** Correlation of each of them with the median beat, -1..1; 0 for a flat one. */
  readonly correlations: Float32Array
}

export interface BeatSpan {
  readonly rateHz: number
  /** recognition.md A0.4: R - 0.20 s ... R + 0.40 s unless told. */
  readonly beforeSeconds?: number
  readonly afterSeconds?: number
}

const usualBefore = 0.2
const usualAfter = 0.4
/** The median of this many beats, evenly taken, is that of all: more would only cost memory on a 24 h recording. */
const medianBeats = 1024

/** Beat length and samples before the R peak: 150 and 50 at 250 Hz. */
export function beatShape({ rateHz, beforeSeconds = usualBefore, afterSeconds = usualAfter }: BeatSpan): { length: number; before: number } {
  const before = Math.round(beforeSeconds * rateHz)
  return { before, length: before + Math.round(afterSeconds * rateHz) }
}

/**
 * Mean and median beat of a lane around the given R rows, and how much every beat is like the median one. Beats that reach beyond the
 * ends or over a missing sample are left out. Without any, `mean` and `median` are zeros. Example: 10 equal beats
 * have correlations of 1.
 */
export function meanBeat(samples: Float32Array, beats: readonly number[], span: BeatSpan): MeanBeat {
  const { length, before } = beatShape(span)
  const rows = beats.filter((row) => isPresent(samples, row - before, length))
  const mean = new Float64Array(length)
  for (const row of rows) for (let i = 0; i < length; i++) mean[i] += samples[row - before + i] / rows.length
  const median = medianOf(samples, rows, before, length)
  const correlations = Float32Array.from(rows, (row) => correlation(samples, row - before, median))
  return { length, before, mean: Float32Array.from(mean), median: Float32Array.from(median), rows, correlations }
}

/** True when rows from .. from + length all hold a finite value. */
export function isPresent(samples: Float32Array, from: number, length: number): boolean {
  if (!Number.isInteger(from) || from < 0 || from + length > samples.length) return false
  for (let i = from; i < from + length; i++) if (!Number.isFinite(samples[i])) return false
  return true
}

function medianOf(samples: Float32Array, rows: readonly number[], before: number, length: number): Float64Array {
  const median = new Float64Array(length)
  if (rows.length === 0) return median
  const used = Math.min(rows.length, medianBeats)
  const column = new Float64Array(used)
  for (let i = 0; i < length; i++) {
    for (let k = 0; k < used; k++) column[k] = samples[rows[Math.floor((k * rows.length) / used)] - before + i]
    column.sort()
    median[i] = used % 2 === 1 ? column[used >> 1] : (column[(used >> 1) - 1] + column[used >> 1]) / 2
  }
  return median
}

/** Pearson correlation of `wave` with the samples from `from` on; 0 when either is flat. */
export function correlation(samples: ArrayLike<number>, from: number, wave: ArrayLike<number>): number {
  const n = wave.length
  let meanA = 0
  let meanB = 0
  for (let i = 0; i < n; i++) {
    meanA += samples[from + i] / n
    meanB += wave[i] / n
  }
  let product = 0
  let powerA = 0
  let powerB = 0
  for (let i = 0; i < n; i++) {
    const a = samples[from + i] - meanA
    const b = wave[i] - meanB
    product += a * b
    powerA += a * a
    powerB += b * b
  }
  return powerA > 0 && powerB > 0 ? product / Math.sqrt(powerA * powerB) : 0
}
