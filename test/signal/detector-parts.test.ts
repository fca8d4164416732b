import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BeatClusters } from '../../src-main/signal/beat-clusters.ts'
import { localPeaks } from '../../src-main/signal/local-peaks.ts'
import { detectBeatsMultiLead } from '../../src-main/signal/qrs-detector.ts'
import { RunningMedian } from '../../src-main/signal/running-median.ts'
import { filterZeroPhase, mainsNotch } from '../../src-main/signal/zero-phase.ts'
import { gaussian, stressCases, uniform } from './stress-heart.ts'

/** Few different numbers: equal neighbours are the hard case. */
const numbers = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 })

describe('the parts of the offline detector, against the slow way', () => {
  it('running medians are those of sorted windows', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), (values, around) => {
        const medians = new RunningMedian(Float64Array.from(values), around)
        const slow = (window: readonly number[]) => window.toSorted((a, b) => a - b)[window.length >> 1]
        for (let k = Math.max(1, Math.min(4, values.length)); k <= values.length; k++) expect(medians.before(k)).toBe(slow(values.slice(Math.max(0, k - around), k)))
      }),
    )
  })

  it('local peaks are what nothing within reach exceeds, the first of equals', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 5 }), (values, reach) => {
        const slow = values.flatMap((value, i) => {
          const before = values.slice(Math.max(0, i - reach), i)
          const after = values.slice(i + 1, i + 1 + reach)
          return value > 0 && before.every((other) => other < value) && after.every((other) => other <= value) ? [i] : []
        })
        expect([...localPeaks(Float64Array.from(values), reach)]).toEqual(slow)
      }),
    )
  })

  it('sections run two by two give what each alone gives', () => {
    const noise = gaussian(uniform(5))
    const samples = Float64Array.from({ length: 4000 }, noise)
    const sections = [...mainsNotch(50, 360), ...mainsNotch(60, 360).slice(0, 1)]
    expect(sections).toHaveLength(3)
    const together = filterZeroPhase(sections, samples, { rateHz: 360 })
    const oneByOne = sections.reduce<Float64Array>((line, section) => filterZeroPhase([section], line, { rateHz: 360 }), samples)
    for (let row = 1500; row < 2500; row++) expect(together[row]).toBeCloseTo(oneByOne[row], 4)
  })

  it('a whole signal and one that ends in missing samples are filtered alike', () => {
    const noise = gaussian(uniform(6))
    const whole = Float64Array.from({ length: 3000 }, noise)
    const longer = new Float64Array(3100).fill(Number.NaN)
    longer.set(whole)
    const sections = mainsNotch(50, 250)
    expect([...filterZeroPhase(sections, longer, { rateHz: 250 }).subarray(0, 3000)]).toEqual([...filterZeroPhase(sections, whole, { rateHz: 250 })])
  })

  it('likeness is Pearson correlation with what was learnt, at the best of seven places', () => {
    const half = 31
    const signal = Float64Array.from({ length: 900 }, (_, i) => {
      const bump = (at: number, width: number) => Math.exp(-0.5 * ((i - at) / width) ** 2)
      return 2 + bump(100, 5) - 0.6 * bump(112, 8) + 3 * bump(302, 5) - 1.8 * bump(314, 8) + bump(500, 9) + 0.5 * bump(480, 6) - bump(700, 5) + 0.6 * bump(712, 8)
    })
    const pearson = (a: number, b: number) => {
      const [x, y] = [a, b].map((at) => Array.from(signal.subarray(at - half, at + half + 1)))
      const [mx, my] = [x, y].map((piece) => piece.reduce((sum, value) => sum + value) / piece.length)
      const covariance = (u: readonly number[], mu: number, v: readonly number[], mv: number) => u.reduce((sum, value, i) => sum + (value - mu) * (v[i] - mv), 0)
      return covariance(x, mx, y, my) / Math.sqrt(covariance(x, mx, x, mx) * covariance(y, my, y, my))
    }
    const clusters = new BeatClusters(signal, half)
    clusters.learn(Int32Array.of(100, 100, 100), 3)
    for (const at of [100, 300, 500, 700]) {
      const best = Math.max(0, ...[-3, -2, -1, 0, 1, 2, 3].map((lag) => pearson(100, at + lag)))
      // Every other sample is compared: within a hundredth.
      expect(Math.abs(clusters.similarity(at) - best)).toBeLessThan(0.01)
    }
    expect(clusters.similarity(300)).toBeGreaterThan(0.98)
    expect(clusters.similarity(half - 1)).toBe(0)
    expect(clusters.similarity(signal.length - half)).toBe(0)
    clusters.learn(Int32Array.of(100, 100), 3)
    expect(clusters.similarity(100)).toBe(0)
  })

  it('a lead that ends early does not blind the one that goes on', () => {
    const [{ samples, rateHz, beats }] = stressCases(3)
    const short = samples.slice(0, samples.length >> 2)
    const { rows } = detectBeatsMultiLead([samples, short], rateHz)
    const after = (of: readonly number[]) => of.filter((row) => row > short.length).length
    expect(Math.abs(after(rows) - after(beats))).toBeLessThanOrEqual(1)
  })
})
