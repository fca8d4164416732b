import type { Estimate, OperatingPoint, ProbeEvaluation } from '../../contract/index.ts'
import { overDraws, percentileInterval, type SubjectDraws } from './bootstrap.ts'
import { dPrime } from './d-prime.ts'
import { minimumDetectionCost, targetPriors } from './detection-cost.ts'
import { detCurve } from './det-curve.ts'
import { equalErrorRate } from './equal-error-rate.ts'
import { errorCurve, fnmrAtFmr, ratesAt, type ErrorCurve } from './error-rates.ts'
import { closedSet, fnirAtFpir, openSetScores, rankProbes, type RankedProbes } from './identification.ts'
import { calibrateScores } from './score-calibration.ts'
import { scoreHistogram } from './score-histogram.ts'
import { scoreLists, type ScoreLists, type ScoreMatrix } from './scores.ts'
import { significant, significantOrNull } from './significant.ts'
import { sortSearches, sortTrials, type SortedTrials } from './sorted-trials.ts'
import { transactionRates, type FailureToAcquire } from './transaction-rates.ts'
import { weightedRates } from './weighted-rates.ts'

/** False match rates, and false positive identification rates, at which a report tells the other error. Source: recognition.md C1, B4. */
const shownFmr = [0.01, 0.001] as const
const shownFpir = [0.01, 0.1] as const

export interface ScoredProbes {
  readonly beats: number
  readonly unusedWindows: number
  readonly test: ScoreMatrix
  /** Trials of validation, made and scored in the same way. */
  readonly validation: ScoreLists | null
  readonly failureToAcquire: FailureToAcquire | null
}

/** What a paired comparison needs: figures, and their values on every draw of subjects (not a number where a draw has none). */
export interface ProbeReplicates {
  readonly beats: number
  readonly eer: { readonly value: number | null; readonly draws: Float64Array }
  readonly rank1: { readonly value: number | null; readonly draws: Float64Array }
}

/** Everything about decisions from one number of beats. `placeOf`: place, in the draws, of every subject by its index. */
export function evaluateProbes(scored: ScoredProbes, draws: SubjectDraws, placeOf: ReadonlyMap<number, number>): { evaluation: ProbeEvaluation; replicates: ProbeReplicates; trials: SortedTrials } {
  const lists = scoreLists(scored.test)
  const curve = errorCurve(lists)
  const ranked = rankProbes(scored.test)
  const searches = ranked && openSetScores(ranked)
  const openSet = searches && searches.impostor.length > 0 ? searches : null
  const limits = thresholds(scored.validation)
  const trials = sortTrials(scored.test, placeOf, draws.subjects)
  const drawn = replicate(trials, openSet && ranked ? sortSearches(ranked, placeOf, draws.subjects) : null, ranked, limits.map(({ threshold }) => threshold), draws, placeOf)
  const estimate = (value: number | null, replicates: Float64Array): Estimate => ({ value: significantOrNull(value), interval: value === null ? null : percentileInterval(replicates, draws.subjects) })
  const eer = curve && equalErrorRate(curve).eer
  const identification = closedSet(ranked?.rank ?? new Int32Array(0), scored.test.templateSubject.length)
  const evaluation: ProbeEvaluation = {
    beats: scored.beats, probes: scored.test.probeSubject.length, unusedWindows: scored.unusedWindows, genuineTrials: lists.genuine.length, impostorTrials: lists.impostor.length,
    eer: estimate(eer, drawn.eer),
    fnmrAtFmr: shownFmr.map((fmr, i) => {
      const point = curve && fnmrAtFmr(curve, fmr)
      return { fmr, fnmr: estimate(point?.fnmr ?? null, drawn.fnmrAtFmr[i]), threshold: finite(point?.threshold) }
    }),
    minDcf: targetPriors.map((prior, i) => ({ prior, cost: estimate(curve && minimumDetectionCost(curve, prior), drawn.minDcf[i]) })),
    operatingPoints: limits.map(({ rule, threshold }, i): OperatingPoint => {
      const { fmr, fnmr } = ratesAt(lists, threshold)
      const transaction = scored.failureToAcquire && fmr !== null && fnmr !== null ? transactionRates(fmr, fnmr, scored.failureToAcquire) : null
      return {
        rule, threshold: significant(threshold), fmr: estimate(fmr, drawn.fmrAt[i]), fnmr: estimate(fnmr, drawn.fnmrAt[i]), far: significantOrNull(transaction?.far ?? null),
        frr: significantOrNull(transaction?.frr ?? null),
      }
    }),
    dPrime: significantOrNull(dPrime(lists)),
    det: curve ? detCurve(curve) : { fmr: [], fnmr: [], x: [], y: [] },
    histogram: scoreHistogram(lists),
    identification: {
      probes: identification.probes, rank1: estimate(identification.rank1, drawn.rank1), meanAveragePrecision: significantOrNull(identification.meanAveragePrecision), cmc: identification.cmc,
    },
    openSet: openSet && {
      matedProbes: openSet.genuine.length, unmatedProbes: openSet.impostor.length,
      fnirAtFpir: shownFpir.map((fpir, i) => {
        const point = fnirAtFpir(openSet, fpir)
        return { fpir, fnir: estimate(point?.fnir ?? null, drawn.fnirAtFpir[i]), threshold: finite(point?.threshold) }
      }),
    },
    scoreCalibration: scored.validation && calibrateScores(scored.validation, lists, curve),
  }
  return { evaluation, replicates: { beats: scored.beats, eer: { value: eer, draws: drawn.eer }, rank1: { value: identification.rank1, draws: drawn.rank1 } }, trials }
}

