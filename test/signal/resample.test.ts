import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resample } from '../../src-main/signal/resample.ts'

const pairs = [[500, 250], [360, 250], [125, 250], [1000, 250], [250, 100], [4000, 250], [360, 360.17], [257.3, 125]] as const
const sine = (hz: number, rateHz: number, seconds: number) => Float64Array.from({ length: Math.round(rateHz * seconds) }, (_, row) => Math.sin((2 * Math.PI * hz * row) / rateHz + 0.7))

describe('resampling', () => {
  it('keeps amplitude and phase of every frequency below 0.42 of the lower rate, up to a second from the ends', () => {
    for (const [from, to] of pairs) {
      for (const part of [0.01, 0.1, 0.25, 0.4, 0.42]) {
        const hz = part * Math.min(from, to)
        const output = resample(sine(hz, from, 6), from, to)
        for (let k = Math.ceil(to); k < 5 * to; k++) expect(Math.abs(output[k] - Math.sin((2 * Math.PI * hz * k) / to + 0.7))).toBeLessThan(1e-3)
      }
    }
  })

  it('lets no alias through: 60 dB down and more from half the new rate', () => {
    for (const [from, to] of [[500, 250], [360, 250], [1000, 250], [4000, 250]] as const) {
      for (const part of [0.5, 0.55, 0.7, 0.9]) {
        const hz = part * to
        if (hz >= from / 2) continue
        const output = resample(sine(hz, from, 4), from, to)
        for (let k = Math.ceil(to); k < 3 * to; k++) expect(Math.abs(output[k])).toBeLessThan(1e-3)
      }
    }
  })

  it('comes back: up and down again gives the signal', () => {
    const input = Float64Array.from({ length: 1500 }, (_, row) => Math.sin(row / 7) + 0.5 * Math.cos(row / 3) + 0.2 * Math.sin(row / 1.3))
    const back = resample(resample(input, 250, 1000), 1000, 250)
    expect(back).toHaveLength(1500)
    for (let row = 200; row < 1300; row++) expect(back[row]).toBeCloseTo(input[row], 3)
  })

  it('is as long as the time it covers, to the sample', () => {
    expect(resample(new Float32Array(5000), 500, 250)).toHaveLength(2500)
    expect(resample(new Float32Array(3600), 360, 250)).toHaveLength(2500)
    expect(resample(new Float32Array(1000), 125, 250)).toHaveLength(2000)
    expect(resample(new Float32Array(0), 125, 250)).toHaveLength(0)
  })

  it('keeps a constant and a straight line, ends included', () => {
    for (const [from, to] of pairs) {
      for (const value of resample(new Float32Array(400).fill(-3), from, to)) expect(value).toBeCloseTo(-3, 5)
      const line = resample(Float64Array.from({ length: 3000 }, (_, row) => row / from), from, to)
      line.forEach((value, k) => {
        if (k <= (2999 * to) / from) expect(Math.abs(value - k / to)).toBeLessThan(1e-4)
      })
    }
  })

  it('smears nothing over a long hole and leaves missing what was missing', () => {
    const input = Float32Array.from(sine(2, 500, 6))
    input.fill(Number.NaN, 1000, 1500)
    input.fill(1e6, 0, 900)
    input.fill(Number.NaN, 900, 1000)
    const output = resample(input, 500, 250)
    output.forEach((value, k) => expect(Number.isNaN(value)).toBe(k >= 450 && k < 750))
    for (let k = 800; k < 1450; k++) expect(output[k]).toBeCloseTo(Math.sin((2 * Math.PI * 2 * k) / 250 + 0.7), 3)
  })

  it('refuses a rate that is none, and never fails on any samples', () => {
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => resample(new Float32Array(3), bad, 250)).toThrow(RangeError)
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.constant(Number.NaN)), { maxLength: 60 }), fc.double({ min: 20, max: 900, noNaN: true }), (values, to) => {
        const output = resample(Float64Array.from(values), 250, to)
        return output.length <= Math.ceil((values.length * to) / 250) && output.every((value) => Number.isNaN(value) || Math.abs(value) < 1e4)
      }),
    )
  })
})
