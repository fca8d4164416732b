import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AutoGain, roundDown125 } from '../../../src-renderer/trace/auto-gain.ts'
import { calibrationText, calibrationUnits, scaleBarUnits, shortNumber, shortQuantity } from '../../../src-renderer/trace/gutter-painter.ts'

const strip = 200
const millimetre = 3.78

describe('roundDown125', () => {
  it('is 1, 2 or 5 times a power of ten, and the largest such number not above', () => {
    expect([0.37, 1, 1.99, 2, 4.9, 5, 99, 1e-4].map(roundDown125)).toEqual([0.2, 1, 1, 2, 2, 5, 50, 1e-4])
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (value) => {
        const rounded = roundDown125(value)
        expect(rounded).toBeLessThanOrEqual(value * (1 + 1e-8))
        expect(rounded * 2.5).toBeGreaterThan(value * (1 - 1e-8))
      }),
    )
  })
})

describe('AutoGain', () => {
  it('fits any signal into its strip, at least a quarter filled', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (low, range) => {
        const gain = new AutoGain(null)
        gain.update(low, low + range, strip, millimetre)
        const top = (low + range - gain.centre) * gain.pixelsPerUnit
        const bottom = (low - gain.centre) * gain.pixelsPerUnit
        expect(Math.max(top, -bottom)).toBeLessThanOrEqual(0.65 * strip)
        expect(top - bottom).toBeGreaterThanOrEqual(0.25 * strip)
      }),
    )
  })

  it('does not change while the signal breathes within its limits', () => {
    const gain = new AutoGain(null)
    gain.update(-0.5, 1, strip, millimetre)
    const { pixelsPerUnit } = gain
    for (let k = 0; k < 100; k++) {
      const swell = 1 + 0.2 * Math.sin(k)
      expect(gain.update(-0.5 * swell, swell, strip, millimetre)).toBe(false)
    }
    expect(gain.pixelsPerUnit).toBe(pixelsPerUnit)
  })

  it('settles: the same signal twice never changes the scale again', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (low, range) => {
        const gain = new AutoGain(null)
        gain.update(low, low + range, strip, millimetre)
        expect(gain.update(low, low + range, strip, millimetre)).toBe(false)
      }),
    )
  })

  it('follows a signal that grew, and keeps a fixed gain whatever comes', () => {
    const gain = new AutoGain(null)
    gain.update(-1, 1, strip, millimetre)
    expect(gain.update(-10, 10, strip, millimetre)).toBe(true)
    const fixed = new AutoGain(10)
    fixed.update(-50, 50, strip, millimetre)
    expect(fixed.pixelsPerUnit).toBeCloseTo(10 * millimetre, 12)
  })

  it('keeps its scale when there is nothing to see', () => {
    const gain = new AutoGain(null)
    gain.update(-1, 1, strip, millimetre)
    expect(gain.update(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, strip, millimetre)).toBe(false)
  })
})

describe('the gutter', () => {
  it('has a scale bar between a fifth and three fifths of the strip', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e4, noNaN: true }), (pixelsPerUnit) => {
        const pixels = scaleBarUnits({ pixelsPerUnit, centre: 0 }, strip) * pixelsPerUnit
        expect(pixels).toBeLessThanOrEqual(0.601 * strip)
        expect(pixels).toBeGreaterThanOrEqual(0.2 * strip)
      }),
    )
  })

  it('says a paper gain in mm/mV only where the lane is in mV; other pulses say what they are worth', () => {
    const ecg = { kind: 'ecg', unit: 'mV', scale: { pixelsPerUnit: 10 * millimetre, centre: 0 } }
    const ppg = { kind: 'ppg', unit: 'counts', scale: { pixelsPerUnit: 0.02 * millimetre, centre: 0 } }
    const text = (lane: typeof ecg) => calibrationText(lane, calibrationUnits(lane.scale, 500, millimetre), millimetre)
    expect([text(ecg), text(ppg)]).toEqual(['10 mm/mV', '500 counts'])
  })

  it('writes numbers short', () => {
    expect([shortQuantity(0.005, 'V'), shortQuantity(0.2, 'V'), shortQuantity(0.5, 'mV')]).toEqual([['5', 'mV'], ['0.2', 'V'], ['0.5', 'mV']])
    expect([0.5, 20, 5000, 20000, 5e6, 0.1].map(shortNumber)).toEqual(['0.5', '20', '5000', '20k', '5M', '0.1'])
  })
})
