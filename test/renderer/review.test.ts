import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MeanBeat } from '../../src-main/contract/schemas/analysis.ts'
import { countTypes, findBeats, snapToExtremum } from '../../src-renderer/state/beat-search.ts'
import { BeatTrack } from '../../src-renderer/state/beat-track.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { coverage, cutTiles, drawnRange, tileColumns, tileRange, tileStride, type Piece } from '../../src-renderer/state/envelope-tiles.ts'
import { LabelOutbox } from '../../src-renderer/state/label-outbox.svelte.ts'
import { LabelsState } from '../../src-renderer/state/labels.svelte.ts'
import { Notices } from '../../src-renderer/state/notices.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import { beatCorrelation } from '../../src-renderer/state/review-measures.svelte.ts'
import { beatOf, ReviewSession } from '../../src-renderer/state/review-session.svelte.ts'
import { Reviewer } from '../../src-renderer/state/reviewer.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { gainBelow, StoredGain } from '../../src-renderer/views/library/stored-gain.ts'
import { laneOf, rowOf, storedLayout, stripMiddle, xOf } from '../../src-renderer/views/library/stored-layout.ts'
import { fillSegments, traceSegments } from '../../src-renderer/views/library/stored-painter.ts'
import { firstAt, intervalRange } from '../../src-renderer/views/review/interval-painter.ts'
import { reviewKey } from '../../src-renderer/views/review/review-keys.ts'
import { FakeLab } from './fake-lab.ts'
import { recording, recordingIds } from './samples.ts'

const [id] = recordingIds

function piece(fromRow: number, values: readonly number[], stride = 1): Piece {
  return { fromRow, toRow: fromRow + values.length * stride, columns: values.length, values: Float32Array.from(values.flatMap((value) => [value, value])) }
}

function track(beats: readonly [row: number, symbol: string][], lane: string | null = 'ch1'): BeatTrack {
  const made = BeatTrack.empty('mk')
  for (const [row, symbol] of beats) made.insert({ id: `b${row}`, row, lane, symbol })
  return made
}

