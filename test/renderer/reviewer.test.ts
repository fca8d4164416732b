import { describe, expect, it } from 'vitest'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { visibleRange } from '../../src-renderer/state/envelope-range.ts'
import { Reviewer } from '../../src-renderer/state/reviewer.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { axisStep } from '../../src-renderer/views/library/stored-painter.ts'
import { FakeLab } from './fake-lab.ts'
import { recording, recordingIds } from './samples.ts'

const [id] = recordingIds
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

async function setUp(store = new MemoryStore()) {
  const lab = new FakeLab({
    'library.get': () => recording(id, { measuredRateHz: 250 }),
    'library.envelope': ({ fromRow, toRow, columns, lanes }) => ({ fromRow, toRow, columns, bytes: new Uint8Array(columns * 8 * (lanes?.length ?? 0)) }),
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const reviewer = new Reviewer(connection, store)
  await reviewer.open(id)
  return { lab, reviewer, store }
}

describe('the stored trace', () => {
  it('opens on the first ten seconds of the lanes that change on every row', async () => {
    const { reviewer } = await setUp()
    expect([reviewer.fromRow, reviewer.toRow, reviewer.detailLanes]).toEqual([0, 2500, ['ch1', 'ch2']])
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

  it('asks for the newest window only, however fast the wheel turns', async () => {
    const { lab, reviewer } = await setUp()
    const before = lab.inputs('library.envelope').length
    for (let step = 0; step < 50; step++) reviewer.pan(0.1)
    await settled()
    const asked = lab.inputs('library.envelope').slice(before)
    expect(asked.length).toBeLessThanOrEqual(2)
    expect(asked.at(-1)).toMatchObject({ fromRow: reviewer.fromRow, toRow: reviewer.toRow })
  })

  it('remembers which lanes were hidden and never hides all', async () => {
    const { reviewer, store } = await setUp()
    reviewer.toggleLane('ch2')
    reviewer.toggleLane('ch1')
    expect(reviewer.visibleLanes).toEqual(['ch1'])
    await settled()
    expect((await setUp(store)).reviewer.visibleLanes).toEqual(['ch1'])
  })
})

describe('scales', () => {
  it('label the time axis in steps that people count in', () => {
    expect([0.03, 0.7, 1, 4, 12, 50, 100, 1000, 1e9].map(axisStep)).toEqual([0.05, 1, 1, 5, 15, 60, 120, 1800, 14400])
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
