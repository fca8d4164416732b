import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { calibrate, calibrationMeasures, equalMassError, equalWidthError, reliabilityBins } from '../../../src-main/learning/evaluation/calibration.ts'
import { fitScoreToRatio } from '../../../src-main/learning/evaluation/logistic-regression.ts'
import { calibrateScores, cllr, minimumCllr } from '../../../src-main/learning/evaluation/score-calibration.ts'
import type { ScoreLists } from '../../../src-main/learning/evaluation/scores.ts'
import { fitTemperature, type ClassScores } from '../../../src-main/learning/evaluation/temperature.ts'
import { manyNormals, normals } from './synthetic-people.ts'

const lists = (genuine: readonly number[], impostor: readonly number[]): ScoreLists => ({ genuine: Float64Array.from(genuine), impostor: Float64Array.from(impostor) })

/** Logits whose softmax is the truth: labels are drawn from it. */
function calibratedLogits(samples: number, classes: number, seed: number, factor: number): ClassScores {
  const normal = normals(seed)
  const random = Random.of('labels', seed)
  const cosines = new Float32Array(samples * classes)
  const label = new Int32Array(samples)
  for (let row = 0; row < samples; row++) {
    const logits = Array.from({ length: classes }, () => 2 * normal())
    const weights = logits.map(Math.exp)
    let left = ((random.next() + 0.5) / 2 ** 32) * weights.reduce((sum, weight) => sum + weight, 0)
    label[row] = weights.findIndex((weight) => (left -= weight) < 0)
    cosines.set(logits.map((logit) => factor * logit), row * classes)
  }
  return { cosines, classes, label }
}

