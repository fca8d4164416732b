import { describe, expect, it } from 'vitest'
import { gaussians } from '../../src-main/curation/gaussian.ts'
import { Random } from '../../src-main/curation/random.ts'
import { pulseQuality } from '../../src-main/signal/pulse-quality.ts'
import { filterZeroPhase, ppgBandPass } from '../../src-main/signal/zero-phase.ts'

const rateHz = 125

/** A pulse that rises in a quarter of the time in which it falls, with a small dicrotic wave. `phase` 0-1. */
const pulse = (phase: number): number => Math.exp(-(((phase - 0.25) / 0.1) ** 2)) + 0.35 * Math.exp(-(((phase - 0.6) / 0.14) ** 2))

/** A row of them at so many a minute, band-passed; the middle `seconds`. */
function pulses(bpm: number, seconds: number, change: (value: number, second: number) => number = (value) => value): Float32Array {
  const whole = Float32Array.from({ length: (seconds + 8) * rateHz }, (_, i) => change(pulse(((i / rateHz) * bpm) / 60 % 1), i / rateHz))
  return Float32Array.from(filterZeroPhase(ppgBandPass(rateHz), whole, { rateHz }).subarray(4 * rateHz, (4 + seconds) * rateHz))
}

const noise = (seed: number): Float32Array => {
  const gaussian = gaussians(Random.of('noise', seed))
  const whole = Float32Array.from({ length: 13 * rateHz }, () => gaussian())
  return Float32Array.from(filterZeroPhase(ppgBandPass(rateHz), whole, { rateHz }).subarray(4 * rateHz, 9 * rateHz))
}

describe('the quality of pulses', () => {
  it.each([45, 60, 75, 110, 160])('equal pulses at %i a minute are alike and skewed, whichever side is up and however large', (bpm) => {
    const plain = pulses(bpm, 5)
    const { correlation, skewness } = pulseQuality(plain, rateHz)
    expect(correlation).toBeGreaterThan(0.97)
    expect(skewness).toBeGreaterThan(0.2)
    // A sensor's raw counts fall at systole.
    const falling = pulseQuality(plain.map((value) => -700 * value), rateHz)
    expect(falling.correlation).toBeCloseTo(correlation ?? 0, 5)
    expect(falling.skewness).toBeCloseTo(skewness, 5)
  })

  it('the skewness is the third standardised moment: one sample in ten above the others has (1 - 2p) / sqrt(p (1 - p)) = 8 / 3', () => {
    const spikes = Float32Array.from({ length: 1000 }, (_, i) => (i % 10 === 5 ? 1 : 0))
    expect(pulseQuality(spikes, 1000).skewness).toBeCloseTo(8 / 3, 5)
  })

  it('noise is less alike than pulses, and has no side', () => {
    const found = Array.from({ length: 200 }, (_, seed) => pulseQuality(noise(seed), rateHz))
    expect(found.filter(({ correlation, skewness }) => skewness >= 0 && (correlation ?? 1) >= 0.8).length).toBeLessThan(10)
  })

  it('a movement among the pulses costs likeness, one beat that comes late does not cost it all', () => {
    const gaussian = gaussians(Random.of('movement', 1))
    const moved = pulses(70, 5, (value, second) => value + (second > 6.5 ? 6 : 0) * gaussian())
    expect(pulseQuality(moved, rateHz).correlation).toBeLessThan(0.8)
    const late = pulses(70, 5, (_, second) => pulse((((second > 6 ? second - 0.12 : second) * 70) / 60) % 1))
    expect(pulseQuality(late, rateHz).correlation).toBeGreaterThan(0.85)
  })

  it('one pulse, or none, cannot be compared with another', () => {
    expect(pulseQuality(pulses(60, 1), rateHz).correlation).toBeNull()
    expect(pulseQuality(new Float32Array(600), rateHz)).toEqual({ correlation: null, skewness: 0 })
    expect(pulseQuality(new Float32Array(10), rateHz)).toEqual({ correlation: null, skewness: 0 })
  })
})
