import type { DeviceConfiguration, DeviceProfile, DeviceSettings, LaneSpec } from '../../contract/index.ts'
import { ask, asciiBytes, printable, refused, silent } from '../dialogue.ts'
import { FrameScanner, needMore, notFrame, type FrameRule } from '../frame-scanner.ts'
import type { Board, BoardStatus, DeviceIo, Protocol, StartedDevice } from '../protocol.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { SettingReader } from '../setting-values.ts'

// Upside Down Labs Chords: `C7 7C counter, channels x u16be, 01`; the commands are lines of text. Facts from Chords-Arduino-Firmware
// (UNO-R3, UNO-R4, NPG-LITE-Serial) and Chords-Web.

const headerBytes = 3
/** `readString` of the UNO sketches ends a command only after one second of silence. */
const commandSilenceMs = 1100

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const reader = new SettingReader({ ...profile.settings, ...settings }, ['boardId', 'channels', 'bits', 'ecg', 'ppg'])
  const boardId = reader.words('boardId', null, ['UNO-R3'])[0]
  const channels = reader.integer('channels', 1, 16, 6)
  const bits = reader.integer('bits', 8, 16, 10)
  const ecg = reader.integers('ecg', 1, channels, [1])
  const ppg = reader.has('ppg') ? reader.integers('ppg', 1, channels, []) : []
  const lanes = Array.from({ length: channels }, (_, index): LaneSpec => {
    const channel = index + 1
    const kind = ecg.includes(channel) ? 'ecg' : ppg.includes(channel) ? 'ppg' : 'aux'
    return {
      id: `a${index}`,
      label: kind === 'aux' ? `A${index}` : `${kind.toUpperCase()} (A${index})`,
      kind, unit: 'count', gainCountsPerUnit: 1, baseline: 0,
      bits, minimum: 0, maximum: 2 ** bits - 1, sparse: false, held: false,
    }
  })
  return {
    profile: profile.id,
    protocol: profile.protocol,
    settings: { boardId, channels, bits, ecg, ...(ppg.length > 0 ? { ppg } : {}) },
    rateHz: profile.rateHz,
    counter: { modulus: 256, step: 1 },
    lanes,
    frameBytes: headerBytes + 2 * channels + 1,
    rowsPerFrame: 1,
  }
}

/** No checksum: two sync bytes, the end byte and the converter's range are the proof of a frame. */
class ChordsRule implements FrameRule {
  readonly lanes: number
  readonly firstByte = 0xc7
  readonly shortest: number
  readonly longest: number
  readonly lockRun = 3
  readonly relockRun = 2
  readonly replyEnd = null
  readonly #highest: number

  constructor(lanes: number, maximum: number) {
    this.lanes = lanes
    this.shortest = headerBytes + 2 * lanes + 1
    this.longest = this.shortest
    // The NPG-Lite sketch rescales readings (x 4095 / 3249 on one chip revision) and so exceeds its own range.
    this.#highest = (2 * maximum + 1) >> 8
  }

  restartText(): boolean {
    return false
  }

  probe(data: Uint8Array, at: number, end: number): number {
    if (data[at + 1] !== 0x7c) return notFrame
    const last = at + this.shortest - 1
    if (last >= end) return needMore
    if (data[last] !== 0x01) return notFrame
    for (let place = at + headerBytes; place < last; place += 2) if (data[place] > this.#highest) return notFrame
    return this.shortest
  }

  counter(data: Uint8Array, at: number): number {
    return data[at + 2]
  }

  isNext(previous: number, counter: number): boolean {
    return counter === ((previous + 1) & 255)
  }

  follows(previous: number, counter: number): boolean {
    return counter !== previous
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const base = rows.row(offset, data[at + 2], flags)
    const counts = rows.counts
    let place = at + headerBytes
    for (let lane = 0; lane < this.lanes; lane += 1, place += 2) counts[base + lane] = (data[place] << 8) | data[place + 1]
  }
}

/** Answers `WHORU`, `STATUS`, obeys `START` and `STOP`. The counter goes on over a stop and begins at 0 at power-up only. */
class ChordsBoard implements Board {
  streaming = false
  readonly #id: string
  readonly #lanes: number
  #counter = 0
  #line = ''

  constructor(configuration: DeviceConfiguration) {
    this.#id = String(configuration.settings['boardId'])
    this.#lanes = configuration.lanes.length
  }

  boot(): Uint8Array {
    this.streaming = false
    this.#counter = 0
    this.#line = ''
    return new Uint8Array(0)
  }

  startStreaming(): void {
    this.streaming = true
  }

  restart(): Uint8Array {
    return this.boot()
  }

  receive(bytes: Uint8Array): Uint8Array {
    let replies = ''
    for (const byte of bytes) {
      if (byte !== 0x0a) {
        this.#line += String.fromCharCode(byte)
        continue
      }
      replies += this.#command(this.#line.trim())
      this.#line = ''
    }
    return asciiBytes(replies)
  }

  row(counts: Int32Array, _status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const bytes = new Uint8Array(headerBytes + 2 * this.#lanes + 1)
    const counter = this.#counter
    bytes.set([0xc7, 0x7c, counter])
    for (let lane = 0; lane < this.#lanes; lane += 1) {
      bytes[headerBytes + 2 * lane] = counts[lane] >> 8
      bytes[headerBytes + 2 * lane + 1] = counts[lane]
    }
    bytes[bytes.length - 1] = 0x01
    this.#counter = (counter + 1) & 255
    return { bytes, counter }
  }

  #command(line: string): string {
    const natural = this.#id === 'NPG-LITE' ? ['RUNNING', 'STOPPED'] : ['START', 'STOP']
    if (line === 'WHORU') return `${this.#id}\r\n`
    if (line === 'STATUS') return `${this.streaming ? natural[0] : natural[1]}\r\n`
    if (line === 'START') this.streaming = true
    if (line === 'STOP') this.streaming = false
    return ''
  }
}

async function start(io: DeviceIo, configuration: DeviceConfiguration): Promise<StartedDevice> {
  const expected = String(configuration.settings['boardId'])
  await io.write(asciiBytes('STOP\n'))
  await io.sleep(commandSilenceMs)
  await io.drain(200, 3000)
  const answer = await ask(io, asciiBytes('WHORU\n'), (received) => received.includes(0x0a), 3000)
  if (!answer) throw silent(`The ${expected} board`, 'WHORU')
  const identity = printable(answer)
  if (!identity.toUpperCase().includes(expected.toUpperCase())) throw refused(`The board (expected ${expected})`, 'WHORU', identity)
  await io.sleep(commandSilenceMs)
  await io.write(asciiBytes('START\n'))
  return { identity, configuration }
}

async function stop(io: DeviceIo): Promise<void> {
  await io.write(asciiBytes('STOP\n'))
  await io.drain(commandSilenceMs, 3000)
}

export const protocol: Protocol = {
  id: 'chords',
  configure,
  createDecoder: ({ lanes }) => new FrameScanner(new ChordsRule(lanes.length, lanes[0].maximum)),
  start,
  stop,
  createBoard: (configuration) => new ChordsBoard(configuration),
}
