import { join } from 'node:path'
import { LabError, noValue, type Recording } from '../contract/index.ts'
import { parseHeader, type WfdbHeader } from '../formats/wfdb-header.ts'
import { decodeSamples, invalidCode, isReadableFormat, storedBytes, type WfdbReadFormat } from '../formats/wfdb-signal.ts'
import type { Files, OpenFile } from './files.ts'
import { readOverviewHead, type OverviewLayout, type OverviewLevel } from './overview.ts'

/** What one read holds at most, whatever the recording's length. */
const blockBytes = 1 << 20
/** Spare buffers that are kept: two each, for the piece that is looked at and the one that is read, for two views. */
const sparesKept = 4
/** Counts of little-endian 16-bit samples can be looked at where they lie. */
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Row-major counts of `rows` rows from `row` on; `missing` stands where there is none. */
export interface CountBlock {
  readonly counts: Int16Array | Int32Array
  readonly missing: number
  readonly row: number
  readonly rows: number
}

/** `[lane][minimum, maximum]` of `spans` spans of a level from `span` on. */
export interface PairBlock {
  readonly pairs: Int32Array
  readonly span: number
  readonly spans: number
}

/** Where units of a file lie: `bytesOf(n)` bytes for the first `n` of them, from byte `at` on. */
interface Place {
  readonly file: OpenFile
  readonly at: number
  readonly bytesOf: (units: number) => number
  readonly perPiece: number
}

interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly unit: number
  readonly units: number
}

/** Where what is read goes to. Every array begins at the first byte of its buffer. */
interface ReadBuffers {
  take(bytes: number): Uint8Array<ArrayBuffer>
  give(bytes: Uint8Array<ArrayBuffer>): void
}

const ownBuffers: ReadBuffers = { take: (bytes) => new Uint8Array(bytes), give: () => undefined }

const spares: ArrayBuffer[] = []
/** Clearing and collecting new buffers costs more than the reads themselves when somebody pans through a day. */
const sharedBuffers: ReadBuffers = {
  take: (bytes) => new Uint8Array(bytes > blockBytes ? new ArrayBuffer(bytes) : (spares.pop() ?? new ArrayBuffer(blockBytes)), 0, bytes),
  give: ({ buffer }) => {
    if (buffer.byteLength === blockBytes && spares.length < sparesKept) spares.push(buffer)
  },
}

/** signals.dat and overview.bin of one recording, open for reading. */
export class StoredSignals {
  readonly lanes: number
  readonly rows: number
  /** `null` for one that is missing, damaged or of other rows: it is derived, signals.dat has it all. */
  readonly overview: OverviewLayout | null
  readonly #recording: Pick<Recording, 'id' | 'lanes'>
  readonly #folder: string
  readonly #format: WfdbReadFormat
  readonly #byteOffset: number
  readonly #signals: OpenFile
  readonly #overviewFile: OpenFile | null

  private constructor(recording: Pick<Recording, 'id' | 'lanes'>, folder: string, header: { format: WfdbReadFormat; byteOffset: number; rows: number }, files: { signals: OpenFile; overviewFile: OpenFile | null; overview: OverviewLayout | null }) {
    this.#recording = recording
    this.#folder = folder
    this.lanes = recording.lanes.length
    this.rows = header.rows
    this.#format = header.format
    this.#byteOffset = header.byteOffset
    this.#signals = files.signals
    this.#overviewFile = files.overviewFile
    this.overview = files.overview
  }

