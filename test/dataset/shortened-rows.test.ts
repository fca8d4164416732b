import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LaneSpec } from '../../src-main/contract/index.ts'
import { findBeatsInStretches } from '../../src-main/dataset/beat-stretches.ts'
import { analyseLane } from '../../src-main/dataset/lane-analysis.ts'
import { ShortenedRows } from '../../src-main/dataset/shortened-rows.ts'

const rateHz = 50
const lane: LaneSpec = { id: 'ii', label: 'II', kind: 'ecg', unit: 'mV', gainCountsPerUnit: 1000, baseline: 0, bits: 16, minimum: -32767, maximum: 32767, sparse: false, held: false }

/** Beats of 75 a minute with a noise that repeats. */
const heart = (i: number): number => Math.exp(-(((((i / rateHz) % 0.8) - 0.3) / 0.02) ** 2)) + 0.02 * Math.sin(i * 12.9898)

describe('a lane without its longest holes', () => {
  const stretch = fc.record({ heartSeconds: fc.integer({ min: 1, max: 40 }), holeSeconds: fc.integer({ min: 0, max: 900 }), extra: fc.integer({ min: 0, max: 60 }) })

  it('gives what the whole lane gives: beats, quality, measures, to the last digit', () => {
    let shortened = 0
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.constantFrom('ecg' as const, 'ppg' as const), (stretches, holeFirst, kind) => {
        const holes: { from: number; to: number }[] = []
        const parts: number[] = []
        const hole = (rows: number): void => {
          holes.push({ from: parts.length, to: parts.length + rows })
          for (let i = 0; i < rows; i++) parts.push(Number.NaN)
        }
        if (holeFirst) hole(20_000)
        for (const { heartSeconds, holeSeconds, extra } of stretches) {
          for (let i = 0; i < heartSeconds * rateHz; i++) parts.push(heart(parts.length))
          hole(holeSeconds * rateHz + extra)
        }
        const whole = Float32Array.from(parts)
        const rows = ShortenedRows.without(holes, whole.length, rateHz)
        const left = new Float32Array(rows.length)
        for (const { from, to, at } of rows.kept) left.set(whole.subarray(from, to), at)
        if (rows.length < rows.fullLength) shortened++
        const spec = { ...lane, kind }
        const [ofWhole] = findBeatsInStretches(kind, [whole], rateHz)
        const [ofLeft] = findBeatsInStretches(kind, [left], rateHz)
        expect(ofLeft.rows.map((k) => rows.toFull(k))).toEqual(ofWhole.rows)
        expect(analyseLane(spec, left, rateHz, ofLeft, rows)).toEqual(analyseLane(spec, whole, rateHz, ofWhole))
      }),
      { numRuns: 25, seed: 4 },
    )
    expect(shortened).toBeGreaterThan(10)
  })

  it('keeps every sample that is in no hole, in its place', () => {
    const rows = ShortenedRows.without([{ from: 40_000, to: 90_000 }, { from: 30_000, to: 50_000 }], 100_000, rateHz)
    expect(rows.fullLength - rows.length).toBeGreaterThan(45_000)
    for (const at of [0, 29_999, 30_000, 89_999, 90_000, 99_999]) expect(rows.toFull(rows.fromFull(at))).toBe(at)
  })
})
