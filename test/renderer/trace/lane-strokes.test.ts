import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextGap, rangeOf, traceColumns } from '../../../src-renderer/trace/lane-strokes.ts'
import { traceLayout } from '../../../src-renderer/trace/trace-layout.ts'
import { TraceRing } from '../../../src-renderer/trace/trace-ring.ts'

/** A ring of one lane that holds `values` from row 0 on. */
function ringOf(values: readonly number[]): TraceRing {
  const ring = new TraceRing([{ sparse: false }], values.length)
  ring.push({ sequence: 0, epoch: 0, firstRow: 0, rows: values.length, stride: 1, lanes: 1, columns: values.length, droppedFrames: 0, rateHz: 100, newestAtMs: 0, values: Float32Array.from(values), beats: [] })
  return ring
}

/** Collects polylines as lists of points. */
class Pen {
  readonly lines: [number, number][][] = []
  moveTo(x: number, y: number): void {
    this.lines.push([[x, y]])
  }
  lineTo(x: number, y: number): void {
    this.lines[this.lines.length - 1].push([x, y])
  }
}

const tall = { middle: 0, height: 1e9 }
const upright = { pixelsPerUnit: -1, centre: 0 }
const layoutOf = (rowsPerColumn: number) => ({ ...traceLayout(1000, 100, 1, 1, 100, { millimetresPerSecond: null, seconds: 10 }, 0), rowsPerColumn })
const draw = (ring: TraceRing, rowsPerColumn: number, from: number, to: number) => {
  const pen = new Pen()
  traceColumns(pen, ring, 0, layoutOf(rowsPerColumn), upright, tall, 0, from, to)
  return pen.lines
}

describe('traceColumns', () => {
  it('spans the minimum and maximum of every column, so no spike is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 60, maxLength: 300 }), fc.double({ min: 2, max: 12, noNaN: true }), (values, rowsPerColumn) => {
        const columns = Math.floor(values.length / rowsPerColumn)
        const points = draw(ringOf(values), rowsPerColumn, 0, columns).flat()
        for (let column = 0; column < columns; column++) {
          const rows = values.filter((_, row) => Math.ceil(column * rowsPerColumn) <= row && row < Math.ceil((column + 1) * rowsPerColumn))
          const drawn = points.filter(([x]) => x === column + 0.5).map(([, y]) => y)
          expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([Math.min(...rows), Math.max(...rows)])
        }
      }),
    )
  })

  it('draws the same points piece by piece as at once', () => {
    fc.assert(
      fc.property(fc.constantFrom(0.4, 1, 1.7, 2.5, 9.3), fc.integer({ min: 1, max: 19 }), (rowsPerColumn, cut) => {
        const ring = ringOf(Array.from({ length: 400 }, (_, row) => Math.round(100 * Math.sin(row / 3))))
        const whole = draw(ring, rowsPerColumn, 0, 20).flat().map(String)
        const pieces = [...draw(ring, rowsPerColumn, 0, cut), ...draw(ring, rowsPerColumn, cut, 20)].flat().map(String)
        for (const point of whole) expect(pieces).toContain(point)
      }),
    )
  })

  it('goes through every row when rows are fewer than columns, and breaks the line at a missing one', () => {
    const lines = draw(ringOf([1, 2, Number.NaN, 4, 5]), 0.5, 0, 10)
    expect(lines).toEqual([[[0, 1], [2, 2]], [[6, 4], [8, 5]]])
  })

  it('cuts a trace off a third of a strip into its neighbour', () => {
    const pen = new Pen()
    traceColumns(pen, ringOf([0, 1e6, -1e6, 0]), 0, layoutOf(1), { pixelsPerUnit: 1, centre: 0 }, { middle: 50, height: 100 }, 0, 0, 4)
    expect(pen.lines.flat().map(([, y]) => y)).toEqual([50, -35, 135, 50])
  })
})

describe('nextGap', () => {
  it('finds exactly the columns without any sample', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 10, maxLength: 200 }), fc.double({ min: 0.3, max: 6, noNaN: true }), (present, rowsPerColumn) => {
        const ring = ringOf(present.map((has) => (has ? 1 : Number.NaN)))
        const columns = Math.floor(present.length / rowsPerColumn) - 1
        const found = new Set<number>()
        const run = { from: 0, to: 0 }
        for (let at = 0; nextGap(ring, 0, rowsPerColumn, at, columns, run); at = run.to) for (let c = run.from; c < run.to; c++) found.add(c)
        for (let column = 0; column < columns; column++) {
          const first = Math.floor(column * rowsPerColumn)
          const end = Math.max(first + 1, Math.ceil((column + 1) * rowsPerColumn))
          expect(found.has(column)).toBe(present.slice(first, end).every((has) => !has))
        }
      }),
    )
  })
})

describe('rangeOf', () => {
  it('ignores missing rows and tells when there is nothing', () => {
    const range = { low: 0, high: 0 }
    rangeOf(ringOf([Number.NaN, 3, -2, Number.NaN]), 0, 0, 4, range)
    expect(range).toEqual({ low: -2, high: 3 })
    rangeOf(ringOf([Number.NaN, Number.NaN]), 0, 0, 2, range)
    expect(range.low > range.high).toBe(true)
  })
})
