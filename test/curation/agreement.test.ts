import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordingId, type Label, type LabelKind } from '../../src-main/contract/index.ts'
import { adjudicate, Agreement, type LabelledTwice } from '../../src-main/curation/agreement.ts'
import { matchBeats } from '../../src-main/curation/match-beats.ts'

const recording = RecordingId.parse('01ARZ3NDEKTSV4RRFFQ6000001')
let next = 0

function label(kind: LabelKind, row: number, toRow: number | null, value: string, lane: string | null = null): Label {
  return { id: `l${++next}`, row, toRow, lane, kind, value, annotator: 'anna', origin: 'person', createdAt: '2026-03-01T00:00:00Z' }
}

const beats = (rows: readonly number[], values: readonly string[] = []): Label[] => rows.map((row, i) => label('beat', row, null, values[i] ?? 'N'))
const twice = (first: Label[], second: Label[], rows = 1000): LabelledTwice => ({ recording, rows, rateHz: 100, first, second })

function report(first: Label[], second: Label[], kinds: LabelKind[], rows = 1000) {
  const agreement = new Agreement(kinds)
  agreement.add(twice(first, second, rows))
  return agreement.report(['anna', 'ben'])
}

/** Every way of pairing, by trying all of them: most pairs first, then the smallest sum of distances. */
function bestByTrying(first: readonly number[], second: readonly number[], window: number): { pairs: number; distance: number } {
  const better = (a: { pairs: number; distance: number }, b: { pairs: number; distance: number }) => (a.pairs > b.pairs || (a.pairs === b.pairs && a.distance <= b.distance) ? a : b)
  if (first.length === 0) return { pairs: 0, distance: 0 }
  const [row, ...rest] = first
  let best = bestByTrying(rest, second, window)
  second.forEach((other, i) => {
    if (Math.abs(row - other) > window) return
    const with_ = bestByTrying(rest, second.filter((_, k) => k !== i), window)
    best = better(best, { pairs: with_.pairs + 1, distance: with_.distance + Math.abs(row - other) })
  })
  return best
}

const sortedRows = (maxLength: number, max: number) => fc.array(fc.nat(max), { maxLength }).map((rows) => rows.sort((a, b) => a - b))

describe('matched beats', () => {
  it('are as many as can be, at the smallest distances: equal to trying every way', () => {
    fc.assert(
      fc.property(sortedRows(6, 60), sortedRows(6, 60), fc.integer({ min: 0, max: 20 }), (first, second, window) => {
        const pairs = matchBeats(first, second, window)
        expect(new Set(pairs.map(([a]) => a)).size).toBe(pairs.length)
        expect(new Set(pairs.map(([, b]) => b)).size).toBe(pairs.length)
        for (const [a, b] of pairs) expect(Math.abs(first[a] - second[b])).toBeLessThanOrEqual(window)
        const distance = pairs.reduce((sum, [a, b]) => sum + Math.abs(first[a] - second[b]), 0)
        expect({ pairs: pairs.length, distance }).toEqual(bestByTrying(first, second, window))
      }),
      { numRuns: 400 },
    )
  })

  it('a day of beats against itself moved by 10 rows is matched one to one', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => i * 80)
    expect(matchBeats(rows, rows.map((row) => row + 10), 15)).toHaveLength(100_000)
  })

  it('thousands of beats on one spot neither hang nor lose a pair', () => {
    expect(matchBeats(new Array<number>(3000).fill(5), new Array<number>(2000).fill(6), 15)).toHaveLength(2000)
  })
})

