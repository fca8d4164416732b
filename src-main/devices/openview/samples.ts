import { notFrame, type FrameRule } from '../frame-scanner.ts'
import { FreeRunningBoard } from '../free-running-board.ts'
import type { BoardStatus } from '../protocol.ts'
import { RowFlag } from '../decoder.ts'
import { noValue } from '../../contract/index.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { emptyFrame, frameOverhead, headerBytes, probeFrame, readI16, readI32, writeInteger } from './frames.ts'
import type { FieldType, OpenViewVariant, StatusField } from './variants.ts'

const sampleType = 0x02
const leadBits = 0x1f

function read(data: Uint8Array, at: number, type: FieldType): number {
  if (type === 'i32') return readI32(data, at)
  if (type === 'i16') return readI16(data, at)
  return type === 'u16' ? data[at] | (data[at + 1] << 8) : data[at]
}

function sizeOf(type: FieldType): number {
  return type === 'i32' ? 4 : type === 'u8' ? 1 : 2
}

/** What all OpenView decoders share: no counter, ASCII boot text, 3 frames in a row to lock, and 56 fixed bits that prove a frame after that. */
export const openViewScan = {
  firstByte: 0x0a,
  shortest: 2,
  lockRun: 3,
  relockRun: 1,
  replyEnd: null,
  // The only lines these boards ever send are those of a start; printable bytes of a damaged frame are no line of words.
  restartText: (text: string) => /[A-Za-z]{4}[^\n]*\n$/.test(text),
  counter: () => -1,
  isNext: () => true,
  follows: () => true,
} as const

/** Decodes type 02 frames: one frame, one row. The board's own results go out as a `status` message when one of them changes. */
export class SampleFrames implements FrameRule {
  readonly lanes: number
  readonly longest: number
  readonly firstByte = openViewScan.firstByte
  readonly shortest = openViewScan.shortest
  readonly lockRun = openViewScan.lockRun
  readonly relockRun = openViewScan.relockRun
  readonly replyEnd = openViewScan.replyEnd
  readonly restartText = openViewScan.restartText
  readonly counter = openViewScan.counter
  readonly isNext = openViewScan.isNext
  readonly follows = openViewScan.follows
  readonly #payloadBytes: number
  readonly #paddingBytes: number
  readonly #at: Uint8Array
  readonly #types: readonly FieldType[]
  readonly #status: readonly StatusField[]
  readonly #lastStatus: Int32Array
  readonly #leadStatusAt: number

  constructor(variant: OpenViewVariant) {
    this.lanes = variant.lanes.length
    this.#payloadBytes = variant.payloadBytes
    this.#paddingBytes = variant.paddingBytes
    this.longest = variant.payloadBytes + frameOverhead
    this.#at = Uint8Array.from(variant.lanes, (field) => field.at + headerBytes)
    this.#types = variant.lanes.map((field) => field.type)
    this.#status = variant.status
    this.#lastStatus = new Int32Array(variant.status.length).fill(noValue)
    this.#leadStatusAt = variant.leadStatusAt
  }

  probe(data: Uint8Array, at: number, end: number): number {
    const length = probeFrame(data, at, end, sampleType, this.#payloadBytes)
    if (length > 0) {
      for (let i = 0; i < this.#paddingBytes; i++) if (data[at + headerBytes + i] !== 0) return notFrame
    }
    return length
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    if (this.#leadStatusAt >= 0 && (data[at + headerBytes + this.#leadStatusAt] & leadBits) !== 0) flags |= RowFlag.leadOff
    const base = rows.row(offset, -1, flags)
    for (let lane = 0; lane < this.lanes; lane++) rows.counts[base + lane] = read(data, at + this.#at[lane], this.#types[lane])
    let changed = false
    for (let i = 0; i < this.#status.length; i++) {
      const value = read(data, at + headerBytes + this.#status[i].at, this.#status[i].type)
      if (value !== this.#lastStatus[i]) {
        this.#lastStatus[i] = value
        changed = true
      }
    }
    if (changed) {
      const values = Object.fromEntries(this.#status.map((field, i) => [field.name, this.#lastStatus[i] / field.scale]))
      rows.message(offset, 'status', '', values)
    }
  }
}

/** A board that sends type 02 frames from power-up on and hears no commands. */
export class SampleBoard extends FreeRunningBoard {
  readonly #variant: OpenViewVariant

  constructor(variant: OpenViewVariant) {
    super()
    this.#variant = variant
  }

  boot(): Uint8Array {
    return new TextEncoder().encode(this.#variant.bootText)
  }

  row(counts: Int32Array, status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const { payloadBytes, lanes, status: fields, constants, zeroWhenLeadOff } = this.#variant
    const bytes = emptyFrame(sampleType, payloadBytes)
    lanes.forEach((field, i) => {
      if (counts[i] === noValue || (status.leadOff && field.lane === zeroWhenLeadOff)) counts[i] = 0
      writeInteger(bytes, headerBytes + field.at, counts[i], sizeOf(field.type))
    })
    for (const field of fields) {
      const value = Math.round(statusValue(field.name, status) * field.scale)
      writeInteger(bytes, headerBytes + field.at, field.type === 'u8' ? Math.min(255, Math.max(0, value)) : value, sizeOf(field.type))
    }
    for (const [at, value] of constants) bytes[headerBytes + at] = value
    return { bytes, counter: -1 }
  }
}

function statusValue(name: StatusField['name'], status: BoardStatus): number {
  switch (name) {
    case 'spo2Percent':
      return status.spo2Percent
    case 'heartRateBpm':
      return status.heartRateBpm
    case 'respirationBpm':
      return status.respirationBpm
    case 'temperatureCelsius':
      return status.temperatureCelsius
    case 'rrIntervalMs':
      return status.heartRateBpm > 0 ? Math.min(65535, 60_000 / status.heartRateBpm) : 0
    case 'leadStatus':
      return status.leadOff ? leadBits : 0
  }
}
