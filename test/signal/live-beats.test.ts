import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveBeatDetector } from '../../src-main/signal/live-beats.ts'
import { ecgAt, heartTimes, noise, pulseAt, pulseDelaySeconds, sampled } from './synthetic-heart.ts'

const times = heartTimes(30)

function detect(samples: Float32Array, rateHz: number, kind: 'ecg' | 'ppg', block = 37): number[] {
  const detector = new LiveBeatDetector({ rateHz, kind })
  const found: number[] = []
  for (let row = 0; row < samples.length; row += block) found.push(...detector.process(samples.subarray(row, row + block), row))
  return found
}

describe('LiveBeatDetector on an ECG', () => {
  it.each([100, 125, 200, 250, 360, 500, 1000, 2000, 4000])('finds every R peak within 12 ms at %i Hz', (rateHz) => {
    const random = noise(rateHz)
    const found = detect(sampled(rateHz, 30, (t) => 300 + 0.4 * Math.sin(t) + ecgAt(t, times) + 0.02 * random()), rateHz, 'ecg')
    expect(found).toHaveLength(times.length)
    found.forEach((row, k) => expect(Math.abs(row / rateHz - times[k])).toBeLessThan(0.012))
  })

  it('follows downward R peaks', () => {
    const found = detect(sampled(250, 30, (t) => -ecgAt(t, times)), 250, 'ecg')
    expect(found).toHaveLength(times.length)
    found.forEach((row, k) => expect(Math.abs(row / 250 - times[k])).toBeLessThan(0.012))
  })

  it('tells a beat at most half a second after it happened', () => {
    const rateHz = 250
    const samples = sampled(rateHz, 30, (t) => ecgAt(t, times))
    const detector = new LiveBeatDetector({ rateHz, kind: 'ecg' })
    for (let row = 0; row < samples.length; row++) {
      for (const beat of detector.process(samples.subarray(row, row + 1), row)) if (row > 3 * rateHz) expect(row - beat).toBeLessThanOrEqual(rateHz / 2)
    }
  })

  it('does not depend on the unit or on any offset', () => {
    const plain = detect(sampled(250, 20, (t) => ecgAt(t, times)), 250, 'ecg')
    const counts = detect(sampled(250, 20, (t) => 4096 * ecgAt(t, times) - 70_000), 250, 'ecg')
    expect(counts).toEqual(plain)
  })

  it('goes on after missing samples, and after rows that were left out altogether', () => {
    const rateHz = 250
    const whole = sampled(rateHz, 30, (t) => ecgAt(t, times))
    const expected = times.filter((t) => t < 10 || t > 13)
    const holed = whole.slice()
    holed.fill(Number.NaN, 10 * rateHz, 12 * rateHz)
    const late = (rows: readonly number[]) => expected.filter((t) => !rows.some((row) => Math.abs(row / rateHz - t) < 0.02))
    expect(late(detect(holed, rateHz, 'ecg'))).toEqual([])
    const detector = new LiveBeatDetector({ rateHz, kind: 'ecg' })
    const first = detector.process(whole.subarray(0, 10 * rateHz), 0)
    expect(late([...first, ...detector.process(whole.subarray(12 * rateHz), 12 * rateHz)])).toEqual([])
  })

  it('finds nothing in silence and in a constant', () => {
    expect(detect(new Float32Array(5000), 250, 'ecg')).toEqual([])
    expect(detect(new Float32Array(5000).fill(1e6), 250, 'ecg')).toEqual([])
    expect(detect(new Float32Array(5000).fill(Number.NaN), 250, 'ecg')).toEqual([])
  })

  it('learns again when beats become five times smaller', () => {
    const rateHz = 250
    const found = detect(sampled(rateHz, 30, (t) => (t < 12 ? 1 : 0.2) * ecgAt(t, times)), rateHz, 'ecg')
    expect(times.filter((t) => t > 17 && !found.some((row) => Math.abs(row / rateHz - t) < 0.02))).toEqual([])
  })
})

describe('LiveBeatDetector on a pulse', () => {
  it.each([100, 125, 250, 500, 4000])('finds every pulse once, at its foot, at %i Hz', (rateHz) => {
    const random = noise(rateHz)
    const found = detect(sampled(rateHz, 30, (t) => 50_000 + 300 * Math.sin(0.9 * t) + pulseAt(t, times) + 5 * random()), rateHz, 'ppg')
    expect(found).toHaveLength(times.length)
    found.forEach((row, k) => expect(Math.abs(row / rateHz - times[k] - pulseDelaySeconds)).toBeLessThan(0.1))
  })

  it('finds the same pulses when the sensor counts fall at systole', () => {
    const found = detect(sampled(250, 30, (t) => 50_000 - pulseAt(t, times)), 250, 'ppg')
    expect(found).toEqual(detect(sampled(250, 30, (t) => pulseAt(t, times) - 50_000), 250, 'ppg'))
    expect(found).toHaveLength(times.length)
  })

  it('takes a held signal (the last conversion repeated) as it is', () => {
    const every = 5
    const slow = sampled(500, 30, (t) => pulseAt(Math.floor(t * (500 / every)) / (500 / every), times))
    expect(detect(slow, 500, 'ppg')).toHaveLength(times.length)
  })
})

describe('what is reported', () => {
  it('does not depend on block boundaries and is strictly increasing, whatever the samples are', () => {
    const random = noise(7)
    const signal = sampled(250, 20, (t) => ecgAt(t, times) + 0.3 * random())
    signal.fill(Number.NaN, 1200, 1300)
    const once = { ecg: detect(signal, 250, 'ecg', signal.length), ppg: detect(signal, 250, 'ppg', signal.length) }
    fc.assert(
      fc.property(fc.constantFrom('ecg' as const, 'ppg' as const), fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 }), (kind, cuts) => {
        const detector = new LiveBeatDetector({ rateHz: 250, kind })
        const found: number[] = []
        for (let row = 0, k = 0; row < signal.length; k++) {
          const block = signal.subarray(row, row + cuts[k % cuts.length])
          found.push(...detector.process(block, row))
          row += block.length
        }
        expect(found).toEqual(once[kind])
        for (let k = 1; k < found.length; k++) expect(found[k]).toBeGreaterThan(found[k - 1])
      }),
      { numRuns: 40 },
    )
  })

  it('gives the rate as the median of recent intervals, and none when the heart is not seen', () => {
    const rateHz = 250
    const steady = Array.from({ length: 40 }, (_, k) => 0.5 + k * 0.75)
    const detector = new LiveBeatDetector({ rateHz, kind: 'ecg' })
    expect(detector.rateBpm()).toBeNull()
    detector.process(sampled(rateHz, 20, (t) => ecgAt(t, steady)), 0)
    expect(detector.rateBpm()).toBeCloseTo(80, 0)
    detector.process(new Float32Array(6 * rateHz), 20 * rateHz)
    expect(detector.rateBpm()).toBeNull()
  })
})
