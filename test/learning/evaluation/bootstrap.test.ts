import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawSubjects, overDraws, pairedDifference, percentileInterval } from '../../../src-main/learning/evaluation/bootstrap.ts'
import { minimumDetectionCost } from '../../../src-main/learning/evaluation/detection-cost.ts'
import { equalErrorRate } from '../../../src-main/learning/evaluation/equal-error-rate.ts'
import { errorCurve, ratesAt } from '../../../src-main/learning/evaluation/error-rates.ts'
import { holm } from '../../../src-main/learning/evaluation/holm.ts'
import { rankProbes } from '../../../src-main/learning/evaluation/identification.ts'
import { permutedLabels } from '../../../src-main/learning/evaluation/label-permutation.ts'
import { normalCdf } from '../../../src-main/learning/evaluation/normal-deviate.ts'
import { comparePairedSeeds } from '../../../src-main/learning/evaluation/paired-seeds.ts'
import { scoreLists, type ScoreMatrix } from '../../../src-main/learning/evaluation/scores.ts'
import { sortSearches, sortTrials } from '../../../src-main/learning/evaluation/sorted-trials.ts'
import { studentLimit, studentTwoSided } from '../../../src-main/learning/evaluation/student-t.ts'
import { weightedRates } from '../../../src-main/learning/evaluation/weighted-rates.ts'
import { normals } from './synthetic-people.ts'

const places = (count: number): Map<number, number> => new Map(Array.from({ length: count }, (_, i) => [i, i]))

/** Probe and template subjects with a score in few steps: ties are the rule. */
const study = fc
  .record({ probes: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 14 }), templates: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }) })
  .chain(({ probes, templates }) =>
    fc.record({
      matrix: fc
        .array(fc.integer({ min: 0, max: 9 }).map((value) => value / 8), { minLength: probes.length * templates.length, maxLength: probes.length * templates.length })
        .map((scores): ScoreMatrix => ({ scores: Float32Array.from(scores), probeSubject: Int32Array.from(probes), templateSubject: Int32Array.from(templates) })),
      drawn: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
    }),
  )

/** The trials of a draw written out: every copy of a subject is somebody of its own, but never compared with its other copies. */
function written({ scores, probeSubject, templateSubject }: ScoreMatrix, drawn: readonly number[]): { genuine: Float64Array; impostor: Float64Array } {
  const [genuine, impostor]: [number[], number[]] = [[], []]
  const copies = drawn.flatMap((times, subject) => Array.from({ length: times }, (_, copy) => ({ subject, copy })))
  for (const probe of copies) {
    for (const template of copies) {
      if (probe.subject === template.subject && probe.copy !== template.copy) continue
      probeSubject.forEach((a, row) => {
        templateSubject.forEach((b, column) => {
          if (a === probe.subject && b === template.subject) (a === b ? genuine : impostor).push(scores[row * templateSubject.length + column])
        })
      })
    }
  }
  return { genuine: Float64Array.from(genuine), impostor: Float64Array.from(impostor) }
}

