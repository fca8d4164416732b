/*
 * Offline, the question is not "is this peak a beat?" but "which of these peaks together make the most believable heart?". Every
 * candidate has a score (positive: looks like a beat), every pair of neighbours a cost (one is the other's echo, too early, a beat missing
 * between), and the best sequence is found exactly by dynamic programming.
 */

export interface SequenceRules {
  /** Two beats are never nearer (samples): the ventricle's refractory time. */
  readonly refractory: number
  /** Nearer than this, the less steep of two may be the other's T or P wave: with less than `echoSlope` of its slope it costs up to `echoCost`. */
  readonly echo: number
  readonly echoSlope: number
  readonly echoCost: number
  /** Intervals of more than this many usual ones cost `missedCost` per doubling. */
  readonly missedFrom: number
  readonly missedCost: number
  /** Intervals of less than this part of the usual one cost `earlyCost` times the squared halvings, in a steady rhythm 1 + `steadyFactor` times that. */
  readonly earlyFrom: number
  readonly earlyCost: number
  readonly steadyFactor: number
}

/** Columns of equal length, candidates in time order. */
export interface SequenceCandidates {
  readonly at: Int32Array
  readonly score: Float64Array
  readonly slope: Float64Array
  /** The usual interval there, samples; NaN: unknown, no interval costs anything. */
  readonly usual: Float64Array
  /** 0 (no two intervals alike) ... 1 (a clock). */
  readonly steady: Float64Array
}

/** Candidates looked back at; whatever is older is "a long pause". */
const lookBack = 32
/** A pause of eight usual intervals is as unbelievable as one of a hundred. */
const longestPause = 8

/** Indices of the candidates of the best sequence, ascending. With scores 1, -0.5 and 1 and nothing costing anything: 0 and 2. */
export function bestSequence(candidates: SequenceCandidates, rules: SequenceRules): number[] {
  const { at, score } = candidates
  const total = new Float64Array(at.length)
  // Best total up to and with each candidate: no earlier one can do better, whatever the pair costs.
  const bestUpTo = new Float64Array(at.length)
  const before = new Int32Array(at.length).fill(-1)
  const longCost = rules.missedCost * Math.log2(longestPause / rules.missedFrom)
  // Best end of a sequence among the candidates that are no longer looked back at.
  let oldest = -1
  let end = -1
  for (let i = 0; i < at.length; i++) {
    const gone = i - lookBack - 1
    if (gone >= 0 && (oldest < 0 || total[gone] > total[oldest])) oldest = gone
    // A sequence may begin anywhere.
    let best = 0
    if (oldest >= 0 && total[oldest] - longCost > best) {
      best = total[oldest] - longCost
      before[i] = oldest
    }
    for (let j = i - 1; j >= Math.max(0, i - lookBack) && bestUpTo[j] > best; j--) {
      if (at[i] - at[j] < rules.refractory) continue
      const sum = total[j] - pairCost(candidates, j, i, rules)
      if (sum <= best) continue
      best = sum
      before[i] = j
    }
    total[i] = score[i] + best
    bestUpTo[i] = i === 0 ? total[i] : Math.max(bestUpTo[i - 1], total[i])
    if (end < 0 || total[i] >= total[end]) end = i
  }
  const chosen: number[] = []
  for (let i = end; i >= 0; i = before[i]) chosen.push(i)
  return chosen.reverse()
}

function pairCost({ at, slope, usual, steady }: SequenceCandidates, earlier: number, later: number, rules: SequenceRules): number {
  const distance = at[later] - at[earlier]
  const ratio = distance / usual[later]
  let cost = 0
  if (ratio > rules.missedFrom) cost = rules.missedCost * Math.log2(Math.min(longestPause, ratio) / rules.missedFrom)
  else if (ratio < rules.earlyFrom) cost = rules.earlyCost * (1 + rules.steadyFactor * steady[later]) * Math.log2(rules.earlyFrom / ratio) ** 2
  if (distance < rules.echo) {
    const gentle = Math.min(slope[earlier], slope[later]) / Math.max(slope[earlier], slope[later])
    if (gentle < rules.echoSlope) cost += rules.echoCost * (1 - gentle / rules.echoSlope)
  }
  return cost
}
