import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AcquisitionSource, AcquisitionStatus, decodeViewFrame, LabError, type EventName, type LabEmitter } from '../../src-main/contract/index.ts'
import { configureDevice } from '../../src-main/devices/registry.ts'
import type { LinkFactory, SerialDeviceLink } from '../../src-main/recording/device-link.ts'
import { DemoLink } from '../../src-main/recording/demo-link.ts'
import { AcquisitionService } from '../../src-main/services/acquisition-service.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { ViewService } from '../../src-main/services/view-service.ts'
import { FakeCaller, fakeClock } from './live-fixture.ts'

const linkFactory: LinkFactory = {
  serial: ({ path }) => ({
    name: path,
    open: () => Promise.reject(new LabError('port-not-found', `There is no port ${path}.`, { path })),
    write: () => Promise.resolve(),
    changeBaudRate: () => Promise.resolve(),
    close: () => Promise.resolve(),
    onData: () => undefined,
    onClose: () => undefined,
  }),
  demo: (request) => new DemoLink(request, fakeClock),
}

function lab(): { service: AcquisitionService; view: ViewService; statuses: AcquisitionStatus[] } {
  const statuses: AcquisitionStatus[] = []
  const emitter: LabEmitter = {
    emit: (event: EventName, payload: unknown) => {
      // As on the wire: what does not fit the contract must not leave.
      if (event === 'acquisition.status') statuses.push(AcquisitionStatus.parse(payload))
    },
  }
  const view = new ViewService()
  return { service: new AcquisitionService({ holder: new DatasetHolder(), emitter, clock: fakeClock, linkFactory, view }), view, statuses }
}

const demo = (change: Record<string, unknown> = {}): AcquisitionSource => AcquisitionSource.parse({ kind: 'demo', seed: 7, ...change })

async function connected(source: AcquisitionSource, seconds: number): Promise<ReturnType<typeof lab>> {
  const parts = lab()
  const connecting = parts.service.connect(source)
  await vi.advanceTimersByTimeAsync(4000)
  await connecting
  await vi.advanceTimersByTimeAsync(seconds * 1000)
  return parts
}

/** Runs the timers that a dialogue with the board needs. */
async function ended<T>(work: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(3000)
  return work
}

