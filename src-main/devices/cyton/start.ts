import { LabError, type DeviceConfiguration } from '../../contract/index.ts'
import type { DeviceIo, StartedDevice } from '../protocol.ts'
import { adcGains, channelsPerPacket } from './packet.ts'

const replyEnd = '$$$'
/** The soft reset sets up two converters before it answers. */
const resetTimeoutMs = 5000
const replyTimeoutMs = 3000
/** `x` names a channel by its on/off letter; these are the 16. */
const channelNames = '12345678QWERTYUI'

function hasReply(received: Uint8Array): boolean {
  return textOf(received).includes(replyEnd)
}

/** Bytes one to one as characters: leftovers of a stream must not disturb the search for a reply. */
function textOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\n]/g, '.').slice(-300)
}

async function ask(io: DeviceIo, command: string, expected: readonly string[], timeoutMs: number): Promise<string> {
  await io.write(new TextEncoder().encode(command))
  const received = await io.read(hasReply, timeoutMs)
  if (received === null) {
    throw new LabError('device-silent', `The board did not answer the command "${command}" within ${timeoutMs / 1000} s.`, {
      command,
      timeoutMs,
    })
  }
  const text = textOf(received)
  // Only the beginning is compared: the wording differs between documentation and firmware versions.
  const begins = expected.map((prefix) => text.indexOf(prefix)).filter((at) => at >= 0)
  if (begins.length > 0) return text.slice(Math.min(...begins), text.lastIndexOf(replyEnd))
  const reply = printable(text)
  const failure = reply.includes('Failure') ? ' The dongle answers, but the board seems to be off or on another radio channel.' : ''
  throw new LabError('device-command-failed', `The board answered the command "${command}" with "${reply}".${failure}`, { command, reply })
}

/**
 * Stops what may still be streaming, resets, attaches or removes the Daisy as configured, sets the gain and starts (the recipe of BrainFlow
 * 9097190, with `s` and a drain first: a board that is streaming buries its replies).
 * @throws LabError `device-silent` when nothing answers, `device-command-failed` with what was read.
 */
export async function startCyton(io: DeviceIo, configuration: DeviceConfiguration): Promise<StartedDevice> {
  const daisy = configuration.settings.daisy === true
  await stopCyton(io)
  const banner = await ask(io, 'v', ['OpenBCI'], resetTimeoutMs)
  await ask(io, 'd', ['updating'], replyTimeoutMs)
  if (daisy) await ask(io, 'C', ['daisy attached', '16'], replyTimeoutMs)
  else if (banner.includes('On Daisy')) await ask(io, 'c', ['daisy removed', '8'], replyTimeoutMs)
  const gainCode = adcGains.findIndex((gain) => gain === configuration.settings.gain)
  // `d` has just set gain 24 with normal input, bias and SRB2 on, SRB1 off: only another gain needs words.
  if (gainCode >= 0 && gainCode < adcGains.length - 1) {
    for (const channel of channelNames.slice(0, daisy ? 2 * channelsPerPacket : channelsPerPacket)) {
      await ask(io, `x${channel}0${gainCode}0110X`, ['Success'], replyTimeoutMs)
    }
  }
  await io.write(new TextEncoder().encode('b'))
  return { identity: banner.trim().split('\n').join(', '), configuration }
}

/** Sends `s` and drops what still comes; packets on their way may follow the stop. */
export async function stopCyton(io: DeviceIo): Promise<void> {
  await io.write(new TextEncoder().encode('s'))
  await io.drain(200, 2000)
}
