import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveRing, ringRows } from '../../src-main/services/live-ring.ts'

describe('live ring', () => {
  it('holds ten minutes where 64 MB allow it, and two minutes always', () => {
    expect(ringRows(8, 250)).toBe(150_000)
    expect(ringRows(16, 4000)).toBe(2 ** 20)
    expect(ringRows(16, 4000) / 4000).toBeGreaterThan(120)
    expect(ringRows(64, 8000)).toBe(960_000)
  })

  it('remembers exactly the newest rows, whatever the blocks and gaps (against a plain list)', () => {
    const blocks = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 9 }), rows: fc.integer({ min: 1, max: 13 }) }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(blocks, fc.integer({ min: 0, max: 80 }), fc.integer({ min: 1, max: 40 }), (parts, from, rows) => {
        const ring = new LiveRing(2, 16)
        const truth: number[][] = []
        for (const { gap, rows: length } of parts) {
          for (let i = 0; i < gap; i++) truth.push([Number.NaN, Number.NaN])
          const first = truth.length
          for (let i = 0; i < length; i++) truth.push([first + i, -1 - first - i])
          ring.append(first, length, [0, 1].map((lane) => Float32Array.from(truth.slice(first), (row) => row[lane])))
        }
        expect(ring.end).toBe(truth.length)
        expect(ring.first).toBe(Math.max(0, truth.length - 16))
        const oldest = ring.first
        const expected = Array.from({ length: rows }, (_, i) => (from + i >= oldest ? (truth[from + i]?.[1] ?? Number.NaN) : Number.NaN))
        const got = new Float32Array(rows)
        ring.copy(1, from, rows, got, 0)
        expect([...got]).toEqual(expected)
        const present = expected.filter((value) => !Number.isNaN(value))
        const pair = new Float32Array(2)
        ring.extremes(1, from, from + rows, pair, 0)
        expect([...pair]).toEqual(present.length === 0 ? [Number.NaN, Number.NaN] : [Math.min(...present), Math.max(...present)])
      }),
    )
  })

  it('answers an envelope with one min/max pair per column and lane', () => {
    const ring = new LiveRing(1, 100)
    ring.append(0, 10, [Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])])
    const envelope = ring.envelope(0, 10, 5)
    expect([...new Float32Array(envelope.bytes.buffer)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([...new Float32Array(ring.envelope(20, 30, 1).bytes.buffer)]).toEqual([Number.NaN, Number.NaN])
  })
})
