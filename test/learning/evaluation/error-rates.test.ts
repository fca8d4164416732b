import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dPrime } from '../../../src-main/learning/evaluation/d-prime.ts'
import { detectionCost, minimumDetectionCost } from '../../../src-main/learning/evaluation/detection-cost.ts'
import { detCurve } from '../../../src-main/learning/evaluation/det-curve.ts'
import { equalErrorRate } from '../../../src-main/learning/evaluation/equal-error-rate.ts'
import { errorCurve, fnmrAtFmr, ratesAt, type ErrorCurve } from '../../../src-main/learning/evaluation/error-rates.ts'
import { normalCdf, probit } from '../../../src-main/learning/evaluation/normal-deviate.ts'
import { scoreHistogram } from '../../../src-main/learning/evaluation/score-histogram.ts'
import type { ScoreLists } from '../../../src-main/learning/evaluation/scores.ts'
import { transactionRates } from '../../../src-main/learning/evaluation/transaction-rates.ts'
import { manyNormals, normals } from './synthetic-people.ts'

const lists = (genuine: readonly number[], impostor: readonly number[]): ScoreLists => ({ genuine: Float64Array.from(genuine), impostor: Float64Array.from(impostor) })

function curveOf(scores: ScoreLists): ErrorCurve {
  const curve = errorCurve(scores)
  if (!curve) throw new Error('no curve')
  return curve
}

/** Both rates at a threshold by counting, nothing sorted. */
function counted({ genuine, impostor }: ScoreLists, threshold: number): [number, number] {
  return [impostor.filter((score) => score >= threshold).length / impostor.length, genuine.filter((score) => score < threshold).length / genuine.length]
}

/** EER by trying every threshold there is and joining the two points around the diagonal. */
function naiveEer(scores: ScoreLists): number {
  const levels = [...new Set([...scores.genuine, ...scores.impostor])].sort((a, b) => a - b)
  const points = [...levels.map((level) => counted(scores, level)), [0, 1]]
  for (let i = 0; i + 1 < points.length; i++) {
    const [[f0, n0], [f1, n1]] = [points[i], points[i + 1]]
    if (f0 < n0 || f1 >= n1) continue
    // x where the line through (f0, n0) and (f1, n1) meets y = x.
    if (f0 === f1) return f0
    const slope = (n1 - n0) / (f1 - f0)
    return Number.isFinite(slope) ? (n0 - slope * f0) / (1 - slope) : f0
  }
  return NaN
}

/** Few different values, so that ties are the rule. */
const someScores = fc.array(fc.integer({ min: -6, max: 6 }).map((value) => value / 4), { minLength: 1, maxLength: 25 })

