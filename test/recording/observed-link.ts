import type { DeviceConfiguration, LabError } from '../../src-main/contract/index.ts'
import type { Truth } from '../../src-main/devices/simulation/truth.ts'
import { DemoLink } from '../../src-main/recording/demo-link.ts'
import type { DeviceLink } from '../../src-main/recording/device-link.ts'
import { fakeClock } from '../services/live-fixture.ts'

/** The demo device on Vitest's fake timers, remembering what it delivered. */
export class ObservedLink implements DeviceLink {
  /** Every byte, in order: what a journal must hold. */
  readonly delivered: number[] = []
  opened = 0
  readonly #link: DemoLink

  constructor(configuration: DeviceConfiguration, faults = '', seed = 7) {
    this.#link = new DemoLink({ configuration, faults, seed }, fakeClock, { keepTruth: true })
  }

  get name(): string {
    return this.#link.name
  }
  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void {
    this.#link.onData((bytes, hostNs) => {
      this.delivered.push(...bytes)
      listener(bytes, hostNs)
    })
  }
  onClose(listener: (error: LabError | null) => void): void {
    this.#link.onClose(listener)
  }
  async open(): Promise<void> {
    await this.#link.open()
    this.opened++
  }
  write(bytes: Uint8Array): Promise<void> {
    return this.#link.write(bytes)
  }
  close(): Promise<void> {
    return this.#link.close()
  }
  truth(): Truth {
    return this.#link.truth()
  }
}
