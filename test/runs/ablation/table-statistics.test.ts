import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../src-main/runs/ablation/table-statistics.ts'
import { sourceRow, sourceRows, sourceRun } from './a-table.ts'

const near = (value: number, digits = 5): unknown => expect.closeTo(value, digits)
/** Student's t with 2 degrees of freedom has its distribution in closed form. */
const twoSided = (t: number): number => 1 - t / Math.sqrt(2 + t * t)

describe('rows over seeds', () => {
  const rows = sourceRows({ baseline: [0.2, 0.22, 0.24], near: [0.19, 0.2, 0.21], far: [0.15, 0.168, 0.186], same: [0.2, 0.22, 0.24], worse: [0.3, 0.321, 0.342] })
  const { rows: table, subjects, beats } = tableOf(rows, 1)
  const [baseline, close, far, same, worse] = table

  it('have mean, deviation of the sample and the interval of the mean', () => {
    // 0.20, 0.22, 0.24: deviations -0.02, 0, 0.02; sqrt(0.0008 / 2) = 0.02; t(0.975, 2) = 4.302653.
    const half = (4.302653 * 0.02) / Math.sqrt(3)
    expect(baseline.eer).toEqual({ mean: near(0.22), deviation: near(0.02), interval: { low: near(0.22 - half), high: near(0.22 + half) }, seeds: 3, comparison: null })
    expect(baseline.rank1).toMatchObject({ mean: near(0.78), deviation: near(0.02), comparison: null })
    expect({ subjects, beats }).toEqual({ subjects: 60, beats: 1 })
    expect(baseline).toMatchObject({ parameters: 1_234_567, seconds: 20, runs: [{ seed: 1, eer: { value: 0.2 } }, { seed: 2 }, { seed: 3 }] })
  })

  it('are compared with the baseline by the paired t test, worked by hand', () => {
    // Differences -0.01, -0.02, -0.03: mean -0.02, deviation 0.01, t = -0.02 / (0.01 / √3) = -3.4641.
    const t = 2 * Math.sqrt(3)
    expect(close.eer.comparison).toMatchObject({ difference: near(-0.02), test: 'paired-seeds', seeds: 3, dz: near(-2), p: near(twoSided(t)), verdict: 'no-significant-difference' })
    expect(close.eer.comparison?.interval).toEqual({ low: near(-0.02 - (4.302653 * 0.01) / Math.sqrt(3)), high: near(-0.02 + (4.302653 * 0.01) / Math.sqrt(3)) })
  })

  it('get p values by Holm over the rows of one measure', () => {
    // -0.050, -0.052, -0.054: t = 0.052 / (0.002 / √3); 0.100, 0.101, 0.102: t = 0.101 / (0.001 / √3). The row that is the baseline's double has no p and does not count.
    const [pNear, pFar, pWorse] = [twoSided(2 * Math.sqrt(3)), twoSided(26 * Math.sqrt(3)), twoSided(101 * Math.sqrt(3))]
    expect(worse.eer.comparison).toMatchObject({ p: near(pWorse, 7), adjustedP: near(3 * pWorse, 7), verdict: 'worse' })
    expect(far.eer.comparison).toMatchObject({ p: near(pFar, 7), adjustedP: near(2 * pFar, 7), verdict: 'better' })
    expect(close.eer.comparison).toMatchObject({ adjustedP: near(pNear) })
    expect(far.rank1.comparison).toMatchObject({ difference: near(0.052), verdict: 'better' })
    expect(worse.rank1.comparison).toMatchObject({ difference: near(-0.101), verdict: 'worse' })
  })

  it('of fewer than 50 people rank nothing, however sure the seeds are', () => {
    const of = (subjects: readonly number[]) => {
      const row = (name: string, eer: readonly number[]) => sourceRow(name, eer.map((value, at) => sourceRun(at + 1, { student: { eer: value } }, { subjects: subjects[at] })))
      return tableOf([{ ...row('baseline', [0.2, 0.22, 0.24]), baseline: true }, row('far', [0.15, 0.168, 0.186])], 1).rows[1].eer.comparison
    }
    expect(of([50, 50, 50])).toMatchObject({ adjustedP: near(twoSided(26 * Math.sqrt(3)), 7), verdict: 'better' })
    expect(of([60, 49, 60])).toMatchObject({ adjustedP: near(twoSided(26 * Math.sqrt(3)), 7), verdict: 'too-few-subjects' })
  })

  it('that never differ are not said to, and seeds that all differ by the same have no test', () => {
    expect(same.eer.comparison).toMatchObject({ difference: 0, p: null, adjustedP: null, verdict: 'no-significant-difference' })
    const [, shifted] = tableOf(sourceRows({ baseline: [0.25, 0.5], shifted: [0.125, 0.375] }), 1).rows
    expect(shifted.eer.comparison).toMatchObject({ difference: -0.125, p: null, verdict: 'not-comparable' })
  })

  it('are compared on the seeds that both have, whatever is missing', () => {
    const [first, second, none] = tableOf(sourceRows({ baseline: [0.2, 0.22, 0.24, null], other: [0.1, null, 0.1, 0.1], none: [null, null, null, null] }), 1).rows
    expect(first.eer.seeds).toBe(3)
    expect(second.eer).toMatchObject({ mean: near(0.1), seeds: 3, comparison: { seeds: 2, difference: near(-0.12) } })
    expect(none.eer).toEqual({ mean: null, deviation: null, interval: null, seeds: 0, comparison: { difference: null, interval: null, test: 'none', seeds: 0, dz: null, p: null, adjustedP: null, verdict: 'not-comparable' } })
  })

  it('of another split are never compared, nor at beats that nobody decided by', () => {
    const other = sourceRow('other', [sourceRun(1, { student: { eer: 0.1 } }, { hash: 'd'.repeat(64) })])
    expect(tableOf([...sourceRows({ baseline: [0.2] }), other], 1).rows[1].eer.comparison?.verdict).toBe('not-comparable')
    expect(tableOf(sourceRows({ baseline: [0.2], other: [0.1] }), 5)).toMatchObject({ rows: [{ eer: { mean: null } }, { eer: { mean: null, comparison: { verdict: 'not-comparable' } } }] })
  })
})

