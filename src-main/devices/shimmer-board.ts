import type { DeviceConfiguration } from '../contract/index.ts'
import type { Board, BoardStatus } from './protocol.ts'
import {
  shimmerChannel, shimmerGroupsOf, shimmerOrder, shimmerPacketBytes, shimmerHeaderBytes, shimmerTimestampModulus, shimmerTypeBytes,
} from './shimmer-channels.ts'

const ack = 0xff
/** Bytes that follow an opcode; 61 (set ExG registers) has a length of its own. */
const argumentBytes: Readonly<Record<number, number>> = { 0x05: 2, 0x08: 3, 0x61: 3, 0x63: 3, 0xa3: 1 }
/** Status byte of an ADS1292R as seen in streams. */
const exgStatus = 0x80

/** A Shimmer3 with LogAndStream 0.16.11 as seen from its serial port. */
export class ShimmerBoard implements Board {
  streaming = false
  readonly #lanes: ReadonlyMap<string, number>
  readonly #startTimestamp: number
  readonly #registers = [
    // ADS1292R power-on shape with gain 6 on both channels; only the gain and rate bits matter here.
    Uint8Array.of(0x03, 0xa0, 0x10, 0x00, 0x00, 0x2d, 0x00, 0x00, 0x02, 0x03),
    Uint8Array.of(0x03, 0xa0, 0x10, 0x00, 0x07, 0x00, 0x00, 0x00, 0x02, 0x01),
  ]
  #order: number[]
  #divider: number
  #timestamp = 0
  #command: number[] = []

  constructor(configuration: DeviceConfiguration, seed: number) {
    this.#lanes = new Map(configuration.lanes.map((lane, index) => [lane.id, index]))
    this.#order = [...(configuration.settings['order'] as number[])]
    this.#divider = configuration.counter?.step ?? 64
    // The clock has run since power-up: a different number of seconds for every simulated unit.
    this.#startTimestamp = (1 + (seed % 400)) * 32768
    this.#timestamp = this.#startTimestamp
  }

  boot(): Uint8Array {
    this.streaming = false
    this.#timestamp = this.#startTimestamp
    this.#command = []
    return new Uint8Array(0)
  }

  startStreaming(): void {
    this.streaming = true
  }

  /** A brown-out leaves the unit idle and silent, as after power-up. */
  restart(): Uint8Array {
    return this.boot()
  }

  receive(bytes: Uint8Array): Uint8Array {
    const replies: number[] = []
    for (const byte of bytes) {
      this.#command.push(byte)
      if (this.#command.length >= this.#commandBytes()) {
        replies.push(ack)
        this.#obey(this.#command, replies)
        this.#command = []
      }
    }
    return Uint8Array.from(replies)
  }

  row(counts: Int32Array, _status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const bytes = new Uint8Array(shimmerPacketBytes(this.#order))
    const counter = this.#timestamp
    bytes.set([0x00, counter & 255, (counter >> 8) & 255, counter >> 16])
    let place = shimmerHeaderBytes
    for (const id of this.#order) {
      const channel = shimmerChannel(id)
      if (!channel) continue
      const index = channel.lane ? this.#lanes.get(channel.lane.id) : undefined
      const value = channel.lane ? (index === undefined ? 0 : counts[index]) : exgStatus
      if (channel.type === 'i24be') bytes.set([(value >> 16) & 255, (value >> 8) & 255, value & 255], place)
      else if (channel.type === 'u16le') bytes.set([value & 255, (value >> 8) & 255], place)
      else bytes[place] = value
      place += shimmerTypeBytes[channel.type]
    }
    this.#timestamp = (counter + this.#divider) % shimmerTimestampModulus
    return { bytes, counter }
  }

  #commandBytes(): number {
    const [opcode] = this.#command
    const fixed = 1 + (argumentBytes[opcode] ?? 0)
    return opcode === 0x61 && this.#command.length >= 4 ? fixed + this.#command[3] : fixed
  }

  #obey(command: readonly number[], replies: number[]): void {
    const [opcode, first, second, third] = command
    if (opcode === 0x3f) replies.push(0x25, 3)
    else if (opcode === 0x2e) replies.push(0x2f, 3, 0, 0, 0, 16, 11)
    else if (opcode === 0x03) replies.push(0x04, this.#divider & 255, this.#divider >> 8)
    else if (opcode === 0x05) this.#divider = first | (second << 8)
    else if (opcode === 0x08) this.#order = shimmerOrder(shimmerGroupsOf(first | (second << 8) | (third << 16)))
    else if (opcode === 0x01) replies.push(...this.#inquiry())
    else if (opcode === 0x61) this.#registers[first & 1].set(command.slice(4), second)
    else if (opcode === 0x63) replies.push(0x62, third, ...this.#registers[first & 1].slice(second, second + third))
    else if (opcode === 0x07 || opcode === 0x70) this.streaming = true
    else if (opcode === 0x20) this.streaming = false
  }

  #inquiry(): number[] {
    return [0x02, this.#divider & 255, this.#divider >> 8, 0, 0, 0, 0, this.#order.length, 1, ...this.#order]
  }
}