  /**
   * @throws LabError `recording-in-progress`, `recording-incomplete` when files are missing, `wfdb-header-invalid`, `wfdb-signal-invalid`,
   * `file-read-failed`.
   */
  static async open(files: Files, folder: string, recording: Pick<Recording, 'id' | 'state' | 'lanes'>): Promise<StoredSignals> {
    const { id, state, lanes } = recording
    if (state === 'recording') throw new LabError('recording-in-progress', `The recording ${id} is still being written.`, { recording: id })
    const header = await readSignalHeader(files, folder, id)
    const format = formatOf(header)
    if (header.signalCount !== lanes.length) {
      throw new LabError('wfdb-signal-invalid', `signals.hea of ${id} has ${header.signalCount} signals, recording.json ${lanes.length}.`, { recording: id })
    }
    const signals = await openOrNull(files, join(folder, 'signals.dat'))
    if (!signals) throw incomplete(id, 'signals.dat')
    let overviewFile: OpenFile | null = null
    try {
      const { byteOffset } = header.signals[0]
      const dataRows = Math.max(0, Math.floor(((await signals.size()) - byteOffset) / storedBytes(format, lanes.length)))
      const rows = Math.min(header.frames ?? dataRows, dataRows)
      overviewFile = await openOrNull(files, join(folder, 'overview.bin'))
      const overview = overviewFile ? await soundLayout(overviewFile, lanes.length, rows) : null
      return new StoredSignals(recording, folder, { format, byteOffset, rows }, { signals, overviewFile, overview })
    } catch (thrown) {
      await signals.close()
      await overviewFile?.close()
      throw thrown
    }
  }

  /** Indexes of the wanted lanes; `null` for all. @throws LabError `request-invalid`. */
  pick(wanted: readonly string[] | null): number[] {
    const { lanes } = this.#recording
    if (wanted === null) return lanes.map((_, i) => i)
    return wanted.map((id) => {
      const index = lanes.findIndex((lane) => lane.id === id)
      if (index < 0) throw new LabError('request-invalid', `The recording has no lane "${id}".`, { lane: id, known: lanes.map((lane) => lane.id) })
      return index
    })
  }

  /** Stored rows `first`..`end` in blocks of up to 1 MiB that the caller may keep; rows behind the end are none. @throws LabError `wfdb-signal-invalid`, `cancelled`. */
  blocks(first: number, end: number, signal?: AbortSignal): AsyncGenerator<CountBlock, void, void> {
    return this.#blocks(first, end, { signal, buffers: ownBuffers })
  }

  /** As `blocks`, for whoever only looks: each block is gone when the next one is asked for. */
  passingBlocks(first: number, end: number, signal?: AbortSignal): AsyncGenerator<CountBlock, void, void> {
    return this.#blocks(first, end, { signal, buffers: sharedBuffers })
  }

  async *#blocks(first: number, end: number, { signal, buffers }: { signal: AbortSignal | undefined; buffers: ReadBuffers }): AsyncGenerator<CountBlock, void, void> {
    const format = this.#format
    const { lanes } = this
    const bytesOf = (rows: number): number => storedBytes(format, rows * lanes)
    const place = { file: this.#signals, at: this.#byteOffset, bytesOf, perPiece: Math.max(1, Math.floor(blockBytes / bytesOf(1))) }
    for await (const { bytes, unit: row, units: rows } of this.#pieces(place, Math.max(0, first), Math.min(end, this.rows), { signal, buffers })) {
      if (format === 16 && littleEndian) yield { counts: new Int16Array(bytes.buffer, 0, rows * lanes), missing: invalidCode(16), row, rows }
      else if (format === 24) yield { counts: counts24(bytes, rows * lanes), missing: invalidCode(24), row, rows }
      else yield { counts: decodeSamples(bytes, format, rows * lanes), missing: noValue, row, rows }
    }
  }

