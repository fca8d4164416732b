import { LabError } from '../contract/index.ts'
import type { ByteSource } from './signal-source.ts'
import { textBytes } from './text-bytes.ts'

/** A line of numbers of a thousand channels has 16 KiB; what is longer than this is no text of samples. */
export const longestLine = 1 << 20

const lineFeed = 10
const carriageReturn = 13

/** Whole lines of a file: line i of the block is `bytes[starts[i]..ends[i])`, its end of line left out. */
export interface LineBlock {
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly count: number
  /** Number of the block's first line in the file, from 1. */
  readonly firstLine: number
  /** Place of `bytes[0]` in the text. */
  readonly offset: number
  /** The block's last line is the file's last and has no end of line: it may be cut off. */
  readonly unterminated: boolean
}

/**
 * The lines of a text file in blocks: LF, CRLF or CR, with or without a UTF-8 byte order mark, packed with gzip or not. Never holds more than about twice
 * `longestLine`.
 * @throws LabError `text-signal-invalid` with `data.file` and `data.offset`: a line longer than `longestLine`, UTF-16, or bytes that are no text.
 * @example for await (const block of textLines(file)) for (let i = 0; i < block.count; i++) read(block.bytes, block.starts[i], block.ends[i])
 */
export async function* textLines(source: ByteSource): AsyncGenerator<LineBlock, void, void> {
  let rest: Uint8Array = new Uint8Array(0)
  let offset = 0
  let firstLine = 1
  /** How much of `rest` is known to hold no end of line. */
  let searched = 0
  let begun = false
  for await (const chunk of textBytes(source)) {
    let bytes = joined(rest, chunk)
    if (!begun) {
      // Three bytes tell every byte order mark.
      if (bytes.length < 3) {
        rest = bytes
        continue
      }
      begun = true
      refuseWideText(source, bytes)
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
        bytes = bytes.subarray(3)
        offset = 3
      }
    }
    const block = split(source, bytes, { searched, firstLine, offset, last: false })
    if (block.count > 0) yield block
    rest = bytes.subarray(block.taken)
    firstLine += block.count
    offset += block.taken
    // A CR at the end is looked at again: an LF may follow.
    searched = rest.length > 0 && rest[rest.length - 1] === carriageReturn ? rest.length - 1 : rest.length
    if (searched > longestLine) throw tooLong(source, firstLine, offset)
  }
  if (!begun) refuseWideText(source, rest)
  const block = split(source, rest, { searched: 0, firstLine, offset, last: true })
  if (block.count > 0) yield block
}

function joined(rest: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (rest.length === 0) return chunk
  const bytes = new Uint8Array(rest.length + chunk.length)
  bytes.set(rest)
  bytes.set(chunk, rest.length)
  return bytes
}

interface Place {
  readonly searched: number
  readonly firstLine: number
  readonly offset: number
  readonly last: boolean
}

function split(source: ByteSource, bytes: Uint8Array, at: Place): LineBlock & { taken: number } {
  let starts = new Int32Array(1 + (bytes.length >> 4))
  let ends = new Int32Array(starts.length)
  let count = 0
  let start = 0
  const add = (end: number): void => {
    if (end - start > longestLine) throw tooLong(source, at.firstLine + count, at.offset + start)
    if (count === starts.length) {
      starts = grown(starts)
      ends = grown(ends)
    }
    starts[count] = start
    ends[count] = end
    count += 1
  }
  for (let i = at.searched; i < bytes.length; i++) {
    const byte = bytes[i]
    // Every byte of a text that is no end of line is above 13 or a tab.
    if (byte > carriageReturn || (byte !== lineFeed && byte !== carriageReturn)) continue
    if (byte === carriageReturn && i + 1 === bytes.length && !at.last) break
    add(i)
    if (byte === carriageReturn && bytes[i + 1] === lineFeed) i += 1
    start = i + 1
  }
  const unterminated = at.last && start < bytes.length
  if (unterminated) {
    add(bytes.length)
    start = bytes.length
  }
  return { bytes, starts, ends, count, firstLine: at.firstLine, offset: at.offset, unterminated, taken: start }
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(values.length * 2)
  more.set(values)
  return more
}

function refuseWideText(source: ByteSource, bytes: Uint8Array): void {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const nul = bytes.subarray(0, 1024).indexOf(0)
  if (!wide && nul < 0) return
  const reason = wide ? 'it is UTF-16 text; save it as UTF-8' : 'it holds zero bytes, so it is UTF-16 or no text at all'
  throw new LabError('text-signal-invalid', `${source.name} cannot be read as text: ${reason}.`, { file: source.name, offset: Math.max(0, nul), field: 'encoding', reason })
}

function tooLong(source: ByteSource, line: number, offset: number): LabError {
  return new LabError('text-signal-invalid', `Line ${line} of ${source.name}, which begins at byte ${offset}, is longer than ${longestLine} bytes: this is no text of samples.`, {
    file: source.name, line, offset, field: 'line', reason: 'the line is too long',
  })
}
