import { describe, expect, it } from 'vitest'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { visibleRange } from '../../src-renderer/state/envelope-range.ts'
import { mainLane, Reviewer } from '../../src-renderer/state/reviewer.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { axisStep, axisWords } from '../../src-renderer/views/library/stored-painter.ts'
import { FakeLab } from './fake-lab.ts'
import { recording, recordingIds } from './samples.ts'

const [id] = recordingIds
const rows = 30_000

/** A lab whose lanes are ramps: the value of every row is its own number, so that what is drawn says where it came from. */
async function setUp(store = new MemoryStore(), longestFiltered = 10_000) {
  let running = 0
  let mostRunning = 0
  const lab = new FakeLab({
    'library.get': () => recording(id, { measuredRateHz: 250 }),
    'library.envelope': async ({ fromRow, toRow, columns, lanes, filters }) => {
      mostRunning = Math.max(mostRunning, ++running)
      await Promise.resolve()
      running--
      const values = new Float32Array(2 * columns * (lanes?.length ?? 0))
      lanes?.forEach((_, lane) => {
        for (let column = 0; column < columns; column++) {
          const step = (toRow - fromRow) / columns
          const first = Math.ceil(fromRow + column * step)
          const last = Math.min(rows, Math.ceil(fromRow + (column + 1) * step)) - 1
          values[2 * (lane * columns + column)] = last < first ? Number.NaN : first
          values[2 * (lane * columns + column) + 1] = last < first ? Number.NaN : last
        }
      })
      return { fromRow, toRow, columns, bytes: new Uint8Array(values.buffer), filtered: (filters ?? null) !== null && toRow - fromRow <= longestFiltered }
    },
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const reviewer = new Reviewer(connection, store)
  await reviewer.open(id)
  return { lab, reviewer, store, mostRunning: () => mostRunning }
}

/** Rows of the window that are drawn, by what the ramp says. */
function drawn(reviewer: Reviewer, lane = 'ch1'): { from: number; to: number; exact: boolean } {
  const segments = reviewer.segments(lane)
  for (const { fromRow, toRow, piece } of segments) {
    const step = (piece.toRow - piece.fromRow) / piece.columns
    for (let row = fromRow; row < Math.min(toRow, rows); row += 97) {
      const column = Math.floor((row - piece.fromRow) / step)
      expect(piece.values[2 * column]).toBeLessThanOrEqual(row)
      expect(piece.values[2 * column + 1]).toBeGreaterThanOrEqual(row)
    }
  }
  return { from: segments[0]?.fromRow ?? -1, to: segments.at(-1)?.toRow ?? -1, exact: segments.every(({ piece }) => (piece.toRow - piece.fromRow) / piece.columns <= Math.max(1, reviewer.width / 1000)) }
}

describe('the stored trace', () => {
  it('opens on the first ten seconds of the lanes that change on every row', async () => {
    const { reviewer } = await setUp()
    expect([reviewer.fromRow, reviewer.toRow, reviewer.visibleLanes]).toEqual([0, 2500, ['ch1', 'ch2']])
    expect(drawn(reviewer)).toEqual({ from: 0, to: 2500, exact: true })
  })

  it('keeps the row under the pointer where it is while zooming', async () => {
    const { reviewer } = await setUp()
    reviewer.show(10_000, 4000)
    reviewer.zoom(0.5, 0.25)
    expect([reviewer.fromRow, reviewer.toRow]).toEqual([10_500, 12_500])
    expect(reviewer.fromRow + 0.25 * 2000).toBe(11_000)
  })

  it('never leaves the recording nor comes too close', async () => {
    const { reviewer } = await setUp()
    reviewer.zoom(1000)
    expect([reviewer.fromRow, reviewer.toRow]).toEqual([0, 30_000])
    reviewer.pan(-5)
    expect(reviewer.fromRow).toBe(0)
    for (let step = 0; step < 40; step++) reviewer.zoom(0.5, 1)
    expect(reviewer.toRow - reviewer.fromRow).toBe(32)
    reviewer.pan(1e6)
    expect(reviewer.toRow).toBe(30_000)
  })

  it('has one request under way, however fast the wheel turns, and ends with the newest window in full', async () => {
    const { lab, reviewer, mostRunning } = await setUp()
    const before = lab.inputs('library.envelope').length
    for (let step = 0; step < 50; step++) reviewer.pan(0.1)
    // Before anything has come back, the window is covered all the same.
    expect(drawn(reviewer)).toMatchObject({ from: reviewer.fromRow, to: reviewer.toRow })
    await reviewer.refresh()
    expect(mostRunning()).toBe(1)
    expect(lab.inputs('library.envelope').length - before).toBeLessThanOrEqual(4)
    expect(drawn(reviewer)).toEqual({ from: reviewer.fromRow, to: reviewer.toRow, exact: true })
  })

  it('asks for nothing twice: going back costs no request', async () => {
    const { lab, reviewer } = await setUp()
    reviewer.show(12_000, 2500)
    await reviewer.refresh()
    const before = lab.inputs('library.envelope').length
    reviewer.show(0, 2500)
    await reviewer.refresh()
    reviewer.show(12_000, 2500)
    await reviewer.refresh()
    expect(lab.inputs('library.envelope').length).toBe(before)
  })

  it('draws the same rows at every zoom, up to single rows at the very end', async () => {
    const { reviewer } = await setUp()
    for (const [from, width] of [[0, 30_000], [29_900, 100], [14_321, 777], [29_968, 32]]) {
      reviewer.show(from, width)
      await reviewer.refresh()
      expect(drawn(reviewer)).toEqual({ from, to: from + width, exact: true })
    }
  })

  it('shows filtered windows as such and says when one is too long for that', async () => {
    const { lab, reviewer } = await setUp()
    reviewer.setFilters(true)
    await reviewer.refresh()
    expect(lab.inputs('library.envelope').at(-1)?.filters).toEqual({ baseline: true, lowPassHz: 40, notchHz: 50 })
    expect(reviewer.tooLongToFilter).toBe(false)
    reviewer.show(0, rows)
    await reviewer.refresh()
    expect(reviewer.tooLongToFilter).toBe(true)
    expect(drawn(reviewer)).toMatchObject({ from: 0, to: rows })
    reviewer.show(1000, 2500)
    await reviewer.refresh()
    expect(reviewer.tooLongToFilter).toBe(false)
    expect(drawn(reviewer)).toMatchObject({ from: 1000, to: 3500 })
  })

  it('reads the overview of the same content once, over reloads of the window', async () => {
    const { store } = await setUp()
    const { lab } = await setUp(store)
    expect(lab.inputs('library.envelope').filter(({ fromRow, toRow }) => fromRow === 0 && toRow === rows)).toEqual([])
  })

  it('remembers which lanes were hidden and how large they are, and never hides all', async () => {
    const { reviewer, store } = await setUp()
    reviewer.toggleLane('ch2')
    reviewer.toggleLane('ch1')
    expect(reviewer.visibleLanes).toEqual(['ch1'])
    reviewer.shownGain = () => 10
    reviewer.stepGain('ch1', 1)
    await reviewer.refresh()
    const again = (await setUp(store)).reviewer
    expect(again.visibleLanes).toEqual(['ch1'])
    expect(again.gains).toEqual({ ch1: 20 })
    again.stepGain('ch1', 0)
    expect(again.gains).toEqual({})
  })
})

describe('scales', () => {
  it('label the time axis in steps that people count in', () => {
    expect([0.03, 0.7, 1, 4, 12, 50, 100, 1000, 1e9].map(axisStep)).toEqual([0.05, 1, 1, 5, 15, 60, 120, 1800, 14400])
  })

  it('say moments with as many decimals as there are steps', () => {
    const clock = (seconds: number) => String(seconds)
    expect([axisWords(61, 1, clock), axisWords(61.2, 0.2, clock), axisWords(61.25, 0.05, clock), axisWords(0.9999999, 0.1, clock)]).toEqual(['61', '61.2', '61.25', '1.0'])
  })

  it('show a lane without its rare spikes', () => {
    const values = new Float32Array(4000).map((_, index) => Math.sin(index))
    values[1000] = 1e6
    const [low, high] = visibleRange(values, 0.1)
    expect(low).toBeCloseTo(-1.08, 1)
    expect(high).toBeCloseTo(1.08, 1)
    expect(visibleRange(new Float32Array([Number.NaN]), 2)).toEqual([-1, 1])
  })
})

describe('the lane that a recording opens on', () => {
  const [ecg] = recording(id).lanes
  const [summary] = recording(id).laneSummaries
  const lanes = [{ ...ecg, id: 'ppg', kind: 'ppg' as const }, { ...ecg, id: 'i' }, { ...ecg, id: 'ii' }]
  const measured = (seconds: Record<string, number>) => Object.entries(seconds).map(([lane, usableSeconds]) => ({ ...summary, lane, usableSeconds }))

  it('is the ECG that can be used longest, whatever the PPG is worth: its beats are shown first', () => {
    expect(mainLane(recording(id, { lanes, laneSummaries: measured({ ppg: 120, i: 60, ii: 90 }) }))).toBe('ii')
    expect(mainLane(recording(id, { lanes, laneSummaries: measured({ ppg: 120 }) }))).toBe('i')
  })

  it('is the PPG where there is no ECG, and the first lane where there is neither', () => {
    expect(mainLane(recording(id, { lanes: [{ ...ecg, id: 'x', kind: 'acceleration' }, lanes[0]], laneSummaries: [] }))).toBe('ppg')
    expect(mainLane(recording(id, { lanes: [{ ...ecg, id: 'x', kind: 'acceleration' }], laneSummaries: [] }))).toBe('x')
    expect(mainLane(recording(id, { lanes: [], laneSummaries: [] }))).toBeNull()
  })
})