describe('error rates', () => {
  it('of four trials are those worked by hand', () => {
    const curve = curveOf(lists([0.9, 0.6], [0.7, 0.1]))
    expect([...curve.threshold]).toEqual([Infinity, 0.9, 0.7, 0.6, 0.1])
    expect([...curve.fmr]).toEqual([0, 0, 0.5, 0.5, 1])
    expect([...curve.fnmr]).toEqual([1, 0.5, 0.5, 0, 0])
    expect(equalErrorRate(curve)).toEqual({ eer: 0.5, threshold: 0.7 })
    expect(ratesAt(lists([0.9, 0.6], [0.7, 0.1]), 0.65)).toEqual({ fmr: 0.5, fnmr: 0.5 })
    // At the threshold is accepted.
    expect(ratesAt(lists([0.9, 0.6], [0.7, 0.1]), 0.7)).toEqual({ fmr: 0.5, fnmr: 0.5 })
    expect(ratesAt(lists([0.9, 0.6], [0.7, 0.1]), 0.6)).toEqual({ fmr: 0.5, fnmr: 0 })
  })

  it('between two operating points the EER is where their line meets the diagonal', () => {
    // At 0.5 one of three genuine is missed and no impostor of four accepted: (0, 1/3); at 0.4 an impostor pair: (1/2, 1/3). The line is level: 1/3, two thirds of the way.
    const { eer, threshold } = equalErrorRate(curveOf(lists([0.9, 0.5, 0.1], [0.4, 0.4, 0, 0])))
    expect(eer).toBeCloseTo(1 / 3, 12)
    expect(threshold).toBeCloseTo(0.5 - (0.1 * 2) / 3, 12)
  })

  it('equal those of counting at every threshold, with ties', () => {
    fc.assert(
      fc.property(someScores, someScores, (genuine, impostor) => {
        const scores = lists(genuine, impostor)
        const curve = curveOf(scores)
        curve.threshold.forEach((threshold, i) => expect([curve.fmr[i], curve.fnmr[i]]).toEqual(counted(scores, threshold)))
        expect(curve.threshold.length).toBe(1 + new Set([...genuine, ...impostor]).size)
        expect(equalErrorRate(curve).eer).toBeCloseTo(naiveEer(scores), 12)
        for (const prior of [0.01, 0.05, 0.5]) {
          const costs = [...genuine, ...impostor, 99].map((threshold) => detectionCost(prior, ...counted(scores, threshold)))
          expect(minimumDetectionCost(curve, prior)).toBeCloseTo(Math.min(...costs), 12)
        }
      }),
    )
  })

  it('do not depend on a rising transformation of the scores, and turn over with them', () => {
    fc.assert(
      fc.property(someScores, someScores, (genuine, impostor) => {
        const eer = equalErrorRate(curveOf(lists(genuine, impostor))).eer
        expect(equalErrorRate(curveOf(lists(genuine.map(Math.exp), impostor.map(Math.exp)))).eer).toBeCloseTo(eer, 12)
        // Negated scores make the impostors the genuine ones.
        const negated = (values: number[]): number[] => values.map((value) => -value)
        expect(equalErrorRate(curveOf(lists(negated(impostor), negated(genuine)))).eer).toBeCloseTo(eer, 12)
      }),
    )
  })

  it('of two separate kinds are 0, of two mixed-up ones 1, of equal scores one half', () => {
    expect(equalErrorRate(curveOf(lists([2, 3], [0, 1]))).eer).toBe(0)
    expect(equalErrorRate(curveOf(lists([0, 1], [2, 3]))).eer).toBe(1)
    expect(equalErrorRate(curveOf(lists([1, 1, 1], [1, 1]))).eer).toBe(0.5)
  })

  it('are null without a kind of trial, and refuse what is not a number', () => {
    expect(errorCurve(lists([], [1]))).toBeNull()
    expect(errorCurve(lists([1], []))).toBeNull()
    expect(ratesAt(lists([], []), 0)).toEqual({ fmr: null, fnmr: null })
    expect(() => errorCurve(lists([1, NaN], [0]))).toThrow(RangeError)
    expect(() => errorCurve(lists([1], [NaN, 3, 4]))).toThrow(RangeError)
  })

  it('FNMR at an FMR is shown from 30 / FMR impostor trials on', () => {
    const impostor = Array.from({ length: 3000 }, (_, i) => i / 3000)
    // 30 of 3000 are at or above 2970/3000: the threshold is there, and of the genuine ones 0.98 is missed.
    expect(fnmrAtFmr(curveOf(lists([0.995, 0.98, 0.999, 0.991], impostor)), 0.01)).toEqual({ fnmr: 0.25, threshold: 0.99 })
    expect(fnmrAtFmr(curveOf(lists([0.995], impostor.slice(1))), 0.01)).toBeNull()
    expect(fnmrAtFmr(curveOf(lists([0.995], impostor)), 0.001)).toBeNull()
  })

  it('equal costs are those of the definition', () => {
    expect(detectionCost(0.01, 0.001, 0.2)).toBeCloseTo(0.2 + 99 * 0.001, 12)
    expect(minimumDetectionCost(curveOf(lists([2, 3], [0, 1])), 0.01)).toBe(0)
    expect(minimumDetectionCost(curveOf(lists([0, 1], [2, 3])), 0.01)).toBe(1)
  })
})

