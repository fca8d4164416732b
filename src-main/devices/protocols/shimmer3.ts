import { LabError, type DeviceConfiguration, type DeviceProfile, type DeviceSettings } from '../../contract/index.ts'
import { ask, refused, silent } from '../dialogue.ts'
import { FrameScanner } from '../frame-scanner.ts'
import type { DeviceIo, Protocol, StartedDevice } from '../protocol.ts'
import { SettingReader } from '../setting-values.ts'
import { ShimmerBoard } from '../shimmer-board.ts'
import {
  shimmerChannel, shimmerGroups, shimmerLanes, shimmerOrder, shimmerPacketBytes, shimmerSensorBits, shimmerTicksPerSecond,
  shimmerTimestampModulus, type ShimmerGroup,
} from '../shimmer-channels.ts'
import { ShimmerRule } from '../shimmer-rule.ts'

// Shimmer3 over Bluetooth SPP: opcode and arguments, answered by `FF` and, where there is one, a response code with its values.
// Facts from seemoo-lab/pyshimmer a2ef575.

const ack = 0xff
/** CH1SET/CH2SET bits 6..4 of an ADS1292R by gain. */
const gainCodes: Readonly<Record<number, number>> = { 6: 0, 1: 1, 2: 2, 3: 3, 4: 4, 8: 5, 12: 6 }
/** Conversions per second of an ADS1292R by CONFIG1 bits 2..0. */
const converterRates = [125, 250, 500, 1000, 2000, 4000, 8000]
const settingNames = ['channels', 'rateHz', 'clockDivider', 'exgGain', 'order']
const replyMs = 2000

function layOut(profile: DeviceProfile | string, channels: readonly string[], order: number[], divider: number, exgGain: number): DeviceConfiguration {
  const rateHz = shimmerTicksPerSecond / divider
  return {
    profile: typeof profile === 'string' ? profile : profile.id,
    protocol: 'shimmer3',
    settings: { channels: [...channels], rateHz, clockDivider: divider, exgGain, order },
    rateHz,
    counter: { modulus: shimmerTimestampModulus, step: divider },
    lanes: shimmerLanes(order, exgGain),
    frameBytes: shimmerPacketBytes(order),
    rowsPerFrame: 1,
  }
}

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const merged: DeviceSettings = { ...profile.settings, ...settings }
  // What depends on a setting that was changed must not survive from the profile.
  if (settings['rateHz'] !== undefined && settings['clockDivider'] === undefined) delete merged['clockDivider']
  if (settings['channels'] !== undefined && settings['order'] === undefined) delete merged['order']
  const reader = new SettingReader(merged, settingNames)
  const channels = reader.words('channels', shimmerGroups, ['exg1', 'exg2', 'ppg']) as ShimmerGroup[]
  const exgGain = reader.oneOf('exgGain', [6, 1, 2, 3, 4, 8, 12], 6)
  const wanted = reader.number('rateHz', 1, 8192, 512)
  const divider = reader.integer('clockDivider', 4, 65535, Math.min(65535, Math.round(shimmerTicksPerSecond / wanted)))
  const order = reader.integers('order', 0, 255, shimmerOrder(channels))
  if (order.some((id) => !shimmerChannel(id))) throw reader.refuse('order', 'channel ids of the accelerometer, A13, GSR and 24-bit ExG')
  return layOut(profile, channels, order, divider, exgGain)
}

interface Inquiry {
  readonly divider: number
  readonly bufferSize: number
  readonly order: number[]
}

/**
 * Reads an inquiry reply (after its `FF`): `02, divider u16le, configuration u32le, channel count, buffer size, channel ids`.
 * `null` while bytes are missing.
 */
export function parseShimmerInquiry(reply: Uint8Array): Inquiry | null {
  if (reply.length < 9 || reply[0] !== 0x02 || reply.length < 9 + reply[7]) return null
  return { divider: reply[1] | (reply[2] << 8), bufferSize: reply[8], order: [...reply.subarray(9, 9 + reply[7])] }
}

/** Sends a command and returns the `length` bytes after its `FF`. @throws LabError `device-silent`, `device-command-failed`. */
async function command(io: DeviceIo, bytes: number[], length: number | ((body: Uint8Array) => boolean)): Promise<Uint8Array> {
  const name = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const complete = (body: Uint8Array): boolean => (typeof length === 'number' ? body.length >= length : length(body))
  const heard = await ask(io, Uint8Array.from(bytes), (received) => received.includes(ack) && complete(afterAck(received, length !== 0)), replyMs)
  if (!heard) throw silent('The Shimmer', name)
  return afterAck(heard, length !== 0)
}