/** Accepting nobody has no threshold. */
const finite = (threshold: number | undefined): number | null => (threshold === undefined || !Number.isFinite(threshold) ? null : significant(threshold))

function thresholds(validation: ScoreLists | null): { rule: OperatingPoint['rule']; threshold: number }[] {
  const curve: ErrorCurve | null = validation && errorCurve(validation)
  if (!curve) return []
  const strict = fnmrAtFmr(curve, 0.01)
  return [
    { rule: 'validation-eer', threshold: equalErrorRate(curve).threshold },
    ...(strict && Number.isFinite(strict.threshold) ? [{ rule: 'validation-fmr-1-percent' as const, threshold: strict.threshold }] : []),
  ]
}

interface Drawn {
  readonly eer: Float64Array
  readonly rank1: Float64Array
  readonly fnmrAtFmr: readonly Float64Array[]
  readonly minDcf: readonly Float64Array[]
  readonly fmrAt: readonly Float64Array[]
  readonly fnmrAt: readonly Float64Array[]
  readonly fnirAtFpir: readonly Float64Array[]
}

/**
 * All figures on every draw of subjects. Verification: both roles are drawn. Identification: people's probes are drawn, the gallery stands still, for a drawn gallery has but 63 % of
 * the people and would flatter.
 */
function replicate(
  trials: SortedTrials, searches: SortedTrials | null, ranked: RankedProbes | null, limits: readonly number[], draws: SubjectDraws, placeOf: ReadonlyMap<number, number>,
): Drawn {
  const column = (): Float64Array => new Float64Array(draws.replicates).fill(NaN)
  const drawn: Drawn = {
    eer: column(), rank1: column(), fnmrAtFmr: shownFmr.map(column), minDcf: targetPriors.map(column), fmrAt: limits.map(column), fnmrAt: limits.map(column), fnirAtFpir: shownFpir.map(column),
  }
  const [hits, mated] = [new Float64Array(draws.subjects), new Float64Array(draws.subjects)]
  ranked?.rank.forEach((place, row) => {
    const subject = placeOf.get(ranked.subject[row])
    if (place === 0 || subject === undefined) return
    mated[subject]++
    if (place === 1) hits[subject]++
  })
  overDraws(draws, (weights, i) => {
    let [right, asked] = [0, 0]
    for (let subject = 0; subject < draws.subjects; subject++) {
      right += weights[subject] * hits[subject]
      asked += weights[subject] * mated[subject]
    }
    if (asked > 0) drawn.rank1[i] = right / asked
    const rates = weightedRates(trials, weights, { fmrs: shownFmr, priors: targetPriors, thresholds: limits })
    if (rates) {
      drawn.eer[i] = rates.eer
      rates.fnmrAtFmr.forEach((fnmr, k) => (drawn.fnmrAtFmr[k][i] = fnmr))
      rates.minDcf.forEach((cost, k) => (drawn.minDcf[k][i] = cost))
      rates.at.forEach(({ fmr, fnmr }, k) => {
        drawn.fmrAt[k][i] = fmr
        drawn.fnmrAt[k][i] = fnmr
      })
    }
    if (searches) weightedRates(searches, weights, { fmrs: shownFpir, priors: [], thresholds: [] })?.fnmrAtFmr.forEach((fnir, k) => (drawn.fnirAtFpir[k][i] = fnir))
  })
  return drawn
}
