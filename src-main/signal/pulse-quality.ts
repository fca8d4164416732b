import { correlation } from './mean-beat.ts'
import { zScored } from './segmentation.ts'

/** How much a stretch of PPG looks like a row of pulses, whoever's they are. */
export interface PulseQuality {
  /** Mean correlation of its pulses with their mean, -1..1; `null` with fewer than two whole ones, and below 3 s: a window of a single beat. */
  readonly correlation: number | null
  /** Third standardised moment, the systolic side up: noise has 0, a pulse that rises faster than it falls more. */
  readonly skewness: number
}

/** Two whole pulses of the slowest heart. In less, a pulse and its dicrotic wave pass for two. */
const fewestSeconds = 3
/** 200 and 40 pulses a minute. */
const shortestPeriodSeconds = 0.3
const longestPeriodSeconds = 1.5
/** Of the first period that repeats itself nearly as well as the best does: twice a period repeats itself as well as one. */
const nearlyBest = 0.9
/** Two pulses are not nearer to each other than this part of the usual distance: the dicrotic wave is no pulse. */
const nearestPart = 0.6

/**
 * Template correlation (Orphanidou et al. 2015, IEEE J. Biomed. Health Inform. 19:832) and skewness (Elgendi 2016, Bioengineering 3:21) of band-passed PPG. Blood absorbs light, so a sensor's raw counts fall
 * where a monitor's pleth rises: the side to which the signal moves fastest is up. Depends on the samples alone.
 * @param samples 0.5-8 Hz, no sample missing
 * @example 5 s of equal pulses at 60 a minute: { correlation: 1, skewness: 0.9 }; of white noise: about { correlation: 0.6, skewness: 0 }
 */
export function pulseQuality(samples: Float32Array, rateHz: number): PulseQuality {
  const upright = Float64Array.from(samples)
  if (steepest(samples) < 0) for (let i = 0; i < upright.length; i++) upright[i] = -upright[i]
  return { correlation: pulseCorrelation(upright, rateHz), skewness: skewnessOf(upright) }
}

/** Above 0 where rising strokes are the steeper ones: third powers tell a short steep stroke from a long gentle one of the same height. */
function steepest(samples: Float32Array): number {
  let sum = 0
  for (let i = 1; i < samples.length; i++) sum += (samples[i] - samples[i - 1]) ** 3
  return sum
}

function skewnessOf(samples: Float64Array): number {
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length
  let [second, third] = [0, 0]
  for (const value of samples) {
    second += (value - mean) ** 2 / samples.length
    third += (value - mean) ** 3 / samples.length
  }
  return second > 0 ? third / second ** 1.5 : 0
}

function pulseCorrelation(samples: Float64Array, rateHz: number): number | null {
  if (samples.length < fewestSeconds * rateHz) return null
  const period = periodOf(samples, rateHz)
  const before = period >> 1
  const starts = peaksOf(samples, nearestPart * period).map((peak) => peak - before).filter((start) => start >= 0 && start + period <= samples.length)
  if (starts.length < 2) return null
  // Each as large as the others: a movement of ten times their height would otherwise be the template, and all alike it.
  const pieces = starts.map((start) => zScored(Float32Array.from(samples.subarray(start, start + period))))
  const template = new Float64Array(period)
  for (const piece of pieces) for (let i = 0; i < period; i++) template[i] += piece[i] / pieces.length
  return pieces.reduce((sum, piece) => sum + correlation(piece, 0, template), 0) / pieces.length
}

/** Samples after which the signal repeats itself best. */
function periodOf(samples: Float64Array, rateHz: number): number {
  const shortest = Math.max(2, Math.round(shortestPeriodSeconds * rateHz))
  const longest = Math.min(Math.round(longestPeriodSeconds * rateHz), samples.length >> 1)
  const likeness = Array.from({ length: longest - shortest + 1 }, (_, k) => likenessAfter(samples, shortest + k))
  const best = Math.max(...likeness)
  const isPeak = (k: number): boolean => likeness[k] >= (likeness[k - 1] ?? -1) && likeness[k] >= (likeness[k + 1] ?? -1)
  const first = likeness.findIndex((value, k) => value >= nearlyBest * best && isPeak(k))
  return shortest + Math.max(0, first)
}

/** Cosine of the signal and itself so many samples later; band-passed, it has no mean worth taking off. */
function likenessAfter(samples: Float64Array, lag: number): number {
  let [both, first, second] = [0, 0, 0]
  for (let i = lag; i < samples.length; i++) {
    const a = samples[i - lag]
    const b = samples[i]
    both += a * b
    first += a * a
    second += b * b
  }
  return first > 0 && second > 0 ? both / Math.sqrt(first * second) : 0
}

/** Local maxima, highest first where two are nearer to each other than `nearest` samples; ascending. */
function peaksOf(samples: Float64Array, nearest: number): number[] {
  const peaks: number[] = []
  for (let i = 1; i + 1 < samples.length; i++) if (samples[i] > samples[i - 1] && samples[i] >= samples[i + 1] && samples[i] > 0) peaks.push(i)
  const kept: number[] = []
  for (const peak of peaks.sort((a, b) => samples[b] - samples[a])) if (kept.every((other) => Math.abs(other - peak) >= nearest)) kept.push(peak)
  return kept.sort((a, b) => a - b)
}
