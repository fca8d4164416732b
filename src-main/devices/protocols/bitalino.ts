import type { DeviceConfiguration, DeviceProfile, DeviceSettings } from '../../contract/index.ts'
import { BitalinoBoard } from '../bitalino-board.ts'
import { bitalinoCrc, bitalinoFrameBytes, bitalinoFrameValid } from '../bitalino-frame.ts'
import { bitalinoLane, bitalinoSensors, type BitalinoSensor } from '../bitalino-lanes.ts'
import { ask, asciiBytes, indexOfBytes, printable, refused, silent } from '../dialogue.ts'
import { badChecksum, FrameScanner, needMore, type FrameRule } from '../frame-scanner.ts'
import type { DeviceIo, Protocol, StartedDevice } from '../protocol.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { SettingReader } from '../setting-values.ts'

// BITalino (r)evolution, 115200 8-N-1 over Bluetooth SPP. Frame layout and commands: bitalino-frame.ts, bitalino-board.ts.

const rates = [1000, 100, 10, 1] as const
/** Rate command by Hz; only obeyed while idle. */
const rateCommands: Readonly<Record<number, number>> = { 1: 0x03, 10: 0x43, 100: 0x83, 1000: 0xc3 }
/** The vendor's API waits so long before every command. */
const commandPauseMs = 100
/** Stop for firmware 5; 00, which older firmware knows, would set the battery threshold of an idle board. */
const stopCommands = [0xff, 0x00]

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const merged: DeviceSettings = { ...profile.settings, ...settings }
  const reader = new SettingReader(merged, ['channels', 'sensors', 'rateHz', 'simulated', 'firmware'])
  const channels = reader.integers('channels', 1, 6, [1, 2, 3, 4, 5, 6])
  if (channels.some((channel, index) => index > 0 && channel <= channels[index - 1])) {
    throw reader.refuse('channels', 'one to six different channels 1..6 in ascending order')
  }
  const sensors = reader.words('sensors', bitalinoSensors, channels.map(() => 'raw')) as BitalinoSensor[]
  if (sensors.length !== channels.length) {
    // Fewer channels than the profile has: its sensors belong to its own channels.
    if (settings['sensors'] !== undefined) throw reader.refuse('sensors', `one sensor for each of the ${channels.length} channels`)
    const own = new SettingReader(profile.settings, Object.keys(profile.settings))
    const ownChannels = own.integers('channels', 1, 6, [1, 2, 3, 4, 5, 6])
    const ownSensors = own.words('sensors', bitalinoSensors, []) as BitalinoSensor[]
    sensors.splice(0, sensors.length, ...channels.map((channel) => ownSensors[ownChannels.indexOf(channel)] ?? 'raw'))
  }
  const rateHz = reader.oneOf('rateHz', rates, 1000)
  const simulated = reader.flag('simulated', false)
  const firmware = reader.oneOf('firmware', ['5.1', '5.2'], '5.2')
  return {
    profile: profile.id,
    protocol: profile.protocol,
    settings: { channels, sensors, rateHz, simulated, firmware },
    rateHz,
    counter: { modulus: 16, step: 1 },
    lanes: channels.map((channel, position) => bitalinoLane(sensors[position], channel, position)),
    frameBytes: bitalinoFrameBytes[channels.length],
    rowsPerFrame: 1,
  }
}

/** No start byte: a frame is known only by its CRC-4 (false rate 1/16) and by sequence numbers that follow each other. */
class BitalinoRule implements FrameRule {
  readonly lanes: number
  readonly firstByte = -1
  readonly shortest: number
  readonly longest: number
  /** Six frames are 24 CRC bits and 20 sequence bits. */
  readonly lockRun = 6
  /** After a loss three: 12 CRC bits and 8 sequence bits; more would cost good frames between errors. */
  readonly relockRun = 3
  readonly replyEnd = null
  #digital = -1

  constructor(lanes: number) {
    this.lanes = lanes
    this.shortest = bitalinoFrameBytes[lanes]
    this.longest = this.shortest
  }

  restartText(): boolean {
    return false
  }

  probe(data: Uint8Array, at: number, end: number): number {
    const length = this.shortest
    if (end - at < length) return needMore
    return bitalinoFrameValid(data, at, length) ? length : badChecksum
  }

  counter(data: Uint8Array, at: number): number {
    return data[at + this.shortest - 1] >> 4
  }

  isNext(previous: number, counter: number): boolean {
    return counter === ((previous + 1) & 15)
  }

