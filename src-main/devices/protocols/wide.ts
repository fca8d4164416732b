import type { DeviceConfiguration, DeviceProfile, DeviceSettings } from '../../contract/index.ts'
import { asciiBytes } from '../dialogue.ts'
import { badChecksum, FrameScanner, needMore, notFrame, type FrameRule } from '../frame-scanner.ts'
import { FreeRunningBoard, freeRunningSession } from '../free-running-board.ts'
import type { BoardStatus, Protocol } from '../protocol.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { SettingReader } from '../setting-values.ts'

// Pulseprint's own test board, no real device: many wide lanes at a high rate.
// Frame, 54 bytes: `D2 8C`, counter u16le, 16 x i24be, CRC-16/CCITT-FALSE (u16be) over counter and values.

const lanes = 16
const syncFirst = 0xd2
const syncSecond = 0x8c
const headerBytes = 4
const crcAt = headerBytes + 3 * lanes
const frameBytes = crcAt + 2
const banner = 'WIDE16 test board'

// CRC-16/CCITT-FALSE: polynomial 1021, initial FFFF, no reflection; check value of "123456789" is 29B1.
const crcTable: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

/** CRC-16/CCITT-FALSE of `bytes[from..to)`. @example crc16(asciiBytes('123456789'), 0, 9) // 0x29b1 */
export function crc16(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffff
  for (let place = from; place < to; place += 1) crc = ((crc << 8) & 0xffff) ^ crcTable[(crc >> 8) ^ bytes[place]]
  return crc
}

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const reader = new SettingReader({ ...profile.settings, ...settings }, ['rateHz'])
  const rateHz = reader.oneOf('rateHz', [4000, 250, 500, 1000, 2000, 8000, 16000], 4000)
  return {
    profile: profile.id,
    protocol: profile.protocol,
    settings: { rateHz },
    rateHz,
    counter: { modulus: 65536, step: 1 },
    lanes: profile.lanes,
    frameBytes,
    rowsPerFrame: 1,
  }
}

class WideRule implements FrameRule {
  readonly lanes = lanes
  readonly firstByte = syncFirst
  readonly shortest = frameBytes
  readonly longest = frameBytes
  readonly lockRun = 2
  /** Sync word and CRC are 32 bits: a single frame proves itself. */
  readonly relockRun = 1
  readonly replyEnd = null

  restartText(text: string): boolean {
    return text.startsWith(banner)
  }

  probe(data: Uint8Array, at: number, end: number): number {
    if (data[at + 1] !== syncSecond) return notFrame
    if (at + frameBytes > end) return needMore
    const sent = (data[at + crcAt] << 8) | data[at + crcAt + 1]
    return crc16(data, at + 2, at + crcAt) === sent ? frameBytes : badChecksum
  }

  counter(data: Uint8Array, at: number): number {
    return data[at + 2] | (data[at + 3] << 8)
  }

  isNext(previous: number, counter: number): boolean {
    return counter === ((previous + 1) & 0xffff)
  }

  follows(previous: number, counter: number): boolean {
    return counter !== previous
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const base = rows.row(offset, data[at + 2] | (data[at + 3] << 8), flags)
    const counts = rows.counts
    let place = at + headerBytes
    for (let lane = 0; lane < lanes; lane += 1, place += 3) {
      counts[base + lane] = ((data[place] << 24) >> 8) | (data[place + 1] << 8) | data[place + 2]
    }
  }
}

class WideBoard extends FreeRunningBoard {
  #counter = 0

  boot(): Uint8Array {
    this.#counter = 0
    return asciiBytes(`${banner}\r\n`)
  }

  row(counts: Int32Array, _status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const counter = this.#counter
    const bytes = new Uint8Array(frameBytes)
    bytes.set([syncFirst, syncSecond, counter & 255, counter >> 8])
    for (let lane = 0; lane < lanes; lane += 1) {
      const place = headerBytes + 3 * lane
      bytes[place] = counts[lane] >> 16
      bytes[place + 1] = counts[lane] >> 8
      bytes[place + 2] = counts[lane]
    }
    const crc = crc16(bytes, 2, crcAt)
    bytes[crcAt] = crc >> 8
    bytes[crcAt + 1] = crc
    this.#counter = (counter + 1) & 0xffff
    return { bytes, counter }
  }
}

export const protocol: Protocol = {
  id: 'wide',
  configure,
  createDecoder: () => new FrameScanner(new WideRule()),
  ...freeRunningSession(banner),
  createBoard: () => new WideBoard(),
}
