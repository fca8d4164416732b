import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { decodeViewFrame, type ViewFrame } from '../../src-main/contract/index.ts'
import { LiveLanes } from '../../src-main/services/live-lanes.ts'
import { creditFrames, ViewService } from '../../src-main/services/view-service.ts'
import { FakeCaller, laneSpec, testConfiguration } from './live-fixture.ts'

const rateHz = 1000
const lanes = 2

/** Rows that count up in lane 0 and down in lane 1: every value tells its row. */
class Feed {
  row = 0
  readonly live: LiveLanes
  constructor(view: ViewService, epoch = 1) {
    this.live = new LiveLanes(testConfiguration([laneSpec('up'), laneSpec('down')], rateHz), view.filters, epoch)
  }
  push(rows: number): void {
    const counts = new Int32Array(rows * lanes)
    for (let i = 0; i < rows; i++) counts.set([this.row + i, -this.row - i], i * lanes)
    this.live.push({ firstRow: this.row, rows, lanes, counts, flags: new Uint8Array(rows) }, Date.now())
    this.row += rows
  }
}

const frames = (caller: FakeCaller): ViewFrame[] => caller.sent.filter(({ event }) => event === 'view.frame').map(({ payload }) => decodeViewFrame(payload as Uint8Array))
const signal = new AbortController().signal

function subscribed(columns = 500): { view: ViewService; caller: FakeCaller; feed: Feed; acknowledge: (sequence: number) => void } {
  const view = new ViewService()
  const feed = new Feed(view)
  const caller = new FakeCaller()
  view.show(feed.live)
  void view.handlers()['view.subscribe']({ columns }, { caller, signal })
  return { view, caller, feed, acknowledge: (sequence) => void view.handlers()['view.acknowledge']({ sequence }, { caller, signal }) }
}

/** Runs `ms` of virtual time, one row per ms arriving in chunks of 10 ms. */
async function run(feed: Feed, ms: number, each: () => void = () => undefined): Promise<void> {
  for (let at = 0; at < ms; at += 10) {
    feed.push(10)
    await vi.advanceTimersByTimeAsync(10)
    each()
  }
}

describe('view lane', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('sends a window that keeps up every row once, in order, about 60 times a second', async () => {
    const { caller, feed, acknowledge } = subscribed()
    await vi.advanceTimersByTimeAsync(20)
    await run(feed, 1000, () => acknowledge(frames(caller).at(-1)?.sequence ?? 0))
    await vi.advanceTimersByTimeAsync(20)
    const got = frames(caller)
    expect(got.length).toBeGreaterThan(45)
    expect(got.length).toBeLessThan(70)
    expect(got.every((frame) => frame.stride === 1 && frame.droppedFrames === 0)).toBe(true)
    const rows = got.flatMap((frame) => [...frame.values.subarray(0, frame.columns)])
    expect(rows).toEqual(Array.from({ length: 1000 }, (_, row) => row))
    expect(got.map((frame) => frame.sequence)).toEqual(got.map((_, index) => index + 1))
  })

  it('sends a window that stalls for 30 s three frames, then one message that covers all it missed', async () => {
    const { caller, feed, acknowledge } = subscribed(500)
    await vi.advanceTimersByTimeAsync(20)
    await run(feed, 30_000)
    const stalled = frames(caller)
    expect(stalled).toHaveLength(creditFrames)
    caller.sent.length = 0
    acknowledge(creditFrames)
    await run(feed, 20)
    const [late] = frames(caller)
    const last = stalled[creditFrames - 1]
    expect(late.firstRow).toBe(last.firstRow + last.rows)
    expect(late.firstRow + late.rows).toBeGreaterThanOrEqual(30_000)
    expect(late.columns).toBeLessThanOrEqual(500)
    expect(late.droppedFrames).toBeGreaterThan(1700)
    // Min and max of each column are its first and last row: nothing between was left out.
    for (let column = 0; column < late.columns; column++) {
      const from = late.firstRow + column * late.stride
      const to = Math.min(from + late.stride, late.firstRow + late.rows) - 1
      expect([late.values[2 * column], late.values[2 * column + 1]]).toEqual([from, to])
    }
    // The message's size depends on the drawing width, not on how long the window stalled.
    expect(late.values.length).toBeLessThanOrEqual(500 * 2 * lanes)
  })

  it('counts an acknowledgement of frames never sent as the newest one sent', async () => {
    const { caller, feed, acknowledge } = subscribed()
    acknowledge(1e9)
    await run(feed, 1000)
    expect(frames(caller)).toHaveLength(creditFrames)
  })

  it('holds back while the wire itself is full', async () => {
    const { caller, feed } = subscribed()
    caller.buffered = 64 << 20
    await run(feed, 500)
    expect(frames(caller)).toHaveLength(0)
  })

  it('lets one stalled window not slow another', async () => {
    const { view, caller, feed } = subscribed()
    const quick = new FakeCaller(2)
    void view.handlers()['view.subscribe']({ columns: 100 }, { caller: quick, signal })
    await run(feed, 1000, () => void view.handlers()['view.acknowledge']({ sequence: frames(quick).at(-1)?.sequence ?? 0 }, { caller: quick, signal }))
    expect(frames(caller)).toHaveLength(creditFrames)
    expect(frames(quick).length).toBeGreaterThan(45)
  })

  it('starts a new epoch with the next device and stops with the last window', async () => {
    const { view, caller, feed, acknowledge } = subscribed()
    await run(feed, 100, () => acknowledge(1e9))
    const next = new Feed(view, 2)
    view.show(next.live)
    await vi.advanceTimersByTimeAsync(20)
    await run(next, 100, () => acknowledge(1e9))
    const epochs = frames(caller).map((frame) => frame.epoch)
    expect([...new Set(epochs)]).toEqual([1, 2])
    expect(frames(caller).find((frame) => frame.epoch === 2)?.firstRow).toBeLessThan(100)
    caller.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('answers pause-and-scrub from the ring', () => {
    const { view, caller, feed } = subscribed()
    feed.push(1000)
    const envelope = view.handlers()['view.history']({ fromRow: 100, toRow: 200, columns: 10 }, { caller, signal })
    expect(envelope).toMatchObject({ fromRow: 100, toRow: 200, columns: 10 })
    const pairs = new Float32Array((envelope as { bytes: Uint8Array }).bytes.buffer)
    expect([...pairs.subarray(0, 4)]).toEqual([100, 109, 110, 119])
  })

  it('keeps the newest minutes and no more when a device runs for hours', () => {
    const view = new ViewService()
    const feed = new Feed(view)
    for (let block = 0; block < 70; block++) feed.push(10_000)
    expect(feed.live.ring.end).toBe(700_000)
    expect(feed.live.ring.first).toBe(100_000)
  })
})
