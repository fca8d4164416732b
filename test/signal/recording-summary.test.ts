import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LaneMeter, type MeterSlice } from '../../src-main/signal/lane-meter.ts'
import { RatioMedian } from '../../src-main/signal/ratio-median.ts'
import { RecordingSummary } from '../../src-main/signal/recording-summary.ts'
import type { SummaryLane } from '../../src-main/signal/recording-summary.ts'
import { ecgAt, heartTimes, noise, pulseAt } from './synthetic-heart.ts'

const rateHz = 250
const seconds = 40
const rows = rateHz * seconds
const missing = -2147483648
const times = heartTimes(seconds)

const lane = (part: Partial<SummaryLane> & Pick<SummaryLane, 'id'>): SummaryLane => ({
  label: part.id.toUpperCase(), kind: 'ecg', gainCountsPerUnit: 5000, baseline: 0, minimum: -32768, maximum: 32767, held: false, sparse: false, ...part,
})
const lanes = [lane({ id: 'bad' }), lane({ id: 'good' }), lane({ id: 'pleth', kind: 'ppg', gainCountsPerUnit: 1, minimum: 0, maximum: 4_000_000 }), lane({ id: 'temperature', kind: 'temperature' })]

const random = noise(11)
/** bad: on the rail 10-20 s, missing 30-34 s. good: clean. pleth: clean. temperature: constant. */
const counts = new Int32Array(rows * lanes.length)
for (let row = 0; row < rows; row++) {
  const t = row / rateHz
  const ecg = Math.round(5000 * (ecgAt(t, times) + 0.01 * random()))
  counts[row * 4] = t >= 30 && t < 34 ? missing : t >= 10 && t < 20 ? 32767 : ecg
  counts[row * 4 + 1] = ecg
  counts[row * 4 + 2] = Math.round(50_000 + pulseAt(t, times) + 3 * random())
  counts[row * 4 + 3] = 3650
}

function summarise(cuts: readonly number[]) {
  const summary = new RecordingSummary({ lanes, rateHz })
  for (let row = 0, k = 0; row < rows; k++) {
    const block = Math.min(cuts[k % cuts.length], rows - row)
    summary.push(counts.slice(row * 4, (row + block) * 4), block)
    row += block
  }
  return summary.finish()
}

const whole = summarise([rows])

describe('RecordingSummary', () => {
  it('measures the planted faults', () => {
    const [bad, good, pleth, temperature] = whole.lanes
    expect(bad).toMatchObject({ lane: 'bad', saturatedRatio: 0.25, missingRatio: 0.1, flatRatio: 0 })
    expect(bad.usableSeconds).toBeGreaterThan(23)
    expect(bad.usableSeconds).toBeLessThanOrEqual(26)
    expect(good).toMatchObject({ saturatedRatio: 0, missingRatio: 0, flatRatio: 0, usableSeconds: 40 })
    expect(good.mainsRatio).toBeLessThan(0.03)
    expect(pleth).toMatchObject({ usableSeconds: 40, missingRatio: 0 })
    expect(temperature).toMatchObject({ usableSeconds: 40, meanRateBpm: null, mainsRatio: null })
  })

  it('takes the beats from the ECG lane with the most usable seconds', () => {
    expect(whole.beatLane).toBe('good')
    expect(whole.beats).toHaveLength(times.length)
    whole.beats.forEach((row, k) => expect(Math.abs(row / rateHz - times[k])).toBeLessThan(0.012))
  })

  it('knows the mean rate', () => {
    const expected = (60 * (times.length - 1)) / (times[times.length - 1] - times[0])
    expect(whole.lanes[1].meanRateBpm).toBeCloseTo(expected, 1)
    expect(whole.lanes[2].meanRateBpm).toBeCloseTo(expected, 0)
  })

  it('warns in words about the bad lane only', () => {
    expect(whole.warnings).toEqual([
      { code: 'lane-missing', message: 'BAD: 10 % of the samples are missing.' },
      { code: 'lane-saturated', message: 'BAD: 25 % of the samples are at the end of the converter\'s range.' },
    ])
  })

  it('does not depend on block boundaries', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 12 }), (cuts) => {
      expect(summarise(cuts)).toEqual(whole)
    }), { numRuns: 15 })
  })

  it('is empty for an empty recording and warns of a heart that is not there', () => {
    const empty = new RecordingSummary({ lanes: [lane({ id: 'a' })], rateHz }).finish()
    expect(empty).toEqual({ lanes: [{ lane: 'a', usableSeconds: 0, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: null, meanRateBpm: null }], beats: [], beatLane: 'a', warnings: [] })
    const still = new RecordingSummary({ lanes: [lane({ id: 'a' })], rateHz })
    still.push(new Int32Array(rows).fill(100), rows)
    expect(still.finish().warnings.map((warning) => warning.code)).toEqual(['lane-flat', 'lane-unusable', 'lane-no-beats'])
  })
})

