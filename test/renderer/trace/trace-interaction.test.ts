import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { laneAt, pixelAt, rowAt, valueAt } from '../../../src-renderer/trace/trace-interaction.ts'
import { pixelsPerMillimetre, traceLayout, visibleSeconds } from '../../../src-renderer/trace/trace-layout.ts'

const paper = { millimetresPerSecond: 25, seconds: 10 }
const plain = { millimetresPerSecond: null, seconds: 10 }

describe('traceLayout', () => {
  it('draws a second of paper 25 CSS millimetres wide at every pixel ratio', () => {
    for (const ratio of [1, 1.25, 2, 3]) {
      const layout = traceLayout(1200, 600, ratio, 4, 250, paper)
      expect(layout.pixelsPerSecond / ratio / pixelsPerMillimetre).toBeCloseTo(25, 10)
      expect(25.4 * pixelsPerMillimetre).toBeCloseTo(96, 10)
    }
  })

  it('shows the seconds asked for across the plot', () => {
    expect(visibleSeconds(traceLayout(1200, 600, 2, 4, 250, plain))).toBeCloseTo(10, 10)
    expect(traceLayout(1200, 640, 2, 4, 250, plain)).toMatchObject({ plotWidth: 2272, stripHeight: 320 })
  })
})

describe('rows and pixels', () => {
  it('are inverses of each other wherever a row is on screen', () => {
    fc.assert(
      fc.property(fc.constantFrom('sweep' as const, 'scroll' as const), fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 1100 }), fc.constantFrom(125, 250, 4000), (mode, headRow, step, rateHz) => {
        // Between pixels, so that rounding cannot fall over an edge.
        const x = 98.3 + step
        const view = { layout: traceLayout(1200, 600, 1.5, 4, rateHz, plain), mode, headRow }
        const row = rowAt(view, x)
        if (row === null) return
        const back = pixelAt(view, row)
        // A row at the very edge of the newest column may round out of view.
        if (back !== null) expect(back).toBeCloseTo(x, 6)
        else expect(Math.abs(row - headRow) % (10 * rateHz)).toBeLessThan(2 * view.layout.rowsPerColumn + 10 * rateHz * 1e-3)
      }),
    )
  })

  it('place the newest row at the right edge of a scroll and at the head of a sweep', () => {
    const layout = traceLayout(1064, 100, 1, 1, 100, plain)
    expect(rowAt({ layout, mode: 'scroll', headRow: 5000 }, 1063)).toBeCloseTo(4999, 6)
    // 10 s a page: row 5250 is 250 columns into the sixth page.
    expect(rowAt({ layout, mode: 'sweep', headRow: 5250 }, 64 + 249)).toBeCloseTo(5249, 6)
    expect(rowAt({ layout, mode: 'sweep', headRow: 5250 }, 64 + 250)).toBeCloseTo(4250, 6)
    expect(pixelAt({ layout, mode: 'sweep', headRow: 5250 }, 5249)).toBeCloseTo(64 + 249, 6)
    expect(pixelAt({ layout, mode: 'scroll', headRow: 5250 }, 4000)).toBeNull()
  })

  it('tell nothing in the gutter, beyond the edge and before the first row', () => {
    const layout = traceLayout(1064, 100, 1, 1, 100, plain)
    expect(rowAt({ layout, mode: 'scroll', headRow: 5000 }, 50)).toBeNull()
    expect(rowAt({ layout, mode: 'scroll', headRow: 5000 }, 1064)).toBeNull()
    expect(rowAt({ layout, mode: 'sweep', headRow: 100 }, 600)).toBeNull()
  })

  it('read lane and value at a height', () => {
    const view = { layout: traceLayout(1000, 400, 2, 4, 250, plain), mode: 'sweep' as const, headRow: 0 }
    expect([0, 99, 100, 399].map((y) => laneAt(view, y, 4))).toEqual([0, 0, 1, 3])
    expect(laneAt(view, 400, 4)).toBeNull()
    // Lane 1's middle is at 150 CSS pixels; 20 device pixels above it at 40 pixels per mV is 0.5 mV over the centre.
    expect(valueAt(view, 1, 140, { pixelsPerUnit: 40, centre: 2 })).toBeCloseTo(2.5, 12)
  })
})
