import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bandPassBiquad, notchBiquad, response } from '../../src-main/signal/biquad.ts'
import { butterworthHighPass, butterworthLowPass, butterworthQualities } from '../../src-main/signal/butterworth.ts'
import { LiveFilter, displaySections } from '../../src-main/signal/live-filter.ts'

const rates = [125, 250, 360, 500, 1000, 4000]

/** The analogue prototype of order n at s = j w, from its poles on the unit circle: magnitude and phase. */
function prototype(order: number, w: number): { gain: number; phase: number } {
  let gain = 1
  let phase = 0
  for (let k = 0; k < order; k++) {
    const angle = (Math.PI * (2 * k + order + 1)) / (2 * order)
    const real = -Math.cos(angle)
    const imaginary = w - Math.sin(angle)
    gain /= Math.hypot(real, imaginary)
    phase -= Math.atan2(imaginary, real)
  }
  return { gain, phase }
}

/** The bilinear transform maps f to tan(pi f / rate). */
const warped = (frequencyHz: number, rateHz: number) => Math.tan((Math.PI * frequencyHz) / rateHz)
const turn = (phase: number) => Math.abs(Math.atan2(Math.sin(phase), Math.cos(phase)))

/** Gain and phase of a filter as run, measured with a sine that fits a whole number of periods. */
function measured(filter: LiveFilter, frequencyHz: number, rateHz: number): { gain: number; phase: number } {
  const settle = Math.ceil(20 * rateHz)
  const period = Math.round(rateHz * 10)
  const input = Float32Array.from({ length: settle + period }, (_, row) => Math.sin((2 * Math.PI * frequencyHz * row) / rateHz))
  const output = new Float32Array(input.length)
  filter.process(input, output)
  let inPhase = 0
  let quadrature = 0
  for (let row = settle; row < settle + period; row++) {
    const angle = (2 * Math.PI * frequencyHz * row) / rateHz
    inPhase += (2 * output[row] * Math.sin(angle)) / period
    quadrature += (2 * output[row] * Math.cos(angle)) / period
  }
  return { gain: Math.hypot(inPhase, quadrature), phase: Math.atan2(quadrature, inPhase) }
}

describe('Butterworth sections', () => {
  it('have the transfer function of the analogue prototype, gain and phase', () => {
    for (const rateHz of rates) {
      for (const order of [2, 4]) {
        for (const cutoff of [0.5, 5, 40]) {
          const low = butterworthLowPass(order, cutoff, rateHz)
          const high = butterworthHighPass(order, cutoff, rateHz)
          for (const f of [0.1, 0.5, 3, 10, 39, 55]) {
            const w = warped(f, rateHz) / warped(cutoff, rateHz)
            const wantLow = prototype(order, w)
            const wantHigh = prototype(order, -1 / w)
            expect(response(low, f, rateHz).gain).toBeCloseTo(wantLow.gain, 9)
            expect(turn(response(low, f, rateHz).phase - wantLow.phase)).toBeLessThan(1e-6)
            expect(response(high, f, rateHz).gain).toBeCloseTo(wantHigh.gain, 9)
            expect(turn(response(high, f, rateHz).phase - wantHigh.phase)).toBeLessThan(1e-6)
          }
        }
      }
    }
  })

  it('have the textbook quality factors', () => {
    expect(butterworthQualities(2)[0]).toBeCloseTo(Math.SQRT1_2, 12)
    expect(butterworthQualities(4).map((q) => q.toFixed(4))).toEqual(['1.3066', '0.5412'])
    expect(() => butterworthQualities(3)).toThrow(RangeError)
  })

  it('refuse frequencies that the rate cannot carry', () => {
    expect(() => butterworthLowPass(4, 62.5, 125)).toThrow(RangeError)
    expect(() => notchBiquad(0, 30, 250)).toThrow(RangeError)
  })
})

describe('notch and band-pass', () => {
  it('are complements: their powers add up to one, with -3 dB a bandwidth apart', () => {
    for (const rateHz of rates) {
      const notch = [notchBiquad(50, 30, rateHz)]
      const pass = [bandPassBiquad(50, 30, rateHz)]
      for (const f of [1, 20, 48, 50, 53, 60]) {
        expect(response(notch, f, rateHz).gain ** 2 + response(pass, f, rateHz).gain ** 2).toBeCloseTo(1, 9)
      }
      expect(response(notch, 50, rateHz).gain).toBeLessThan(1e-9)
    }
    const edge = (50 / 30) / 2
    expect(response([notchBiquad(50, 30, 4000)], 50 - edge, 4000).gain).toBeCloseTo(Math.SQRT1_2, 1)
  })
})

