import { describe, expect, it } from 'vitest'
import { meanBeat } from '../../src-main/signal/mean-beat.ts'
import { segment, zScored } from '../../src-main/signal/segmentation.ts'
import { ecgAt, heartTimes, noise, sampled } from './synthetic-heart.ts'

const rateHz = 250
const times = heartTimes(60)
const hiss = noise(4)
const samples = sampled(rateHz, 60, (t) => ecgAt(t, times) + 0.02 * hiss())
const beats = times.map((t) => Math.round(t * rateHz))
const plain = { samples, rateHz, beats, zScore: false, minimumCorrelation: null }

describe('beat windows', () => {
  it('run from R - 0.20 s to R + 0.40 s: 150 samples, R at 50', () => {
    const { length, rows, windows } = segment(plain, { mode: 'beat' })
    expect(length).toBe(150)
    const whole = beats.filter((row) => row >= 50 && row + 100 <= samples.length)
    expect(rows).toEqual(whole)
    for (const { row, values } of windows()) expect([...values]).toEqual([...samples.slice(row - 50, row + 100)])
  })

  it('leave out what touches a missing sample or an excluded span, and only that', () => {
    const holed = samples.slice()
    holed[beats[10] + 99] = Number.NaN
    holed[beats[20] + 100] = Number.NaN
    const excluded = [[beats[30] + 99, beats[30] + 105], [beats[40] - 60, beats[40] - 50]] as const
    const { rows } = segment({ ...plain, samples: holed, excluded }, { mode: 'beat' })
    const all = segment(plain, { mode: 'beat' }).rows
    expect(all.filter((row) => !rows.includes(row))).toEqual([beats[10], beats[30]])
  })

  it('drop planted outliers and keep three at least', () => {
    const odd = samples.slice()
    for (const k of [5, 17, 33]) for (let i = -50; i < 100; i++) odd[beats[k] + i] = Math.sin(i / 4 + k)
    const { outliers, rows } = segment({ ...plain, samples: odd, minimumCorrelation: 0.5 }, { mode: 'beat' })
    expect(outliers).toEqual([beats[5], beats[17], beats[33]])
    expect(rows).toHaveLength(segment(plain, { mode: 'beat' }).rows.length - 3)
    expect(segment({ ...plain, samples: odd, minimumCorrelation: 2 }, { mode: 'beat' }).rows).toHaveLength(3)
  })

  it('are the same bits each time', () => {
    const result = segment({ ...plain, zScore: true }, { mode: 'beat' })
    expect([...result.windows()]).toEqual([...result.windows()])
    expect([...segment({ ...plain, zScore: true }, { mode: 'beat' }).windows()]).toEqual([...result.windows()])
  })
})

describe('summary beats', () => {
  it('are the mean of the five beats nearest to their group, worked out the long way', () => {
    const { rows, windows } = segment(plain, { mode: 'summary-beat', beats: 10 })
    const all = segment(plain, { mode: 'beat' }).rows
    expect(rows).toEqual(all.filter((_, k) => k % 10 === 0 && k + 10 <= all.length))
    let group = 0
    for (const { values } of windows()) {
      const members = all.slice(10 * group, 10 * group + 10).map((row) => Array.from(samples.slice(row - 50, row + 100)))
      const mean = members[0].map((_, i) => members.reduce((sum, beat) => sum + beat[i], 0) / 10)
      const distance = (beat: readonly number[]) => beat.reduce((sum, value, i) => sum + (value - mean[i]) ** 2, 0)
      const five = members.sort((a, b) => distance(a) - distance(b)).slice(0, 5)
      values.forEach((value, i) => expect(value).toBeCloseTo(five.reduce((sum, beat) => sum + beat[i], 0) / 5, 5))
      group++
    }
    expect(group).toBe(rows.length)
  })

  it('refuse a group that is none', () => {
    for (const group of [0, -1, 2.5]) expect(() => segment(plain, { mode: 'summary-beat', beats: group })).toThrow(RangeError)
  })
})

describe('fixed windows', () => {
  it('come every stride and touch nothing missing', () => {
    const holed = samples.slice()
    holed[3000] = Number.NaN
    const excluded = [[8000, 8010]] as const
    const { length, rows, windows } = segment({ ...plain, samples: holed, excluded }, { mode: 'window', seconds: 2, strideSeconds: 0.5 })
    const expected: number[] = []
    for (let row = 0; row + 500 <= holed.length; row += 125) {
      if (holed.slice(row, row + 500).every(Number.isFinite) && !(row < 8010 && row + 500 > 8000)) expected.push(row)
    }
    expect(length).toBe(500)
    expect(rows).toEqual(expected)
    for (const { row, values } of windows()) expect([...values]).toEqual([...holed.slice(row, row + 500)])
  })

  it('refuse a length or a stride of nothing', () => {
    expect(() => segment(plain, { mode: 'window', seconds: 0, strideSeconds: 1 })).toThrow(RangeError)
    expect(() => segment(plain, { mode: 'window', seconds: 1, strideSeconds: 0.001 })).toThrow(RangeError)
  })
})

describe('z-scores', () => {
  it('have mean 0 and deviation 1, and a flat window is zeros', () => {
    const scored = zScored(samples.slice(100, 400))
    const mean = scored.reduce((sum, value) => sum + value, 0) / 300
    expect(mean).toBeCloseTo(0, 5)
    expect(scored.reduce((sum, value) => sum + value * value, 0) / 300).toBeCloseTo(1, 4)
    expect([...zScored(new Float32Array(4).fill(7))]).toEqual([0, 0, 0, 0])
  })
})

describe('mean beats', () => {
  it('are the mean and the median sample by sample, and correlate as Pearson has it', () => {
    const { mean, median, rows, correlations, before, length } = meanBeat(samples, beats, { rateHz })
    for (const i of [0, 49, 50, 80, 149]) {
      const column = rows.map((row) => samples[row - before + i]).sort((a, b) => a - b)
      expect(mean[i]).toBeCloseTo(column.reduce((sum, value) => sum + value, 0) / column.length, 5)
      const middle = column.length >> 1
      expect(median[i]).toBeCloseTo(column.length % 2 === 1 ? column[middle] : (column[middle - 1] + column[middle]) / 2, 5)
    }
    const scoredMedian = zScored(median.slice())
    rows.forEach((row, k) => {
      const beat = zScored(samples.slice(row - before, row - before + length))
      expect(correlations[k]).toBeCloseTo(beat.reduce((sum, value, i) => sum + value * scoredMedian[i], 0) / length, 4)
    })
  })

  it('of no beat are zeros', () => {
    const { mean, rows } = meanBeat(samples, [], { rateHz })
    expect(rows).toEqual([])
    expect(mean.every((value) => value === 0)).toBe(true)
  })
})
