import { describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { augment, usualAugmentation } from '../../../src-main/learning/data/augmentation.ts'

const shape = (rows: number, length: number, channels = 1) => ({ rows, length, channels, rateHz: 250 })
const none = { shiftSeconds: 0, amplitude: 0, noise: 0, modulation: 0, wander: 0 }
const random = (): Random => Random.of('test', 1)

describe('augmentation', () => {
  it('shifts all channels of a window by the same -4 ... 4 samples at 250 Hz, and holds the ends', () => {
    const rows = 400
    const batch = Float32Array.from({ length: rows * 20 }, (_, at) => Math.floor((at % 20) / 2) + (at % 2) * 100)
    augment(batch, shape(rows, 10, 2), { ...none, shiftSeconds: 0.016 }, random())
    const seen = new Map<number, number>()
    for (let row = 0; row < rows; row++) {
      const window = [...batch.subarray(row * 20, row * 20 + 20)]
      const by = 5 - window[10]
      seen.set(by, (seen.get(by) ?? 0) + 1)
      expect(window).toEqual(Array.from({ length: 20 }, (_, at) => Math.min(9, Math.max(0, Math.floor(at / 2) - by)) + (at % 2) * 100))
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4])
    // 400 / 9 of each; five deviations of the binomial are 31.
    for (const count of seen.values()) expect(Math.abs(count - 400 / 9)).toBeLessThan(32)
  })

  it('holds a window that is shorter than the shift', () => {
    const batch = Float32Array.of(1, 2, 3)
    augment(batch, { rows: 1, length: 3, channels: 1, rateHz: 10_000 }, { ...none, shiftSeconds: 0.016 }, random())
    expect(new Set(batch).size).toBe(1)
  })

  it('scales every window by one number within 10 %, evenly spread', () => {
    const batch = new Float32Array(3000).fill(2)
    augment(batch, shape(1000, 3), { ...none, amplitude: 0.1 }, random())
    const gains = Array.from({ length: 1000 }, (_, row) => batch[row * 3] / 2)
    batch.forEach((value, at) => expect(value / 2).toBe(gains[Math.floor(at / 3)]))
    expect(Math.min(...gains)).toBeGreaterThanOrEqual(0.8999)
    expect(Math.max(...gains)).toBeLessThanOrEqual(1.1001)
    // A uniform's mean is 1, its deviation 0.2 / sqrt(12) = 0.0577.
    const mean = gains.reduce((sum, gain) => sum + gain / 1000, 0)
    expect(Math.abs(mean - 1)).toBeLessThan(0.008)
    expect(Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2 / 1000, 0))).toBeCloseTo(0.0577, 2)
  })

  it('adds normal noise of 5 % of each channel\'s deviation', () => {
    const length = 20_000
    // Channel 0 is +-1, channel 1 +-10.
    const clean = Float32Array.from({ length: length * 2 }, (_, at) => (at % 4 < 2 ? 1 : -1) * (at % 2 === 0 ? 1 : 10))
    const batch = clean.slice()
    augment(batch, shape(1, length, 2), { ...none, noise: 0.05 }, random())
    for (const [channel, deviation] of [[0, 1], [1, 10]]) {
      const noise = Array.from({ length }, (_, i) => (batch[i * 2 + channel] - clean[i * 2 + channel]) / (0.05 * deviation))
      const moment = (power: number): number => noise.reduce((sum, value) => sum + value ** power / length, 0)
      // Moments of the standard normal distribution: 0, 1, 0, 3.
      expect(Math.abs(moment(1))).toBeLessThan(0.04)
      expect(Math.abs(moment(2) - 1)).toBeLessThan(0.06)
      expect(Math.abs(moment(3))).toBeLessThan(0.15)
      expect(Math.abs(moment(4) - 3)).toBeLessThan(0.4)
    }
  })

  it('is the same for the same random numbers, and leaves a window alone when it is all zero', () => {
    const start = Float32Array.from({ length: 600 }, (_, at) => Math.sin(at / 7))
    const run = (options: typeof none): Float32Array => {
      const batch = start.slice()
      augment(batch, shape(4, 150), options, random())
      return batch
    }
    expect(run(usualAugmentation)).toEqual(run(usualAugmentation))
    expect(run(usualAugmentation)).not.toEqual(start)
    expect(run(none)).toEqual(start)
  })
})
