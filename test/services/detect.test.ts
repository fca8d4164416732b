import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { configureDevice, deviceProfiles } from '../../src-main/devices/registry.ts'
import { createPersonSource } from '../../src-main/devices/simulation/person.ts'
import { Simulation } from '../../src-main/devices/simulation/simulation.ts'
import type { SerialDeviceLink } from '../../src-main/recording/device-link.ts'
import { candidateBaudRates, detect } from '../../src-main/services/detect.ts'

/** A board that streams by itself at one rate; at any other its bytes arrive as noise, as through a UART that samples at the wrong moments. */
class ListeningLink implements SerialDeviceLink {
  readonly name = '/dev/board'
  readonly written: number[] = []
  readonly rates: number[] = []
  closed = 0
  #data: (bytes: Uint8Array, hostNs: number) => void = () => undefined
  #timer: ReturnType<typeof setInterval> | null = null
  #rate = 115200
  readonly #ownRate: number
  /** What the board sent while nobody listened, stored by the driver. */
  readonly #backlogMs: number
  readonly #simulation: Simulation | null

  constructor(device: string | null, ownRate: number, backlogSeconds = 0) {
    this.#ownRate = ownRate
    this.#backlogMs = 1000 * backlogSeconds
    const configuration = device === null ? null : configureDevice(device)
    this.#simulation = configuration && new Simulation({ configuration, source: createPersonSource(configuration, { seed: 2 }), autostart: true })
  }
  open(): Promise<void> {
    const start = Date.now()
    this.#timer = setInterval(() => {
      for (const { bytes } of this.#simulation?.advance(Date.now() - start + this.#backlogMs) ?? []) {
        this.#data(this.#rate === this.#ownRate ? bytes : bytes.map((byte, index) => ((byte * 167) ^ (index * 73)) | 0x81), 0)
      }
    }, 10)
    return Promise.resolve()
  }
  write(bytes: Uint8Array): Promise<void> {
    this.written.push(...bytes)
    return Promise.resolve()
  }
  changeBaudRate(rate: number): Promise<void> {
    this.#rate = rate
    this.rates.push(rate)
    return Promise.resolve()
  }
  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void {
    this.#data = listener
  }
  onClose(): void {
    // This board is never unplugged.
  }
  close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.closed++
    return Promise.resolve()
  }
}

async function heard(link: SerialDeviceLink, signal?: AbortSignal): Promise<PromiseSettledResult<Awaited<ReturnType<typeof detect>>>> {
  const [outcome] = await Promise.all([Promise.allSettled([detect(link, deviceProfiles(), { secondsPerBaud: 2, signal })]), vi.advanceTimersByTimeAsync(60_000)])
  return outcome[0]
}

describe('detection by listening', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('finds the board and its rate, sends nothing, and closes the port', async () => {
    const link = new ListeningLink('ads1292r', 57600)
    const outcome = await heard(link)
    expect(outcome).toMatchObject({ status: 'fulfilled', value: expect.arrayContaining([]) })
    if (outcome.status !== 'fulfilled') return
    expect(outcome.value[0]).toMatchObject({ profile: 'ads1292r', baudRate: 57600 })
    expect(outcome.value[0].score).toBeGreaterThan(0.95)
    // 125 frames a second.
    expect(outcome.value[0].framesPerSecond).toBeGreaterThan(118)
    expect(link.written).toEqual([])
    expect(link.closed).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is not misled by a minute of bytes that the driver had stored', async () => {
    const outcome = await heard(new ListeningLink('cyton', 115200, 60))
    if (outcome.status !== 'fulfilled') throw outcome.reason
    const [best] = outcome.value
    expect(best).toMatchObject({ profile: 'cyton', baudRate: 115200 })
    expect(best.score).toBeGreaterThan(0.95)
    expect(best.framesPerSecond).toBeGreaterThan(0.95 * best.expectedFramesPerSecond)
    expect(best.framesPerSecond).toBeLessThan(1.05 * best.expectedFramesPerSecond)
  })

  it('tries every rate that a board may have, the commonest first', () => {
    const rates = candidateBaudRates(deviceProfiles())
    expect(new Set(rates)).toEqual(new Set(deviceProfiles().flatMap((profile) => profile.baudRates)))
    expect([57600, 115200]).toContain(rates[0])
  })

  it('says that a silent board may wait for a command', async () => {
    const link = new ListeningLink(null, 115200)
    expect(await heard(link)).toMatchObject({ status: 'rejected', reason: { code: 'device-silent' } })
    expect(link.closed).toBe(1)
  })

  it('stops when it is cancelled', async () => {
    const link = new ListeningLink('ads1292r', 57600)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 700)
    expect(await heard(link, controller.signal)).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } })
    expect(link.closed).toBe(1)
  })

  it('passes on why the port could not be opened', async () => {
    const link = new ListeningLink(null, 115200)
    link.open = () => Promise.reject(new LabError('port-busy', 'busy'))
    expect(await heard(link)).toMatchObject({ status: 'rejected', reason: { code: 'port-busy' } })
  })
})
