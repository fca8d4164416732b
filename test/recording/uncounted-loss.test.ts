import { describe, expect, it } from 'vitest'
import { place, shifts } from './planted-stream.ts'

/** HealthyPi 5: no counter, 128 rows a second, read through an adapter that hands bytes on every 16 ms. */
const board = { rateHz: 128, counter: null, batchMs: 16, jitterMs: 1 }

describe('a board without a counter behind a batching adapter', () => {
  it('has one estimated gap of the right length wherever a burst of rows is lost, and keeps its rate', () => {
    for (const rows of [12, 40, 200]) {
      for (let phase = 0; phase < 24; phase++) {
        const placed = place({ ...board, seconds: 30, ppm: 30, seed: phase + 1, events: [{ kind: 'drop', at: 14 + phase * 0.037, rows }] })
        const { gaps } = placed.timeline
        expect(gaps, `${rows} rows, phase ${phase}: ${JSON.stringify(gaps)}`).toHaveLength(1)
        expect(Math.abs(gaps[0].to - gaps[0].from - rows)).toBeLessThanOrEqual(1)
        expect(gaps[0].certainty).toBe('estimated')
        expect(shifts(placed).largest).toBeLessThanOrEqual(1)
        expect(Math.abs((placed.timeline.fit()?.ppm ?? 1e6) - 30)).toBeLessThan(60)
      }
    }
  })
})
