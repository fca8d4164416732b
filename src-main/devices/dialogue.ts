import { LabError } from '../contract/index.ts'
import type { DeviceIo } from './protocol.ts'

/** Bytes of an ASCII text. @example asciiBytes('b') // 62 */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** The printable part of received bytes, for messages and identities. */
export function printable(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d ? String.fromCharCode(byte) : '.'
  return text.trim()
}

/** Sends a command and waits for the reply that `done` recognises; `null` after `timeoutMs`. */
export async function ask(
  io: DeviceIo, command: Uint8Array, done: (received: Uint8Array) => boolean, timeoutMs: number,
): Promise<Uint8Array | null> {
  await io.write(command)
  return io.read(done, timeoutMs)
}

/** The error of a device that answers nothing. */
export function silent(device: string, command: string): LabError {
  return new LabError('device-silent', `${device} did not answer the command ${command}.`, { command })
}

/** The error of a device that answers something else. */
export function refused(device: string, command: string, answer: string): LabError {
  return new LabError('device-command-failed', `${device} answered "${answer}" to the command ${command}.`, { command, answer })
}

/** Index of `pattern` in `bytes`, -1 where it is not. @example indexOfBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(2, 3)) // 1 */
export function indexOfBytes(bytes: Uint8Array, pattern: Uint8Array): number {
  for (let at = 0; at + pattern.length <= bytes.length; at += 1) {
    let same = true
    for (let index = 0; same && index < pattern.length; index += 1) same = bytes[at + index] === pattern[index]
    if (same) return at
  }
  return -1
}
