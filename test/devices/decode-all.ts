import type { Decoder, DeviceMessage, RowBlock, SkippedSpan } from '../../src-main/devices/decoder.ts'

export interface DecodedRow {
  readonly counts: number[]
  readonly counter: number
  readonly offset: number
  readonly flags: number
}

export interface DecodedStream {
  readonly rows: DecodedRow[]
  readonly skips: SkippedSpan[]
  readonly messages: DeviceMessage[]
  readonly bytesInFrames: number
  readonly bytesSkipped: number
}

function collect(block: RowBlock, into: DecodedStream): void {
  for (let row = 0; row < block.rows; row++) {
    into.rows.push({
      counts: [...block.counts.subarray(row * block.lanes, (row + 1) * block.lanes)],
      counter: block.counters[row],
      offset: block.offsets[row],
      flags: block.flags[row],
    })
  }
  for (const skip of block.skips) {
    const last = into.skips.at(-1)
    if (last && last.reason === skip.reason && last.offset + last.length === skip.offset) {
      into.skips[into.skips.length - 1] = { ...last, length: last.length + skip.length }
    } else into.skips.push({ ...skip })
  }
  into.messages.push(...block.messages)
}

/** Feeds `bytes` in pieces of the given lengths (the last one takes the rest), ends the stream and copies all that was found. */
export function decodeAll(decoder: Decoder, bytes: Uint8Array, pieces: readonly number[] = []): DecodedStream {
  const all = { rows: [], skips: [], messages: [], bytesInFrames: 0, bytesSkipped: 0 }
  let from = 0
  for (const length of [...pieces, bytes.length]) {
    collect(decoder.feed(bytes.slice(from, from + length), from), all)
    from = Math.min(bytes.length, from + length)
  }
  collect(decoder.end(), all)
  return { ...all, bytesInFrames: decoder.bytesInFrames, bytesSkipped: decoder.bytesSkipped }
}

export function hexBytes(text: string): Uint8Array {
  return Uint8Array.from(text.trim().split(/\s+/), (byte) => Number.parseInt(byte, 16))
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
