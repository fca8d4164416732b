import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../src-main/contract/schemas/recording.ts'
import { encodeViewFrame, type ViewFrame } from '../../src-main/contract/view-frame.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { nextGain } from '../../src-renderer/state/gain-steps.ts'
import { LiveView } from '../../src-renderer/state/live-view.svelte.ts'
import { defaultViewSettings, MemoryStore } from '../../src-renderer/state/working-store.ts'
import { FakeLab } from './fake-lab.ts'
import { configuration, idle, streaming } from './samples.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

function frame(change: Partial<ViewFrame> = {}): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeViewFrame({
    sequence: 1, epoch: 1, firstRow: 0, rows: 2, stride: 1, lanes: 3, columns: 2, droppedFrames: 0, rateHz: 250, newestAtMs: 0,
    values: new Float32Array(6), beats: [], ...change,
  }))
}

async function setUp(store = new MemoryStore()) {
  const lab = new FakeLab({
    'view.subscribe': () => ({ stream: 1 }),
    'view.unsubscribe': () => ({}),
    'view.acknowledge': () => ({}),
    'view.filters': (filters) => ({ baseline: true, lowPassHz: 40, notchHz: 50, ...filters }),
    'view.history': ({ fromRow, toRow, columns }) => ({ fromRow, toRow, columns, bytes: new Uint8Array(columns * 3 * 8) }),
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const live = new LiveView(connection, store)
  live.follow(streaming)
  await settled()
  return { lab, live, store }
}

describe('lanes', () => {
  it('begins with the lanes of the body and hides the others', async () => {
    const { live } = await setUp()
    expect(live.visibleLanes.map((lane) => lane.id)).toEqual(['ch1', 'ch2'])
  })

  it('never hides the last one', async () => {
    const { live } = await setUp()
    live.toggleLane('ch1')
    live.toggleLane('ch2')
    expect(live.visibleLanes.map((lane) => lane.id)).toEqual(['ch2'])
  })

  it('remembers settings per board and forgets nothing on a later connection', async () => {
    const { live, store } = await setUp()
    live.change({ mode: 'scroll', paperGrid: true })
    const next = await setUp(store)
    expect(next.live.settings).toEqual({ ...defaultViewSettings, mode: 'scroll', paperGrid: true, hiddenLanes: ['acc-x'] })
  })

  it('keeps its settings while the status keeps coming, and starts anew with another board', async () => {
    const { live } = await setUp()
    live.selectedLane = 'ch2'
    live.follow({ ...streaming, rowsReceived: 9000 })
    expect(live.selectedLane).toBe('ch2')
    live.follow(idle)
    live.follow({ ...streaming, configuration: { ...configuration, profile: 'other', lanes: [configuration.lanes[0]] } })
    expect([live.selectedLane, live.lanes.length]).toEqual([null, 1])
  })
})

describe('display filters', () => {
  it('are remembered per board and applied again when it connects', async () => {
    const { live, lab, store } = await setUp()
    expect(lab.inputs('view.filters')).toEqual([defaultViewSettings.filters])
    await live.setFilters({ baseline: false, lowPassHz: 25, notchHz: 60 })
    const next = await setUp(store)
    expect(next.live.filters).toEqual({ baseline: false, lowPassHz: 25, notchHz: 60 })
    expect(next.lab.inputs('view.filters')).toEqual([{ baseline: false, lowPassHz: 25, notchHz: 60 }])
    next.live.follow({ ...streaming, configuration: { ...configuration, profile: 'other', lanes: [configuration.lanes[0]] } })
    await settled()
    expect(next.lab.inputs('view.filters').at(-1)).toEqual(defaultViewSettings.filters)
  })
})

describe('gain', () => {
  it('steps 1-2-5 from what is on screen', () => {
    expect([1, 2, 5, 10, 20].map((gain) => nextGain(gain, 1))).toEqual([2, 5, 10, 20, 50])
    expect([1, 2, 5, 10, 0.5].map((gain) => nextGain(gain, -1))).toEqual([0.5, 1, 2, 5, 0.2])
    expect([nextGain(7, 1), nextGain(7, -1), nextGain(0.003, 1)]).toEqual([10, 5, 0.005])
  })

  it('is 10 mm/mV on paper, fitted elsewhere, and the hand wins', async () => {
    const { live } = await setUp()
    const [ecg, ppg] = live.lanes
    expect([live.gain(ecg), live.gain(ppg)]).toEqual([null, null])
    live.change({ paperGrid: true })
    expect([live.gain(ecg), live.gain(ppg)]).toEqual([10, null])
    live.shownGain = () => 10
    live.stepGain('ch1', 1)
    expect(live.gain(ecg)).toBe(20)
    live.fitGain('ch1')
    expect(live.gain(ecg)).toBe(10)
  })
})

describe('frames', () => {
  it('flow only while a screen is mounted, and credit goes back once per drawn frame', async () => {
    const { lab, live } = await setUp()
    const seen: number[] = []
    const release = live.mount(800, { frame: (received) => seen.push(received.sequence), refill: () => undefined })
    lab.emit('view.frame', frame({ sequence: 1 }))
    lab.emit('view.frame', frame({ sequence: 2, firstRow: 2 }))
    live.drawn()
    live.drawn()
    expect(seen).toEqual([1, 2])
    expect(lab.inputs('view.acknowledge')).toEqual([{ sequence: 2 }])
    release()
    await settled()
    expect(lab.inputs('view.subscribe')).toEqual([{ columns: 800 }])
    expect(lab.inputs('view.unsubscribe')).toHaveLength(1)
  })

  it('continue the trace of a screen that was away: the lab is asked once for what went by', async () => {
    const { lab, live } = await setUp()
    const refills: [number, number, number][] = []
    const sink = { frame: () => undefined, refill: (history: Envelope, epoch: number) => void refills.push([history.fromRow, history.toRow, epoch]) }
    live.mount(800, sink)
    lab.emit('view.frame', frame({ firstRow: 100_000, epoch: 7 }))
    lab.emit('view.frame', frame({ firstRow: 100_002, epoch: 7 }))
    await settled()
    // 30 s at 250 Hz, one column per row.
    expect(lab.inputs('view.history')).toEqual([{ fromRow: 92_500, toRow: 100_000, columns: 7500 }])
    expect(refills).toEqual([[92_500, 100_000, 7]])
  })

  it('that begin with the connection need no refill', async () => {
    const { lab, live } = await setUp()
    live.mount(800, { frame: () => undefined, refill: () => undefined })
    lab.emit('view.frame', frame({ firstRow: 0 }))
    await settled()
    expect(lab.inputs('view.history')).toEqual([])
  })

  it('beats the heart with the lane that the rate comes from', async () => {
    const { lab, live } = await setUp()
    lab.emit('view.frame', frame({ beats: [[0, 1], [1, 1]] }))
    expect(live.beatCount).toBe(1)
  })
})

describe('pause and scrub', () => {
  it('asks for stored rows of the same width and stays within what the lab holds', async () => {
    const { lab, live } = await setUp()
    live.mount(500, { frame: () => undefined, refill: () => undefined })
    lab.emit('view.frame', frame({ firstRow: 0, rows: 2 }))
    lab.emit('view.frame', frame({ firstRow: 9998, rows: 2 }))
    live.pause(4)
    await settled()
    expect(live.paused).toEqual({ fromRow: 9000, toRow: 10000 })
    expect(lab.inputs('view.history')).toEqual([{ fromRow: 9000, toRow: 10000, columns: 500 }])
    live.scrub(-0.5)
    expect(live.paused).toEqual({ fromRow: 8500, toRow: 9500 })
    live.scrub(-100)
    expect(live.paused).toEqual({ fromRow: 0, toRow: 1000 })
    live.scrub(100)
    expect(live.paused).toEqual({ fromRow: 9000, toRow: 10000 })
    await settled()
    live.resume()
    expect([live.paused, live.history]).toEqual([null, null])
  })

  it('never touches the recording: no request but view.*', async () => {
    const { lab, live } = await setUp()
    live.pause(8)
    live.scrub(-0.5)
    await settled()
    live.resume()
    expect(lab.calls.map((call) => call.method).filter((method) => !method.startsWith('view.'))).toEqual([])
  })
})