describe('what is drawn', () => {
  it('covers the window once and without a hole that any source could fill', () => {
    const span = fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 60 })).map(([from, length]) => piece(from, new Array<number>(length).fill(0)))
    fc.assert(
      fc.property(fc.array(fc.array(span, { maxLength: 5 }), { maxLength: 4 }), fc.nat(60), fc.integer({ min: 1, max: 80 }), (sources, from, width) => {
        const segments = coverage(from, from + width, sources)
        for (let row = from; row < from + width; row++) {
          // The first source that has a piece there; within a source, its first such piece.
          const wanted = sources.flatMap((pieces) => pieces.find((one) => one.fromRow <= row && row < one.toRow) ?? []).at(0)
          const drawn = segments.filter((segment) => segment.fromRow <= row && row < segment.toRow)
          expect(drawn.map((segment) => segment.piece)).toEqual(wanted === undefined ? [] : [wanted])
        }
        expect(segments.every((segment, at) => at === 0 || segments[at - 1].toRow <= segment.fromRow)).toBe(true)
      }),
    )
  })

  it('comes in tiles that hold what the answer held', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 * tileColumns }), fc.constantFrom(1, 2, 64), (lanes, columns, stride) => {
        const values = Float32Array.from({ length: 2 * lanes * columns }, (_, at) => at)
        const cut = cutTiles(values, lanes, columns, 1024 * stride, stride)
        expect(cut.flatMap((pieces) => pieces.flatMap((one) => [...one.values]))).toEqual([...values])
        expect(cut[0].at(-1)?.toRow).toBe((1024 + columns) * stride)
      }),
      { numRuns: 30 },
    )
    expect([tileStride(10_000, 1000), tileStride(500, 1000), tileStride(86_400_000, 1000)]).toEqual([8, 1, 65_536])
    expect([tileRange(1000, 5000, 4), tileRange(2048, 4096, 4), tileRange(0, 1, 1)]).toEqual([[0, 2], [1, 1], [0, 0]])
  })

  it('joins neighbouring tiles in one line and breaks it only where rows are missing', () => {
    const layout = storedLayout({ width: 124 + 80, height: 124 }, 1, 0, 8, 1, 0)
    const drawn: string[] = []
    const target = { moveTo: () => drawn.push('M'), lineTo: () => drawn.push('L') }
    const pieces = [piece(0, [1, 2, 3, 4]), piece(4, [5, Number.NaN, 7, 8])]
    traceSegments(target, coverage(0, 8, [pieces]), { centre: 0, pixelsPerUnit: 1 }, 50, layout)
    expect(drawn.join('')).toBe('MLLLLML')
  })

  it('shows every extreme in the pixel that it falls into, and bars that touch', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -40, max: 40, noNaN: true }), { minLength: 2, maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (values, wide) => {
        const pixels = Math.min(wide, values.length)
        const layout = storedLayout({ width: 124 + pixels, height: 124 }, 1, 0, values.length, 1, 0)
        const bars: { x: number; from: number; to: number }[] = []
        fillSegments({ fillRect: (x, y, _width, height) => bars.push({ x, from: y, to: y + height }) }, coverage(0, values.length, [[piece(0, values)]]), { centre: 0, pixelsPerUnit: 1 }, 50, layout)
        values.forEach((value, row) => {
          const x = Math.floor(xOf(layout, row + 0.5))
          const y = 50 - Math.fround(value)
          expect(bars.some((bar) => Math.abs(bar.x - x) <= 1e-9 && bar.from <= y + 1e-3 && bar.to >= y - 1e-3)).toBe(true)
        })
        expect(bars.every((bar, at) => at === 0 || (bar.from <= bars[at - 1].to && bar.to >= bars[at - 1].from))).toBe(true)
        expect(new Set(bars.map(({ x }) => x)).size).toBe(bars.length)
      }),
    )
  })

  it('is scaled by its beats and not by an accident', () => {
    const values = Array.from({ length: 1000 }, (_, row): number => (row % 100 === 50 ? 1 : 0))
    const rate = 100
    expect(drawnRange(coverage(0, 1000, [[piece(0, values)]]), 0, 1000, rate)).toEqual({ low: 0, high: 1 })
    values[420] = 180
    expect(drawnRange(coverage(0, 1000, [[piece(0, values)]]), 0, 1000, rate)).toEqual({ low: 0, high: 1 })
    expect(drawnRange([], 0, 1000, rate)).toBeNull()
    // More accidents than calm stretches are the signal.
    const wild = values.map((value, row) => (Math.floor(row / 150) % 2 === 0 && row % 150 === 0 ? 180 : value))
    expect(drawnRange(coverage(0, 1000, [[piece(0, wild)]]), 0, 1000, rate)?.high).toBe(180)
  })

  it('fills its strip and does not jump with every step', () => {
    const gain = new StoredGain(null)
    gain.update(-1, 1, 200, 4)
    expect([gain.centre, 2 * gain.pixelsPerUnit <= 200, 2 * gain.pixelsPerUnit > 100]).toEqual([0, true, true])
    const before = gain.pixelsPerUnit
    gain.update(-0.9, 1.05, 200, 4)
    expect([gain.pixelsPerUnit, gain.centre]).toEqual([before, 0])
    gain.update(-5, 5, 200, 4)
    expect(10 * gain.pixelsPerUnit).toBeLessThanOrEqual(200)
    const fixed = new StoredGain(10)
    fixed.update(-5, 5, 200, 4)
    expect(fixed.pixelsPerUnit).toBe(40)
    expect([gainBelow(0.37), gainBelow(10), gainBelow(9.99), gainBelow(0.1)]).toEqual([0.3, 10, 8, 0.1])
  })

  it('knows which row and lane lie under the pointer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 2000 }), fc.constantFrom(1, 1.5, 2), fc.nat(1e6), fc.integer({ min: 1, max: 1e6 }), (width, ratio, from, rows) => {
        const layout = storedLayout({ width, height: 500 }, ratio, from, from + rows, 4, 1, true)
        const row = from + rows / 3
        expect(rowOf(layout, xOf(layout, row) / ratio)).toBeCloseTo(row, 3)
        expect([0, 1, 2, 3].map((lane) => laneOf(layout, stripMiddle(layout, lane) / ratio, 4))).toEqual([0, 1, 2, 3])
      }),
    )
  })
})

