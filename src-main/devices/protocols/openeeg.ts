import type { DeviceConfiguration, DeviceProfile, DeviceSettings } from '../../contract/index.ts'
import { FrameScanner, needMore, notFrame, type FrameRule } from '../frame-scanner.ts'
import { FreeRunningBoard, freeRunningSession } from '../free-running-board.ts'
import type { BoardStatus, Protocol } from '../protocol.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { SettingReader } from '../setting-values.ts'

// OpenEEG packet version 2 as ModularEEG firmware P2 and the Olimex SHIELD-EKG-EMG sketch send it:
// `A5 5A 02 counter, 6 x u16be, switches`. No checksum, no commands.

const channels = 6
const headerBytes = 4
const frameBytes = headerBytes + 2 * channels + 1
/** 10-bit converter: the high byte of a value is 0..3. */
const highestHighByte = 3

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const reader = new SettingReader({ ...profile.settings, ...settings }, ['lanes'])
  // One Olimex shield fills one channel; unused ones carry a floating input and need not be stored.
  const count = reader.integer('lanes', 1, channels, channels)
  return {
    profile: profile.id,
    protocol: profile.protocol,
    settings: { lanes: count },
    rateHz: profile.rateHz,
    counter: { modulus: 256, step: 1 },
    lanes: profile.lanes.slice(0, count),
    frameBytes,
    rowsPerFrame: 1,
  }
}

class OpenEegRule implements FrameRule {
  readonly lanes: number
  readonly firstByte = 0xa5
  readonly shortest = frameBytes
  readonly longest = frameBytes
  readonly lockRun = 3
  readonly relockRun = 2
  readonly replyEnd = null
  #switches = -1

  constructor(lanes: number) {
    this.lanes = lanes
  }

  restartText(): boolean {
    return false
  }

  probe(data: Uint8Array, at: number, end: number): number {
    if (data[at + 1] !== 0x5a || data[at + 2] !== 0x02) return notFrame
    if (at + frameBytes > end) return needMore
    for (let place = at + headerBytes; place < at + frameBytes - 1; place += 2) if (data[place] > highestHighByte) return notFrame
    return frameBytes
  }

  counter(data: Uint8Array, at: number): number {
    return data[at + 3]
  }

  isNext(previous: number, counter: number): boolean {
    return counter === ((previous + 1) & 255)
  }

  follows(previous: number, counter: number): boolean {
    return counter !== previous
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const base = rows.row(offset, data[at + 3], flags)
    const counts = rows.counts
    let place = at + headerBytes
    for (let lane = 0; lane < this.lanes; lane += 1, place += 2) counts[base + lane] = (data[place] << 8) | data[place + 1]
    const switches = data[at + frameBytes - 1]
    if (switches !== this.#switches) {
      this.#switches = switches
      rows.message(offset, 'status', `switches ${switches}`, { switches })
    }
  }
}

/** Streams from power-up on and cannot be stopped. */
class OpenEegBoard extends FreeRunningBoard {
  #counter = 0

  boot(): Uint8Array {
    this.#counter = 0
    return new Uint8Array(0)
  }

  row(counts: Int32Array, _status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const bytes = new Uint8Array(frameBytes)
    const counter = this.#counter
    bytes.set([0xa5, 0x5a, 0x02, counter])
    for (let lane = 0; lane < channels; lane += 1) {
      const value = lane < counts.length ? counts[lane] : 512
      bytes[headerBytes + 2 * lane] = value >> 8
      bytes[headerBytes + 2 * lane + 1] = value
    }
    bytes[frameBytes - 1] = 0x01
    this.#counter = (counter + 1) & 255
    return { bytes, counter }
  }
}

export const protocol: Protocol = {
  id: 'openeeg',
  configure,
  createDecoder: ({ lanes }) => new FrameScanner(new OpenEegRule(lanes.length)),
  ...freeRunningSession(),
  createBoard: () => new OpenEegBoard(),
}
