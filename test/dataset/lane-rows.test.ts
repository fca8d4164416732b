import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowOfSample, samplesInRows } from '../../src-main/dataset/lane-rows.ts'

describe('a lane with a rate of its own', () => {
  it('has its samples where whole numbers say, whatever its rates lose as doubles', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }), fc.constantFrom(1, 3, 7, 0.1, 60), fc.integer({ min: 0, max: 1_000_000 }), (one, other, seconds, k) => {
        const [few, many] = [Math.min(one, other), Math.max(one, other)]
        // As an EDF header gives them: samples in a data record of so many seconds.
        const [rateHz, laneRateHz] = [(1 / seconds) * many, (1 / seconds) * few]
        // floor(k * many / few + 1/2) in whole numbers.
        const row = (2n * BigInt(k) * BigInt(many) + BigInt(few)) / (2n * BigInt(few))
        expect(rowOfSample(k, rateHz, laneRateHz)).toBe(Number(row))
        expect(samplesInRows(many * 3, rateHz, laneRateHz)).toBe(few * 3)
      }),
    )
  })
})