  /** Spans `first`..`end` of a level of the overview; each block is gone when the next one is asked for. @throws LabError `wfdb-signal-invalid`, `cancelled`. */
  async *pairs(level: OverviewLevel, first: number, end: number, signal?: AbortSignal): AsyncGenerator<PairBlock, void, void> {
    if (!this.#overviewFile) return
    const spanBytes = this.lanes * 8
    const place = { file: this.#overviewFile, at: level.offset, bytesOf: (spans: number): number => spans * spanBytes, perPiece: Math.max(1, Math.floor(blockBytes / spanBytes)) }
    for await (const { bytes, unit: span, units: spans } of this.#pieces(place, Math.max(0, first), Math.min(end, level.columns), { signal, buffers: sharedBuffers })) {
      yield { pairs: new Int32Array(bytes.buffer, 0, spans * this.lanes * 2), span, spans }
    }
  }

  /** Units `first`..`last` of a file in pieces, the next one read while one is looked at. */
  async *#pieces({ file, at, bytesOf, perPiece }: Place, first: number, last: number, { signal, buffers }: { signal: AbortSignal | undefined; buffers: ReadBuffers }): AsyncGenerator<Piece, void, void> {
    const reading = (unit: number): Promise<Uint8Array<ArrayBuffer>> => {
      const read = this.#read(file, buffers.take(bytesOf(Math.min(perPiece, last - unit))), at + bytesOf(unit), signal)
      // Whoever waits for it is told; who stops before needs it no more.
      read.catch(() => undefined)
      return read
    }
    let next = first < last ? reading(first) : null
    try {
      for (let unit = first; next; unit += perPiece) {
        const bytes = await next
        // The disk works while the piece is looked at.
        next = unit + perPiece < last ? reading(unit + perPiece) : null
        yield { bytes, unit, units: Math.min(perPiece, last - unit) }
        buffers.give(bytes)
      }
    } finally {
      // A buffer into which is still read belongs to nobody else before that is over.
      next?.then((bytes) => buffers.give(bytes), () => undefined)
    }
  }

  /** Physical samples of these lanes on rows `from`..`to`, NaN where there is none. @throws LabError `wfdb-signal-invalid`, `cancelled`. */
  async physical(picked: readonly number[], from: number, to: number, signal?: AbortSignal): Promise<Float32Array[]> {
    const samples = picked.map(() => new Float32Array(Math.max(0, to - from)).fill(Number.NaN))
    const { lanes } = this
    for await (const { counts, missing, row, rows } of this.passingBlocks(from, to, signal)) {
      for (const [i, lane] of picked.entries()) {
        const { baseline, gainCountsPerUnit } = this.#recording.lanes[lane]
        const own = samples[i]
        for (let k = row - from, end = k + rows, at = lane; k < end; k++, at += lanes) if (counts[at] !== missing) own[k] = (counts[at] - baseline) / gainCountsPerUnit
      }
    }
    return samples
  }

  async close(): Promise<void> {
    await this.#signals.close()
    await this.#overviewFile?.close()
  }

  async #read(file: OpenFile, into: Uint8Array<ArrayBuffer>, position: number, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    if (signal?.aborted) throw new LabError('cancelled', 'Reading the recording was cancelled.')
    for (let done = 0; done < into.length; ) {
      const got = await file.read(into.subarray(done), position + done)
      if (got === 0) throw new LabError('wfdb-signal-invalid', `A signal file in ${this.#folder} became shorter while it was read.`, { path: this.#folder })
      done += got
    }
    return into
  }
}

/** As `decodeSamples`, but the invalid code stays as it is: several times faster, for boards of eight lanes. */
function counts24(bytes: Uint8Array, samples: number): Int32Array {
  const counts = new Int32Array(samples)
  for (let i = 0, at = 0; i < samples; i++, at += 3) counts[i] = ((bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)) << 8) >> 8
  return counts
}

async function readSignalHeader(files: Files, folder: string, id: string): Promise<WfdbHeader> {
  const path = join(folder, 'signals.hea')
  if ((await files.stat(path)) === null) throw incomplete(id, 'signals.hea')
  return parseHeader(new TextDecoder().decode(await files.readFile(path)))
}

function incomplete(id: string, file: string): LabError {
  return new LabError('recording-incomplete', `${file} of the recording ${id} is missing; \`pulseprint recover\` makes it again.`, { recording: id, file })
}

function formatOf(header: WfdbHeader): WfdbReadFormat {
  const format = header.signals.at(0)?.format ?? 0
  if (!isReadableFormat(format) || header.signals.some((signal) => signal.format !== format || signal.samplesPerFrame !== 1)) {
    throw new LabError('wfdb-signal-invalid', `Signals of format ${format} are not stored by Pulseprint.`, { format })
  }
  return format
}

async function openOrNull(files: Files, path: string): Promise<OpenFile | null> {
  return (await files.stat(path)) === null ? null : files.open(path, 'read')
}

async function soundLayout(overview: OpenFile, lanes: number, rows: number): Promise<OverviewLayout | null> {
  const head = new Uint8Array(32)
  const got = await overview.read(head, 0)
  try {
    const layout = readOverviewHead(head.subarray(0, got), await overview.size())
    return layout.lanes === lanes && layout.rows === rows ? layout : null
  } catch (thrown) {
    if (thrown instanceof LabError && thrown.code === 'dataset-invalid') return null
    throw thrown
  }
}