  follows(previous: number, counter: number): boolean {
    return counter === ((previous + 1) & 15)
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, length: number, offset: number, flags: number): void {
    const lanes = this.lanes
    const last = at + length - 1
    const base = rows.row(offset, data[last] >> 4, flags)
    const counts = rows.counts
    const high = data[last - 1]
    const second = data[last - 2]
    counts[base] = ((high & 15) << 6) | (second >> 2)
    if (lanes > 1) counts[base + 1] = ((second & 3) << 8) | data[last - 3]
    if (lanes > 2) {
      const shared = data[last - 5]
      counts[base + 2] = (data[last - 4] << 2) | (shared >> 6)
      if (lanes > 3) {
        const low = data[last - 6]
        counts[base + 3] = ((shared & 63) << 4) | (low >> 4)
        if (lanes > 4) {
          const first = data[last - 7]
          counts[base + 4] = ((low & 15) << 2) | (first >> 6)
          if (lanes > 5) counts[base + 5] = first & 63
        }
      }
    }
    const digital = high >> 4
    if (digital !== this.#digital) this.#tellDigital(rows, offset, digital)
  }

  #tellDigital(rows: RowBuffer, offset: number, digital: number): void {
    this.#digital = digital
    const values = { i1: (digital >> 3) & 1, i2: (digital >> 2) & 1, o1: (digital >> 1) & 1, o2: digital & 1 }
    rows.message(offset, 'status', `I1 ${values.i1} I2 ${values.i2} O1 ${values.o1} O2 ${values.o2}`, values)
  }
}

const versionPrefix = asciiBytes('BITalino')

function versionOf(received: Uint8Array): string | null {
  const begin = indexOfBytes(received, versionPrefix)
  const end = begin < 0 ? -1 : received.indexOf(0x0a, begin)
  return end < 0 ? null : printable(received.subarray(begin, end))
}

/** Stops a board that may be streaming, drains what it sent, and asks for its version; `null` when it does not answer. */
async function identify(io: DeviceIo, stopCommand: number): Promise<string | null> {
  await io.write(Uint8Array.of(stopCommand))
  await io.drain(200, 3000)
  await io.sleep(commandPauseMs)
  const heard = await ask(io, Uint8Array.of(0x07), (received) => versionOf(received) !== null, 1500)
  return heard && versionOf(heard)
}

async function start(io: DeviceIo, configuration: DeviceConfiguration): Promise<StartedDevice> {
  let identity: string | null = null
  for (const stopCommand of stopCommands) {
    identity = await identify(io, stopCommand)
    if (identity) break
  }
  if (!identity) throw silent('The BITalino', '07 (version)')
  const rate = rateCommands[configuration.rateHz]
  if (rate === undefined) throw refused('The BITalino', 'sampling rate', `${configuration.rateHz} Hz is not 1, 10, 100 or 1000 Hz`)
  await io.sleep(commandPauseMs)
  await io.write(Uint8Array.of(rate))
  await io.sleep(commandPauseMs)
  const mask = (configuration.settings['channels'] as number[]).reduce((bits, channel) => bits | (1 << (channel - 1)), 0)
  await io.write(Uint8Array.of((mask << 2) | (configuration.settings['simulated'] === true ? 2 : 1)))
  return { identity, configuration }
}

async function stop(io: DeviceIo): Promise<void> {
  await io.write(Uint8Array.of(0xff))
  await io.drain(200, 2000)
}

export interface BitalinoState {
  /** Counts of A1..A6, 10 bit (A5 and A6 too: the state reply carries them whole). */
  readonly analog: readonly number[]
  readonly batteryCount: number
  readonly batteryThreshold: number
  /** Firmware 5.2 and later. */
  readonly pwm: number | null
  readonly digital: number
}

/**
 * Reads the reply to the state command `0B`: 16 bytes up to firmware 5.1, 17 from 5.2 on; `null` where length or CRC are wrong.
 * @example parseBitalinoState(reply)?.batteryCount // 589 = 3.8 V
 */
export function parseBitalinoState(reply: Uint8Array): BitalinoState | null {
  if (reply.length !== 16 && reply.length !== 17) return null
  const last = reply[reply.length - 1]
  if (bitalinoCrc(reply, 0, reply.length) !== (last & 15)) return null
  const word = (index: number): number => reply[2 * index] | (reply[2 * index + 1] << 8)
  return {
    analog: [0, 1, 2, 3, 4, 5].map(word),
    batteryCount: word(6),
    batteryThreshold: reply[14],
    pwm: reply.length === 17 ? reply[15] : null,
    digital: last >> 4,
  }
}

export const protocol: Protocol = {
  id: 'bitalino',
  configure,
  createDecoder: (configuration) => new FrameScanner(new BitalinoRule(configuration.lanes.length)),
  start,
  stop,
  createBoard: (configuration, seed) => new BitalinoBoard(configuration, seed),
}