describe("Cohen's kappa", () => {
  it('of 50 grants that two readers judged is 0.4, as in the textbook', () => {
    // Both yes 20, both no 15, only the first yes 5, only the second yes 10: observed 0.7; yes 0.5 x 0.6 + no 0.5 x 0.4 = 0.5; (0.7 - 0.5) / (1 - 0.5) = 0.4.
    const first = [label('quality', 0, 25, 'good'), label('quality', 25, 50, 'bad')]
    const second = [label('quality', 0, 20, 'good'), label('quality', 20, 25, 'bad'), label('quality', 25, 35, 'good'), label('quality', 35, 50, 'bad')]
    const [kappa] = report(first, second, ['quality']).kappas
    expect(kappa.observed).toBeCloseTo(0.7, 12)
    expect(kappa.expected).toBeCloseTo(0.5, 12)
    expect(kappa.kappa).toBeCloseTo(0.4, 12)
    expect(kappa.items).toBe(50)
  })

  it('saying nothing is an answer within what the other one labelled', () => {
    // 100 rows each, 50 of them shared: of 150 rows 50 agree. Each says motion on 2/3: expected 4/9 + 1/9 = 5/9; (1/3 - 5/9) / (4/9) = -0.5.
    const [kappa] = report([label('exclude', 0, 100, 'motion')], [label('exclude', 50, 150, 'motion')], ['exclude']).kappas
    expect(kappa.kappa).toBeCloseTo(-0.5, 12)
    expect(kappa.items).toBe(150)
  })

  it('is not defined without labels, nor where both only ever say one thing', () => {
    expect(report([], [], ['rhythm', 'beat'])).toMatchObject({ recordings: 1, beats: { f1: null }, kappas: [{ kind: 'rhythm', kappa: null, items: 0 }, { kind: 'beat', kappa: null }] })
    expect(report([label('rhythm', 0, 10, '(N')], [label('rhythm', 0, 10, '(N')], ['rhythm']).kappas[0]).toMatchObject({ kappa: null, observed: 1, items: 10 })
  })

  it('of beats: F1 of the matched ones, kappa of their values', () => {
    // Rate 100: window 15 rows. Matched: 100-105, 200-200, 300-310; 400 and 900 are alone.
    const found = report(beats([100, 200, 300, 400], ['N', 'V', 'N', 'N']), beats([105, 200, 310, 900], ['N', 'V', 'V', 'N']), ['beat'])
    expect(found.beats).toEqual({ first: 4, second: 4, matched: 3, f1: 0.75, windowSeconds: 0.15 })
    // Observed 2/3; expected N 2/3 x 1/3 + V 1/3 x 2/3 = 4/9; (6/9 - 4/9) / (5/9) = 0.4.
    expect(found.kappas[0].kappa).toBeCloseTo(0.4, 12)
  })

  it('a public annotator without lanes is compared with the lane that agrees best, not with the one of most beats', () => {
    const onLane = (lane: string, rows: number[]): Label[] => rows.map((row) => label('beat', row, null, 'N', lane))
    expect(report(beats([100, 200, 300]), [...onLane('ii', [100, 200, 300]), ...onLane('v1', [101, 202])], ['beat']).beats).toMatchObject({ first: 3, second: 3, matched: 3 })
    // A lane on which the T waves were taken for beats has more of them.
    const noisy = onLane('a', [100, 170, 200, 270, 300, 370])
    for (const first of [beats([100, 200, 300]), [...noisy, ...onLane('ii', [100, 201])]]) {
      const second = first.length === 3 ? [...noisy, ...onLane('ii', [100, 201])] : beats([100, 200, 300])
      expect(report(first, second, ['beat']).beats).toMatchObject({ matched: 2, f1: 0.8 })
    }
  })

  it('a rhythm at one row lasts until the next', () => {
    const [kappa] = report([label('rhythm', 0, null, '(N'), label('rhythm', 600, null, '(AFIB')], [label('rhythm', 0, 600, '(N'), label('rhythm', 600, 1000, '(AFIB')], ['rhythm']).kappas
    expect(kappa).toMatchObject({ kappa: 1, items: 1000 })
  })

  const spans = fc.array(fc.tuple(fc.nat(90), fc.integer({ min: 1, max: 30 }), fc.constantFrom('good', 'fair', 'bad'), fc.constantFrom(null, 'a', 'b')), { maxLength: 8 })
  const asLabels = (drawn: [number, number, string, string | null][]): Label[] => drawn.map(([row, length, value, lane]) => label('quality', row, row + length, value, lane))

  it('equals counting row by row, is symmetric, and 1 for two equal layers with two values', () => {
    fc.assert(
      fc.property(spans, spans, (a, b) => {
        const first = asLabels(a)
        const second = asLabels(b)
        const found = report(first, second, ['quality'], 120).kappas[0]
        expect(report(second, first, ['quality'], 120).kappas[0]).toMatchObject({ items: found.items, observed: found.observed })
        const counted = kappaByRows(first, second, 120)
        expect(found.items).toBe(counted.items)
        if (counted.kappa === null) expect(found.kappa).toBeNull()
        else expect(found.kappa).toBeCloseTo(counted.kappa, 10)
        const same = report(first, first, ['quality'], 120).kappas[0]
        expect(same.kappa === null || Math.abs(same.kappa - 1) < 1e-12).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

/** Row by row and lane by lane; of overlapping labels the one that begins last, then the larger id. What is about all lanes is counted once where it is so for both. */
function kappaByRows(first: Label[], second: Label[], rows: number): { kappa: number | null; items: number } {
  const lanes = [...new Set([...first, ...second].flatMap((one) => one.lane ?? []))]
  const said = (labels: Label[], lane: string | null, row: number): Label | null =>
    labels
      .filter((one) => (one.lane === null || one.lane === lane) && one.row <= row && row < (one.toRow ?? one.row + 1))
      .sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1))
      .at(-1) ?? null
  const pairs = new Map<string, [string, string]>()
  for (const lane of lanes.length > 0 ? lanes : [null]) {
    // Segments of one lane, so that a pair that is about all lanes is counted once per stretch, not per lane.
    let segment = 0
    let before = ''
    for (let row = 0; row < rows; row++) {
      const mine = said(first, lane, row)
      const theirs = said(second, lane, row)
      const key = `${mine?.id} ${theirs?.id}`
      if (key !== before) segment = row
      before = key
      if (!mine && !theirs) continue
      pairs.set(`${row} ${(mine?.lane ?? null) === null && (theirs?.lane ?? null) === null ? `all ${key} ${segment} ${lastRow(first, second, lane, row, key)}` : lane}`, [mine?.value ?? '', theirs?.value ?? ''])
    }
  }
  function lastRow(a: Label[], b: Label[], lane: string | null, from: number, key: string): number {
    let row = from
    while (row < rows && `${said(a, lane, row)?.id} ${said(b, lane, row)?.id}` === key) row++
    return row
  }
  const all = [...pairs.values()]
  const observed = all.filter(([a, b]) => a === b).length / all.length
  const values = new Set(all.flat())
  const expected = [...values].reduce((sum, value) => sum + (all.filter(([a]) => a === value).length / all.length) * (all.filter(([, b]) => b === value).length / all.length), 0)
  const certain = all.length === 0 || (values.size === 1 && observed === 1)
  return { kappa: certain ? null : (observed - expected) / (1 - expected), items: all.length }
}

describe('adjudication', () => {
  it('takes what both say and lists the rest', () => {
    const first = [...beats([100, 200, 300], ['N', 'N', 'V']), label('rhythm', 0, 500, '(N'), label('marker', 50, null, 'start'), label('note', 60, null, 'cough')]
    const second = [...beats([104, 300, 400], ['N', 'N', 'N']), label('rhythm', 0, 300, '(N'), label('rhythm', 300, 500, '(AFIB'), label('marker', 50, null, 'start')]
    const { agreed, disagreements } = adjudicate(twice(first, second))
    expect(agreed).toEqual([
      { row: 0, toRow: 300, lane: null, kind: 'rhythm', value: '(N' },
      { row: 50, toRow: null, lane: null, kind: 'marker', value: 'start' },
      { row: 100, toRow: null, lane: null, kind: 'beat', value: 'N' },
    ])
    expect(disagreements.map(({ kind, row, toRow, first: a, second: b }) => [kind, row, toRow, a?.value ?? null, b?.value ?? null])).toEqual([
      ['note', 60, null, 'cough', null],
      ['beat', 200, null, 'N', null],
      ['beat', 300, null, 'V', 'N'],
      ['rhythm', 300, 500, '(N', '(AFIB'],
      ['beat', 400, null, null, 'N'],
    ])
  })

  it('two equal layers agree on everything', () => {
    const layer = [...beats([100, 200]), label('quality', 10, 90, 'bad', 'ecg')]
    expect(adjudicate(twice(layer, layer))).toMatchObject({ agreed: [{ row: 10 }, { row: 100 }, { row: 200 }], disagreements: [] })
  })
})
