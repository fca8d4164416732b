import { LabError, noValue } from '../contract/index.ts'
import { FlacStream, readFlacHead, type FlacHead } from './flac-stream.ts'
import type { ByteSource } from './signal-source.ts'
import type { WfdbSignal } from './wfdb-header.ts'
import { allOnes, decodeSignal, isPackedFormat, packedBits, storedBytes, storedSamples, unitStart, type PackedFormat } from './wfdb-samples.ts'

/** Signals of one header that share a file, frame by frame. */
export interface SignalGroup {
  readonly file: string
  readonly format: number
  readonly byteOffset: number
  /** Indexes into the header's signals, in order. */
  readonly indexes: readonly number[]
  readonly signals: readonly WfdbSignal[]
  /** Samples of all of them in one frame. */
  readonly frameSamples: number
}

/** A signal file, open. */
export interface SignalFile {
  readonly group: SignalGroup
  /** Whole frames that it holds, as far as its size (or FLAC's own header) says; `null`: only reading tells. */
  readonly frames: number | null
  /** Reads from the first frame. */
  cursor(): SignalCursor
}

/** Where the samples of a read go, per signal of the group: `counts[i][(frame + n) * samplesPerFrame]`. */
export interface SignalTarget {
  readonly counts: readonly Int32Array[]
  readonly frame: number
}

export interface SignalCursor {
  /** Sums of all stored values read so far, per signal of the group, modulo 2^32. */
  readonly sums: Int32Array
  /** The next `frames` frames, invalid codes as `noValue`; returns how many are there, fewer only at the end. @throws LabError `flac-invalid`. */
  read(frames: number, target: SignalTarget): Promise<number>
}

/** Bits per sample of the FLAC formats. Source: signal(5). */
const flacBits: Record<number, number> = { 508: 8, 516: 16, 524: 24 }
/** Read at least, so that small blocks do not cost a read each. */
const chunkBytes = 256 * 1024

export function signalFileInvalid(file: string, reason: string, data: Record<string, unknown> = {}): LabError {
  return new LabError('wfdb-signal-invalid', `The signal file ${file} cannot be read: ${reason}.`, { file, reason, ...data })
}

/**
 * Signals by file; format 0 has none. @throws LabError `wfdb-signal-invalid` with `data.file`, `data.reason` for formats that are not read.
 */
export function groupSignals(signals: readonly WfdbSignal[]): SignalGroup[] {
  const byFile = new Map<string, number[]>()
  signals.forEach((signal, i) => {
    if (signal.format === 0) return
    const known = byFile.get(signal.file)
    if (known) known.push(i)
    else byFile.set(signal.file, [i])
  })
  return [...byFile].map(([file, indexes]) => {
    const own = indexes.map((i) => signals[i])
    const { format } = own[0]
    // The first line that names an offset has it for the file: older headers give it once.
    const byteOffset = own.find((signal) => signal.byteOffset > 0)?.byteOffset ?? 0
    if (!isPackedFormat(format) && !(format in flacBits)) throw signalFileInvalid(file, `its header gives it the format ${format}, which there is not`, { format })
    if (own.some((signal) => signal.format !== format)) throw signalFileInvalid(file, 'its signals have different formats')
    return { file, format, byteOffset, indexes, signals: own, frameSamples: own.reduce((sum, signal) => sum + signal.samplesPerFrame, 0) }
  })
}

/** Bits of a sample in a file of this format; 8 holds differences of any size. @example formatBits(516) // 16 */
export function formatBits(format: number): number {
  return isPackedFormat(format) ? packedBits(format) : (flacBits[format] ?? 0)
}

/** A sample of ones only in this format; `null` where there is none. */
export function formatOnes(format: number): number | null {
  return isPackedFormat(format) ? allOnes(format) : format in flacBits ? -1 : null
}

/** @throws LabError `flac-invalid`, `wfdb-signal-invalid` when a FLAC file does not fit the header. */
export async function openSignalFile(source: ByteSource, group: SignalGroup): Promise<SignalFile> {
  const { format } = group
  if (isPackedFormat(format)) {
    const bytes = Math.max(0, source.bytes - group.byteOffset)
    return { group, frames: Math.floor(storedSamples(format, bytes) / group.frameSamples), cursor: () => new PackedCursor(source, group, format) }
  }
  const head = await readFlacHead(source, group.byteOffset)
  const samplesPerFrame = group.signals[0].samplesPerFrame
  if (head.channels !== group.signals.length) throw signalFileInvalid(group.file, `it has ${head.channels} channels, the header ${group.signals.length} signals`)
  if (group.signals.some((signal) => signal.samplesPerFrame !== samplesPerFrame)) throw signalFileInvalid(group.file, 'signals in FLAC must have equally many samples per frame')
  if (head.bits > flacBits[format]) throw signalFileInvalid(group.file, `its samples have ${head.bits} bits, format ${format} at most ${flacBits[format]}`)
  return { group, frames: head.samples === null ? null : Math.floor(head.samples / samplesPerFrame), cursor: () => new FlacCursor(new FlacStream(source, head), group, head) }
}

/** Reads frames out of a file of fixed-width samples. */
class PackedCursor implements SignalCursor {
  readonly sums: Int32Array
  readonly #source: ByteSource
  readonly #group: SignalGroup
  readonly #format: PackedFormat
  /** Last value per signal, for differences. */
  readonly #previous: Int32Array
  #frame = 0
  #held: Uint8Array = new Uint8Array(0)
  /** Byte of the signal data that it begins with. */
  #heldAt = 0

