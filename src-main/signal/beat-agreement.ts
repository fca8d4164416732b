/** How alike a lane's beats are, and which way its R peaks point. */
export interface BeatAgreement {
  /** Mean over the beats of their correlation with the median beat, -1..1. */
  readonly correlation: number
  /** Sign of the median beat's largest deflection within 60 ms of the beat; `null` for pulses. */
  readonly polarity: 1 | -1 | null
}

/** Around a beat, seconds: P wave to the top of the T wave; a pulse from its foot to its notch. */
const windows = { ecg: { from: -0.2, to: 0.4 }, ppg: { from: 0, to: 0.6 } } as const
/** A median of so many beats is as steady as one of all, and a day has a hundred thousand. */
const mostTemplateBeats = 101
const peakSeconds = 0.06

/**
 * Compares the beats of a lane with their median beat, sample by sample over the window of the lane's kind. Beats whose window is not whole or holds missing samples do not
 * count; `null` with fewer than two.
 * @param samples band-passed, NaN = missing; `beats` in samples
 * @example a lane of equal beats: { correlation: 1, polarity: 1 }
 */
export function beatAgreement(samples: ArrayLike<number>, beats: readonly number[], rateHz: number, kind: 'ecg' | 'ppg'): BeatAgreement | null {
  const from = Math.round(windows[kind].from * rateHz)
  const length = Math.max(2, Math.round(windows[kind].to * rateHz) - from)
  const whole = beats.filter((beat) => isWhole(samples, beat + from, length))
  if (whole.length < 2) return null
  const template = medianBeat(samples, chosen(whole), from, length)
  const correlations = whole.map((beat) => correlate(samples, beat + from, template))
  return { correlation: correlations.reduce((sum, one) => sum + one, 0) / correlations.length, polarity: kind === 'ecg' ? polarityOf(template, -from, Math.max(1, Math.round(peakSeconds * rateHz))) : null }
}

function isWhole(samples: ArrayLike<number>, from: number, length: number): boolean {
  if (from < 0 || from + length > samples.length) return false
  for (let i = from; i < from + length; i++) if (!Number.isFinite(samples[i])) return false
  return true
}

/** Spread evenly over the recording. */
function chosen(beats: readonly number[]): number[] {
  const step = Math.max(1, beats.length / mostTemplateBeats)
  return Array.from({ length: Math.min(beats.length, mostTemplateBeats) }, (_, i) => beats[Math.floor(i * step)])
}

function medianBeat(samples: ArrayLike<number>, beats: readonly number[], from: number, length: number): Float64Array {
  const column = new Float64Array(beats.length)
  return Float64Array.from({ length }, (_, k) => {
    beats.forEach((beat, i) => (column[i] = samples[beat + from + k]))
    return column.sort()[beats.length >> 1]
  })
}

/** Pearson's correlation; 0 where one of both does not vary. */
function correlate(samples: ArrayLike<number>, from: number, template: Float64Array): number {
  const n = template.length
  let [meanA, meanB] = [0, 0]
  for (let k = 0; k < n; k++) {
    meanA += samples[from + k] / n
    meanB += template[k] / n
  }
  let [both, a, b] = [0, 0, 0]
  for (let k = 0; k < n; k++) {
    const offA = samples[from + k] - meanA
    const offB = template[k] - meanB
    both += offA * offB
    a += offA * offA
    b += offB * offB
  }
  return a > 0 && b > 0 ? both / Math.sqrt(a * b) : 0
}

function polarityOf(template: Float64Array, centre: number, reach: number): 1 | -1 {
  let largest = 0
  for (let k = Math.max(0, centre - reach); k <= Math.min(template.length - 1, centre + reach); k++) if (Math.abs(template[k]) > Math.abs(largest)) largest = template[k]
  return largest < 0 ? -1 : 1
}