describe('acquisition service', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 2, 1, 9) }))
  afterEach(() => void vi.useRealTimers())

  it('tries the other baud rate of a board that is silent at the first, and only when none was asked for', async () => {
    const tried: number[] = []
    const rates: LinkFactory = {
      ...linkFactory,
      serial: (request) => {
        tried.push(request.baudRate)
        const configuration = configureDevice('chords-uno-r3')
        const board = new DemoLink({ configuration, seed: 1, faults: '' }, fakeClock)
        const deaf = { write: () => Promise.resolve(), onData: () => undefined }
        return Object.assign(Object.create(board) as SerialDeviceLink, {
          name: request.path,
          open: () => board.open(),
          close: () => board.close(),
          write: (bytes: Uint8Array) => board.write(bytes),
          onData: (listener: (bytes: Uint8Array, hostNs: number) => void) => board.onData(listener),
          onClose: (listener: (error: LabError | null) => void) => board.onClose(listener),
          changeBaudRate: () => Promise.resolve(),
          ...(request.baudRate === 115200 ? {} : deaf),
        })
      },
    }
    const attempt = async (baudRate?: number): Promise<{ service: AcquisitionService; outcome: PromiseSettledResult<AcquisitionStatus> }> => {
      const service = new AcquisitionService({ holder: new DatasetHolder(), emitter: { emit: () => undefined }, clock: fakeClock, linkFactory: rates, view: new ViewService() })
      const connecting = Promise.allSettled([service.connect(AcquisitionSource.parse({ kind: 'serial', path: '/dev/board', profile: 'chords-uno-r3', baudRate }))])
      let pending = true
      void connecting.then(() => (pending = false))
      while (pending) await vi.advanceTimersByTimeAsync(200)
      const [outcome] = await connecting
      return { service, outcome }
    }
    const found = await attempt()
    expect(found.outcome).toMatchObject({ status: 'fulfilled', value: { connection: 'streaming' } })
    expect(tried).toEqual([230400, 115200])
    await ended(found.service.close())
    tried.length = 0
    expect((await attempt(230400)).outcome).toMatchObject({ status: 'rejected', reason: { code: 'device-silent' } })
    expect(tried).toEqual([230400])
  })

  it('tells the status four times a second, with rate, lanes and heart rate', async () => {
    const { service, statuses } = await connected(demo(), 20)
    statuses.length = 0
    await vi.advanceTimersByTimeAsync(2000)
    expect(statuses).toHaveLength(8)
    const status = statuses[7]
    expect(status).toMatchObject({ connection: 'streaming', rowsLost: 0, lossCertainty: 'certain', declaredRateHz: 250, error: null, alarms: [], recording: null })
    expect(status.rowsReceived).toBeGreaterThan(5000)
    expect(Math.abs(status.ppm ?? 1e6)).toBeLessThan(100)
    expect(status.lanes).toHaveLength(11)
    expect(status.heartRateBpm).toBeGreaterThan(40)
    expect(status.heartRateBpm).toBeLessThan(130)
    expect(status.configuration?.lanes.find((lane) => lane.id === status.heartRateLane)?.kind).toBe('ecg')
    await ended(service.disconnect())
    expect(vi.getTimerCount()).toBe(0)
    expect(statuses.at(-1)).toMatchObject({ connection: 'disconnected', source: null, lanes: [] })
  })

  it('feeds the live view: rows and R peaks', async () => {
    const { service, view } = lab()
    const caller = new FakeCaller()
    const context = { caller, signal: new AbortController().signal }
    void view.handlers()['view.subscribe']({ columns: 800 }, context)
    const connecting = service.connect(demo())
    await vi.advanceTimersByTimeAsync(4000)
    await connecting
    const frames: ReturnType<typeof decodeViewFrame>[] = []
    for (let tick = 0; tick < 600; tick++) {
      await vi.advanceTimersByTimeAsync(16)
      for (const { payload } of caller.sent.splice(0)) frames.push(decodeViewFrame(payload as Uint8Array))
      void view.handlers()['view.acknowledge']({ sequence: frames.at(-1)?.sequence ?? 0 }, context)
    }
    const rows = frames.reduce((sum, frame) => sum + frame.rows, 0)
    expect(rows).toBeGreaterThan(2300)
    for (const [index, frame] of frames.entries()) if (index > 0) expect(frame.firstRow).toBe(frames[index - 1].firstRow + frames[index - 1].rows)
    const beats = frames.flatMap((frame) => frame.beats.filter(([lane]) => lane === 0))
    expect(beats.length).toBeGreaterThan(5)
    await ended(service.disconnect())
  })

  it('raises no-data after a second of silence and keeps it until it is acknowledged', async () => {
    const { service, statuses } = await connected(demo({ faults: 'silence=3000@5' }), 2)
    await vi.advanceTimersByTimeAsync(7000)
    const active = statuses.findIndex((status) => status.alarms.some((alarm) => alarm.id === 'no-data' && alarm.active))
    expect(active).toBeGreaterThan(0)
    expect(statuses.at(-1)?.alarms).toMatchObject([{ id: 'no-data', active: false, acknowledged: false }, { id: 'loss' }])
    const { signal } = new AbortController()
    await service.handlers()['acquisition.acknowledge']({ alarm: 'no-data' }, { caller: new FakeCaller(), signal })
    expect(service.status().alarms.map((alarm) => alarm.id)).toEqual(['loss'])
    await ended(service.disconnect())
  })

  it('raises disconnected and finds the board again', async () => {
    const { service, statuses } = await connected(demo({ faults: 'unplug=2000@5' }), 12)
    expect(statuses.some((status) => status.connection === 'reconnecting' && status.alarms.some((alarm) => alarm.id === 'disconnected'))).toBe(true)
    expect(statuses.at(-1)).toMatchObject({ connection: 'streaming' })
    expect(statuses.at(-1)?.rowsLost).toBeGreaterThan(300)
    await ended(service.disconnect())
  })

  it('answers a checklist with every check', async () => {
    const { service } = await connected(demo(), 15)
    const results = await service.checklist(null, 60)
    const states = Object.fromEntries(results.map((result) => [result.id, result.state]))
    expect(states).toEqual({
      subject: 'fail', consent: 'waiting', dataset: 'fail', signal: 'pass', rate: 'pass', contact: 'pass', saturation: 'pass', mains: 'pass', disk: 'waiting', clock: 'pass',
    })
    await ended(service.disconnect())
  })

  it('keeps a failed connection visible until the next attempt', async () => {
    const { service, statuses } = lab()
    await expect(service.connect({ kind: 'serial', path: '/dev/nope', profile: 'cyton', settings: {} })).rejects.toMatchObject({ code: 'port-not-found' })
    expect(service.status()).toMatchObject({ connection: 'failed', error: { code: 'port-not-found' }, source: { path: '/dev/nope' } })
    expect(statuses.at(-1)?.connection).toBe('failed')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('refuses unknown boards, wrong settings and wrong faults before it opens anything', async () => {
    const { service } = lab()
    await expect(service.connect(demo({ profile: 'nope' }))).rejects.toMatchObject({ code: 'device-unknown' })
    await expect(service.connect(demo({ settings: { gain: 7 } }))).rejects.toMatchObject({ code: 'device-settings-invalid' })
    await expect(service.connect(demo({ faults: 'explode' }))).rejects.toMatchObject({ code: 'fault-invalid' })
  })
})
