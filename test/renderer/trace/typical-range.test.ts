import { describe, expect, it } from 'vitest'
import { TraceRing } from '../../../src-renderer/trace/trace-ring.ts'
import { typicalRange } from '../../../src-renderer/trace/typical-range.ts'

const rateHz = 100

function rangeOf(value: (row: number) => number, rows = 8 * rateHz) {
  const ring = new TraceRing([{ sparse: false }], rows)
  const values = Float32Array.from({ length: rows }, (_, row) => value(row))
  ring.push({ sequence: 0, epoch: 1, firstRow: 0, rows, stride: 1, lanes: 1, columns: rows, droppedFrames: 0, rateHz, newestAtMs: 0, beats: [], values })
  const range = { low: 0, high: 0 }
  typicalRange(ring, 0, 0, rows, rateHz, range)
  return range
}

/** One spike of 1 a beat over a line at 0. */
const beats = (perMinute: number) => (row: number) => (row % Math.round((60 * rateHz) / perMinute) === 20 ? 1 : 0)

describe('typicalRange', () => {
  it.each([40, 75, 180])('shows every beat at %d a minute', (perMinute) => {
    expect(rangeOf(beats(perMinute))).toEqual({ low: 0, high: 1 })
  })

  it('leaves a passing accident out, however large', () => {
    expect(rangeOf((row) => (row === 333 ? 180 : row === 340 ? -90 : beats(75)(row)))).toEqual({ low: 0, high: 1 })
  })

  it('shows what lasts: a signal that became large is not an accident', () => {
    expect(rangeOf((row) => (row > 400 ? 50 * beats(75)(row) : beats(75)(row)))).toEqual({ low: 0, high: 50 })
  })

  it('is empty where nothing was received and exact where one value was', () => {
    const none = rangeOf(() => Number.NaN)
    expect(none.low).toBeGreaterThan(none.high)
    expect(rangeOf((row) => (row === 5 ? 3 : Number.NaN))).toEqual({ low: 3, high: 3 })
  })
})
