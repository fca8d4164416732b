import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ViewFrame } from '../../../src-main/contract/view-frame.ts'
import { TraceRing } from '../../../src-renderer/trace/trace-ring.ts'

const frame = (part: Partial<ViewFrame> & Pick<ViewFrame, 'firstRow' | 'rows' | 'values' | 'lanes'>): ViewFrame => ({
  sequence: 0, epoch: 1, stride: 1, columns: part.rows, droppedFrames: 0, rateHz: 250, newestAtMs: 0, beats: [], ...part,
})

const dense = { sparse: false }

describe('TraceRing', () => {
  it('gives back every row of any sequence of frames while it is within the capacity', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const ring = new TraceRing([dense, dense], 64)
        let row = 500
        for (const rows of sizes) {
          const values = Float32Array.from({ length: 2 * rows }, (_, i) => (i < rows ? row + i : -(row + i - rows)))
          ring.push(frame({ firstRow: row, rows, lanes: 2, values }))
          row += rows
        }
        expect(ring.newestRow).toBe(row)
        expect(ring.oldestRow).toBe(Math.max(500, row - 64))
        for (let r = ring.oldestRow; r < row; r++) expect([ring.at(0, r), ring.at(1, r)]).toEqual([r, -r])
      }),
    )
  })

  it('takes what went by before its first frame, exactly, and nothing of another connection', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 }), (before, after) => {
        const ring = new TraceRing([dense, { sparse: true }], 64)
        const row = 500
        ring.push(frame({ firstRow: row, rows: after, lanes: 2, epoch: 3, values: Float32Array.from({ length: 2 * after }, (_, i) => (i < after ? row + i : Number.NaN)) }))
        // The sparse lane had a value on every third row.
        const pairs = Float32Array.from({ length: 4 * before }, (_, i) => {
          const at = row - before + ((i >> 1) % before)
          return i < 2 * before ? at : at % 3 === 0 ? -at : Number.NaN
        })
        const history = { fromRow: row - before, toRow: row, columns: before, bytes: new Uint8Array(pairs.buffer) }
        expect([ring.prepend(history, 2), ring.prepend({ ...history, toRow: row - 1 }, 3)]).toEqual([false, false])
        expect(ring.oldestRow).toBe(row)
        expect(ring.prepend(history, 3)).toBe(true)
        expect(ring.oldestRow).toBe(Math.max(row - before, row + after - 64))
        let held = Number.NaN
        for (let r = row - before; r < row; r++) {
          if (r % 3 === 0) held = -r
          if (r >= ring.oldestRow) expect([ring.at(0, r), ring.at(1, r)]).toEqual([r, held])
        }
        for (let r = row; r < row + after; r++) expect([ring.at(0, r), ring.at(1, r)]).toEqual([r, held])
      }),
    )
  })

  it('shows rows between two frames as missing', () => {
    const ring = new TraceRing([dense], 64)
    ring.push(frame({ firstRow: 0, rows: 2, lanes: 1, values: Float32Array.of(1, 2) }))
    ring.push(frame({ firstRow: 5, rows: 1, lanes: 1, values: Float32Array.of(6) }))
    expect([0, 1, 2, 3, 4, 5].map((row) => ring.at(0, row))).toEqual([1, 2, Number.NaN, Number.NaN, Number.NaN, 6])
  })

  it('keeps minimum and maximum of every group of a strided frame', () => {
    const ring = new TraceRing([dense, dense], 64)
    ring.push(frame({ firstRow: 0, rows: 10, stride: 4, columns: 3, lanes: 2, values: Float32Array.of(-1, 1, -2, 2, -3, 3, 10, 11, 20, 21, 30, 31) }))
    const group = (lane: number, from: number, to: number) => {
      const rows = Array.from({ length: to - from }, (_, k) => ring.at(lane, from + k))
      return [Math.min(...rows), Math.max(...rows)]
    }
    expect([group(0, 0, 4), group(0, 4, 8)]).toEqual([[-1, 1], [-2, 2]])
    expect([group(1, 0, 4), group(1, 4, 8)]).toEqual([[10, 11], [20, 21]])
    expect(ring.newestRow).toBe(10)
  })

  it('keeps both ends of a last group that is shorter than half a stride', () => {
    const ring = new TraceRing([dense], 64)
    ring.push(frame({ firstRow: 0, rows: 10, stride: 8, columns: 2, lanes: 1, values: Float32Array.of(0, 1, -5, 5) }))
    expect([ring.at(0, 8), ring.at(0, 9)]).toEqual([-5, 5])
  })

  it('holds the last value of a sparse lane only', () => {
    const ring = new TraceRing([{ sparse: true }, dense], 64)
    ring.push(frame({ firstRow: 0, rows: 3, lanes: 2, values: Float32Array.of(Number.NaN, 7, Number.NaN, 1, Number.NaN, 3) }))
    expect([0, 1, 2].map((row) => ring.at(0, row))).toEqual([Number.NaN, 7, 7])
    expect([0, 1, 2].map((row) => ring.at(1, row))).toEqual([1, Number.NaN, 3])
  })

  it('forgets everything at a new epoch, and nothing at a repeated frame', () => {
    const ring = new TraceRing([dense], 64)
    const first = frame({ firstRow: 90, rows: 2, lanes: 1, values: Float32Array.of(1, 2), beats: [[0, 91]] })
    expect(ring.push(first)).toBe(true)
    expect(ring.push(first)).toBe(false)
    expect(ring.beats(0)).toEqual([91])
    expect(ring.push(frame({ epoch: 2, firstRow: 0, rows: 1, lanes: 1, values: Float32Array.of(5) }))).toBe(true)
    expect([ring.oldestRow, ring.newestRow, ring.at(0, 0), ring.beats(0).length]).toEqual([0, 1, 5, 0])
  })

  it('ignores a frame with another number of lanes', () => {
    const ring = new TraceRing([dense, dense], 64)
    expect(ring.push(frame({ firstRow: 0, rows: 1, lanes: 1, values: Float32Array.of(1) }))).toBe(false)
    expect(ring.newestRow).toBe(0)
  })
})
