import type { Caller, DeviceConfiguration, EventName, EventPayload, LaneSpec } from '../../src-main/contract/index.ts'
import type { Clock } from '../../src-main/recording/clock.ts'

/** A clock on Vitest's fake timers: the test owns both clocks. */
export const fakeClock: Clock = { monotonicNs: () => Date.now() * 1e6, wallMs: () => Date.now() }

export function laneSpec(id: string, change: Partial<LaneSpec> = {}): LaneSpec {
  return {
    id, label: id, kind: 'aux', unit: 'count', gainCountsPerUnit: 1, baseline: 0, bits: 24, minimum: -8388608, maximum: 8388607, sparse: false, held: false, ...change,
  }
}

export function testConfiguration(lanes: LaneSpec[], rateHz: number): DeviceConfiguration {
  return { profile: 'test', protocol: 'test', settings: {}, rateHz, counter: { modulus: 256, step: 1 }, lanes, frameBytes: null, rowsPerFrame: 1 }
}

/** A window that remembers what it was sent. */
export class FakeCaller implements Caller {
  readonly id: number
  readonly sent: { event: EventName; payload: unknown }[] = []
  buffered = 0
  #close: () => void = () => undefined

  constructor(id = 1) {
    this.id = id
  }
  emit<E extends EventName>(event: E, payload: EventPayload<E>): void {
    this.sent.push({ event, payload })
  }
  bufferedBytes(): number {
    return this.buffered
  }
  onClose(listener: () => void): void {
    this.#close = listener
  }
  close(): void {
    this.#close()
  }
}
