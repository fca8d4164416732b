import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RowBlock } from '../../src-main/devices/decoder.ts'
import { Timeline } from '../../src-main/recording/timeline.ts'
import { laneSpec, testConfiguration } from '../services/live-fixture.ts'

const rateHz = 250

function block(firstRow: number, rows: number, hostNs: number): RowBlock {
  return {
    rows, lanes: 1, hostNs, skips: [], messages: [],
    counts: Int32Array.from({ length: rows }, (_, row) => firstRow + row),
    counters: Int32Array.from({ length: rows }, (_, row) => (firstRow + row) % 256),
    offsets: Float64Array.from({ length: rows }, (_, row) => (firstRow + row) * 33),
    flags: new Uint8Array(rows),
  }
}

const shrinking = [263, 0, 0, 0, 0, 0, 0, 219, 0, 0, 0, 0, 0, 0, 175, 0, 0, 0, 0, 0, 0, 169, ...Array.from({ length: 40 }, () => 2), 279, ...Array.from({ length: 12 }, () => 0)]

describe('timeline on a computer that is busy while recording starts', () => {
  it('invents no loss when the first arrivals are bunched (as seen on a pseudo-terminal with both cores taken)', () => {
    // Arrival in ms and rows so far: two chunks at once, then late ones.
    const seen: [number, number][] = [[0, 4], [3.2, 8], [38.1, 12], [157.9, 24], [176.9, 28], [226.5, 60], [233.7, 64], [249.4, 68], [255.1, 72]]
    for (let rows = 76; rows < 5000; rows += 4) seen.push([rows * 4 - 30, rows])
    const timeline = new Timeline(testConfiguration([laneSpec('a')], rateHz))
    let row = 0
    for (const [ms, rows] of seen) {
      timeline.push(block(row, rows - row, 1e12 + ms * 1e6))
      row = rows
    }
    timeline.flush()
    expect(timeline.gaps).toEqual([])
    expect(timeline.rows).toBe(row)
    expect(Math.abs(timeline.fit()?.ppm ?? 1e6)).toBeLessThan(500)
  })

  it('invents no loss under any delays below a third of a second', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 330 }), { minLength: 60, maxLength: 120 }), fc.integer({ min: 1, max: 30 }), (delays, step) => {
        const timeline = new Timeline(testConfiguration([laneSpec('a')], rateHz))
        let [row, lastNs] = [0, 0]
        for (let chunk = 0; chunk < 600; chunk++) {
          const sentMs = (row + step) * 4
          // In order: a byte never overtakes the one before it.
          lastNs = Math.max(lastNs + 1000, 1e12 + (sentMs + (chunk % 7 === 0 ? delays[chunk % delays.length] : 2)) * 1e6)
          timeline.push(block(row, step, lastNs))
          row += step
        }
        timeline.flush()
        expect(timeline.gaps).toEqual([])
        expect(timeline.rows).toBe(row)
      }),
      {
        numRuns: 60,
        // Delays that shrink over the first second look like a board that is a quarter too fast.
        examples: [[shrinking, 4]],
      },
    )
  })
})
