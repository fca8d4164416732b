import { LabError, type DeviceConfiguration } from '../../src-main/contract/index.ts'
import { deviceProtocol } from '../../src-main/devices/registry.ts'
import { parseFaults } from '../../src-main/devices/simulation/faults.ts'
import { createPersonSource } from '../../src-main/devices/simulation/person.ts'
import { Simulation } from '../../src-main/devices/simulation/simulation.ts'
import type { DeviceLink } from '../../src-main/recording/device-link.ts'

const stepMs = 4

/** A simulated board behind a cable, on Vitest's fake timers: opens, answers, streams, is unplugged and comes back as its faults say. */
export class SimulatedLink implements DeviceLink {
  readonly name = 'simulated'
  readonly simulation: Simulation
  /** Everything that was delivered, in order: what a journal must hold. */
  readonly delivered: number[] = []
  opened = 0
  readonly #startMs = Date.now()
  #timer: ReturnType<typeof setInterval> | null = null
  #onData: (bytes: Uint8Array, hostNs: number) => void = () => undefined
  #onClose: (error: LabError | null) => void = () => undefined

  constructor(configuration: DeviceConfiguration, faults = '', seed = 7) {
    const board = deviceProtocol(configuration.protocol).createBoard(configuration, seed)
    const source = createPersonSource({ lanes: configuration.lanes, rateHz: configuration.rateHz }, { seed })
    this.simulation = new Simulation({ configuration, board, source, faults: parseFaults(faults), seed })
  }

  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void {
    this.#onData = listener
  }
  onClose(listener: (error: LabError | null) => void): void {
    this.#onClose = listener
  }
  open(): Promise<void> {
    this.simulation.advance(this.#nowMs())
    if (!this.simulation.plugged) return Promise.reject(new LabError('port-not-found', 'There is no port simulated.'))
    this.opened++
    this.#timer = setInterval(() => this.#step(), stepMs)
    return Promise.resolve()
  }
  write(bytes: Uint8Array): Promise<void> {
    this.simulation.receive(bytes, this.#nowMs())
    return Promise.resolve()
  }
  close(): Promise<void> {
    if (this.#timer) this.#closed(null)
    return Promise.resolve()
  }

  #nowMs(): number {
    return Date.now() - this.#startMs
  }
  #step(): void {
    for (const { bytes } of this.simulation.advance(this.#nowMs())) {
      this.delivered.push(...bytes)
      this.#onData(bytes, Date.now() * 1e6)
    }
    if (!this.simulation.plugged) this.#closed(new LabError('port-failed', 'Unplugged.', { unplugged: true }))
  }
  #closed(error: LabError | null): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#onClose(error)
  }
}
