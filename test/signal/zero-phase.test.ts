import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { response } from '../../src-main/signal/biquad.ts'
import type { Biquad } from '../../src-main/signal/biquad.ts'
import { presentStretches } from '../../src-main/signal/holes.ts'
import { ecgBandPass, filterZeroPhase, mainsNotch, ppgBandPass } from '../../src-main/signal/zero-phase.ts'
import { gaussian, uniform } from './stress-heart.ts'

/** A second way: sections multiplied out to one polynomial each, direct form I, zeros before the start. */
function directForm(sections: readonly Biquad[], input: readonly number[]): number[] {
  const multiply = (a: readonly number[], b: readonly number[]) => {
    const product = new Array<number>(a.length + b.length - 1).fill(0)
    a.forEach((x, i) => b.forEach((y, j) => (product[i + j] += x * y)))
    return product
  }
  const b = sections.map((s) => [s.b0, s.b1, s.b2]).reduce(multiply, [1])
  const a = sections.map((s) => [1, s.a1, s.a2]).reduce(multiply, [1])
  const output: number[] = []
  for (let n = 0; n < input.length; n++) {
    let y = 0
    for (let k = 0; k < b.length && k <= n; k++) y += b[k] * input[n - k]
    for (let k = 1; k < a.length && k <= n; k++) y -= a[k] * output[n - k]
    output.push(y)
  }
  return output
}

const rateHz = 250
const sine = (hz: number, rows: number, phase = 0) => Float64Array.from({ length: rows }, (_, row) => Math.sin((2 * Math.PI * hz * row) / rateHz + phase))

describe('filtering forwards and backwards', () => {
  it('answers an impulse alike to both sides', () => {
    const impulse = new Float64Array(8001)
    impulse[4000] = 1
    for (const sections of [ecgBandPass(rateHz), ppgBandPass(rateHz), mainsNotch(50, rateHz)]) {
      const answer = filterZeroPhase(sections, impulse, { rateHz })
      for (let k = 1; k < 1500; k++) expect(Math.abs(answer[4000 + k] - answer[4000 - k])).toBeLessThan(1e-9)
    }
  })

  it('has the squared gain of one pass and no delay at any frequency', () => {
    const rows = 20_000
    for (const sections of [ecgBandPass(rateHz), ppgBandPass(rateHz), mainsNotch(60, rateHz)]) {
      for (const hz of [0.5, 1, 5, 8, 17, 40, 49, 60, 70]) {
        const output = filterZeroPhase(sections, sine(hz, rows, 0.3), { rateHz })
        let inPhase = 0
        let quadrature = 0
        for (let row = 6000; row < 14_000; row++) {
          const angle = (2 * Math.PI * hz * row) / rateHz + 0.3
          inPhase += (2 * output[row] * Math.sin(angle)) / 8000
          quadrature += (2 * output[row] * Math.cos(angle)) / 8000
        }
        expect(inPhase).toBeCloseTo(response(sections, hz, rateHz).gain ** 2, 4)
        expect(Math.abs(quadrature)).toBeLessThan(1e-4)
      }
    }
  })

  it('is what two passes of a direct-form filter give, far from the ends', () => {
    const noise = gaussian(uniform(3))
    const input = Array.from({ length: 6000 }, noise)
    // High-pass poles so near to 1 that a polynomial of order 8 would lose its digits are left out here.
    const sections = ppgBandPass(rateHz).slice(2)
    const twice = directForm(sections, directForm(sections, input).reverse()).reverse()
    const output = filterZeroPhase(sections, Float64Array.from(input), { rateHz })
    for (let row = 1000; row < 5000; row++) expect(output[row]).toBeCloseTo(twice[row], 7)
  })

  it('starts at rest: a constant leaves nothing of a band-pass and everything of a notch', () => {
    const constant = new Float32Array(700).fill(5)
    for (const value of filterZeroPhase(ecgBandPass(rateHz), constant, { rateHz })) expect(Math.abs(value)).toBeLessThan(1e-6)
    for (const value of filterZeroPhase(mainsNotch(50, rateHz), constant, { rateHz })) expect(value).toBeCloseTo(5, 6)
  })

  it('runs linearly through a line: point reflection goes on with it', () => {
    const line = Float64Array.from({ length: 600 }, (_, row) => 3 + 0.01 * row)
    filterZeroPhase(ppgBandPass(rateHz).slice(2), line, { rateHz }).forEach((value, row) => expect(value).toBeCloseTo(line[row], 5))
  })

  it('leaves out what the rate cannot carry', () => {
    expect(ecgBandPass(50)).toHaveLength(2)
    expect(ecgBandPass(360)).toHaveLength(4)
    expect(mainsNotch(60, 125)).toHaveLength(0)
    expect(mainsNotch(50, 1000)).toHaveLength(2)
  })
})

describe('missing samples', () => {
  it('stay missing; short holes barely disturb, long ones start afresh', () => {
    const whole = sine(3, 4000)
    const holed = whole.slice()
    holed[1000] = Number.NaN
    holed[1001] = Number.POSITIVE_INFINITY
    for (let row = 2000; row < 2600; row++) holed[row] = Number.NaN
    const output = filterZeroPhase(ecgBandPass(rateHz), holed, { rateHz })
    const undisturbed = filterZeroPhase(ecgBandPass(rateHz), whole, { rateHz })
    output.forEach((value, row) => expect(Number.isNaN(value)).toBe(!Number.isFinite(holed[row])))
    for (let row = 900; row < 1100; row++) if (row !== 1000 && row !== 1001) expect(output[row]).toBeCloseTo(undisturbed[row], 2)
    expect([...filterZeroPhase(ecgBandPass(rateHz), holed.subarray(2600), { rateHz })]).toEqual([...output.subarray(2600)])
  })

  it('never make it fail: any pattern gives a value exactly where there was one', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY)), { maxLength: 80 }), (values) => {
        const output = filterZeroPhase(ecgBandPass(rateHz), Float64Array.from(values), { rateHz })
        return output.every((value, row) => Number.isFinite(value) === Number.isFinite(values[row]))
      }),
    )
  })

  it('are split into stretches as by hand', () => {
    expect(presentStretches([1, Number.NaN, 2, 3, Number.NaN, Number.NaN, Number.NaN, 4], 1)).toEqual([{ from: 0, to: 4 }, { from: 7, to: 8 }])
    expect(presentStretches([Number.NaN, Number.NaN], 3)).toEqual([])
  })
})
