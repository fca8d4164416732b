import { describe, expect, it } from 'vitest'
import { WindowOptions } from '../../src-main/contract/index.ts'
import { preprocessingOf, preprocessingWords } from '../../src-main/runs/preprocessing.ts'
import type { Biquad } from '../../src-main/signal/biquad.ts'
import { ecgBandPass, filterZeroPhase, ppgBandPass } from '../../src-main/signal/zero-phase.ts'

const rateHz = 250
const of = (options: Partial<WindowOptions>) => preprocessingOf({ windows: WindowOptions.parse(options), rateHz, length: 150, channels: 1 })

/** |H| at a frequency, from the sections' coefficients. */
function gain(sections: readonly Biquad[], hz: number): number {
  const angle = (2 * Math.PI * hz) / rateHz
  return sections.reduce((product, { b0, b1, b2, a1, a2 }) => {
    const size = (c0: number, c1: number, c2: number): number => Math.hypot(c0 + c1 * Math.cos(angle) + c2 * Math.cos(2 * angle), c1 * Math.sin(angle) + c2 * Math.sin(2 * angle))
    return (product * size(b0, b1, b2)) / size(1, a1, a2)
  }, 1)
}

describe('what a file says of preprocessing', () => {
  it.each([['ecg', ecgBandPass], ['ppg', ppgBandPass]] as const)('is what the %s filter does: half the power at both ends of its band, the given order, no delay', (lane, bandPass) => {
    const { filter } = of({ lane })
    if (!filter) throw new Error('no filter')
    const sections = bandPass(rateHz)
    for (const edge of [filter.lowHz, filter.highHz]) expect(gain(sections, edge) ** 2).toBeCloseTo(0.5, lane === 'ecg' && edge === 40 ? 3 : 2)
    // Two biquads for an order of 4, high-pass and low-pass.
    expect(sections.length).toBe(filter.order)
    const pulse = Float32Array.from({ length: 4001 }, (_, i) => (i === 2000 ? 1 : 0))
    const filtered = filterZeroPhase(sections, pulse, { rateHz })
    for (const lag of [1, 5, 20]) expect(filtered[2000 + lag]).toBeCloseTo(filtered[2000 - lag], 6)
  })

  it('names the segmentation with its numbers', () => {
    expect(of({ mode: 'beat' }).window).toMatchObject({ beforeSeconds: 0.2, afterSeconds: 0.4, anchorSample: 50, strideSeconds: null, beatsPerGroup: null })
    expect(of({ mode: 'summary-beat', beatsPerGroup: 10 }).window.beatsPerGroup).toBe(10)
    expect(of({ mode: 'window', seconds: 2, strideSeconds: 0.5 })).toMatchObject({ outliers: null, window: { beforeSeconds: 0, afterSeconds: 2, anchorSample: 0, strideSeconds: 0.5 } })
    expect(of({ filtered: false, minimumCorrelation: 0.6 })).toMatchObject({ filter: null, outliers: { minimumCorrelationWithMedianBeat: 0.6 } })
    expect(of({ lane: 'ppg' }).quality).toBeNull()
    const gated = of({ lane: 'ppg', quality: { correlation: 0.8, skewness: 0 } })
    expect(gated.quality).toEqual({ minimumPulseCorrelation: 0.8, minimumSkewness: 0 })
    expect(preprocessingWords(gated)).toContain('windows whose pulses correlate below 0.8 with their mean, or whose skewness is below 0, left out')
    expect(preprocessingWords(of({}))).toContain('band-pass 0.5-40 Hz (Butterworth, order 4, forwards and backwards)')
  })
})