/** What follows the `FF`. Before a reply, which never begins with `FF`, there may be two: the one of a stop command can come late. */
function afterAck(received: Uint8Array, reply: boolean): Uint8Array {
  let from = received.indexOf(ack) + 1
  while (reply && received[from] === ack) from += 1
  return received.subarray(from)
}

function expectCode(body: Uint8Array, code: number, name: string): void {
  if (body[0] === code) return
  const answer = [...body].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  throw refused('The Shimmer', name, answer)
}

/** Keeps the unit's own lead routing and changes only gain and conversion rate of one ExG chip. */
async function setExg(io: DeviceIo, chip: 0 | 1, exgGain: number, rateHz: number): Promise<void> {
  const body = await command(io, [0x63, chip, 0, 10], 12)
  expectCode(body, 0x62, '63 (ExG registers)')
  const registers = body.slice(2, 12)
  const rateCode = converterRates.findIndex((rate) => rate >= rateHz)
  registers[0] = (registers[0] & 0xf8) | (rateCode < 0 ? converterRates.length - 1 : rateCode)
  for (const place of [3, 4]) registers[place] = (registers[place] & 0x8f) | (gainCodes[exgGain] << 4)
  await command(io, [0x61, chip, 0, 10, ...registers], 0)
}

async function start(io: DeviceIo, configuration: DeviceConfiguration): Promise<StartedDevice> {
  const channels = configuration.settings['channels'] as ShimmerGroup[]
  const exgGain = Number(configuration.settings['exgGain'])
  const divider = Number(configuration.settings['clockDivider'])
  await io.write(Uint8Array.of(0x20))
  await io.drain(200, 3000)
  const hardware = await command(io, [0x3f], 2)
  expectCode(hardware, 0x25, '3f (hardware version)')
  if (hardware[1] !== 3) {
    throw new LabError('device-command-failed', `This is Shimmer hardware ${hardware[1]}, not a Shimmer3.`, { command: '3f', answer: hardware[1] })
  }
  const firmware = await command(io, [0x2e], 7)
  expectCode(firmware, 0x2f, '2e (firmware version)')
  await command(io, [0x05, divider & 255, divider >> 8], 0)
  const bits = shimmerSensorBits(channels)
  await command(io, [0x08, bits & 255, (bits >> 8) & 255, bits >> 16], 0)
  if (channels.includes('exg1')) await setExg(io, 0, exgGain, configuration.rateHz)
  if (channels.includes('exg2')) await setExg(io, 1, exgGain, configuration.rateHz)
  const reply = await command(io, [0x01], (body) => parseShimmerInquiry(body) !== null || (body.length > 0 && body[0] !== 0x02))
  const inquiry = parseShimmerInquiry(reply)
  if (!inquiry) throw refused('The Shimmer', '01 (inquiry)', [...reply].map((byte) => byte.toString(16)).join(' '))
  const unread = inquiry.order.filter((id) => !shimmerChannel(id))
  if (inquiry.bufferSize !== 1 || inquiry.order.length === 0 || inquiry.divider === 0 || unread.length > 0) {
    throw new LabError('device-command-failed', 'The Shimmer would send packets that Pulseprint does not read.', {
      command: '01', bufferSize: inquiry.bufferSize, channels: inquiry.order, unread,
    })
  }
  // The acknowledgement is left to the decoder, which skips it: waiting for it here could swallow the first packets.
  await io.write(Uint8Array.of(0x07))
  const [major, minor, release] = [firmware[3] | (firmware[4] << 8), firmware[5], firmware[6]]
  const names: Readonly<Record<number, string>> = { 1: 'BtStream', 2: 'SDLog', 3: 'LogAndStream' }
  const firmwareName = names[firmware[1] | (firmware[2] << 8)] ?? `firmware ${firmware[1]}`
  return {
    identity: `Shimmer3 ${firmwareName} ${major}.${minor}.${release}`,
    configuration: layOut(configuration.profile, channels, inquiry.order, inquiry.divider, exgGain),
  }
}

async function stop(io: DeviceIo): Promise<void> {
  await io.write(Uint8Array.of(0x20))
  await io.drain(200, 2000)
}

export const protocol: Protocol = {
  id: 'shimmer3',
  configure,
  createDecoder: ({ settings, counter }) => new FrameScanner(new ShimmerRule(settings['order'] as number[], counter?.step ?? 64)),
  start,
  stop,
  createBoard: (configuration, seed) => new ShimmerBoard(configuration, seed),
}
