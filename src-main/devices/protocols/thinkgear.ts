import type { DeviceConfiguration, DeviceProfile, DeviceSettings } from '../../contract/index.ts'
import { RowFlag } from '../decoder.ts'
import { badChecksum, FrameScanner, needMore, notFrame, type FrameRule } from '../frame-scanner.ts'
import { FreeRunningBoard, freeRunningSession } from '../free-running-board.ts'
import type { BoardStatus, Protocol } from '../protocol.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { SettingReader } from '../setting-values.ts'

// NeuroSky ThinkGear serial stream: `AA AA length payload checksum`, checksum = ~(sum of payload) & FF. Rows of the payload: a code
// below 80 has one value byte, any other a length byte and that many. The BMD101 ECG chip sends raw values 512 times a second.

const sync = 0xaa
const longestPayload = 169
const code = { quality: 0x02, heartRate: 0x03, raw: 0x80, extended: 0x55 } as const
/** Status packets come once a second. */
const rowsPerStatus = 512
const rawFrameBytes = 8

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const reader = new SettingReader({ ...profile.settings, ...settings }, ['quality'])
  return {
    profile: profile.id,
    protocol: profile.protocol,
    settings: { quality: reader.oneOf('quality', ['ecg', 'eeg'], 'ecg') },
    rateHz: profile.rateHz,
    counter: null,
    lanes: profile.lanes.slice(0, 1),
    // Of 513 frames 512 carry a raw value in 8 bytes; what a lost span was is therefore told by its length.
    frameBytes: rawFrameBytes,
    rowsPerFrame: 1,
  }
}

class ThinkGearRule implements FrameRule {
  readonly lanes = 1
  readonly firstByte = sync
  readonly shortest = 4
  readonly longest = longestPayload + 4
  readonly lockRun = 2
  readonly relockRun = 1
  readonly replyEnd = null
  /** Quality that means an electrode is off: the ECG and the EEG chips use opposite senses. */
  readonly #offQuality: number
  #quality = -1
  #heartRate = -1
  /** Flags of a frame without a raw value wait for the next row. */
  #waiting = 0

  constructor(quality: string) {
    this.#offQuality = quality === 'eeg' ? 200 : 0
  }

  restartText(): boolean {
    return false
  }

  probe(data: Uint8Array, at: number, end: number): number {
    if (data[at + 1] !== sync) return notFrame
    const payload = data[at + 2]
    if (payload > longestPayload) return notFrame
    const checksumAt = at + 3 + payload
    if (checksumAt >= end) return needMore
    let sum = data[checksumAt] + 1
    for (let place = at + 3; place < checksumAt; place += 1) sum += data[place]
    return (sum & 255) === 0 ? payload + 4 : badChecksum
  }

  counter(): number {
    return -1
  }

  isNext(): boolean {
    return true
  }

  follows(): boolean {
    return true
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, length: number, offset: number, flags: number): void {
    this.#waiting |= flags
    const end = at + length - 1
    let place = at + 3
    while (place < end) {
      const kind = data[place]
      if (kind === code.extended) {
        place += 1
        continue
      }
      const valueAt = kind < 0x80 ? place + 1 : place + 2
      const size = kind < 0x80 ? 1 : data[place + 1]
      if (valueAt + size > end) return
      if (kind === code.raw && size === 2) {
        const leadOff = this.#quality === this.#offQuality ? RowFlag.leadOff : 0
        const base = rows.row(offset, -1, this.#waiting | leadOff)
        rows.counts[base] = ((data[valueAt] << 24) >> 16) | data[valueAt + 1]
        this.#waiting = 0
      } else if (size === 1) {
        this.#status(rows, offset, kind, data[valueAt])
      }
      place = valueAt + size
    }
  }

  #status(rows: RowBuffer, offset: number, kind: number, value: number): void {
    if (kind === code.quality && value !== this.#quality) {
      this.#quality = value
      rows.message(offset, 'status', `signal quality ${value}`, { quality: value })
    } else if (kind === code.heartRate && value !== this.#heartRate) {
      this.#heartRate = value
      rows.message(offset, 'status', `heart rate ${value}`, { heartRateBpm: value })
    }
  }
}

/** Wraps a payload. @example thinkGearFrame([0x80, 2, 0xff, 0x9c]) // AA AA 04 80 02 FF 9C E2 */
export function thinkGearFrame(payload: readonly number[]): Uint8Array {
  const sum = payload.reduce((total, byte) => total + byte, 0)
  return Uint8Array.of(sync, sync, payload.length, ...payload, ~sum & 255)
}

/** A BMD101 module: streams from power-up on; quality, heart rate and two constant blocks once a second. */
class ThinkGearBoard extends FreeRunningBoard {
  readonly #good: number
  readonly #off: number
  #row = 0

  constructor(configuration: DeviceConfiguration) {
    super()
    const eeg = configuration.settings['quality'] === 'eeg'
    this.#good = eeg ? 0 : 200
    this.#off = eeg ? 200 : 0
  }

  boot(): Uint8Array {
    this.#row = 0
    return new Uint8Array(0)
  }

  row(counts: Int32Array, status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const value = counts[0]
    const raw = thinkGearFrame([code.raw, 2, (value >> 8) & 255, value & 255])
    const first = this.#row === 0
    this.#row = (this.#row + 1) % rowsPerStatus
    if (!first) return { bytes: raw, counter: -1 }
    const quality = status.leadOff ? this.#off : this.#good
    const rate = status.leadOff ? 0 : Math.max(0, Math.min(255, Math.round(status.heartRateBpm)))
    const told = thinkGearFrame([code.quality, quality, code.heartRate, rate, 0x84, 5, 0, 0, 0, 0, 0, 0x85, 5, 0, 0, 0, 0, 0])
    const bytes = new Uint8Array(told.length + raw.length)
    bytes.set(told)
    bytes.set(raw, told.length)
    return { bytes, counter: -1 }
  }
}

export const protocol: Protocol = {
  id: 'thinkgear',
  configure,
  createDecoder: (configuration) => new FrameScanner(new ThinkGearRule(String(configuration.settings['quality'] ?? 'ecg'))),
  ...freeRunningSession(),
  createBoard: (configuration) => new ThinkGearBoard(configuration),
}
