import type { DeviceConfiguration, LaneKind, LaneSpec } from '../../../src-main/contract/index.ts'
import type { Board } from '../../../src-main/devices/protocol.ts'

/** A lane of a plain 24-bit board: 1 uV per count for ECG. */
export function testLane(kind: LaneKind, index: number, extra: Partial<LaneSpec> = {}): LaneSpec {
  return {
    id: `${kind}-${index}`, label: `${kind.toUpperCase()} ${index + 1}`, kind,
    unit: kind === 'ecg' ? 'mV' : 'count', gainCountsPerUnit: kind === 'ecg' ? 1000 : 1, baseline: 0,
    bits: 24, minimum: -8388608, maximum: 8388607, sparse: false, held: false,
    ...extra,
  }
}

export function testConfiguration(lanes: readonly LaneSpec[], rateHz = 250): DeviceConfiguration {
  return {
    profile: 'test-board', protocol: 'test-board', settings: {}, rateHz, counter: { modulus: 256, step: 1 },
    lanes: [...lanes], frameBytes: 3 + 4 * lanes.length, rowsPerFrame: 1,
  }
}

/** Frame: A5, counter, lanes as i32le, 5A. `s` starts, `p` pauses, `?` answers `ok`. Written out here so that tests can read bytes back by hand. */
export class TestBoard implements Board {
  streaming = false
  private counter = 0
  boot(): Uint8Array {
    this.counter = 0
    this.streaming = false
    return new TextEncoder().encode('BOOT\n')
  }
  restart(): Uint8Array {
    return this.boot()
  }
  startStreaming(): void {
    this.streaming = true
    this.counter = 0
  }
  receive(bytes: Uint8Array): Uint8Array {
    let reply = ''
    for (const letter of new TextDecoder().decode(bytes)) {
      if (letter === 's') this.startStreaming()
      if (letter === 'p') this.streaming = false
      if (letter === '?') reply += 'ok'
    }
    return new TextEncoder().encode(reply)
  }
  row(counts: Int32Array): { bytes: Uint8Array; counter: number } {
    const bytes = new Uint8Array(3 + 4 * counts.length)
    const view = new DataView(bytes.buffer)
    bytes[0] = 0xa5
    bytes[1] = this.counter
    counts.forEach((count, lane) => view.setInt32(2 + 4 * lane, count, true))
    bytes[bytes.length - 1] = 0x5a
    const counter = this.counter
    this.counter = (this.counter + 1) & 255
    return { bytes, counter }
  }
}

export function concat(parts: readonly { bytes: Uint8Array }[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.length, 0))
  let at = 0
  for (const { bytes } of parts) {
    all.set(bytes, at)
    at += bytes.length
  }
  return all
}