describe('LiveFilter', () => {
  it('runs as its sections\' transfer function says, gain and phase, at any rate', () => {
    for (const rateHz of [125, 250, 1000]) {
      const options = { rateHz, baseline: true, lowPassHz: 40, notchHz: 50 }
      for (const f of [0.2, 0.5, 5, 17, 40]) {
        const wanted = response(displaySections(options), f, rateHz)
        const got = measured(new LiveFilter(options), f, rateHz)
        expect(got.gain).toBeCloseTo(wanted.gain, 3)
        expect(turn(got.phase - wanted.phase)).toBeLessThan(0.01)
      }
    }
  })

  it('starts without a transient at any offset', () => {
    for (const rateHz of rates) {
      const offset = new Float32Array(rateHz).fill(300)
      const output = new Float32Array(rateHz)
      new LiveFilter({ rateHz, baseline: true, lowPassHz: 40, notchHz: 50 }).process(offset, output)
      expect(Math.max(...output.map(Math.abs))).toBeLessThan(1e-6)
      new LiveFilter({ rateHz, baseline: false, lowPassHz: 40, notchHz: 50 }).process(offset, output)
      expect(Math.max(...output.map((value) => Math.abs(value - 300)))).toBeLessThan(1e-3)
    }
  })

  it('removes mains and its second harmonic a hundredfold, and leaves 10 Hz alone', () => {
    for (const rateHz of [250, 500, 4000]) {
      for (const mains of [50, 60]) {
        const options = { rateHz, baseline: false, lowPassHz: null, notchHz: mains }
        expect(measured(new LiveFilter(options), mains, rateHz).gain).toBeLessThan(0.01)
        if (2 * mains < 0.45 * rateHz) expect(measured(new LiveFilter(options), 2 * mains, rateHz).gain).toBeLessThan(0.01)
        expect(measured(new LiveFilter(options), 10, rateHz).gain).toBeCloseTo(1, 2)
      }
    }
  })

  it('leaves out what the rate cannot carry', () => {
    expect(displaySections({ rateHz: 80, baseline: false, lowPassHz: 40, notchHz: 50 })).toEqual([])
    expect(displaySections({ rateHz: 250, baseline: true, lowPassHz: 40, notchHz: 50 })).toHaveLength(5)
    expect(displaySections({ rateHz: 125, baseline: true, lowPassHz: 40, notchHz: 50 })).toHaveLength(4)
  })

  it('does not depend on how the samples are cut into blocks, and may work in place', () => {
    const samples = fc.array(fc.oneof({ weight: 9, arbitrary: fc.float({ min: -100, max: 100, noNaN: true }) }, { weight: 1, arbitrary: fc.constant(Number.NaN) }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(samples, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 60 }), (values, cuts) => {
        const options = { rateHz: 100, baseline: true, lowPassHz: 30, notchHz: null }
        const whole = Float32Array.from(values)
        const once = new Float32Array(whole.length)
        new LiveFilter(options).process(whole, once)
        const filter = new LiveFilter(options)
        for (let at = 0, k = 0; at < whole.length; at += cuts[k++ % cuts.length]) {
          const block = whole.subarray(at, at + cuts[k % cuts.length])
          filter.process(block, block)
        }
        expect(whole).toEqual(once)
      }),
    )
  })

  it('keeps missing samples missing, holds over a short gap and starts afresh after a long one', () => {
    const rateHz = 100
    const run = (gapRows: number, after: number) => {
      const input = Float32Array.from([...new Array<number>(500).fill(5), ...new Array<number>(gapRows).fill(Number.NaN), ...new Array<number>(100).fill(after)])
      const output = new Float32Array(input.length)
      new LiveFilter({ rateHz, baseline: true, lowPassHz: null, notchHz: null }).process(input, output)
      expect([...output.subarray(500, 500 + gapRows)].every(Number.isNaN)).toBe(true)
      return output.subarray(500 + gapRows)
    }
    // Held: a step of 3 is still a step. Afresh: the new level is the new baseline.
    expect(run(50, 8)[0]).toBeGreaterThan(2.9)
    expect(Math.abs(run(50, 5)[0])).toBeLessThan(1e-4)
    expect(Math.abs(run(150, 8)[0])).toBeLessThan(1e-6)
  })

  it('survives infinities and begins anew after reset', () => {
    const filter = new LiveFilter({ rateHz: 100, baseline: true, lowPassHz: 30, notchHz: null })
    const output = new Float32Array(4)
    filter.process(Float32Array.of(1, Number.POSITIVE_INFINITY, 1, 1), output)
    expect(output[1]).toBeNaN()
    expect(Number.isFinite(output[3])).toBe(true)
    filter.reset()
    filter.process(Float32Array.of(1000), output)
    expect(Math.abs(output[0])).toBeLessThan(1e-6)
  })
})
