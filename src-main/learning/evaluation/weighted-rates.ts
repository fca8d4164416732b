import { crossing } from './equal-error-rate.ts'
import type { SortedTrials } from './sorted-trials.ts'

export interface Wanted {
  /** Rates at which FNMR is wanted, priors of costs (at most 0.5), and thresholds fixed elsewhere. */
  readonly fmrs: readonly number[]
  readonly priors: readonly number[]
  readonly thresholds: readonly number[]
}

export interface WeightedRates {
  readonly eer: number
  readonly fnmrAtFmr: readonly number[]
  readonly minDcf: readonly number[]
  readonly at: readonly { readonly fmr: number; readonly fnmr: number }[]
}

/**
 * EER, FNMR at given FMR, least costs and rates at thresholds, all in one walk from the best score down that ends as soon as the last of them is known: some percent of the trials.
 * @param wanted rates below 1, priors of at most one half.
 * @param weights how often each subject was drawn, with a 1 behind the last.
 * @returns `null` where no genuine or no impostor trial has any weight.
 */
export function weightedRates(trials: SortedTrials, weights: Float64Array, { fmrs, priors, thresholds }: Wanted): WeightedRates | null {
  const { score, left, right } = trials
  const [allGenuine, allImpostor] = totals(trials, weights)
  if (allGenuine === 0 || allImpostor === 0) return null
  const fnmrAtFmr = fmrs.map(() => 0)
  const minDcf = priors.map(() => 1)
  const at = thresholds.map(() => ({ fmr: 1, fnmr: 0 }))
  // What the walk passes one after the other, so that one comparison per trial will do.
  const rising = fmrs.map((rate, place) => ({ rate, place })).sort((a, b) => a.rate - b.rate)
  const falling = thresholds.map((threshold, place) => ({ threshold, place })).sort((a, b) => b.threshold - a.threshold)
  // Behind this FMR no cost is below 1, that of accepting nobody.
  const farthest = Math.max(0, ...priors.map((prior) => prior / (1 - prior)))
  let [passedFmrs, passedThresholds, eer] = [0, 0, NaN]
  let nextFmr = rising.length > 0 ? rising[0].rate * allImpostor : Infinity
  let nextThreshold = falling.length > 0 ? falling[0].threshold : -Infinity
  let [accepted, alarms] = [0, 0]
  const trialsInAll = score.length
  for (let i = 0; i < trialsInAll; ) {
    const level = score[i]
    while (level < nextThreshold) {
      at[falling[passedThresholds].place] = { fmr: alarms / allImpostor, fnmr: (allGenuine - accepted) / allGenuine }
      nextThreshold = ++passedThresholds < falling.length ? falling[passedThresholds].threshold : -Infinity
    }
    const [alarmsBefore, acceptedBefore] = [alarms, accepted]
    do {
      const a = left[i]
      const b = right[i]
      if (a === b) accepted += weights[a]
      else alarms += weights[a] * weights[b]
      i++
    } while (i < trialsInAll && score[i] === level)
    while (alarms > nextFmr) {
      fnmrAtFmr[rising[passedFmrs].place] = (allGenuine - acceptedBefore) / allGenuine
      nextFmr = ++passedFmrs < rising.length ? rising[passedFmrs].rate * allImpostor : Infinity
    }
    if (Number.isNaN(eer) && alarms * allGenuine >= (allGenuine - accepted) * allImpostor) {
      const [fmr, fmrBefore] = [alarms / allImpostor, alarmsBefore / allImpostor]
      eer = fmrBefore + crossing(fmrBefore, (allGenuine - acceptedBefore) / allGenuine, fmr, (allGenuine - accepted) / allGenuine) * (fmr - fmrBefore)
    }
    // A cost is least where somebody has just been accepted: false alarms alone only add to it.
    if (accepted !== acceptedBefore && alarms <= farthest * allImpostor) {
      for (let k = 0; k < priors.length; k++) {
        minDcf[k] = Math.min(minDcf[k], (allGenuine - accepted) / allGenuine + (((1 - priors[k]) / priors[k]) * alarms) / allImpostor)
      }
    }
    if (!Number.isNaN(eer) && passedFmrs === rising.length && passedThresholds === falling.length && alarms > farthest * allImpostor) break
  }
  return { eer, fnmrAtFmr, minDcf, at }
}

/** Weight of all genuine and of all impostor trials: (Σ w p)(Σ w t) - Σ w² p t counts every pair of two different people. */
function totals({ genuine, probes, templates }: SortedTrials, weights: Float64Array): [number, number] {
  let [own, left, right, same] = [0, 0, 0, 0]
  for (let a = 0; a < weights.length; a++) {
    own += weights[a] * genuine[a]
    left += weights[a] * probes[a]
    right += weights[a] * templates[a]
    same += weights[a] * weights[a] * probes[a] * templates[a]
  }
  return [own, left * right - same]
}
