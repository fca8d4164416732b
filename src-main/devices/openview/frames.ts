import { needMore, notFrame } from '../frame-scanner.ts'

/** `0A FA LEN(u16le) TYPE payload[LEN] 00 0B`: LEN counts the payload alone. */
export const headerBytes = 5
export const frameOverhead = headerBytes + 2

/**
 * Length of the OpenView frame at `at` if its type is `type`, its LEN `payloadBytes` and its footer right; `needMore` or `notFrame` else.
 * The frame has no checksum: a damaged payload between undamaged marks cannot be told from a good one.
 */
export function probeFrame(data: Uint8Array, at: number, end: number, type: number, payloadBytes: number): number {
  const have = end - at
  if (have < 2) return needMore
  if (data[at] !== 0x0a || data[at + 1] !== 0xfa) return notFrame
  if (have > 2 && data[at + 2] !== (payloadBytes & 255)) return notFrame
  if (have > 3 && data[at + 3] !== payloadBytes >> 8) return notFrame
  if (have > 4 && data[at + 4] !== type) return notFrame
  const length = payloadBytes + frameOverhead
  if (have < length) return needMore
  return data[at + length - 2] === 0 && data[at + length - 1] === 0x0b ? length : notFrame
}

/** A frame around an empty payload, to be filled from `headerBytes` on. */
export function emptyFrame(type: number, payloadBytes: number): Uint8Array {
  const frame = new Uint8Array(payloadBytes + frameOverhead)
  frame.set([0x0a, 0xfa, payloadBytes & 255, payloadBytes >> 8, type])
  frame[frame.length - 1] = 0x0b
  return frame
}

export function readI16(data: Uint8Array, at: number): number {
  return ((data[at] | (data[at + 1] << 8)) << 16) >> 16
}

export function readI32(data: Uint8Array, at: number): number {
  return data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24)
}

/** Writes the low `bytes` bytes of `value`, least significant first. */
export function writeInteger(data: Uint8Array, at: number, value: number, bytes: number): void {
  for (let i = 0; i < bytes; i++) data[at + i] = (value >> (8 * i)) & 255
}