describe('beats', () => {
  it('snap to the peak that stands out within a tenth of a second, upwards or downwards', () => {
    const up = Array.from({ length: 200 }, (_, row) => (row === 112 ? 1 : row === 60 ? 9 : 0))
    expect(snapToExtremum([piece(0, up)], 100, 25)).toBe(112)
    expect(snapToExtremum([piece(0, up.map((value) => -value))], 100, 25)).toBe(112)
    expect(snapToExtremum([piece(0, up)], 100, 5)).toBeGreaterThanOrEqual(95)
    expect(snapToExtremum([], 77.4, 25)).toBe(77)
    // Over the seam of two tiles.
    expect(snapToExtremum([piece(0, up.slice(0, 110)), piece(110, up.slice(110))], 105, 25)).toBe(112)
  })

  it('are found by type, by the interval before them and by likeness', () => {
    const beats = track([[0, 'N'], [250, 'N'], [375, 'V'], [1000, 'N']])
    const rows = (indexes: number[]) => indexes.map((index) => beats.rows[index])
    expect(rows(findBeats(beats, 'ch1', { kind: 'type', symbol: 'V' }, 250))).toEqual([375])
    expect(rows(findBeats(beats, 'ch1', { kind: 'shorter', seconds: 0.6 }, 250))).toEqual([375])
    expect(rows(findBeats(beats, 'ch1', { kind: 'longer', seconds: 2 }, 250))).toEqual([1000])
    expect(rows(findBeats(beats, 'ch1', { kind: 'unlike', rows: new Set([0, 1000, 7]) }, 250))).toEqual([0, 1000])
    expect(findBeats(beats, 'ch2', { kind: 'type', symbol: 'V' }, 250)).toEqual([])
    expect(countTypes(beats, 'ch1')).toEqual([{ symbol: 'N', count: 3 }, { symbol: 'V', count: 1 }])
  })

  it('have intervals whose range leaves the rarest out', () => {
    const beats = track(Array.from({ length: 200 }, (_, index): [number, string] => [index * 250 + (index > 100 ? 5000 : 0), 'N']))
    const indexes = beats.onLane('ch1')
    expect(firstAt(beats, indexes, 251)).toBe(2)
    const range = intervalRange(beats, indexes, 1, 200, 250)
    expect(range?.high).toBeLessThan(1.3)
    expect(range?.low).toBeGreaterThan(0.7)
    expect(intervalRange(beats, indexes, 1, 1, 250)).toBeNull()
  })
})

describe('mean beats', () => {
  const beat = (rateHz: number, shape: (seconds: number) => number): MeanBeat => {
    const mean = Array.from({ length: Math.round(0.7 * rateHz) }, (_, at) => shape(-0.25 + at / rateHz))
    return { lane: 'ch1', unit: 'mV', annotator: 'x', beats: 9, fromSeconds: -0.25, rateHz, mean, deviation: mean.map(() => 0), outliers: [] }
  }
  const bump = (seconds: number) => Math.exp(-((seconds / 0.03) ** 2))

  it('correlate across rates, whatever their height, and not with their opposite', () => {
    expect(beatCorrelation(beat(500, bump), beat(250, (at) => 3 * bump(at) + 7))).toBeGreaterThan(0.99)
    expect(beatCorrelation(beat(500, bump), beat(500, (at) => -bump(at)))).toBeCloseTo(-1, 6)
    expect(beatCorrelation(beat(500, bump), beat(500, () => 1))).toBeNull()
    expect(beatCorrelation(beat(500, bump), { ...beat(500, bump), fromSeconds: 5 })).toBeNull()
  })
})