  constructor(source: ByteSource, group: SignalGroup, format: PackedFormat) {
    this.#source = source
    this.#group = group
    this.#format = format
    this.sums = new Int32Array(group.signals.length)
    this.#previous = Int32Array.from(group.signals, (signal) => signal.initialValue)
  }

  async read(frames: number, target: SignalTarget): Promise<number> {
    const { frameSamples } = this.#group
    const first = this.#frame * frameSamples
    const unit = unitStart(this.#format, first)
    const begin = storedBytes(this.#format, unit)
    const bytes = await this.#bytes(begin, storedBytes(this.#format, first + frames * frameSamples) - begin)
    const there = Math.min(frames, Math.floor(Math.max(0, storedSamples(this.#format, bytes.length) - (first - unit)) / frameSamples))
    let place = first - unit
    this.#group.signals.forEach(({ samplesPerFrame }, i) => {
      this.#decode(bytes, place, there, i, target)
      place += samplesPerFrame
    })
    this.#frame += there
    return there
  }

  #decode(bytes: Uint8Array, first: number, frames: number, signal: number, { counts, frame }: SignalTarget): void {
    const { frameSamples, signals } = this.#group
    const width = signals[signal].samplesPerFrame
    const into = counts[signal]
    const start = frame * width
    const add = (from: number, step: number, count: number, to: number, toStep: number): void => {
      const sum = decodeSignal(this.#format, bytes, { first: from, step, count }, into, { first: to, step: toStep }, this.#previous[signal])
      this.sums[signal] += sum
      // A sum of differences needs the value before; where it stands in the output is always the last one written.
      if (this.#format === 8 && count > 0) this.#previous[signal] = into[to + (count - 1) * toStep]
    }
    if (width === 1 || width === frameSamples) add(first, width === 1 ? frameSamples : 1, frames * width, start, 1)
    else if (width < frames && this.#format !== 8) for (let i = 0; i < width; i++) add(first + i, frameSamples, frames, start + i, width)
    else for (let i = 0; i < frames; i++) add(first + i * frameSamples, 1, width, start + i * width, 1)
  }

  /** Bytes of the signal data; fewer at the end of the file. */
  async #bytes(begin: number, length: number): Promise<Uint8Array> {
    if (begin < this.#heldAt || begin + length > this.#heldAt + this.#held.length) {
      const at = this.#group.byteOffset + begin
      // What the file cannot hold is not asked for, whatever the header claims.
      const wanted = Math.min(Math.max(length, chunkBytes), Math.max(0, this.#source.bytes - at))
      this.#held = wanted > 0 ? await this.#source.read(at, wanted) : new Uint8Array(0)
      this.#heldAt = begin
    }
    return this.#held.subarray(begin - this.#heldAt, begin - this.#heldAt + length)
  }
}

/** Reads frames out of a FLAC file: a channel per signal, a frame's samples of a signal one after another. */
class FlacCursor implements SignalCursor {
  readonly sums: Int32Array
  readonly #stream: FlacStream
  readonly #group: SignalGroup
  readonly #head: FlacHead
  readonly #invalid: number
  /** Samples of the stream's block, and how many of them were taken. */
  #block = 0
  #taken = 0

  constructor(stream: FlacStream, group: SignalGroup, head: FlacHead) {
    this.#stream = stream
    this.#group = group
    this.#head = head
    this.#invalid = -(2 ** (flacBits[group.format] - 1))
    this.sums = new Int32Array(group.signals.length)
  }

  async read(frames: number, { counts, frame }: SignalTarget): Promise<number> {
    const width = this.#group.signals[0].samplesPerFrame
    let done = 0
    while (done < frames * width) {
      if (this.#taken === this.#block) {
        this.#block = await this.#stream.next()
        this.#taken = 0
        if (this.#block === 0) break
      }
      const count = Math.min(this.#block - this.#taken, frames * width - done)
      for (let i = 0; i < counts.length; i++) this.#take(i, count, counts[i], frame * width + done)
      this.#taken += count
      done += count
    }
    return Math.floor(done / width)
  }

  #take(channel: number, count: number, counts: Int32Array, to: number): void {
    const block = this.#stream.channels[channel]
    const invalid = this.#invalid
    // Bits above the sample's own repeat its sign.
    const above = 32 - this.#head.bits
    let sum = 0
    for (let i = this.#taken, end = this.#taken + count; i < end; i++, to++) {
      const value = block[i]
      if ((value << above) >> above !== value) throw new LabError('flac-invalid', `${this.#group.file} holds a sample of more than ${this.#head.bits} bits.`, { file: this.#group.file, value, reason: 'a sample of too many bits' })
      sum = (sum + value) | 0
      counts[to] = value === invalid ? noValue : value
    }
    this.sums[channel] += sum
  }
}

/** Frames of a FLAC file that does not say how many, by reading it. @throws LabError `flac-invalid`. */
export async function countFrames(file: SignalFile): Promise<number> {
  const cursor = file.cursor()
  const each = Math.max(1, Math.floor(65536 / file.group.frameSamples))
  const scratch = file.group.signals.map((signal) => new Int32Array(each * signal.samplesPerFrame))
  let frames = 0
  for (let got = each; got === each; frames += got) got = await cursor.read(each, { counts: scratch, frame: 0 })
  return frames
}
