import type { EstimateInterval } from '../../contract/index.ts'
import { Random } from '../../curation/random.ts'
import { significant } from './significant.ts'

/** Replicates below which percentiles of 2.5 % and 97.5 % are noise. Source: recognition.md C1. */
export const fewestReplicates = 100
/** Of 4 subjects there are 35 different draws (of n: (2n - 1) over n), fewer than the 40 of which 2.5 % is one. Even with a dozen an interval is too narrow. */
export const fewestSubjects = 5
/** Part of the replicates that must have a value (a draw can be without impostors). */
const leastValid = 0.9

/** How often each subject was drawn, replicate by replicate. */
export interface SubjectDraws {
  readonly subjects: number
  readonly replicates: number
  readonly seed: number
  /** [replicates, subjects], row-major; every row adds up to `subjects`. */
  readonly counts: Uint16Array
}

/**
 * Draws as many subjects as there are, with replacement, for every replicate: trials of one person are not independent, people are. The same seed and number of subjects give the
 * same draws, so that two systems can be compared on them.
 * @throws RangeError below 100 replicates or without subjects.
 */
export function drawSubjects(subjects: number, replicates: number, seed: number): SubjectDraws {
  if (replicates < fewestReplicates || subjects < 1) throw new RangeError(`${replicates} replicates of ${subjects} subjects are too few`)
  const random = Random.of('subject bootstrap', seed)
  const counts = new Uint16Array(replicates * subjects)
  for (let from = 0; from < counts.length; from += subjects) for (let i = 0; i < subjects; i++) counts[from + random.below(subjects)]++
  return { subjects, replicates, seed, counts }
}

/** Calls `measure` with the weights of every replicate, a 1 behind the last subject (for what is not drawn). The array is used again: it must not be kept. */
export function overDraws({ subjects, replicates, counts }: SubjectDraws, measure: (weights: Float64Array, replicate: number) => void): void {
  const weights = new Float64Array(subjects + 1)
  weights[subjects] = 1
  for (let replicate = 0; replicate < replicates; replicate++) {
    for (let i = 0; i < subjects; i++) weights[i] = counts[replicate * subjects + i]
    measure(weights, replicate)
  }
}

/**
 * 95 % percentile interval of replicate values; those that are not a number are left out.
 * @returns `null` with fewer than 5 subjects or where more than a tenth of the replicates has no value.
 * @example 1001 values 0, 0.001 ... 1: 0.025 to 0.975
 */
export function percentileInterval(values: Float64Array, subjects: number): EstimateInterval | null {
  const valid = values.filter((value) => !Number.isNaN(value)).sort()
  if (subjects < fewestSubjects || valid.length < leastValid * values.length || valid.length === 0) return null
  return { low: significant(quantile(valid, 0.025)), high: significant(quantile(valid, 0.975)) }
}

/** Linear between neighbours (Hyndman and Fan's type 7). */
function quantile(sorted: Float64Array, part: number): number {
  const at = part * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
}

export interface PairedDifference {
  readonly interval: EstimateInterval | null
  /** Two-sided: twice the part of replicates on the other side of 0, never below 2 / (replicates + 1). `null` where there is no interval. */
  readonly p: number | null
}

/**
 * Difference first - second of two systems on the same draws.
 * @throws RangeError when the two do not have equally many replicates.
 */
export function pairedDifference(first: Float64Array, second: Float64Array, subjects: number): PairedDifference {
  if (first.length !== second.length) throw new RangeError(`${first.length} and ${second.length} replicates are no pairs`)
  const differences = first.map((value, i) => value - second[i])
  const interval = percentileInterval(differences, subjects)
  if (!interval) return { interval, p: null }
  let [valid, notAbove, notBelow] = [0, 0, 0]
  for (const difference of differences) {
    if (Number.isNaN(difference)) continue
    valid++
    if (difference <= 0) notAbove++
    if (difference >= 0) notBelow++
  }
  return { interval, p: significant(Math.min(1, (2 * (1 + Math.min(notAbove, notBelow))) / (valid + 1))) }
}
