import type { DeviceConfiguration } from '../contract/index.ts'
import { bitalinoBits, bitalinoCrc, encodeBitalinoFrame } from './bitalino-frame.ts'
import type { Board, BoardStatus } from './protocol.ts'

/** Battery voltage that the state reply tells, in 10-bit counts of the ABAT channel: a full battery (the board halves 3.8 V before a 3.3 V converter). */
const fullBatteryCount = 589

/**
 * A BITalino (r)evolution as seen from its serial port. It knows the commands of firmware 5.1 and 5.2, answers nothing while streaming, and
 * its sequence number begins at 0 at every start.
 */
export class BitalinoBoard implements Board {
  readonly #configuration: DeviceConfiguration
  readonly #firmware: string
  readonly #mask: number
  #mode: 'idle' | 'live' | 'simulated' = 'idle'
  #channels: number
  #sequence = 0
  #digital = 0
  #pwm = 0
  #threshold = 0
  #awaitsPwm = false
  #tick = 0
  #noise: number
  #last = new Int32Array(6)

  constructor(configuration: DeviceConfiguration, seed: number) {
    this.#configuration = configuration
    this.#firmware = String(configuration.settings['firmware'] ?? '5.2')
    this.#mask = (configuration.settings['channels'] as number[]).reduce((mask, channel) => mask | (1 << (channel - 1)), 0)
    this.#channels = configuration.lanes.length
    this.#noise = (seed >>> 0) + 1
  }

  get streaming(): boolean {
    return this.#mode !== 'idle'
  }

  boot(): Uint8Array {
    this.#mode = 'idle'
    this.#sequence = 0
    this.#tick = 0
    return new Uint8Array(0)
  }

  startStreaming(): void {
    this.#begin(this.#configuration.settings['simulated'] === true ? 'simulated' : 'live', this.#mask)
  }

  /** A brown-out leaves the board idle and silent, as after power-up. */
  restart(): Uint8Array {
    return this.boot()
  }

  receive(bytes: Uint8Array): Uint8Array {
    const replies: number[] = []
    for (const byte of bytes) this.#command(byte, replies)
    return Uint8Array.from(replies)
  }

  row(counts: Int32Array, _status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const values = new Int32Array(this.#channels)
    for (let index = 0; index < this.#channels; index += 1) {
      const range = 1 << bitalinoBits(index)
      const value = this.#mode === 'simulated' ? this.#testSignal(index, range) : index < counts.length ? counts[index] : range >> 1
      values[index] = Math.max(0, Math.min(range - 1, value))
      this.#last[index] = values[index]
      if (index < counts.length) counts[index] = values[index]
    }
    const counter = this.#sequence
    const bytes = encodeBitalinoFrame(values, counter, this.#digital)
    this.#sequence = (this.#sequence + 1) & 15
    this.#tick += 1
    return { bytes, counter }
  }

  #command(byte: number, replies: number[]): void {
    if (this.#awaitsPwm) {
      this.#awaitsPwm = false
      this.#pwm = byte
    } else if (byte === 0xa3) {
      this.#awaitsPwm = true
    } else if ((byte & 0xf3) === 0xb3) {
      // Command: O1 is bit 2, O2 bit 3; frames and state: O1 is bit 1, O2 bit 0.
      this.#digital = (this.#digital & 12) | ((byte >> 1) & 2) | ((byte >> 3) & 1)
    } else if (this.streaming) {
      if (byte === 0x00 || byte === 0xff) this.#mode = 'idle'
    } else if ((byte & 3) === 1) {
      this.#begin('live', byte >> 2)
    } else if ((byte & 3) === 2) {
      this.#begin('simulated', byte >> 2)
    } else if (byte === 0x07) {
      for (const letter of `BITalino_v${this.#firmware}\n`) replies.push(letter.charCodeAt(0))
    } else if (byte === 0x0b) {
      replies.push(...this.#state())
    } else if ((byte & 3) === 0) {
      this.#threshold = byte >> 2
    }
    // What remains is a rate (03, 43, 83, C3): the simulation's own clock calls `row`, so the rate needs no place here.
  }

  #begin(mode: 'live' | 'simulated', mask: number): void {
    const channels = [0, 1, 2, 3, 4, 5].filter((channel) => (mask >> channel) & 1).length
    if (channels === 0) return
    this.#mode = mode
    this.#channels = channels
    this.#sequence = 0
    this.#tick = 0
  }

  /** Sixteen bytes up to firmware 5.1, seventeen (with the PWM value) from 5.2 on. */
  #state(): Uint8Array {
    const reply: number[] = []
    for (let channel = 0; channel < 6; channel += 1) reply.push(this.#last[channel] & 255, this.#last[channel] >> 8)
    reply.push(fullBatteryCount & 255, fullBatteryCount >> 8, this.#threshold)
    if (this.#firmware === '5.2') reply.push(this.#pwm)
    reply.push(this.#digital << 4)
    const bytes = Uint8Array.from(reply)
    bytes[bytes.length - 1] |= bitalinoCrc(bytes, 0, bytes.length)
    return bytes
  }

  /** The firmware's built-in test signal by the kind of each channel (ECG, noise, 50, 40, 20 and 10 Hz sines); the shapes are ours. */
  #testSignal(index: number, range: number): number {
    const seconds = this.#tick / this.#configuration.rateHz
    if (index === 1) {
      this.#noise = (Math.imul(this.#noise, 1664525) + 1013904223) >>> 0
      return this.#noise % range
    }
    if (index === 0) {
      const phase = seconds % 1
      const spike = Math.exp(-((phase - 0.3) ** 2) / 2e-4) + 0.2 * Math.exp(-((phase - 0.55) ** 2) / 4e-3)
      return Math.round(range * (0.4 + 0.4 * spike))
    }
    const hertz = [0, 0, 50, 40, 20, 10][index]
    return Math.round(range * (0.5 + 0.4 * Math.sin(2 * Math.PI * hertz * seconds)))
  }
}