describe('confidence', () => {
  const two: ClassScores = { classes: 2, cosines: Float32Array.from([Math.log(9), 0, Math.log(3), 0]), label: Int32Array.from([0, 1]) }

  it('of two samples is measured as worked by hand', () => {
    // 0.9 sure and right, 0.75 sure and wrong, in different bins: (0.1 + 0.75) / 2; Brier (2 · 0.1² + 2 · 0.75²) / 2; -(ln 0.9 + ln 0.25) / 2.
    const { ece, brier, nll, accuracy, confidence, reliability } = calibrationMeasures(two, 1)
    expect([ece, brier, accuracy, confidence].map((value) => Math.round(1e5 * value) / 1e5)).toEqual([0.425, 0.5725, 0.5, 0.825])
    expect(nll).toBeCloseTo(-(Math.log(0.9) + Math.log(0.25)) / 2, 5)
    expect(reliability.filter(({ count }) => count > 0).map(({ low, high, count, accuracy: right }) => [low, high, count, right])).toEqual([[0.733333, 0.8, 1, 0], [0.866667, 0.933333, 1, 1]])
    expect(reliability.filter(({ count }) => count === 0).every((bin) => bin.confidence === null && bin.accuracy === null)).toBe(true)
  })

  it('equals a second way of measuring, on any samples', () => {
    const sample = fc.record({ sure: fc.integer({ min: 1, max: 60 }).map((value) => value / 60), right: fc.boolean() })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 80 }), (samples) => {
        const [sure, right] = [Float64Array.from(samples, (one) => one.sure), Uint8Array.from(samples, (one) => (one.right ? 1 : 0))]
        let error = 0
        for (let bin = 0; bin < 15; bin++) {
          const own = samples.filter((one) => one.sure > bin / 15 + 1e-12 && one.sure <= (bin + 1) / 15 + 1e-12)
          if (own.length === 0) continue
          const [accuracy, confidence] = [own.filter((one) => one.right).length / own.length, own.reduce((sum, one) => sum + one.sure, 0) / own.length]
          error += (own.length / samples.length) * Math.abs(accuracy - confidence)
        }
        // A value on an edge may fall on either side of it by rounding.
        if (samples.every((one) => Math.abs(15 * one.sure - Math.round(15 * one.sure)) > 1e-9)) expect(equalWidthError(sure, right)).toBeCloseTo(error, 12)
        const order = [...samples.keys()].reverse()
        expect(equalMassError(sure, right)).toBeCloseTo(equalMassError(Float64Array.from(order, (i) => sure[i]), Uint8Array.from(order, (i) => right[i])), 12)
        // Whatever the bins: between the gap of the means and the mean of the gaps.
        const whole = Math.abs(samples.reduce((sum, one) => sum + (one.right ? 1 : 0) - one.sure, 0)) / samples.length
        const single = samples.reduce((sum, one) => sum + Math.abs((one.right ? 1 : 0) - one.sure), 0) / samples.length
        for (const value of [equalWidthError(sure, right), equalMassError(sure, right)]) {
          expect(value).toBeGreaterThan(whole - 1e-9)
          expect(value).toBeLessThan(single + 1e-9)
        }
      }),
    )
  })

  it('on the edge of two bins is in the lower one', () => {
    expect(reliabilityBins(Float64Array.from([0.4, 1]), Uint8Array.from([1, 1])).flatMap(({ high, count }) => (count > 0 ? [high] : []))).toEqual([0.4, 1])
  })

  it('bins of equal numbers: thirty samples in fifteen pairs', () => {
    const sure = Float64Array.from({ length: 30 }, (_, i) => 0.5 + i / 100)
    const right = Uint8Array.from({ length: 30 }, (_, i) => i % 2)
    // Every pair has one right: |1 - (0.5 + 2p/100) - (0.5 + (2p + 1)/100)| = (4p + 1) / 100, p = 0 .. 14; summed 4.35, over 30 samples.
    expect(equalMassError(sure, right)).toBeCloseTo(4.35 / 30, 12)
  })

  it('that is calibrated has an ECE near 0; three times too sure, a temperature of 3 mends it', () => {
    const [test, validation] = [calibratedLogits(20_000, 8, 1, 3), calibratedLogits(20_000, 8, 2, 3)]
    const honest = calibrationMeasures(calibratedLogits(20_000, 8, 1, 1), 1)
    expect(honest.ece).toBeLessThan(0.012)
    expect(honest.eceEqualMass).toBeLessThan(0.012)
    const result = calibrate('head', test, validation, 1)
    expect(Math.abs((result?.temperature?.value ?? 0) - 3)).toBeLessThan(0.1)
    expect(result?.temperature?.atLimit).toBe(false)
    expect(result?.before.ece).toBeGreaterThan(0.1)
    expect(result?.after?.ece).toBeLessThan(0.015)
    // The answers stay the same: only how sure they are changes.
    expect(result?.after?.accuracy).toBe(result?.before.accuracy)
    expect(result?.after?.nll).toBeLessThan(result?.before.nll ?? 0)
  })

  it('the temperature found is the best of any', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.2, max: 6, noNaN: true }), (seed, factor) => {
        const scores = calibratedLogits(60, 4, seed, factor)
        const fitted = fitTemperature(scores, 1)
        const nll = (temperature: number): number => {
          let sum = 0
          for (let row = 0; row < 60; row++) {
            const logits = Array.from(scores.cosines.subarray(4 * row, 4 * row + 4), (value) => value / temperature)
            const most = Math.max(...logits)
            sum -= logits[scores.label[row]] - most - Math.log(logits.reduce((total, logit) => total + Math.exp(logit - most), 0))
          }
          return sum / 60
        }
        const best = nll(fitted?.value ?? NaN)
        for (let temperature = 0.01; temperature < 100; temperature *= 1.05) expect(best).toBeLessThan(nll(temperature) + 1e-8)
      }),
      { numRuns: 25 },
    )
  })

  it('without a minimum says so; without validation there is no temperature', () => {
    const right: ClassScores = { classes: 2, cosines: Float32Array.from([1, 0, 0, 1]), label: Int32Array.from([0, 1]) }
    const wrong: ClassScores = { ...right, label: Int32Array.from([1, 0]) }
    expect(fitTemperature(right, 32)).toEqual({ value: 0.01, atLimit: true })
    expect(fitTemperature(wrong, 32)).toEqual({ value: 100, atLimit: true })
    const alike: ClassScores = { ...right, cosines: new Float32Array(4) }
    expect(fitTemperature(alike, 32)?.atLimit).toBe(true)
    expect(calibrate('head', right, null, 32)).toMatchObject({ temperature: null, after: null, validationSamples: 0 })
    expect(calibrate('head', { ...right, classes: 1 }, null, 32)).toBeNull()
    expect(calibrate('head', { classes: 2, cosines: new Float32Array(0), label: new Int32Array(0) }, right, 32)).toBeNull()
    expect(() => calibrate('head', { ...right, cosines: Float32Array.from([NaN, 0, 0, 1]) }, null, 32)).toThrow(RangeError)
    expect(() => calibrate('head', { ...right, label: Int32Array.from([0, 2]) }, null, 32)).toThrow(RangeError)
    // A scale at which the wrong answer's probability is 0 in 64 bits still gives a finite loss.
    expect(Number.isFinite(calibrationMeasures(wrong, 2000).nll)).toBe(true)
  })
})

