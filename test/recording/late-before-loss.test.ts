import { describe, expect, it } from 'vitest'
import { place } from './planted-stream.ts'

/** BITalino: its counter wraps every 16 ms, so that a busy computer's delays and a wrap are of one size. */
const board = { rateHz: 1000, counter: { modulus: 16, step: 1 } }

describe('a short delay just before a loss', () => {
  it('is no loss of its own: the rows after a restart stay together', () => {
    for (const lateMs of [8, 10, 12, 15]) {
      for (const seed of [1, 2, 3]) {
        const events = [
          { kind: 'stall' as const, at: 5 - 0.002, seconds: lateMs / 1000 },
          { kind: 'restart' as const, at: 5, seconds: 0.3, flagged: false },
        ]
        const placed = place({ ...board, seconds: 12, batchMs: 8, jitterMs: 1, seed, events })
        const { gaps } = placed.timeline
        expect(gaps, `${lateMs} ms, seed ${seed}: ${JSON.stringify(gaps)}`).toHaveLength(1)
        // The counter says nothing about a restart; the length is right to half a wrap.
        expect(Math.abs(gaps[0].to - gaps[0].from - 300)).toBeLessThanOrEqual(8)
        expect(gaps[0]).toMatchObject({ from: 5000, certainty: 'estimated' })
        expect(placed.instants.filter((instant) => instant !== null)).toEqual(placed.sent.map((row) => row.instant))
      }
    }
  })
})