async function session() {
  const none = new Uint8Array(0)
  const lab = new FakeLab({
    'library.get': () => recording(id, { measuredRateHz: 250 }),
    'library.envelope': ({ fromRow, toRow, columns, lanes }) => {
      const values = new Float32Array(2 * columns * (lanes?.length ?? 0))
      // One peak at every 250th row.
      const step = (toRow - fromRow) / columns
      const peaksBefore = (row: number) => Math.ceil(row / 250)
      for (let column = 0; column < columns; column++) values[2 * column + 1] = peaksBefore(fromRow + (column + 1) * step) > peaksBefore(fromRow + column * step) ? 1 : 0
      return { fromRow, toRow, columns, bytes: new Uint8Array(values.buffer), filtered: false }
    },
    'labels.layers': () => [],
    'labels.append': ({ annotator }) => ({ annotator, origin: 'person', basis: null, beats: 0, labels: 0, updatedAt: '1' }),
    'labels.list': () => [],
    'labels.beats': ({ annotator }) => ({ annotator, basis: null, count: 0, rows: none, codes: none, laneIndexes: none, symbols: [], lanes: [], ids: [] }),
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const store = new MemoryStore()
  const preferences = new Preferences(null, ['en'])
  preferences.annotator = 'mk'
  const outbox = new LabelOutbox(connection, store)
  const labels = new LabelsState(connection, store, preferences, outbox, () => 'dataset')
  const reviewer = new Reviewer(connection, store)
  await reviewer.open(id)
  await labels.open(recording(id))
  const notices = new Notices()
  return { made: new ReviewSession(reviewer, labels, notices, (problem) => problem), reviewer, labels, notices }
}

const press = (key: string, held: { ctrl?: boolean; shift?: boolean } = {}, timeStamp = 1e6) =>
  ({ key, ctrlKey: held.ctrl ?? false, shiftKey: held.shift ?? false, metaKey: false, altKey: false, timeStamp }) as KeyboardEvent

describe('the keyboard', () => {
  it('adds, retypes, steps, deletes, undoes and redoes beats', async () => {
    const { made, reviewer, labels } = await session()
    const key = (name: string, held = {}) => reviewKey(press(name, held), reviewer, made)
    const added = (count: number) => expect.poll(() => labels.beats?.count).toBe(count)
    const beats = () => Array.from({ length: labels.beats?.count ?? 0 }, (_, index) => [labels.beats?.rows[index], labels.beats?.symbol(index)])
    reviewer.cursorRow = 510
    expect(key('a')).toBe(true)
    await added(1)
    reviewer.cursorRow = 1010
    key('a')
    await added(2)
    expect(beats()).toEqual([[500, 'N'], [1000, 'N']])
    key(',')
    expect(made.picked).toEqual([beatOf(500, 'ch1', 'N')])
    key('v')
    expect(beats()).toEqual([[500, 'V'], [1000, 'N']])
    key('.')
    key('Delete')
    expect(beats()).toEqual([[500, 'V']])
    key('z', { ctrl: true })
    key('z', { ctrl: true })
    expect(beats()).toEqual([[500, 'N'], [1000, 'N']])
    key('Z', { ctrl: true, shift: true })
    key('y', { ctrl: true })
    expect(beats()).toEqual([[500, 'V']])
    expect(key('#')).toBe(false)
  })

  it('selects, excludes and labels a stretch without a pointer', async () => {
    const { made, reviewer, labels } = await session()
    const key = (name: string) => reviewKey(press(name), reviewer, made)
    reviewer.cursorRow = 100
    key('[')
    reviewer.cursorRow = 599
    key(']')
    expect(reviewer.selection).toEqual({ fromRow: 100, toRow: 600 })
    key('e')
    expect(labels.labels.map(({ kind, row, toRow }) => [kind, row, toRow])).toEqual([['exclude', 100, 600]])
    expect(made.pickedLabel).toBe(labels.labels[0].id)
    key('Delete')
    expect(labels.labels).toEqual([])
  })

  it('leaves G and what follows to the sections of the app', async () => {
    const { made, reviewer, labels } = await session()
    reviewer.cursorRow = 500
    await made.addBeat(500)
    expect(reviewKey(press('g', {}, 2e6), reviewer, made)).toBe(false)
    expect(reviewKey(press('s', {}, 2e6 + 300), reviewer, made)).toBe(false)
    expect(labels.beats?.symbol(0)).toBe('N')
    expect(reviewKey(press('s', {}, 2e6 + 3000), reviewer, made)).toBe(true)
    expect(labels.beats?.symbol(0)).toBe('S')
  })
})

describe('panels', () => {
  it('change everything found in one step, and take it back in one', async () => {
    const { made, labels } = await session()
    for (const row of [500, 750, 1000]) {
      await made.addBeat(row)
    }
    made.search({ kind: 'type', symbol: 'N' })
    expect([made.found.length, made.foundAt]).toEqual([3, 0])
    made.retype(made.found, 'V')
    expect(made.found.map(({ value }) => value)).toEqual(['V', 'V', 'V'])
    expect(countTypes(labels.beats ?? track([]), 'ch1')).toEqual([{ symbol: 'V', count: 3 }])
    made.undo()
    expect(countTypes(labels.beats ?? track([]), 'ch1')).toEqual([{ symbol: 'N', count: 3 }])
    // What is not there any more cannot be retyped: nothing happens, and it is said.
    expect(labels.edit([{ before: beatOf(500, 'ch1', 'V'), after: null }])).toBe('changed-elsewhere')
  })

  it('move a label’s ends and keep it picked', async () => {
    const { made, labels } = await session()
    made.addLabel('rhythm', 10.4, 99.6, '(AFIB')
    const [label] = labels.labels
    expect([label.row, label.toRow]).toEqual([10, 100])
    made.changeLabel(label, { toRow: 200, lane: 'ch1' })
    expect(labels.labels.map(({ row, toRow, lane, value }) => [row, toRow, lane, value])).toEqual([[10, 200, 'ch1', '(AFIB']])
    expect(made.pickedLabel).toBe(labels.labels[0].id)
    // A press says nothing about kinds that need a stretch.
    made.addLabel('exclude', 10, null, '')
    expect(labels.labels).toHaveLength(1)
  })

  it('settle a disagreement by the word that was chosen', async () => {
    const { made, labels } = await session()
    const said = { id: 'x', row: 500, toRow: null, lane: 'ch1', kind: 'beat' as const, value: 'V', annotator: 'ab', origin: 'person', createdAt: '' }
    const open = { recording: id, kind: 'beat' as const, row: 500, toRow: null, lane: 'ch1', first: said, second: null }
    expect(made.settle(open, 'second')).toBe(true)
    expect(labels.beats).toBeNull()
    expect(made.settle(open, 'first')).toBe(true)
    expect(labels.beats?.at(0)).toMatchObject({ row: 500, symbol: 'V' })
    expect(made.settle(open, 'first')).toBe(true)
    expect(labels.beats?.count).toBe(1)
  })
})
