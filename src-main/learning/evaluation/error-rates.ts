import type { ScoreLists } from './scores.ts'

/**
 * Both error rates at every threshold that makes a difference, from accepting nobody to accepting everybody. A trial is accepted when its score is at least the threshold; equal
 * scores fall together, so no point lies between them.
 */
export interface ErrorCurve {
  /** Descending, from +Infinity. */
  readonly threshold: Float64Array
  /** Rising from 0 to 1. */
  readonly fmr: Float64Array
  /** Falling from 1 to 0. */
  readonly fnmr: Float64Array
  readonly genuineTrials: number
  readonly impostorTrials: number
}

/** Trials, per error rate shown, below which it is not printed: rule of 30 (recognition.md C1). */
export const ruleOf30 = 30

/**
 * @returns `null` where a kind of trial is missing.
 * @throws RangeError on a score that is not a number.
 * @example genuine 0.9, 0.6, impostor 0.7, 0.1: (0, 1), (0, 0.5), (0.5, 0.5), (0.5, 0), (1, 0)
 */
export function errorCurve(lists: ScoreLists): ErrorCurve | null {
  const [genuine, impostor] = [Float64Array.from(lists.genuine).sort().reverse(), Float64Array.from(lists.impostor).sort().reverse()]
  // Sorted, whatever is not a number stands first after the reversal.
  if (Number.isNaN(genuine[0]) || Number.isNaN(impostor[0])) throw new RangeError('a score is not a number')
  if (genuine.length === 0 || impostor.length === 0) return null
  const most = genuine.length + impostor.length + 1
  const [threshold, fmr, fnmr] = [new Float64Array(most), new Float64Array(most), new Float64Array(most)]
  threshold[0] = Infinity
  fnmr[0] = 1
  let [g, m, points] = [0, 0, 1]
  while (g < genuine.length || m < impostor.length) {
    const score = Math.max(g < genuine.length ? genuine[g] : -Infinity, m < impostor.length ? impostor[m] : -Infinity)
    while (g < genuine.length && genuine[g] === score) g++
    while (m < impostor.length && impostor[m] === score) m++
    threshold[points] = score
    fmr[points] = m / impostor.length
    fnmr[points] = (genuine.length - g) / genuine.length
    points++
  }
  return {
    threshold: threshold.subarray(0, points), fmr: fmr.subarray(0, points), fnmr: fnmr.subarray(0, points), genuineTrials: genuine.length, impostorTrials: impostor.length,
  }
}

/** Whether so many trials can show such a rate. @example 3000 trials show 1 %, 2999 do not */
export const canShow = (rate: number, trials: number): boolean => trials > 0 && rate * trials >= ruleOf30

/**
 * The smallest FNMR at a false match rate of at most `fmr`, and the threshold there. No interpolation: the threshold exists.
 * @returns `null` below 30 / n impostor trials: so small a rate cannot be shown.
 */
export function fnmrAtFmr(curve: ErrorCurve, fmr: number): { fnmr: number; threshold: number } | null {
  if (!canShow(fmr, curve.impostorTrials)) return null
  let at = 0
  while (at + 1 < curve.fmr.length && curve.fmr[at + 1] <= fmr) at++
  return { fnmr: curve.fnmr[at], threshold: curve.threshold[at] }
}

/** Both rates at a threshold that was fixed elsewhere. @example genuine 0.9, 0.6, impostor 0.7, 0.1, threshold 0.65: FMR 0.5, FNMR 0.5 */
export function ratesAt({ genuine, impostor }: ScoreLists, threshold: number): { fmr: number | null; fnmr: number | null } {
  let [missed, accepted] = [0, 0]
  for (const score of genuine) if (score < threshold) missed++
  for (const score of impostor) if (score >= threshold) accepted++
  return { fmr: impostor.length === 0 ? null : accepted / impostor.length, fnmr: genuine.length === 0 ? null : missed / genuine.length }
}
