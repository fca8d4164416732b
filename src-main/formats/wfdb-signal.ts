import { LabError, noValue, type LaneSpec } from '../contract/index.ts'
import { decodeSignal, invalidCode, isPackedFormat, storedBytes, storedSamples, type PackedFormat } from './wfdb-samples.ts'

export { invalidCode, storedBytes, storedSamples } from './wfdb-samples.ts'

/** The formats that Pulseprint writes: little-endian two's complement of 16, 24 or 32 bits. */
export type WfdbWriteFormat = 16 | 24 | 32
/** And reads anywhere in a file: all packed ones except differences, which need all that lies before. */
export type WfdbReadFormat = Exclude<PackedFormat, 8>

export function isReadableFormat(format: number): format is WfdbReadFormat {
  return isPackedFormat(format) && format !== 8
}

/**
 * The smallest format that holds every lane's full range without touching its own invalid code. All signals of one .dat share it.
 * A lane that claims -2^31 itself gets 32: a decoded count of -2^31 already means "no value" (`noValue`).
 * @example wfdbFormatFor([{ ...lane, minimum: -32768, maximum: 32767 }]) // 24, because -32768 is format 16's invalid code
 */
export function wfdbFormatFor(lanes: readonly Pick<LaneSpec, 'minimum' | 'maximum'>[]): WfdbWriteFormat {
  const holds = (format: WfdbWriteFormat): boolean =>
    lanes.every((lane) => lane.minimum > invalidCode(format) && lane.maximum < -invalidCode(format))
  return holds(16) ? 16 : holds(24) ? 24 : 32
}

/**
 * Counts as stored bytes; `noValue` becomes the format's invalid code. Row-major in, frame-interleaved out. Stateless: blocks may be
 * encoded one by one and their bytes joined.
 * @throws LabError `wfdb-signal-invalid` when a count does not fit or would read back as missing: nothing is clipped.
 */
export function encodeSamples(counts: Int32Array, format: WfdbWriteFormat): Uint8Array {
  const width = format / 8
  const bytes = new Uint8Array(counts.length * width)
  const invalid = invalidCode(format)
  const highest = -invalid - 1
  for (let i = 0, at = 0; i < counts.length; i++, at += width) {
    let value = counts[i]
    if (value === noValue) value = invalid
    else if (value <= invalid || value > highest) {
      throw new LabError('wfdb-signal-invalid', `The sample ${value} does not fit WFDB format ${format}.`, { value, index: i, format })
    }
    bytes[at] = value & 0xff
    bytes[at + 1] = (value >> 8) & 0xff
    if (width > 2) bytes[at + 2] = (value >> 16) & 0xff
    if (width > 3) bytes[at + 3] = value >>> 24
  }
  return bytes
}

/**
 * Stored bytes as counts, the format's invalid code as `noValue`. `samples` defaults to all whole samples in `bytes`.
 * @throws LabError `wfdb-signal-invalid` when `bytes` holds fewer than `samples`.
 */
export function decodeSamples(bytes: Uint8Array, format: WfdbReadFormat, samples = storedSamples(format, bytes.length)): Int32Array {
  if (storedBytes(format, samples) > bytes.length) {
    throw new LabError('wfdb-signal-invalid', `The signal file is too short: ${samples} samples in ${bytes.length} bytes.`, {
      samples,
      bytes: bytes.length,
      format,
    })
  }
  const counts = new Int32Array(samples)
  decodeSignal(format, bytes, { first: 0, step: 1, count: samples }, counts, { first: 0, step: 1 })
  return counts
}

/**
 * The 16-bit signed checksum of a header: the sum of the stored values, so a missing sample counts as its invalid code.
 * `previous` continues a sum over blocks. `stride` and `offset` pick one signal out of row-major counts.
 * @example checksum16(Int32Array.of(32767, 1), 16) // -32768
 */
export function checksum16(counts: Int32Array, format: WfdbReadFormat, { previous = 0, offset = 0, stride = 1 } = {}): number {
  const invalid = invalidCode(format)
  let sum = previous
  for (let i = offset; i < counts.length; i += stride) sum = (sum + (counts[i] === noValue ? invalid : counts[i])) | 0
  return (sum << 16) >> 16
}

/** Encodes a recording block by block and keeps what its header needs: rows, initial values and checksums per lane. */
export class SignalEncoder {
  readonly format: WfdbWriteFormat
  readonly lanes: number
  /** Stored value of the first row, per lane; zeros before the first block. */
  readonly initialValues: Int32Array
  readonly checksums: Int32Array
  rows = 0
  #missing: Uint8Array = new Uint8Array(0)

  constructor(lanes: number, format: WfdbWriteFormat) {
    this.lanes = lanes
    this.format = format
    this.initialValues = new Int32Array(lanes)
    this.checksums = new Int32Array(lanes)
  }

  /** As `encode` of `rows` rows without any value: hours of a gap cost the bytes alone, which are shared and to be left as they are. */
  encodeMissing(rows: number): Uint8Array {
    const width = this.lanes * (this.format / 8)
    if (this.#missing.length < rows * width) this.#missing = encodeSamples(new Int32Array(rows * this.lanes).fill(noValue), this.format)
    const invalid = invalidCode(this.format)
    if (this.rows === 0 && rows > 0) this.initialValues.fill(invalid)
    // Of the sum only 16 bits count.
    for (let lane = 0; lane < this.lanes; lane++) this.checksums[lane] = ((this.checksums[lane] + Math.imul(rows, invalid)) << 16) >> 16
    this.rows += rows
    return this.#missing.subarray(0, rows * width)
  }

  /** Row-major counts of whole rows in, bytes for the .dat out. @throws LabError `wfdb-signal-invalid`. */
  encode(counts: Int32Array): Uint8Array {
    const bytes = encodeSamples(counts, this.format)
    const stored = (count: number): number => (count === noValue ? invalidCode(this.format) : count)
    if (this.rows === 0 && counts.length > 0) for (let lane = 0; lane < this.lanes; lane++) this.initialValues[lane] = stored(counts[lane])
    for (let lane = 0; lane < this.lanes; lane++) {
      this.checksums[lane] = checksum16(counts, this.format, { previous: this.checksums[lane], offset: lane, stride: this.lanes })
    }
    this.rows += counts.length / this.lanes
    return bytes
  }
}
