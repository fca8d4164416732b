import { noValue } from '../../contract/index.ts'
import { RowFlag } from '../decoder.ts'
import { needMore, notFrame, type FrameRule } from '../frame-scanner.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { auxAt, channelsPerPacket, packetBytes, readI16, readI24, startByte, stopAccelerometer, stopAt, stopLast } from './packet.ts'

/** Packets that the radio may lose between two that still count as one run while sync is being established. */
const lostInRun = 16

/** C3 and C5 end the first packet after time stamps were turned on (`<`); bytes 28..31 are the board's milliseconds. */
const stopFirstStamp = 0xc3
const stopFirstStampAux = 0xc5

/**
 * Where a Cyton packet is: A0, 32 bytes on a stop byte C0..C6, and the packets after it count on. A0 is common in data and there is no
 * checksum, so 3 in a row lock, 2 after a loss or where the counter jumps. What is damaged between the marks cannot be seen, and the first
 * packet torn on a serial line passes for whole where its 33rd byte happens to be a stop byte (7 in 256 for random data).
 */
abstract class CytonPackets implements FrameRule {
  abstract readonly lanes: number
  readonly firstByte = startByte
  readonly shortest = packetBytes
  readonly longest = packetBytes
  readonly lockRun = 3
  readonly relockRun = 2
  readonly replyEnd = '$$$'

  restartText(text: string): boolean {
    return text.includes('OpenBCI V3')
  }

  probe(data: Uint8Array, at: number, end: number): number {
    if (end - at < packetBytes) return needMore
    const stop = data[at + stopAt]
    return stop >= stopAccelerometer && stop <= stopLast ? packetBytes : notFrame
  }

  counter(data: Uint8Array, at: number): number {
    return data[at + 1]
  }

  isNext(previous: number, counter: number): boolean {
    return counter === ((previous + 1) & 255)
  }

  follows(previous: number, counter: number): boolean {
    const step = (counter - previous) & 255
    return step > 0 && step <= lostInRun
  }

  abstract accept(rows: RowBuffer, data: Uint8Array, at: number, length: number, offset: number, flags: number): void

  /** Tells the board's clock once, when time stamps begin; they are in every packet and the raw bytes keep them. */
  protected stampMessage(rows: RowBuffer, data: Uint8Array, at: number, offset: number): void {
    const stop = data[at + stopAt]
    if (stop !== stopFirstStamp && stop !== stopFirstStampAux) return
    const boardMs = new DataView(data.buffer, data.byteOffset + at + auxAt + 2, 4).getUint32(0)
    rows.message(offset, 'status', 'Time stamps begin', { boardMs })
  }
}

function writeChannels(counts: Int32Array, base: number, data: Uint8Array, at: number): void {
  let from = at + 2
  for (let channel = 0; channel < channelsPerPacket; channel++, from += 3) counts[base + channel] = readI24(data, from)
}

/** Accelerometer x, y, z: all zero between updates (every 10th packet brings new ones), which is no value. Returns whether there was one. */
function writeAcceleration(counts: Int32Array, base: number, data: Uint8Array, at: number): boolean {
  const aux = at + auxAt
  const isNew =
    data[at + stopAt] === stopAccelerometer &&
    (data[aux] | data[aux + 1] | data[aux + 2] | data[aux + 3] | data[aux + 4] | data[aux + 5]) !== 0
  for (let axis = 0; axis < 3; axis++) counts[base + axis] = isNew ? readI16(data, aux + 2 * axis) : noValue
  return isNew
}

/** Cyton: a packet is a row of 8 channels and x, y, z; its counter is the sample number. */
export class SinglePackets extends CytonPackets {
  readonly lanes = channelsPerPacket + 3

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const base = rows.row(offset, data[at + 1], flags)
    writeChannels(rows.counts, base, data, at)
    writeAcceleration(rows.counts, base + channelsPerPacket, data, at)
    this.stampMessage(rows, data, at, offset)
  }
}

/**
 * Cyton with Daisy: an even sample number n carries the Daisy's channels 9..16, the odd n+1 the board's 1..8; both make one row, whose
 * counter is n >> 1 (modulus 128). A lost half leaves its lanes without a value and the row marked incomplete; nothing stale is repeated.
 */
export class DaisyPackets extends CytonPackets {
  readonly lanes = 2 * channelsPerPacket + 3
  readonly #held = new Int32Array(channelsPerPacket + 3)
  #heldNumber = -1
  #heldOffset = 0
  #heldFlags = 0

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const number = data[at + 1]
    if (number % 2 === 0) {
      this.finish(rows)
      writeChannels(this.#held, 0, data, at)
      writeAcceleration(this.#held, channelsPerPacket, data, at)
      this.#heldNumber = number
      this.#heldOffset = offset
      this.#heldFlags = flags
    } else {
      // Flags on this packet mean that bytes between the two were lost: 256 packets may be gone, or the board restarted.
      const isPair = this.#heldNumber === number - 1 && flags === 0
      if (!isPair) this.finish(rows)
      const base = rows.row(offset, number >> 1, isPair ? this.#heldFlags : flags | RowFlag.incomplete)
      writeChannels(rows.counts, base, data, at)
      for (let i = 0; i < channelsPerPacket; i++) rows.counts[base + channelsPerPacket + i] = isPair ? this.#held[i] : noValue
      const axes = base + 2 * channelsPerPacket
      const isNew = writeAcceleration(rows.counts, axes, data, at)
      if (isPair && !isNew) for (let i = 0; i < 3; i++) rows.counts[axes + i] = this.#held[channelsPerPacket + i]
      this.#heldNumber = -1
    }
    this.stampMessage(rows, data, at, offset)
  }

  /** Emits the half that waits for the other in vain. */
  finish(rows: RowBuffer): void {
    if (this.#heldNumber < 0) return
    const base = rows.row(this.#heldOffset, this.#heldNumber >> 1, this.#heldFlags | RowFlag.incomplete)
    for (let i = 0; i < channelsPerPacket; i++) {
      rows.counts[base + i] = noValue
      rows.counts[base + channelsPerPacket + i] = this.#held[i]
    }
    for (let i = 0; i < 3; i++) rows.counts[base + 2 * channelsPerPacket + i] = this.#held[channelsPerPacket + i]
    this.#heldNumber = -1
  }
}
