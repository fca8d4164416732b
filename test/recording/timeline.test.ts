import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CounterSpec } from '../../src-main/contract/index.ts'
import { place, shifts, type Planted, type StreamOptions } from './planted-stream.ts'

/** The counters of real boards: BITalino, Cyton, Chords, the wide test board, Shimmer3 at 512 Hz. */
const boards: Record<string, { rateHz: number; counter: CounterSpec }> = {
  bitalino: { rateHz: 1000, counter: { modulus: 16, step: 1 } },
  cyton: { rateHz: 250, counter: { modulus: 256, step: 1 } },
  chords: { rateHz: 500, counter: { modulus: 256, step: 1 } },
  daisy: { rateHz: 125, counter: { modulus: 256, step: 2 } },
  wide: { rateHz: 2000, counter: { modulus: 65536, step: 1 } },
  shimmer: { rateHz: 512, counter: { modulus: 1 << 24, step: 64 } },
}

const line = { batchMs: 16, jitterMs: 1 }

describe.each(Object.entries(boards))('%s', (_, board) => {
  const wrap = board.counter.modulus / board.counter.step
  const run = (events: Planted[], more: Partial<StreamOptions> = {}) => place({ ...board, ...line, seconds: 12, ppm: 40, events, ...more })

  test('without losses every row is at its place and nothing is reported', () => {
    for (const seed of [1, 2, 3]) {
      const placed = run([], { seed, firstCounter: 200 })
      expect(placed.instants).toEqual(placed.sent.map((row) => row.instant))
      expect(placed.timeline.gaps).toEqual([])
      expect(placed.timeline.lossCertainty).toBe('certain')
    }
  })

  test('a few lost rows are a certain gap exactly where they are missing', () => {
    for (const rows of [1, 2, 5, Math.min(100, Math.floor(wrap / 2) - 1)]) {
      const placed = run([{ kind: 'drop', at: 4, rows }])
      const from = Math.round(4 * board.rateHz)
      expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
      expect(placed.timeline.gaps).toEqual([{ from, to: from + rows, certainty: 'certain', cause: 'lost' }])
      expect(placed.timeline.lostRows).toBe(rows)
    }
  })

  test('losses around and beyond the wrap of the counter are resolved with the clock', () => {
    for (const rows of [wrap - 2, wrap - 1, wrap, wrap + 1, 2 * wrap, 3 * wrap + 7].filter((count) => count < 4000)) {
      for (const seed of [1, 2, 3]) {
        const placed = run([{ kind: 'drop', at: 4, rows }], { seconds: 20, seed })
        const from = Math.round(4 * board.rateHz)
        expect(placed.timeline.gaps.map((gap) => gap.to - gap.from), `${rows} rows`).toEqual([rows])
        if (rows >= wrap) expect(placed.timeline.gaps[0].certainty).toBe('estimated')
        expect(placed.instants.filter((instant) => instant !== null)).toEqual(placed.sent.map((row) => row.instant))
        // A whole wrap that is shorter than the line's own delays leaves no trace but its length: the place is known to within them.
        const blur = rows % wrap === 0 && wrap < board.rateHz * 0.04 ? board.rateHz * 0.04 : 0
        expect(Math.abs(placed.timeline.gaps[0].from - from), `${rows} rows`).toBeLessThanOrEqual(blur)
        if (blur === 0) expect(shifts(placed), `${rows} rows`).toEqual({ largest: 0, ordered: true })
      }
    }
  })

  test('a stall that delivers everything late is no gap', () => {
    for (const seconds of [0.1, 0.4, 1.5, 3]) {
      const placed = run([{ kind: 'stall', at: 5, seconds }])
      expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
      expect(placed.timeline.gaps).toEqual([])
    }
  })

  test('loss within a stall is found, its length is right', () => {
    const placed = run([{ kind: 'stall', at: 5, seconds: 0.6 }, { kind: 'drop', at: 5.2, rows: 13 }])
    const from = Math.round(5.2 * board.rateHz)
    expect(placed.timeline.gaps).toMatchObject([{ from, to: from + 13 }])
    expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
  })

  test('several losses are several gaps', () => {
    const rows = Math.min(7, wrap - 3)
    const placed = run([3, 3.1, 6, 9].map((at) => ({ kind: 'drop' as const, at, rows })))
    expect(placed.timeline.gaps.map((gap) => gap.from)).toEqual([3, 3.1, 6, 9].map((at) => Math.round(at * board.rateHz)))
    expect(placed.timeline.gaps.every((gap) => gap.certainty === 'certain' && gap.to - gap.from === rows)).toBe(true)
    expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
  })

  test('a counter that begins anew is a new epoch: an estimated gap of the right length within a row', () => {
    for (const flagged of [true, false]) {
      // A wrap of a few milliseconds hides a restart that nothing else tells of.
      if (!flagged && wrap <= 16) continue
      const placed = run([{ kind: 'restart', at: 5.013, seconds: 1.7, flagged }], { seconds: 14 })
      expect(placed.timeline.gaps, `flagged ${flagged}`).toMatchObject([{ certainty: 'estimated', cause: 'restart' }])
      expect(shifts(placed).ordered).toBe(true)
      expect(shifts(placed).largest).toBeLessThanOrEqual(Math.ceil(board.rateHz * 0.004))
      expect(placed.instants.filter((instant) => instant !== null)).toEqual(placed.sent.map((row) => row.instant))
    }
  })

  test('unplugged and plugged in again: one gap, no row twice, none lost that arrived', () => {
    const placed = run([{ kind: 'unplug', at: 5.013, seconds: 2.5 }], { seconds: 14 })
    expect(placed.timeline.gaps).toMatchObject([{ certainty: 'estimated', cause: 'unplugged' }])
    expect(shifts(placed).ordered).toBe(true)
    expect(shifts(placed).largest).toBeLessThanOrEqual(Math.ceil(board.rateHz * 0.004))
    expect(placed.instants.filter((instant) => instant !== null)).toEqual(placed.sent.map((row) => row.instant))
  })

  test('damaged frames are a gap caused by corruption', () => {
    const rows = Math.min(6, wrap - 3)
    const placed = run([{ kind: 'corrupt', at: 6, rows }])
    const from = Math.round(6 * board.rateHz)
    expect(placed.timeline.gaps).toEqual([{ from, to: from + rows, certainty: 'certain', cause: 'corrupted' }])
  })

  test('a duplicate frame is left out', () => {
    const placed = run([{ kind: 'duplicate', at: 6 }])
    expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
    expect(placed.timeline.lostRows).toBe(0)
    expect(placed.timeline.droppedRows).toBe(1)
  })

  test('a counter with flipped bits neither shifts nor invents rows; at worst its own row is missing', () => {
    for (let bit = 0; 1 << bit < board.counter.modulus; bit += 1) {
      const placed = run([{ kind: 'counter-flip', at: 4, mask: 1 << bit }], { seconds: 8 })
      expect(shifts(placed), `bit ${bit}`).toEqual({ largest: 0, ordered: true })
      expect(placed.instants.length, `bit ${bit}`).toBe(Math.round(8 * board.rateHz))
      expect(placed.timeline.lostRows).toBeLessThanOrEqual(1)
    }
  })

  test('how rows are cut into blocks changes nothing as long as their host times stay', () => {
    const events: Planted[] = [
      { kind: 'drop', at: 2, rows: 3 }, { kind: 'stall', at: 4, seconds: 0.3 }, { kind: 'drop', at: 6, rows: Math.ceil(wrap * 1.5) % 5000 },
      { kind: 'unplug', at: 9, seconds: 1 }, { kind: 'duplicate', at: 11 },
    ]
    const whole = run(events, { seconds: 14 })
    for (const rows of [1, 2, 3]) {
      const cut = place({ ...board, ...line, seconds: 14, ppm: 40, events }, rows)
      expect(cut.instants).toEqual(whole.instants)
      expect(cut.timeline.gaps).toEqual(whole.timeline.gaps)
      expect(cut.timeline.fit()).toEqual(whole.timeline.fit())
    }
  })
})

