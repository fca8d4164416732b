import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnBorders, columnSpans, cutSpans } from '../../src-main/dataset/column-folder.ts'

describe('columns cut into whole groups and the rest', () => {
  it('show each unit once, and the same as before', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 40 }), fc.constantFrom(2, 8, 64), (from, span, columns, factor) => {
        const spans = columnSpans(columnBorders(from, from + span, columns, 1))
        const { inner, before, behind } = cutSpans(spans, factor)
        const units = (begin: number, end: number): number[] => Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i)
        for (let column = 0; column < columns; column++) {
          const groups = units(inner.begins[column], inner.ends[column])
          const shown = [
            ...units(before.begins[column], before.ends[column]), ...groups.flatMap((group) => units(group * factor, (group + 1) * factor)), ...units(behind.begins[column], behind.ends[column]),
          ]
          expect(shown).toEqual(units(spans.begins[column], spans.ends[column]))
          // Less than a group is left at either side of one.
          if (groups.length > 0) expect(shown.length - groups.length * factor).toBeLessThan(2 * factor)
        }
        // What the search for a column relies on.
        for (const { begins, ends } of [inner, before, behind]) for (const line of [begins, ends]) expect([...line].sort((a, b) => a - b)).toEqual(line)
      }),
    )
  })

  it('a narrow column has no inside', () => {
    expect(cutSpans({ begins: [3, 21], ends: [21, 24] }, 8)).toEqual({
      inner: { begins: [1, 3], ends: [2, 3] }, before: { begins: [3, 21], ends: [8, 24] }, behind: { begins: [16, 24], ends: [21, 24] },
    })
  })
})