describe('normal scores', () => {
  const normal = normals(7)
  const separation = 2.4
  const scores = { genuine: manyNormals(normal, 40_000, separation), impostor: manyNormals(normal, 400_000, 0) }
  const curve = curveOf(scores)

  it("have the EER Φ(-d'/2)", () => {
    // Deviation of the estimate: about 0.001.
    expect(Math.abs(equalErrorRate(curve).eer - normalCdf(-separation / 2))).toBeLessThan(0.004)
    expect(Math.abs((dPrime(scores) ?? 0) - separation)).toBeLessThan(0.02)
    expect(Math.abs((fnmrAtFmr(curve, 0.01)?.fnmr ?? 1) - normalCdf(probit(0.99) - separation))).toBeLessThan(0.02)
  })

  it('have a straight DET line: y = -x - d', () => {
    const { x, y, fmr, fnmr } = detCurve(curve)
    expect(x.length).toBeLessThanOrEqual(200)
    expect(x.length).toBeGreaterThan(150)
    for (let i = 0; i < x.length; i++) {
      expect(normalCdf(x[i])).toBeCloseTo(fmr[i], 5)
      if (Math.abs(x[i]) < 2.5 && Math.abs(y[i]) < 2.5) expect(Math.abs(x[i] + y[i] + separation)).toBeLessThan(0.06)
    }
    // Spread along the line, both ends kept: no step is longer than a tenth of it, but between the last few trials.
    expect(fmr).toEqual([...fmr].sort((a, b) => a - b))
    expect(fnmr[0]).toBeGreaterThan(0.5)
    expect(fmr.at(-1)).toBeGreaterThan(0.5)
  })
})

describe('the normal deviate', () => {
  it('has the values of printed tables', () => {
    // Abramowitz and Stegun, table 26.1 and 26.5.
    for (const [x, p] of [[0, 0.5], [1, 0.841344746068543], [2, 0.977249868051821], [3, 0.998650101968370], [-4, 3.16712418331199e-5], [-6, 9.86587645037698e-10]]) {
      expect(Math.abs(normalCdf(x) / p - 1)).toBeLessThan(1e-12)
    }
    expect(probit(0.975)).toBeCloseTo(1.959963984540054, 12)
    expect(probit(0.0001)).toBeCloseTo(-3.719016485455681, 11)
  })

  it('is undone by the distribution function, everywhere', () => {
    fc.assert(
      fc.property(fc.double({ min: -8, max: 8, noNaN: true }), (x) => {
        const p = normalCdf(-Math.abs(x))
        expect(Math.abs(probit(p) + Math.abs(x))).toBeLessThan(1e-9)
        expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 14)
      }),
    )
    expect([probit(0), probit(1)]).toEqual([-Infinity, Infinity])
    expect(() => probit(NaN)).toThrow(RangeError)
  })
})

it('a DET without any point on its axes is empty', () => {
  expect(detCurve(curveOf(lists([2, 3], [0, 1])))).toEqual({ fmr: [], fnmr: [], x: [], y: [] })
})

it("d' of four scores", () => {
  expect(dPrime(lists([2, 4], [-1, 1]))).toBeCloseTo(3 / Math.SQRT2, 12)
  expect(dPrime(lists([2], [0, 1]))).toBeNull()
  expect(dPrime(lists([2, 2], [1, 1]))).toBeNull()
})

describe('score histograms', () => {
  it('of three scores', () => {
    expect(scoreHistogram(lists([1], [0, 0.4]), 2)).toEqual({ low: 0, high: 1, genuine: [0, 1], impostor: [2, 0] })
    expect(scoreHistogram(lists([3, 3], [3]))).toEqual({ low: 3, high: 3, genuine: [2], impostor: [1] })
    expect(scoreHistogram(lists([], []))).toBeNull()
  })

  it('lose nobody', () => {
    fc.assert(
      fc.property(someScores, someScores, (genuine, impostor) => {
        const histogram = scoreHistogram(lists(genuine, impostor))
        const sum = (counts: number[] | undefined): number => (counts ?? []).reduce((total, count) => total + count, 0)
        expect([sum(histogram?.genuine), sum(histogram?.impostor)]).toEqual([genuine.length, impostor.length])
      }),
    )
  })
})

it('whoever is refused a sample is rejected, and never falsely accepted', () => {
  const { far, frr } = transactionRates(0.01, 0.1, { attempts: 100, refused: 20 })
  expect(far).toBeCloseTo(0.008, 12)
  // Of 100 genuine attempts 20 are refused and 8 of the other 80 do not match.
  expect(frr).toBeCloseTo(0.28, 12)
  expect(() => transactionRates(0, 0, { attempts: 1, refused: 2 })).toThrow(RangeError)
})
