import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { Acquisition, type ConnectionEvent } from '../../src-main/recording/acquisition.ts'
import type { DeviceLink } from '../../src-main/recording/device-link.ts'
import { fakeClock } from '../services/live-fixture.ts'
import { ObservedLink } from './observed-link.ts'

interface Listened {
  readonly link: ObservedLink
  readonly acquisition: Acquisition
  readonly bytes: number[]
  readonly rows: { firstRow: number; values: number[] }[]
  readonly events: ConnectionEvent['kind'][]
  readonly states: string[]
}

function acquire(link: DeviceLink, device = 'cyton'): Acquisition {
  const configuration = configureDevice(device)
  return new Acquisition({ link, protocol: deviceProtocol(configuration.protocol), configuration, bootMs: 0, clock: fakeClock })
}

function listen(faults = '', device = 'cyton'): Listened {
  const link = new ObservedLink(configureDevice(device), faults)
  const listened: Listened = { link, acquisition: acquire(link, device), bytes: [], rows: [], events: [], states: [] }
  listened.acquisition.tap({
    bytes: (chunk) => listened.bytes.push(...chunk),
    connection: (event) => listened.events.push(event.kind),
    rows: (rows) => {
      for (let row = 0; row < rows.rows; row++) {
        listened.rows.push({ firstRow: rows.firstRow + row, values: [...rows.counts.subarray(row * rows.lanes, (row + 1) * rows.lanes)] })
      }
    },
    changed: () => listened.states.push(listened.acquisition.state),
  })
  return listened
}

async function settle<T>(work: Promise<T>, ms: number): Promise<T | LabError> {
  const caught = work.catch((thrown: unknown) => LabError.from(thrown))
  await vi.advanceTimersByTimeAsync(ms)
  return caught
}

/** A link that opens and delivers whatever it is told to. */
class ScriptedLink implements DeviceLink {
  readonly name = 'scripted'
  data: (bytes: Uint8Array, hostNs: number) => void = () => undefined
  ended: (error: LabError | null) => void = () => undefined
  isOpen = false
  written: number[] = []
  open(): Promise<void> {
    this.isOpen = true
    return Promise.resolve()
  }
  write(bytes: Uint8Array): Promise<void> {
    this.written.push(...bytes)
    return Promise.resolve()
  }
  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void {
    this.data = listener
  }
  onClose(listener: (error: LabError | null) => void): void {
    this.ended = listener
  }
  close(): Promise<void> {
    if (this.isOpen) this.ended(null)
    this.isOpen = false
    return Promise.resolve()
  }
}

describe('acquisition', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('hands every byte to the record tap exactly once, command replies included, and every row in order', async () => {
    const { link, acquisition, bytes, rows, events } = listen()
    await settle(acquisition.connect(), 5000)
    expect(acquisition.state).toBe('streaming')
    await vi.advanceTimersByTimeAsync(3000)
    expect(bytes).toEqual(link.delivered)
    expect(String.fromCharCode(...bytes.slice(0, 400))).toContain('$$$')
    expect(acquisition.identity).toContain('OpenBCI')
    expect(events).toEqual(['opened', 'streaming'])
    const truth = link.truth()
    expect(rows.length).toBeGreaterThan(600)
    expect(rows.map((row) => row.firstRow)).toEqual(rows.map((_, index) => index))
    for (const [index, row] of rows.entries()) expect(row.values).toEqual([...truth.counts.subarray(index * truth.lanes, (index + 1) * truth.lanes)])
    await settle(acquisition.disconnect(), 3000)
    expect(acquisition.state).toBe('disconnected')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('finds an unplugged board again by itself: one gap, no row twice, every byte once', async () => {
    const { link, acquisition, bytes, rows, events } = listen('unplug=3000@4')
    await settle(acquisition.connect(), 5000)
    await vi.advanceTimersByTimeAsync(15_000)
    expect(acquisition.state).toBe('streaming')
    expect(link.opened).toBe(2)
    expect(events).toEqual(['opened', 'streaming', 'closed', 'opened', 'streaming'])
    expect(bytes).toEqual(link.delivered)
    expect(rows.map((row) => row.firstRow)).toEqual(rows.map((_, index) => index))
    const missing = rows.filter((row) => row.values.every((value) => value === noValue))
    expect(acquisition.timeline.gaps).toHaveLength(1)
    expect(acquisition.timeline.gaps[0]).toMatchObject({ cause: 'unplugged', certainty: 'estimated' })
    // Three seconds without a board, up to two of waiting for the next attempt, and the start dialogue.
    expect(missing.length).toBeGreaterThan(700)
    expect(missing.length).toBeLessThan(2500)
    const seen = new Set(rows.filter((row) => row.values[0] !== noValue).map((row) => row.values.slice(0, 8).join()))
    const truth = link.truth()
    const sent = Array.from({ length: truth.rows }, (_, row) => [...truth.counts.subarray(row * truth.lanes, row * truth.lanes + 8)].join())
    expect(seen.size).toBe(rows.length - missing.length)
    expect([...seen].filter((row) => !sent.includes(row))).toEqual([])
    await settle(acquisition.disconnect(), 3000)
  })

  it('stops looking for a board when somebody disconnects', async () => {
    const { acquisition, states, link } = listen('unplug=600000@1')
    await settle(acquisition.connect(), 5000)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(acquisition.state).toBe('reconnecting')
    expect(acquisition.error?.code).toBe('port-not-found')
    await settle(acquisition.disconnect(), 100)
    expect(states.at(-1)).toBe('disconnected')
    expect(link.opened).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('says so when nothing arrives at all', async () => {
    for (const device of ['cyton', 'ads1292r']) {
      const link = new ScriptedLink()
      const error = await settle(acquire(link, device).connect(), 30_000)
      expect(error).toMatchObject({ code: 'device-silent' })
      expect(link.isOpen).toBe(false)
    }
  })

  it('says what the bytes look like when they are another board\'s', async () => {
    const link = new ScriptedLink()
    const acquisition = acquire(link, 'ads1292r')
    const connecting = acquisition.connect().catch((thrown: unknown) => LabError.from(thrown))
    for (let line = 0; line < 200; line++) {
      await vi.advanceTimersByTimeAsync(20)
      link.data(new TextEncoder().encode(`${500 + line},71,830\r\n`), fakeClock.monotonicNs())
    }
    const error = await settle(connecting, 10_000)
    expect(error).toMatchObject({ code: 'device-mismatch', data: { profile: 'ads1292r' } })
    expect((error as LabError).message).toContain('lines of numbers')
    expect(acquisition.state).toBe('failed')
  })

  it('can be cancelled while it waits', async () => {
    const link = new ScriptedLink()
    const acquisition = acquire(link, 'ads1292r')
    const controller = new AbortController()
    const connecting = acquisition.connect(controller.signal).catch((thrown: unknown) => LabError.from(thrown))
    await vi.advanceTimersByTimeAsync(500)
    controller.abort()
    expect(await settle(connecting, 100)).toMatchObject({ code: 'cancelled' })
    expect(link.isOpen).toBe(false)
    expect(acquisition.state).toBe('disconnected')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('passes on why a port could not be opened', async () => {
    const link = new ScriptedLink()
    link.open = () => Promise.reject(new LabError('port-busy', 'Another program uses it.'))
    expect(await settle(acquire(link).connect(), 10)).toMatchObject({ code: 'port-busy' })
  })
})
