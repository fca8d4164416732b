import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { correlation } from '../../src-main/signal/mean-beat.ts'
import { peaksOfWindow, pseudoPulse, usualTransitSeconds } from '../../src-main/signal/pseudo-pulse.ts'
import { rhythmOf } from '../../src-main/signal/window-rhythm.ts'
import { zScored } from '../../src-main/signal/segmentation.ts'
import { filterZeroPhase, ppgBandPass } from '../../src-main/signal/zero-phase.ts'
import { ecgAt, heartTimes, noise, pulseAt, pulseDelaySeconds, sampled } from './synthetic-heart.ts'

/** Places of the highest sample between neighbours that are above zero, s. */
function tops(wave: Float32Array, rateHz: number): number[] {
  const found: number[] = []
  for (let i = 1; i + 1 < wave.length; i++) if (wave[i] > 0.8 && wave[i] >= wave[i - 1] && wave[i] > wave[i + 1]) found.push(i / rateHz)
  return found
}

describe('the R peaks of one window', () => {
  it.each([[5, 250], [5, 125], [3, 100], [2, 100]] as const)('are all found in %d s at %d Hz, with noise, wherever the window begins', (seconds, rateHz) => {
    const times = heartTimes(40, 74)
    const random = noise(3)
    const all = sampled(rateHz, 40, (t) => ecgAt(t, times) + 0.03 * random())
    for (let begin = 5; begin < 34; begin += 2.3) {
      const first = Math.round(begin * rateHz)
      const found = peaksOfWindow(zScored(all.slice(first, first + seconds * rateHz)), rateHz)
      // Nearer to an end than this a beat and its mirror image come faster than a heart beats.
      const planted = times.map((time) => time - first / rateHz).filter((time) => time > 0.3 && time < seconds - 0.3)
      for (const time of planted) expect(Math.min(...found.map((one) => Math.abs(one - time))), `${time} from ${begin}`).toBeLessThan(0.02)
      expect(found.length).toBeLessThanOrEqual(planted.length + 2)
    }
  })
})

describe('a pulse made of R peaks', () => {
  it('has one top behind every planted peak, by transit and rise, and no other', () => {
    const peaks = [0.4, 1.2, 2.05, 2.8, 3.6]
    for (const rateHz of [50, 125, 250]) {
      const wave = pseudoPulse(peaks, { rateHz, length: 4 * rateHz, fromSeconds: 0 }) ?? new Float32Array(0)
      const found = tops(wave, rateHz)
      // The first is of the beat before the window: at 0.4 - 0.8 s.
      const expected = [-0.4, ...peaks].map((peak) => peak + usualTransitSeconds + 0.16).filter((time) => time > 0 && time < 4)
      expect(found).toHaveLength(expected.length)
      found.forEach((time, i) => expect(Math.abs(time - expected[i]), `${rateHz} Hz`).toBeLessThan(0.03))
    }
  })

  it('is like the pulse that an independent model makes of the same beats', () => {
    const times = heartTimes(30, 68)
    const rateHz = 100
    const real = filterZeroPhase(ppgBandPass(rateHz), sampled(rateHz, 30, (t) => pulseAt(t, times)), { rateHz }).slice(1000, 1500)
    const made = pseudoPulse(times.filter((time) => time > 10 && time < 15), { rateHz, length: 500, fromSeconds: 10 + usualTransitSeconds - pulseDelaySeconds })
    expect(correlation(made ?? [], 0, real)).toBeGreaterThan(0.97)
  })

  it('has mean 0, deviation 1, and moves with its peaks', () => {
    const rateHz = 125
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 40, max: 150 }), { minLength: 2, maxLength: 9 }), fc.integer({ min: -200, max: 200 }), (steps, by) => {
        let at = 0
        const peaks = steps.map((step) => (at += step) / rateHz)
        const wave = pseudoPulse(peaks, { rateHz, length: 300, fromSeconds: 0 }) ?? new Float32Array(0)
        expect(wave.reduce((sum, value) => sum + value, 0) / 300).toBeCloseTo(0, 4)
        expect(wave.reduce((sum, value) => sum + value * value, 0) / 300).toBeCloseTo(1, 4)
        const moved = pseudoPulse(peaks.map((peak) => peak + by / rateHz), { rateHz, length: 300, fromSeconds: by / rateHz }) ?? new Float32Array(0)
        expect(Math.max(...wave.map((value, i) => Math.abs(value - moved[i])))).toBeLessThan(1e-3)
      }),
      { numRuns: 40 },
    )
  })

  it('is none where there is no rhythm', () => {
    for (const peaks of [[], [1]]) expect(pseudoPulse(peaks, { rateHz: 125, length: 300, fromSeconds: 0 })).toBeNull()
  })
})

describe('the rhythm of a window', () => {
  it.each([48, 60, 75, 96, 120])('is found at %d beats a minute in ECG and in PPG', (bpm) => {
    const interval = 60 / bpm
    const times = Array.from({ length: 100 }, (_, k) => k * interval)
    const random = noise(bpm)
    for (const wave of [sampled(125, 5, (t) => ecgAt(t + 9.3, times) + 0.03 * random()), sampled(125, 5, (t) => pulseAt(t + 9.3, times) + 30 * random())]) {
      const rhythm = rhythmOf(wave, 125)
      expect(Math.abs((rhythm?.intervalSeconds ?? 0) - interval)).toBeLessThan(0.02)
      expect(rhythm?.likeness).toBeGreaterThan(0.8)
    }
  })

  it('is none in a flat window, and of little likeness in noise', () => {
    expect(rhythmOf(new Float32Array(500), 125)).toBeNull()
    const random = noise(5)
    expect(rhythmOf(Float32Array.from({ length: 625 }, () => random()), 125)?.likeness ?? 0).toBeLessThan(0.3)
  })
})