describe('scores as likelihood ratios', () => {
  it('cost what the definition says', () => {
    expect(cllr(lists([0, 0], [0]))).toBeCloseTo(1, 12)
    // log2(1 + 1/3) on either side.
    expect(cllr(lists([Math.log(3)], [-Math.log(3)]))).toBeCloseTo(Math.log2(4 / 3), 12)
    expect(cllr(lists([1000], [-1000]))).toBe(0)
    expect(() => cllr(lists([], [0]))).toThrow(RangeError)
  })

  it('of two normal kinds are the line that is known', () => {
    const normal = normals(5)
    // N(1, 1) against N(-1, 1): log ratio 2 s. Moved and stretched: s = 0.1 + x / 5, so 2 (s - 0.1) 5.
    const scores = { genuine: manyNormals(normal, 30_000, 1), impostor: manyNormals(normal, 90_000, -1) }
    const line = fitScoreToRatio(scores)
    expect(Math.abs((line?.slope ?? 0) - 2)).toBeLessThan(0.05)
    expect(Math.abs(line?.offset ?? 1)).toBeLessThan(0.03)
    const stretched = fitScoreToRatio({ genuine: scores.genuine.map((x) => 0.1 + x / 5), impostor: scores.impostor.map((x) => 0.1 + x / 5) })
    expect((stretched?.slope ?? 0) / (line?.slope ?? 1)).toBeCloseTo(5, 3)
    expect(-(stretched?.offset ?? 0) / (stretched?.slope ?? 1)).toBeCloseTo(0.1 - (line?.offset ?? 0) / (stretched?.slope ?? 1), 3)
    const calibrated = calibrateScores(scores, scores)
    // Calibrated on itself by the right model: hardly above the best there is.
    expect((calibrated?.cllr ?? 1) - (calibrated?.minCllr ?? 0)).toBeGreaterThan(0)
    expect((calibrated?.cllr ?? 1) - (calibrated?.minCllr ?? 0)).toBeLessThan(0.004)
    for (const { actualDcf, minDcf } of calibrated?.decisions ?? []) {
      expect(actualDcf).toBeGreaterThanOrEqual(minDcf)
      expect(actualDcf - minDcf).toBeLessThan(0.05)
    }
  })

  it('the line has the least cost of all lines near it', () => {
    const normal = normals(6)
    const scores = { genuine: manyNormals(normal, 40, 0.7, 0.2), impostor: manyNormals(normal, 200, 0.2, 0.2) }
    const line = fitScoreToRatio(scores)
    const cost = (slope: number, offset: number): number => cllr({ genuine: scores.genuine.map((s) => slope * s + offset), impostor: scores.impostor.map((s) => slope * s + offset) })
    const [slope, offset] = [line?.slope ?? 0, line?.offset ?? 0]
    for (const [a, b] of [[1.1, 0], [0.9, 0], [1, 0.3], [1, -0.3], [1.1, -0.5], [0.9, 0.5]]) expect(cost(slope * a, offset + b)).toBeGreaterThan(cost(slope, offset))
  })

  it('stay finite where the kinds are separate, and do not exist where all is equal', () => {
    const line = fitScoreToRatio(lists([0.8, 0.9], [0.1, 0.2]))
    expect(Number.isFinite(line?.slope) && (line?.slope ?? 0) > 1).toBe(true)
    expect((line?.slope ?? 0) * 0.5 + (line?.offset ?? 9)).toBeCloseTo(0, 1)
    expect(fitScoreToRatio(lists([1, 1], [1]))).toBeNull()
    expect(fitScoreToRatio(lists([], [1]))).toBeNull()
    expect(() => fitScoreToRatio(lists([NaN], [1]))).toThrow(RangeError)
    expect(calibrateScores(lists([1], [1]), lists([1], [0]))).toBeNull()
    expect(calibrateScores(lists([1], [0]), lists([1], []))).toBeNull()
  })

  it('the least Cllr is that of pooled neighbours, by another way', () => {
    expect(minimumCllr(lists([2, 3], [0, 1]))).toBe(0)
    expect(minimumCllr(lists([0, 1], [2, 3]))).toBeCloseTo(1, 12)
    expect(minimumCllr(lists([1], [1, 1]))).toBeCloseTo(1, 12)
    const few = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(few, few, (genuine, impostor) => {
        // Isotonic regression by its max-min formula, weighted: at each level the largest over starts of the smallest over ends of the mean.
        const levels = [...new Set([...genuine, ...impostor])].sort((a, b) => a - b)
        const count = (list: number[], from: number, to: number): number => list.filter((score) => score >= levels[from] && score <= levels[to]).length
        const posterior = levels.map((_, at) => {
          let most = -1
          for (let from = 0; from <= at; from++) {
            let least = 2
            for (let to = at; to < levels.length; to++) least = Math.min(least, count(genuine, from, to) / (count(genuine, from, to) + count(impostor, from, to)))
            most = Math.max(most, least)
          }
          return most
        })
        const ratio = (score: number): number => {
          const p = posterior[levels.indexOf(score)]
          return Math.log(p / (1 - p)) - Math.log(genuine.length / impostor.length)
        }
        const bits = (x: number): number => (x === Infinity ? 0 : Math.log2(1 + Math.exp(-x)))
        const expected = (genuine.reduce((sum, score) => sum + bits(ratio(score)), 0) / genuine.length + impostor.reduce((sum, score) => sum + bits(-ratio(score)), 0) / impostor.length) / 2
        expect(minimumCllr(lists(genuine, impostor))).toBeCloseTo(expected, 10)
      }),
    )
  })
})
