import { LabError } from '../contract/index.ts'
import { parseFaults } from '../devices/simulation/faults.ts'
import type { Delivery } from '../devices/simulation/line.ts'
import { createPersonSource } from '../devices/simulation/person.ts'
import type { SignalSource } from '../devices/simulation/signal-source.ts'
import { Simulation } from '../devices/simulation/simulation.ts'
import type { Truth } from '../devices/simulation/truth.ts'
import type { Clock } from './clock.ts'
import type { DemoRequest, DeviceLink } from './device-link.ts'

/** How often the simulated cable is looked at; a real port wakes the program about as often. */
const tickMs = 12

export interface DemoLinkOptions {
  /** Replaces the synthetic person of the request's seed. */
  readonly source?: SignalSource
  /** Keep what was really sent, for tests; grows with every row. */
  readonly keepTruth?: boolean
}

/**
 * The demo device: a simulated board and person in real time behind the same interface as a serial port. It is powered up by the first
 * `open` and goes on by itself while closed, so that an `unplug` fault behaves as a cable does.
 */
export class DemoLink implements DeviceLink {
  readonly name: string
  readonly #simulation: Simulation
  readonly #clock: Clock
  #startNs: number | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #onData: (bytes: Uint8Array, hostNs: number) => void = () => undefined
  #onClose: (error: LabError | null) => void = () => undefined

  /** @throws LabError `fault-invalid`, `source-invalid`. */
  constructor(request: DemoRequest, clock: Clock, options: DemoLinkOptions = {}) {
    const { configuration, seed } = request
    const source = options.source ?? createPersonSource(configuration, { seed })
    this.name = source.name
    this.#clock = clock
    this.#simulation = new Simulation({ configuration, source, faults: parseFaults(request.faults), seed, keepTruth: options.keepTruth === true })
  }

  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void {
    this.#onData = listener
  }

  onClose(listener: (error: LabError | null) => void): void {
    this.#onClose = listener
  }

  /** @throws LabError `port-not-found` while unplugged. */
  async open(): Promise<void> {
    if (this.#timer) throw new LabError('state-conflict', `${this.name} is open already.`, { path: this.name })
    this.#startNs ??= this.#clock.monotonicNs()
    // What came while nobody had the port open is gone, as on a real one.
    for (const delivery of this.#simulation.advance(this.#nowMs())) this.#simulation.lose(delivery)
    if (!this.#simulation.plugged) throw new LabError('port-not-found', `${this.name} is unplugged.`, { path: this.name })
    this.#simulation.takeEvents()
    this.#simulation.setDtr(true, this.#nowMs())
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#timer) throw new LabError('port-failed', `${this.name} is not open.`, { path: this.name, unplugged: !this.#simulation.plugged })
    this.#simulation.receive(bytes, this.#nowMs())
  }

  async close(): Promise<void> {
    if (!this.#timer) return
    this.#simulation.setDtr(false, this.#nowMs())
    this.#closed(null)
  }

  /** What was really sampled and sent so far; empty unless `keepTruth`. */
  truth(): Truth {
    return this.#simulation.truth()
  }

  #nowMs(): number {
    return (this.#clock.monotonicNs() - (this.#startNs ?? 0)) / 1e6
  }

  #tick(): void {
    this.#deliver(this.#simulation.advance(this.#nowMs()))
    if (this.#simulation.takeEvents().some((event) => event.kind === 'unplugged')) {
      this.#closed(new LabError('port-failed', `${this.name} was unplugged.`, { path: this.name, unplugged: true }))
    }
  }

  /** One read per tick, stamped with the time at which its last bytes came. */
  #deliver(deliveries: readonly Delivery[]): void {
    const last = deliveries.at(-1)
    if (!last) return
    const bytes = new Uint8Array(deliveries.reduce((sum, delivery) => sum + delivery.bytes.length, 0))
    let at = 0
    for (const delivery of deliveries) {
      bytes.set(delivery.bytes, at)
      at += delivery.bytes.length
    }
    this.#onData(bytes, (this.#startNs ?? 0) + last.atMs * 1e6)
  }

  #closed(error: LabError | null): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#onClose(error)
  }
}
