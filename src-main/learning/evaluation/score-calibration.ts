import type { ScoreCalibration } from '../../contract/index.ts'
import { detectionCost, minimumDetectionCost, targetPriors } from './detection-cost.ts'
import { errorCurve, ratesAt } from './error-rates.ts'
import { fitScoreToRatio, softplus } from './logistic-regression.ts'
import type { ScoreLists } from './scores.ts'
import { significant } from './significant.ts'

/**
 * Scores of a test as log likelihood ratios, by what validation scores say, with the cost of taking them at their word.
 * @param curve of the test, where it is known already.
 * @returns `null` where either side lacks a kind of trial, or all validation scores are equal.
 */
export function calibrateScores(validation: ScoreLists, test: ScoreLists, curve = errorCurve(test)): ScoreCalibration | null {
  const line = fitScoreToRatio(validation)
  if (!line || !curve) return null
  const ratios = { genuine: test.genuine.map((score) => line.slope * score + line.offset), impostor: test.impostor.map((score) => line.slope * score + line.offset) }
  return {
    slope: significant(line.slope), offset: significant(line.offset), cllr: significant(cllr(ratios)), minCllr: significant(minimumCllr(test)),
    decisions: targetPriors.map((prior) => {
      // Bayes: accept where ratio x prior odds exceed 1.
      const { fmr, fnmr } = ratesAt(ratios, Math.log((1 - prior) / prior))
      return { prior, actualDcf: significant(detectionCost(prior, fmr ?? 0, fnmr ?? 0)), minDcf: significant(minimumDetectionCost(curve, prior)) }
    }),
  }
}

/**
 * Cost of log likelihood ratios (natural logarithm), bits: ½ [mean log2(1 + 1/LR) over genuine + mean log2(1 + LR) over impostor]. 0: all certain and right; 1: saying nothing.
 * Source: Brümmer and du Preez 2006. @throws RangeError where a kind of trial is missing.
 * @example all ratios 1: 1 bit; genuine log 3, impostor -log 3: log2(4/3) = 0.415
 */
export function cllr({ genuine, impostor }: ScoreLists): number {
  if (genuine.length === 0 || impostor.length === 0) throw new RangeError('a kind of trial is missing')
  let [own, other] = [0, 0]
  for (const ratio of genuine) own += softplus(-ratio)
  for (const ratio of impostor) other += softplus(ratio)
  return (own / genuine.length + other / impostor.length) / (2 * Math.LN2)
}

/** Equal scores, or scores pooled because a higher one must not mean a lower probability. */
interface Block {
  readonly genuine: number
  readonly impostor: number
}

/**
 * Cllr after the best calibration that keeps the order of scores (a higher score never gets a lower ratio): pool adjacent violators. At most 1.
 * @throws RangeError where a kind of trial is missing or a score is not a number.
 * @example genuine 2, 3, impostor 0, 1: 0
 */
export function minimumCllr({ genuine, impostor }: ScoreLists): number {
  if (genuine.length === 0 || impostor.length === 0) throw new RangeError('a kind of trial is missing')
  const [own, other] = [Float64Array.from(genuine).sort(), Float64Array.from(impostor).sort()]
  if (Number.isNaN(own.at(-1)) || Number.isNaN(other.at(-1))) throw new RangeError('a score is not a number')
  const blocks: Block[] = []
  let [g, m] = [0, 0]
  while (g < own.length || m < other.length) {
    const score = Math.min(g < own.length ? own[g] : Infinity, m < other.length ? other[m] : Infinity)
    const [g0, m0] = [g, m]
    while (g < own.length && own[g] === score) g++
    while (m < other.length && other[m] === score) m++
    let block: Block = { genuine: g - g0, impostor: m - m0 }
    // Compared as products: a part of genuine trials that does not rise is pooled with the one before.
    for (let last = blocks.at(-1); last && last.genuine * (block.genuine + block.impostor) >= block.genuine * (last.genuine + last.impostor); last = blocks.at(-1)) {
      block = { genuine: last.genuine + block.genuine, impostor: last.impostor + block.impostor }
      blocks.pop()
    }
    blocks.push(block)
  }
  let [ownCost, otherCost] = [0, 0]
  for (const block of blocks) {
    // Pure blocks are certain and cost nothing.
    if (block.genuine === 0 || block.impostor === 0) continue
    const ratio = Math.log(block.genuine / genuine.length) - Math.log(block.impostor / impostor.length)
    ownCost += block.genuine * softplus(-ratio)
    otherCost += block.impostor * softplus(ratio)
  }
  return (ownCost / genuine.length + otherCost / impostor.length) / (2 * Math.LN2)
}