describe('rows of one run each', () => {
  // 999 draws: the row is better by 0.05 to 0.15 in every one.
  const draws = Float64Array.from({ length: 999 }, (_, i) => 0.2 + (i % 7) / 1000)
  const below = draws.map((value, i) => value - 0.05 - (0.1 * i) / 998)
  const rowsOf = (subjects: number, other: Float64Array, seed = 1) => [
    { ...sourceRow('baseline', [sourceRun(1, { student: { eer: 0.2, draws, interval: { low: 0.1, high: 0.3 } } }, { subjects })]), baseline: true }, sourceRow('row', [sourceRun(seed, { student: { eer: 0.1, draws: other } }, { subjects })]),
  ]

  it('are compared on the same draws of people', () => {
    const { rows: [baseline, row] } = tableOf(rowsOf(60, below), 1)
    expect(baseline.eer).toEqual({ mean: 0.2, deviation: null, interval: { low: 0.1, high: 0.3 }, seeds: 1, comparison: null })
    // Never above 0: p = 2 (1 + 0) / (999 + 1). Percentiles of a straight line from -0.05 to -0.15.
    expect(row.eer.comparison).toEqual({ difference: -0.1, interval: { low: near(-0.1475), high: near(-0.0525) }, test: 'subject-bootstrap', seeds: 1, dz: null, p: 0.002, adjustedP: 0.002, verdict: 'better' })
  })

  it('of fewer than 50 people rank nothing, and around 0 there is no significant difference', () => {
    expect(tableOf(rowsOf(49, below), 1).rows[1].eer.comparison).toMatchObject({ p: 0.002, verdict: 'too-few-subjects' })
    expect(tableOf(rowsOf(60, draws.map((value, i) => value + (i % 2 === 0 ? 0.1 : -0.11))), 1).rows[1].eer.comparison).toMatchObject({ verdict: 'no-significant-difference' })
  })

  it('without draws, or with others, have a difference and no verdict', () => {
    expect(tableOf(sourceRows({ baseline: [0.2], row: [0.1] }), 1).rows[1].eer.comparison).toMatchObject({ difference: near(-0.1), test: 'none', p: null, verdict: 'not-comparable' })
    expect(tableOf(rowsOf(60, below.subarray(0, 500)), 1).rows[1].eer.comparison).toMatchObject({ test: 'none', verdict: 'not-comparable' })
    expect(tableOf(rowsOf(60, below, 2), 1).rows[1].eer.comparison).toMatchObject({ difference: null, verdict: 'not-comparable' })
  })
})
