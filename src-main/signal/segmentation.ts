import { beatShape, isPresent, meanBeat } from './mean-beat.ts'

/** The three modes of recognition.md A0.4; the mode is part of a run's identity. */
export type SegmentationMode =
  | { readonly mode: 'beat'; readonly beforeSeconds?: number; readonly afterSeconds?: number }
  | { readonly mode: 'summary-beat'; readonly beats: number; readonly beforeSeconds?: number; readonly afterSeconds?: number }
  | { readonly mode: 'window'; readonly seconds: number; readonly strideSeconds: number }

export interface SegmentationInput {
  readonly samples: Float32Array
  readonly rateHz: number
  /** R peaks or pulse feet, ascending; not needed by `window`. */
  readonly beats?: readonly number[]
  /** Spans of rows [from, to) that no window may touch. */
  readonly excluded?: readonly (readonly [number, number])[]
  /** Every window gets mean 0 and standard deviation 1 (a flat one: zeros). */
  readonly zScore: boolean
  /** Beats less alike the recording's median beat are dropped, but never below three; null keeps all. 0.5 is A0.2's rule. */
  readonly minimumCorrelation: number | null
}

export interface Segment {
  /** Row of the R peak (of a group's first beat), or the window's first row. */
  readonly row: number
  readonly values: Float32Array
}

export interface Segmentation {
  /** Samples per window. */
  readonly length: number
  /** Positions of the windows as in `Segment.row`. */
  readonly rows: readonly number[]
  /** Beats dropped as unlike the median beat. */
  readonly outliers: readonly number[]
  /** The windows in order, each cut when it is asked for; may be walked through any number of times. */
  windows(): IterableIterator<Segment>
}

/** recognition.md A0.2: keep at least three, however unlike. */
const fewestBeats = 3
/** recognition.md A0.4, ECGXtractor: the five beats nearest to the group's mean. */
const nearestBeats = 5

/**
 * Cuts a lane into the windows that a model sees. Windows that touch a missing sample (NaN), an excluded span or the ends are left out. The same
 * input gives the same bits. Throws RangeError for a group or a window without length. Example: at 250 Hz mode `beat` gives windows of 150
 * samples, R at index 50.
 */
export function segment(input: SegmentationInput, mode: SegmentationMode): Segmentation {
  if (mode.mode === 'window') return fixedWindows(input, mode)
  const span = { ...mode, rateHz: input.rateHz }
  const { length, before } = beatShape(span)
  if (!(length > 0)) throw new RangeError('A beat window needs a length.')
  const free = (input.beats ?? []).filter((row) => isFree(input, row - before, length))
  const { kept, outliers } = withoutOutliers(input, free, span)
  if (mode.mode === 'beat') {
    return lazily(input, length, kept, outliers, (row) => input.samples.slice(row - before, row - before + length))
  }
  if (!(Number.isInteger(mode.beats) && mode.beats > 0)) throw new RangeError(`A group of ${mode.beats} beats is no group.`)
  const groups = new Map<number, readonly number[]>()
  // A group that is not full is left out: its mean would be noisier than the others'.
  for (let k = 0; k + mode.beats <= kept.length; k += mode.beats) groups.set(kept[k], kept.slice(k, k + mode.beats))
  return lazily(input, length, [...groups.keys()], outliers, (row) => summaryBeat(input.samples, (groups.get(row) ?? [row]).map((beat) => beat - before), length))
}

function fixedWindows(input: SegmentationInput, { seconds, strideSeconds }: { seconds: number; strideSeconds: number }): Segmentation {
  const length = Math.round(seconds * input.rateHz)
  const stride = Math.round(strideSeconds * input.rateHz)
  if (!(length > 0 && stride > 0)) throw new RangeError(`A window of ${seconds} s every ${strideSeconds} s has no sample at ${input.rateHz} Hz.`)
  // The next missing sample is searched for once, not once per overlapping window.
  let missing = -1
  const rows: number[] = []
  for (let row = 0; row + length <= input.samples.length; row += stride) {
    for (missing = Math.max(missing, row); missing < row + length && Number.isFinite(input.samples[missing]); ) missing++
    if (missing >= row + length && !touches(input.excluded, row, length)) rows.push(row)
  }
  return lazily(input, length, rows, [], (row) => input.samples.slice(row, row + length))
}

function lazily(input: SegmentationInput, length: number, rows: readonly number[], outliers: readonly number[], cut: (row: number) => Float32Array): Segmentation {
  return {
    length,
    rows,
    outliers,
    *windows() {
      for (const row of rows) yield { row, values: input.zScore ? zScored(cut(row)) : cut(row) }
    },
  }
}

function withoutOutliers(input: SegmentationInput, rows: readonly number[], span: { rateHz: number; beforeSeconds?: number; afterSeconds?: number }): { kept: readonly number[]; outliers: readonly number[] } {
  const { minimumCorrelation } = input
  if (minimumCorrelation === null || rows.length <= fewestBeats) return { kept: rows, outliers: [] }
  const { correlations } = meanBeat(input.samples, rows, span)
  const alike = [...correlations.keys()].sort((a, b) => correlations[b] - correlations[a] || a - b)
  const keep = new Set(alike.filter((k, place) => place < fewestBeats || correlations[k] >= minimumCorrelation))
  return { kept: rows.filter((_, k) => keep.has(k)), outliers: rows.filter((_, k) => !keep.has(k)) }
}

/** Mean of the five windows nearest (L2) to the mean of all. */
function summaryBeat(samples: Float32Array, starts: readonly number[], length: number): Float32Array {
  const mean = meanOf(samples, starts, length)
  const distance = (start: number) => {
    let sum = 0
    for (let i = 0; i < length; i++) sum += (samples[start + i] - mean[i]) ** 2
    return sum
  }
  const distances = new Map(starts.map((start) => [start, distance(start)]))
  const nearest = [...starts].sort((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0) || a - b).slice(0, nearestBeats)
  return Float32Array.from(meanOf(samples, nearest, length))
}

function meanOf(samples: Float32Array, starts: readonly number[], length: number): Float64Array {
  const mean = new Float64Array(length)
  for (const start of starts) for (let i = 0; i < length; i++) mean[i] += samples[start + i]
  return mean.map((sum) => sum / starts.length)
}

function isFree(input: SegmentationInput, from: number, length: number): boolean {
  return isPresent(input.samples, from, length) && !touches(input.excluded, from, length)
}

function touches(spans: SegmentationInput['excluded'], from: number, length: number): boolean {
  return (spans ?? []).some(([start, end]) => start < from + length && end > from)
}

/** Mean 0 and standard deviation 1 in place; zeros for a flat window. */
export function zScored(values: Float32Array): Float32Array {
  let mean = 0
  for (const value of values) mean += value
  mean /= values.length
  let power = 0
  for (const value of values) power += (value - mean) ** 2
  const deviation = Math.sqrt(power / values.length)
  for (let i = 0; i < values.length; i++) values[i] = deviation > 0 ? (values[i] - mean) / deviation : 0
  return values
}
