import { describe, expect, it } from 'vitest'
import type { LaneSummary } from '../../src-main/contract/schemas/recording.ts'
import { bestLane, meanRate, usableRatio } from '../../src-main/signal/heart-measures.ts'

const summary = (lane: string, usableSeconds: number, meanRateBpm: number | null = null): LaneSummary => ({
  lane, usableSeconds, meanRateBpm, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: null,
})

describe('the measures of a recording', () => {
  const lanes = [{ id: 'ch1', kind: 'ecg' as const }, { id: 'red', kind: 'ppg' as const }, { id: 'acc', kind: 'acceleration' as const }]

  it('take the best lane of the heart, not one that was merely never disturbed', () => {
    const item = { seconds: 30, lanes, laneSummaries: [summary('ch1', 21, 60), summary('red', 24, 61), summary('acc', 30)] }
    expect(bestLane(item)?.lane).toBe('red')
    expect(usableRatio(item)).toBeCloseTo(0.8)
    expect(meanRate(item)).toBe(61)
  })

  it('fall back to whatever there is, and know nothing of an empty recording', () => {
    expect(usableRatio({ seconds: 30, lanes, laneSummaries: [summary('acc', 30)] })).toBe(1)
    expect(usableRatio({ seconds: 0, lanes, laneSummaries: [] })).toBeNull()
    expect(bestLane({ seconds: 0, lanes, laneSummaries: [] })).toBeNull()
  })
})
