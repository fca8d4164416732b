import { noValue } from '../../contract/index.ts'
import type { Board } from '../protocol.ts'
import { cytonBanner, cytonCommand, resetCyton, type CytonState } from './board-commands.ts'
import { auxAt, channelsPerPacket, packetBytes, startByte, stopAccelerometer, stopAt, writeI16, writeI24 } from './packet.ts'

/** The accelerometer has new values on every 10th packet. */
const accelerometerEvery = 10
/** Time-stamped packets carry its axes high byte, low byte on these last digits of the sample number. */
const stampedAxes = [7, 8, 9]
const packetMs = 4
const none = new Uint8Array(0)

/** Cyton, with a Daisy when `daisy`, as seen behind the dongle: command table, replies and packets. */
export class CytonBoard implements Board {
  readonly #state: CytonState
  #number = 0
  #packets = 0
  #pendingCommand = ''
  readonly #acceleration = new Int32Array(3)

  constructor(daisy: boolean) {
    this.#state = {
      streaming: false,
      daisyAttached: daisy,
      useDaisy: daisy,
      timeStamps: 'off',
      mode: 0,
      rate: 6,
      channelOn: new Array<boolean>(2 * channelsPerPacket).fill(true),
    }
  }

  get streaming(): boolean {
    return this.#state.streaming
  }

  boot(): Uint8Array {
    resetCyton(this.#state)
    this.#number = 0
    this.#packets = 0
    this.#pendingCommand = ''
    return new TextEncoder().encode(cytonBanner(this.#state.daisyAttached))
  }

  /** The counter begins anew behind the banner. A real board then waits for `b`; this one goes on as if it had been sent at once. */
  restart(): Uint8Array {
    const streaming = this.streaming
    const text = this.boot()
    if (streaming) this.startStreaming()
    return text
  }

  startStreaming(): void {
    this.#state.streaming = true
    this.#number = 0
  }

  receive(bytes: Uint8Array): Uint8Array {
    for (const byte of bytes) this.#pendingCommand += String.fromCharCode(byte)
    let replies = ''
    while (this.#pendingCommand.length > 0) {
      const wasStreaming = this.streaming
      const { text, used } = cytonCommand(this.#state, this.#pendingCommand)
      if (used === 0) break
      // A streaming board answers nothing, but for the dongle and the banner of a reset.
      if (!wasStreaming || this.#pendingCommand[0] === '\u00f0' || this.#pendingCommand[0] === 'v') replies += text
      if (this.streaming && !wasStreaming) this.#number = 0
      this.#pendingCommand = this.#pendingCommand.slice(used)
    }
    return new TextEncoder().encode(replies)
  }

  /** One packet for 8 channels; with a Daisy two, channels 9..16 before 1..8. */
  row(counts: Int32Array): { bytes: Uint8Array; counter: number } {
    if (!this.streaming) return { bytes: none, counter: -1 }
    const lanes = this.#state.useDaisy ? 2 * channelsPerPacket : channelsPerPacket
    for (let axis = 0; axis < 3; axis++) {
      const value = counts[counts.length - 3 + axis]
      if (value !== noValue) this.#acceleration[axis] = value
    }
    this.#tellCounts(counts, lanes)
    const counter = this.#number
    if (lanes === channelsPerPacket) return { bytes: this.#packet(counts, 0), counter }
    const bytes = new Uint8Array(2 * packetBytes)
    bytes.set(this.#packet(counts, channelsPerPacket))
    bytes.set(this.#packet(counts, 0), packetBytes)
    return { bytes, counter: counter >> 1 }
  }

  /** Puts into `counts` what the packets of this row really carry: 0 for channels that are off, acceleration in the board's own rhythm. */
  #tellCounts(counts: Int32Array, lanes: number): void {
    for (let lane = 0; lane < lanes; lane++) if (!this.#state.channelOn[lane]) counts[lane] = 0
    const packets = lanes / channelsPerPacket
    const untilNext = (accelerometerEvery - (this.#packets % accelerometerEvery)) % accelerometerEvery
    const carries = this.#state.timeStamps === 'off' && untilNext < packets && this.#acceleration.some((value) => value !== 0)
    for (let axis = 0; axis < 3; axis++) counts[counts.length - 3 + axis] = carries ? this.#acceleration[axis] : noValue
  }

  #packet(counts: Int32Array, firstLane: number): Uint8Array {
    const packet = new Uint8Array(packetBytes)
    packet[0] = startByte
    packet[1] = this.#number
    for (let i = 0; i < channelsPerPacket; i++) {
      const count = counts[firstLane + i]
      const on = this.#state.channelOn[firstLane + i] && count !== noValue
      writeI24(packet, 2 + 3 * i, on ? count : 0)
    }
    this.#writeAux(packet)
    this.#number = (this.#number + 1) & 255
    this.#packets += 1
    return packet
  }

  #writeAux(packet: Uint8Array): void {
    if (this.#state.timeStamps === 'off') {
      packet[stopAt] = stopAccelerometer
      if (this.#packets % accelerometerEvery === 0) {
        for (let axis = 0; axis < 3; axis++) writeI16(packet, auxAt + 2 * axis, this.#acceleration[axis])
      }
      return
    }
    const axis = stampedAxes.indexOf(this.#number % 10)
    if (axis >= 0) writeI16(packet, auxAt, this.#acceleration[axis])
    new DataView(packet.buffer).setUint32(auxAt + 2, this.#packets * packetMs)
    packet[stopAt] = this.#state.timeStamps === 'first' ? 0xc3 : 0xc4
    this.#state.timeStamps = 'on'
  }
}