describe('RatioMedian', () => {
  it('is the median to a thousandth', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 99 }), (ratios) => {
        const median = new RatioMedian()
        for (const ratio of ratios) median.add(ratio)
        const sorted = [...ratios].sort((a, b) => a - b)
        expect(Math.abs((median.median() ?? Number.NaN) - sorted[Math.ceil(ratios.length / 2) - 1])).toBeLessThanOrEqual(0.0005 + 1e-9)
      }),
    )
    expect(new RatioMedian().median()).toBeNull()
  })
})

describe('hours without a value', () => {
  it('are measured at once as they are row by row', () => {
    const options = { rateHz: 62.4725, kind: 'ecg', minimum: -100, maximum: 100, held: false }
    const run = fc.record({ missing: fc.boolean(), rows: fc.integer({ min: 1, max: 200 }) })
    fc.assert(
      fc.property(fc.array(run, { maxLength: 20 }), fc.boolean(), (runs, sparse) => {
        const [each, atOnce] = [new LaneMeter({ ...options, sparse }), new LaneMeter({ ...options, sparse })]
        const [ofEach, ofAll]: [MeterSlice[], MeterSlice[]] = [[], []]
        let count = 0
        for (const one of runs) {
          for (let k = 0; k < one.rows; k++) if (one.missing ? each.push(missing, Number.NaN, false) : each.push((count + k) % 90, (count + k) % 90, false)) ofEach.push({ ...each.slice })
          if (one.missing) for (let left = one.rows; left > 0; ) {
            const step = Math.min(left, atOnce.room)
            if (atOnce.skip(step)) ofAll.push({ ...atOnce.slice })
            left -= step
          }
          else for (let k = 0; k < one.rows; k++) if (atOnce.push((count + k) % 90, (count + k) % 90, false)) ofAll.push({ ...atOnce.slice })
          count += one.rows
        }
        expect(ofAll).toEqual(ofEach)
      }),
    )
  })

  it('between two stretches cost neither of them a beat', () => {
    const gap = 3600 * rateHz
    const summary = new RecordingSummary({ lanes: [lane({ id: 'good' })], rateHz })
    const own = Int32Array.from({ length: rows }, (_, row) => counts[row * 4 + 1])
    const hole = new Int32Array(rateHz).fill(missing)
    summary.push(own, rows)
    for (let second = 0; second < 3600; second++) summary.push(hole, rateHz)
    summary.push(own, rows)
    const { beats, lanes: [good] } = summary.finish()
    expect(good.missingRatio).toBeCloseTo(3600 / 3680, 9)
    expect(good.usableSeconds).toBeGreaterThan(79)
    expect(beats).toEqual(expect.arrayContaining([...whole.beats, ...whole.beats.map((row) => row + rows + gap)]))
  })
})

describe('an ECG at a rate that holds no QRS', () => {
  it.each([1 / 60, 1, 25, 40])('of %d Hz has no beats', (low) => {
    const summary = new RecordingSummary({ lanes: [lane({ id: 'slow' }), lane({ id: 'pulse', kind: 'ppg' })], rateHz: low })
    summary.push(Int32Array.from({ length: 200 }, (_, i) => (i * 37) % 101), 100)
    expect(summary.finish().beats).toEqual([])
  })
})
