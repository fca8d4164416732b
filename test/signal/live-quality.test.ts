import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveQuality } from '../../src-main/signal/live-quality.ts'
import type { LiveQualityOptions } from '../../src-main/signal/live-quality.ts'
import { ecgAt, heartTimes, noise, pulseAt, sampled } from './synthetic-heart.ts'

const rateHz = 250
const seconds = 12
const times = heartTimes(seconds)
const missing = -2147483648
const gain = 5000 // counts per mV
const lane: LiveQualityOptions = { rateHz, kind: 'ecg', minimum: -32768, maximum: 32767, held: false, sparse: false }

const random = noise(3)
const clean = sampled(rateHz, seconds, (t) => ecgAt(t, times) + 0.01 * random())
const counted = (physical: Float32Array) => Int32Array.from(physical, (value) => (Number.isNaN(value) ? missing : Math.max(-32768, Math.min(32767, Math.round(value * gain)))))

function judge(physical: Float32Array, { options = lane, counts = counted(physical), leadOff = false } = {}) {
  const quality = new LiveQuality(options)
  quality.process(counts, physical, leadOff)
  return quality.status()
}

/** The clean ECG with `change` applied from `from` seconds on. */
const changed = (change: (value: number, t: number) => number, from = 0) => clean.map((value, row) => (row / rateHz < from ? value : change(value, row / rateHz)))

describe('LiveQuality', () => {
  it('finds a clean ECG good', () => {
    const status = judge(clean)
    expect(status).toMatchObject({ level: 'good', contact: 'on', saturatedRatio: 0, flatRatio: 0, missingRatio: 0, motionRatio: 0 })
    expect(status.mainsRatio).toBeLessThan(0.03)
  })

  it('says none before the first sample', () => {
    expect(new LiveQuality(lane).status()).toMatchObject({ level: 'none', contact: 'unknown', missingRatio: 1, mainsRatio: null })
  })

  it('measures missing samples', () => {
    let kept = 0
    expect(judge(changed((value) => (kept++ % 10 === 0 ? Number.NaN : value))).missingRatio).toBeCloseTo(0.1, 2)
    expect(judge(changed(() => Number.NaN, 7.5))).toMatchObject({ level: 'none', missingRatio: 1 })
  })

  it('measures rails at both ends, and takes a lane on the rail for an open electrode', () => {
    const clipped = judge(changed((value) => (value > 0.5 ? 100 : value)))
    expect(clipped.saturatedRatio).toBeGreaterThan(0.01)
    expect(clipped.level).toBe('fair')
    for (const rail of [100, -100]) expect(judge(changed(() => rail, 7))).toMatchObject({ level: 'bad', contact: 'off', saturatedRatio: 1 })
  })

  it('finds a flat line after half a second, and not in a converter\'s steps', () => {
    expect(judge(changed(() => 0.2, 7))).toMatchObject({ level: 'none', flatRatio: 1 })
    expect(judge(changed((value, t) => (t > 11 ? 0.2 : value))).flatRatio).toBeCloseTo(0.25, 1)
    // A 10 bit converter repeats itself for a while between beats.
    expect(judge(clean.map((value) => Math.round(value * 100) / 100)).flatRatio).toBe(0)
  })

  it('expects repeats on a held lane', () => {
    const held = sampled(500, seconds, (t) => pulseAt(Math.floor(t * 2) / 2, times) + Math.floor(t * 2))
    const options = { ...lane, rateHz: 500, kind: 'ppg', minimum: 0, maximum: 2 ** 22 }
    const counts = Int32Array.from(held, (value) => 1000 + Math.round(value))
    expect(judge(held, { options: { ...options, held: true }, counts }).flatRatio).toBe(0)
    expect(judge(held, { options, counts }).flatRatio).toBeGreaterThan(0.5)
  })

  it('expects gaps on a sparse lane, up to a second', () => {
    const options = { ...lane, kind: 'acceleration', sparse: true }
    const sparse = clean.map((value, row) => (row % 10 === 0 ? value : Number.NaN))
    expect(judge(sparse, { options })).toMatchObject({ level: 'good', missingRatio: 0, mainsRatio: null, motionRatio: null })
    expect(judge(sparse.map((value, row) => (row / rateHz < 8 ? value : Number.NaN)), { options }).missingRatio).toBeGreaterThan(0.7)
  })

  it.each([50, 60])('measures %i Hz mains as the share of power that was planted', (hz) => {
    for (const amplitude of [0.05, 0.2, 1]) {
      const heart = clean.subarray(8 * rateHz)
      const mean = heart.reduce((sum, value) => sum + value, 0) / heart.length
      const heartPower = heart.reduce((sum, value) => sum + (value - mean) ** 2, 0) / heart.length
      const planted = amplitude ** 2 / 2 / (amplitude ** 2 / 2 + heartPower)
      const status = judge(changed((value, t) => value + amplitude * Math.sin(2 * Math.PI * hz * t)))
      expect(Math.abs((status.mainsRatio ?? 0) - planted)).toBeLessThan(0.12 * planted + 0.02)
    }
    expect(judge(changed((value, t) => value + Math.sin(2 * Math.PI * hz * t))).level).toBe('bad')
  })

  it('finds motion in a baseline that runs away and in impulses, and none in calm breathing', () => {
    expect(judge(changed((value, t) => value + 0.15 * Math.sin(2 * Math.PI * 0.25 * t))).motionRatio).toBe(0)
    expect(judge(changed((value, t) => value + 4 * Math.sin(2 * Math.PI * 0.45 * t))).motionRatio).toBeGreaterThan(0.3)
    const knock = judge(changed((value, t) => (Math.abs(t - 10) < 0.02 ? value + 5 : value)))
    expect(knock.motionRatio).toBeGreaterThan(0)
    expect(knock.motionRatio).toBeLessThan(0.5)
  })

  it('believes the device about a lead that is off', () => {
    expect(judge(clean, { leadOff: true })).toMatchObject({ level: 'bad', contact: 'off' })
  })

  it('forgets a fault when it is more than four seconds past', () => {
    expect(judge(changed((value, t) => (t < 7 ? Number.NaN : value))).level).toBe('good')
  })

  it('does not depend on block boundaries', () => {
    const physical = changed((value, t) => (t > 5 && t < 5.3 ? Number.NaN : t > 9 && t < 9.8 ? 0.3 : value + 0.1 * Math.sin(314 * t)))
    const counts = counted(physical)
    const once = judge(physical)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 30 }), (cuts) => {
        const quality = new LiveQuality(lane)
        for (let row = 0, k = 0; row < counts.length; row += cuts[k++ % cuts.length]) {
          const end = row + cuts[k % cuts.length]
          quality.process(counts.subarray(row, end), physical.subarray(row, end), false)
        }
        expect(quality.status()).toEqual(once)
      }),
      { numRuns: 50 },
    )
  })
})