describe('a board without a counter', () => {
  const run = (events: Planted[], more: Partial<StreamOptions> = {}) => place({ rateHz: 125, counter: null, ...line, seconds: 20, ppm: -60, events, ...more })

  test('is never reported as loss-free', () => {
    const placed = run([])
    expect(placed.timeline.gaps).toEqual([])
    expect(placed.timeline.lossCertainty).toBe('unknown')
    expect(placed.instants).toEqual(placed.sent.map((row) => row.instant))
  })

  test('frames lost by corruption are counted from their bytes', () => {
    const placed = run([{ kind: 'corrupt', at: 6, rows: 4 }])
    expect(placed.timeline.gaps).toEqual([{ from: 750, to: 754, certainty: 'estimated', cause: 'corrupted' }])
    expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
  })

  test('silent loss is found from a step of the arrivals, within a row', () => {
    for (const rows of [3, 5, 20, 125]) {
      for (const seed of [1, 2, 3, 4]) {
        const placed = run([{ kind: 'drop', at: 8, rows }], { seed })
        expect(placed.timeline.gaps, `${rows} rows`).toMatchObject([{ certainty: 'estimated' }])
        expect(shifts(placed).ordered).toBe(true)
        expect(shifts(placed).largest).toBeLessThanOrEqual(1)
        expect(placed.timeline.lossCertainty).toBe('estimated')
      }
    }
  })

  test('a stall is no gap', () => {
    for (const seconds of [0.1, 0.5, 2, 4]) expect(run([{ kind: 'stall', at: 8, seconds }]).timeline.gaps).toEqual([])
  })

  test('a free-running sketch whose rate wanders by a few per cent gets no gaps', () => {
    expect(run([], { driftPpm: 600, seconds: 60 }).timeline.gaps).toEqual([])
    expect(run([], { driftPpm: -600, seconds: 60 }).timeline.gaps).toEqual([])
  })

  test('a declared rate that is 2.4 % off gets no gaps', () => {
    for (const ppm of [24_000, -24_000]) expect(run([], { ppm, seconds: 60 }).timeline.gaps).toEqual([])
  })

  test('unplugged: one gap of the right length within a row', () => {
    const placed = run([{ kind: 'unplug', at: 8, seconds: 3 }])
    expect(placed.timeline.gaps).toMatchObject([{ certainty: 'estimated', cause: 'unplugged' }])
    expect(shifts(placed).largest).toBeLessThanOrEqual(1)
  })
})

test('any mixture of small losses, stalls and jitter: nothing shifted, nothing invented, every gap certain and where it is', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('drop' as const), at: fc.double({ min: 2, max: 14, noNaN: true }), rows: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('stall' as const), at: fc.double({ min: 2, max: 14, noNaN: true }), seconds: fc.double({ min: 0.02, max: 0.4, noNaN: true }) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), fc.integer({ min: -200, max: 200 }), fc.integer(), fc.constantFrom(0, 4, 16), (events, ppm, seed, batchMs) => {
      const placed = place({ rateHz: 250, counter: { modulus: 256, step: 1 }, seconds: 16, ppm, seed, batchMs, jitterMs: 1, events })
      expect(shifts(placed)).toEqual({ largest: 0, ordered: true })
      expect(placed.instants.filter((instant) => instant !== null)).toEqual(placed.sent.map((row) => row.instant))
      expect(placed.timeline.gaps.every((gap) => gap.certainty === 'certain')).toBe(true)
    }),
    { numRuns: 60 },
  )
})