describe('rates with weights', () => {
  it('are those of the drawn trials written out one by one', () => {
    fc.assert(
      fc.property(study, ({ matrix, drawn }) => {
        const rates = weightedRates(sortTrials(matrix, places(6), 6), Float64Array.from([...drawn, 1]), { fmrs: [0.1, 0.3], priors: [0.01, 0.05, 0.4], thresholds: [0.375, 0.8] })
        const lists = written(matrix, drawn)
        const curve = errorCurve(lists)
        expect(rates === null).toBe(curve === null)
        if (!rates || !curve) return
        expect(rates.eer).toBeCloseTo(equalErrorRate(curve).eer, 12)
        for (const [k, fmr] of [0.1, 0.3].entries()) expect(rates.fnmrAtFmr[k]).toBeCloseTo(Math.min(...curve.fnmr.filter((_, i) => curve.fmr[i] <= fmr)), 12)
        for (const [k, prior] of [0.01, 0.05, 0.4].entries()) expect(rates.minDcf[k]).toBeCloseTo(minimumDetectionCost(curve, prior), 12)
        for (const [k, threshold] of [0.375, 0.8].entries()) {
          const { fmr, fnmr } = ratesAt(lists, threshold)
          expect(rates.at[k].fmr).toBeCloseTo(fmr ?? NaN, 12)
          expect(rates.at[k].fnmr).toBeCloseTo(fnmr ?? NaN, 12)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('of searches in an open set are those of the drawn searches', () => {
    fc.assert(
      fc.property(study, ({ matrix, drawn }) => {
        const ranked = rankProbes(matrix)
        if (!ranked) return
        const rates = weightedRates(sortSearches(ranked, places(6), 6), Float64Array.from([...drawn, 1]), { fmrs: [0.1, 0.5], priors: [], thresholds: [] })
        const [mated, unmated]: [number[], number[]] = [[], []]
        ranked.subject.forEach((subject, row) => {
          for (let copy = 0; copy < drawn[subject]; copy++) {
            if (ranked.rank[row] === 0) unmated.push(ranked.best[row])
            else mated.push(ranked.rank[row] === 1 ? ranked.best[row] : -1)
          }
        })
        expect(rates === null).toBe(mated.length === 0 || unmated.length === 0)
        for (const [k, fpir] of [0.1, 0.5].entries()) {
          const allowed = [...new Set([...mated, ...unmated, 2])].filter((t) => t >= 0 && unmated.filter((score) => score >= t).length <= fpir * unmated.length)
          if (rates) expect(rates.fnmrAtFmr[k]).toBeCloseTo(Math.min(...allowed.map((t) => mated.filter((score) => score < t).length / mated.length)), 12)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('draws of subjects', () => {
  it('are the same for the same seed, as many as there are, and each as likely', () => {
    const draws = drawSubjects(7, 2000, 3)
    expect(drawSubjects(7, 2000, 3).counts).toEqual(draws.counts)
    expect(drawSubjects(7, 2000, 4).counts).not.toEqual(draws.counts)
    const sums = new Float64Array(7)
    overDraws(draws, (weights) => {
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(8)
      expect(weights[7]).toBe(1)
      for (let i = 0; i < 7; i++) sums[i] += weights[i]
    })
    // Binomial: 2000 expected, deviation √(14000 · 6/49) = 41.
    for (const sum of sums) expect(Math.abs(sum - 2000)).toBeLessThan(4 * 41)
    expect(() => drawSubjects(0, 1000, 1)).toThrow(RangeError)
    expect(() => drawSubjects(5, 99, 1)).toThrow(RangeError)
  })

  it('give percentiles between neighbours', () => {
    expect(percentileInterval(Float64Array.from({ length: 1001 }, (_, i) => ((i * 5) % 1001) / 1000), 50)).toEqual({ low: 0.025, high: 0.975 })
    expect(percentileInterval(Float64Array.from({ length: 1000 }, () => 1), 4)).toBeNull()
    expect(percentileInterval(Float64Array.from({ length: 1000 }, (_, i) => (i < 150 ? NaN : 1)), 50)).toBeNull()
    expect(percentileInterval(Float64Array.from({ length: 1000 }, (_, i) => (i < 50 ? NaN : 1)), 50)).toEqual({ low: 1, high: 1 })
  })
})

/** Scores of people who differ: own mean for genuine ones, likeness to others for impostor ones (as test/curation/support.test.ts). */
function simulated(people: number, probes: number, gap: number, normal: () => number): ScoreMatrix {
  const likeness = Array.from({ length: people }, normal)
  const means = Array.from({ length: people }, () => gap + Math.sqrt(0.5) * normal())
  const scores = new Float32Array(people * probes * people)
  const probeSubject = Int32Array.from({ length: people * probes }, (_, row) => Math.floor(row / probes))
  probeSubject.forEach((a, row) => {
    for (let b = 0; b < people; b++) scores[row * people + b] = a === b ? means[a] + Math.sqrt(0.5) * normal() : Math.sqrt(0.12) * (likeness[a] + likeness[b]) + Math.sqrt(0.76) * normal()
  })
  return { scores, probeSubject, templateSubject: Int32Array.from({ length: people }, (_, i) => i) }
}

describe('the bootstrap of subjects', () => {
  const eersOf = (matrix: ScoreMatrix, people: number, seed: number): Float64Array => {
    const trials = sortTrials(matrix, places(people), people)
    const eers = new Float64Array(200)
    overDraws(drawSubjects(people, 200, seed), (weights, i) => (eers[i] = weightedRates(trials, weights, { fmrs: [], priors: [], thresholds: [] })?.eer ?? NaN))
    return eers
  }

  it('covers the truth in about 95 of 100 studies, where drawing trials would not', () => {
    const normal = normals(12)
    const gap = 2.6
    // Both kinds of scores have unit variance over all people: Φ(-gap / 2).
    const truth = normalCdf(-gap / 2)
    const studies = 200
    let [covered, byTrials] = [0, 0]
    for (let i = 0; i < studies; i++) {
      const matrix = simulated(40, 6, gap, normal)
      const interval = percentileInterval(eersOf(matrix, 40, i), 40)
      if (interval && interval.low <= truth && truth <= interval.high) covered++
      // The interval that 240 independent genuine trials would have.
      const curve = errorCurve(scoreLists(matrix))
      const eer = curve ? equalErrorRate(curve).eer : NaN
      const half = 1.96 * Math.sqrt((truth * (1 - truth)) / 4 * (1 / 240 + 1 / 9360))
      if (Math.abs(eer - truth) <= half) byTrials++
    }
    // 95 % of 200 with the deviation of a binomial (1.5 %), and a little below for percentiles of 40 people.
    expect(covered / studies).toBeGreaterThan(0.89)
    expect(covered / studies).toBeLessThan(0.99)
    expect(byTrials / studies).toBeLessThan(0.8)
  })

  it('sees a difference of two systems on the same people that two separate intervals hide', () => {
    const normal = normals(21)
    const matrix = simulated(60, 6, 2.2, normal)
    // The second system: the same with a little less noise on every genuine score.
    const better: ScoreMatrix = { ...matrix, scores: matrix.scores.map((score, i) => (matrix.probeSubject[Math.floor(i / 60)] === i % 60 ? score + 0.25 : score)) }
    const [first, second] = [eersOf(better, 60, 5), eersOf(matrix, 60, 5)]
    const { interval, p } = pairedDifference(first, second, 60)
    expect(interval?.high).toBeLessThan(0)
    expect(p).toBeLessThan(0.02)
    const [a, b] = [percentileInterval(first, 60), percentileInterval(second, 60)]
    expect((a?.high ?? 0) > (b?.low ?? 1)).toBe(true)
    expect(pairedDifference(first, first, 60)).toEqual({ interval: { low: 0, high: 0 }, p: 1 })
    expect(pairedDifference(first, second, 4)).toEqual({ interval: null, p: null })
    expect(() => pairedDifference(first, second.slice(1), 60)).toThrow(RangeError)
  })

  it('its p is twice the part on the other side of 0', () => {
    const differences = Float64Array.from({ length: 999 }, (_, i) => i - 19.5)
    // 20 below zero: 2 · 21 / 1000.
    expect(pairedDifference(differences, new Float64Array(999), 50).p).toBeCloseTo(0.042, 12)
  })
})

describe('permuted labels', () => {
  it('have an EER at chance, however good the model', () => {
    const normal = normals(4)
    for (const people of [10, 45]) {
      const found = permutedLabels(sortTrials(simulated(people, 4, 6, normal), places(people), people), 1)
      expect(Math.abs((found?.eer ?? 0) - 0.5)).toBeLessThan(0.03)
      expect(found?.atChance).toBe(true)
    }
  })

  it('are at chance among the enrolled, however many strangers are tested, and however unlike all they are', () => {
    const [people, probes] = [10, 4]
    const { scores, probeSubject } = simulated(people, probes, 6, normals(9))
    for (const enrolled of [2, 3, 5]) {
      const [alike, unlike] = [0, -5].map((shift) => {
        const some = Float32Array.from({ length: probeSubject.length * enrolled }, (_, i) => {
          const [row, column] = [Math.floor(i / enrolled), i % enrolled]
          return scores[row * people + column] + (probeSubject[row] < enrolled ? 0 : shift)
        })
        return permutedLabels(sortTrials({ scores: some, probeSubject, templateSubject: Int32Array.from({ length: enrolled }, (_, i) => i) }, places(people), people), 1)
      })
      expect(alike?.atChance).toBe(true)
      expect(unlike).toEqual(alike)
    }
  })

  it('need two templates and somebody to test', () => {
    const one: ScoreMatrix = { scores: Float32Array.from([1, 0]), probeSubject: Int32Array.from([0, 1]), templateSubject: Int32Array.from([0]) }
    expect(permutedLabels(sortTrials(one, places(2), 2), 1)).toBeNull()
    const strangers: ScoreMatrix = { scores: Float32Array.from([1, 0]), probeSubject: Int32Array.from([2]), templateSubject: Int32Array.from([0, 1]) }
    expect(permutedLabels(sortTrials(strangers, places(3), 3), 1)).toBeNull()
  })
})

describe("Holm's correction", () => {
  it('is the one worked by hand', () => {
    expect(holm([0.01, 0.04, 0.03]).map((p) => Math.round(1e6 * p) / 1e6)).toEqual([0.03, 0.06, 0.06])
    expect(holm([])).toEqual([])
    expect(() => holm([NaN])).toThrow(RangeError)
  })

  it('decides as stepping down does, at any level', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), fc.double({ min: 0.001, max: 0.3, noNaN: true }), (values, level) => {
        const rejected = new Set<number>()
        const order = values.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p)
        for (const [step, { p, i }] of order.entries()) {
          if (p * (values.length - step) > level) break
          rejected.add(i)
        }
        holm(values).forEach((p, i) => expect(p <= level).toBe(rejected.has(i)))
      }),
    )
  })
})

describe('seeds in pairs', () => {
  it('have t, p and d_z as worked by hand', () => {
    const found = comparePairedSeeds([1, 2, 3], [0, 0, 0])
    expect([found.t, found.dz].map((value) => Math.round(1e4 * (value ?? 0)) / 1e4)).toEqual([3.4641, 2])
    // With 2 degrees of freedom p = 1 - t / √(t² + 2).
    expect(found.p).toBeCloseTo(1 - Math.sqrt(12 / 14), 5)
    expect(found.interval?.low).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 4)
    expect(comparePairedSeeds([1, 2], [0.5, 1.5])).toEqual({ seeds: 2, meanDifference: 0.5, interval: null, t: null, p: null, dz: null })
    expect(comparePairedSeeds([1], [0])).toEqual({ seeds: 1, meanDifference: 1, interval: null, t: null, p: null, dz: null })
    expect(() => comparePairedSeeds([1], [])).toThrow(RangeError)
    expect(() => comparePairedSeeds([NaN, 1], [1, 2])).toThrow(RangeError)
  })

  it("Student's t has the values of printed tables, closed forms and the normal limit", () => {
    for (const [freedom, limit] of [[1, 12.7062047], [2, 4.30265273], [4, 2.77644511], [9, 2.26215716], [30, 2.04227246], [120, 1.97993041]]) {
      expect(studentTwoSided(limit, freedom)).toBeCloseTo(0.05, 7)
      expect(studentLimit(0.05, freedom)).toBeCloseTo(limit, 5)
    }
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (t) => {
        expect(studentTwoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(Math.abs(t)), 9)
        expect(studentTwoSided(t, 2)).toBeCloseTo(1 - Math.abs(t) / Math.sqrt(t * t + 2), 9)
        expect(studentTwoSided(t, 1e7)).toBeCloseTo(2 * normalCdf(-Math.abs(t)), 5)
      }),
    )
    expect(() => studentTwoSided(1, 0)).toThrow(RangeError)
  })
})
