import { join } from 'node:path'
import { LabError, noValue, type Envelope, type Recording } from '../contract/index.ts'
import { parseHeader, type WfdbHeader } from '../formats/wfdb-header.ts'
import { decodeSamples, isReadableFormat, storedBytes, type WfdbReadFormat } from '../formats/wfdb-signal.ts'
import type { Files, OpenFile } from './files.ts'
import { readOverviewHead, type OverviewLayout } from './overview.ts'

export interface EnvelopeRequest {
  /** Lane ids in the wanted order; `null` for all. */
  readonly lanes: readonly string[] | null
  readonly fromRow: number
  /** Exclusive; rows beyond the end have no value. */
  readonly toRow: number
  readonly columns: number
  readonly signal?: AbortSignal
}

/** What one read holds at most, whatever the recording's length. */
const blockBytes = 1 << 20
/** A level is used when a column spans at least this many of its spans: borders are then off by a quarter column at most. */
const spansPerColumn = 4

/**
 * First rows of the columns and the end: `from + c * (to - from) / columns`, rounded down to a multiple of `stride`; the end is rounded up.
 * Every row between belongs to exactly one column. With more columns than rows, neighbours show the same row.
 */
export function columnBorders(fromRow: number, toRow: number, columns: number, stride: number): number[] {
  const borders = Array.from({ length: columns }, (_, c) => Math.floor((fromRow + (c * (toRow - fromRow)) / columns) / stride) * stride)
  return [...borders, Math.ceil(toRow / stride) * stride]
}

/** The stride that `readEnvelope` reads for such a request: 1 is signals.dat itself. */
export function envelopeStride(fromRow: number, toRow: number, columns: number, layout: OverviewLayout | null): number {
  const fitting = (layout?.levels ?? []).filter((level) => level.stride * spansPerColumn <= (toRow - fromRow) / columns)
  return fitting.at(-1)?.stride ?? 1
}

/**
 * Minimum and maximum per column of stored rows, in physical units, NaN where every row is missing. Reads the coarsest level of
 * overview.bin that is fine enough, or signals.dat; without a sound overview, signals.dat. Memory does not grow with the recording.
 * @throws LabError `recording-in-progress`, `recording-incomplete` when files are missing, `wfdb-header-invalid`, `wfdb-signal-invalid`,
 * `request-invalid` for an unknown lane, `cancelled`.
 */
export async function readEnvelope(files: Files, folder: string, recording: Pick<Recording, 'id' | 'state' | 'lanes'>, request: EnvelopeRequest): Promise<Envelope> {
  if (recording.state === 'recording') throw new LabError('recording-in-progress', `The recording ${recording.id} is still being written.`, { recording: recording.id })
  const header = await readSignalHeader(files, folder, recording.id)
  const picked = pickLanes(recording, request.lanes)
  const signals = await openOrNull(files, join(folder, 'signals.dat'))
  if (!signals) throw incomplete(recording.id, 'signals.dat')
  const overview = await openOrNull(files, join(folder, 'overview.bin'))
  try {
    const format = formatOf(header)
    const lanes = header.signalCount
    if (lanes !== recording.lanes.length) {
      throw new LabError('wfdb-signal-invalid', `signals.hea of ${recording.id} has ${lanes} signals, recording.json ${recording.lanes.length}.`, { recording: recording.id })
    }
    const dataRows = Math.floor(((await signals.size()) - header.signals[0].byteOffset) / storedBytes(format, lanes))
    const rows = Math.min(header.frames ?? dataRows, dataRows)
    const layout = overview ? await soundLayout(overview, lanes, rows) : null
    const stride = envelopeStride(request.fromRow, request.toRow, request.columns, layout)
    const level = layout?.levels.find((candidate) => candidate.stride === stride)
    const columns = new ColumnFolder(columnBorders(request.fromRow, request.toRow, request.columns, stride).map((row) => row / stride), picked.length)
    if (request.fromRow < request.toRow) {
      const unitBytes = level ? lanes * 8 : storedBytes(format, lanes)
      const base = level ? level.offset : header.signals[0].byteOffset
      const end = level ? Math.min(columns.end, level.columns) : Math.min(columns.end, rows)
      const source = level && overview ? overview : signals
      const perBlock = Math.max(1, Math.floor(blockBytes / unitBytes))
      for (let unit = columns.first; unit < end; unit += perBlock) {
        if (request.signal?.aborted) throw new LabError('cancelled', 'Reading the recording was cancelled.')
        const count = Math.min(perBlock, end - unit)
        const bytes = await readFully(source, base + unit * unitBytes, count * unitBytes, folder)
        if (level) columns.addPairs(new Int32Array(bytes.buffer), unit, count, lanes, picked)
        else columns.addRows(decodeSamples(bytes, format, count * lanes), unit, count, lanes, picked)
      }
    }
    return { fromRow: request.fromRow, toRow: request.toRow, columns: request.columns, bytes: physical(columns, recording, picked) }
  } finally {
    await signals.close()
    await overview?.close()
  }
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
  const format = header.signals[0]?.format ?? 0
  if (!isReadableFormat(format) || header.signals.some((signal) => signal.format !== format || signal.samplesPerFrame !== 1)) {
    throw new LabError('wfdb-signal-invalid', `Signals of format ${format} are not stored by Pulseprint.`, { format })
  }
  return format
}

/** Indexes of the wanted lanes. */
function pickLanes(recording: Pick<Recording, 'lanes'>, wanted: readonly string[] | null): number[] {
  if (wanted === null) return recording.lanes.map((_, i) => i)
  return wanted.map((id) => {
    const index = recording.lanes.findIndex((lane) => lane.id === id)
    if (index < 0) throw new LabError('request-invalid', `The recording has no lane "${id}".`, { lane: id, known: recording.lanes.map((lane) => lane.id) })
    return index
  })
}

async function openOrNull(files: Files, path: string): Promise<OpenFile | null> {
  return (await files.stat(path)) === null ? null : files.open(path, 'read')
}

/** `null` for an overview that is damaged or of other rows: it is derived, signals.dat has it all. */
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

async function readFully(file: OpenFile, position: number, length: number, folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const got = await file.read(bytes.subarray(done), position + done)
    if (got === 0) throw new LabError('wfdb-signal-invalid', `A signal file in ${folder} became shorter while it was read.`, { path: folder })
    done += got
  }
  return bytes
}

/** Folds rows, or level spans, into columns; borders are in such units. */
class ColumnFolder {
  readonly first: number
  readonly end: number
  /** [lane][column], `noValue` = none yet. */
  readonly minimum: Int32Array
  readonly maximum: Int32Array
  readonly #borders: readonly number[]

  constructor(borders: readonly number[], lanes: number) {
    this.#borders = borders
    this.first = borders[0]
    // The last column shows at least one unit, as every column does.
    this.end = Math.max(borders[borders.length - 1], borders[borders.length - 2] + 1)
    this.minimum = new Int32Array(lanes * this.columns).fill(noValue)
    this.maximum = new Int32Array(lanes * this.columns).fill(noValue)
  }

  get columns(): number {
    return this.#borders.length - 1
  }

  addRows(counts: Int32Array, first: number, units: number, lanes: number, picked: readonly number[]): void {
    this.#eachColumn(first, units, (column, from, to) => {
      picked.forEach((lane, i) => {
        const at = i * this.columns + column
        for (let unit = from; unit < to; unit++) this.#fold(at, counts[unit * lanes + lane], counts[unit * lanes + lane])
      })
    })
  }

  addPairs(pairs: Int32Array, first: number, units: number, lanes: number, picked: readonly number[]): void {
    this.#eachColumn(first, units, (column, from, to) => {
      picked.forEach((lane, i) => {
        const at = i * this.columns + column
        for (let unit = from; unit < to; unit++) this.#fold(at, pairs[(unit * lanes + lane) * 2], pairs[(unit * lanes + lane) * 2 + 1])
      })
    })
  }

  /** Columns that overlap units `first`..`first + units`, with their part of it relative to `first`. */
  #eachColumn(first: number, units: number, work: (column: number, from: number, to: number) => void): void {
    for (let column = this.#columnAt(first); column < this.columns && this.#borders[column] < first + units; column++) {
      const begin = this.#borders[column]
      const end = Math.max(this.#borders[column + 1], begin + 1)
      work(column, Math.max(begin - first, 0), Math.min(end - first, units))
    }
  }

  /** The first column that reaches beyond `unit`. */
  #columnAt(unit: number): number {
    let low = 0
    let high = this.columns
    while (low < high) {
      const middle = (low + high) >> 1
      if (Math.max(this.#borders[middle + 1], this.#borders[middle] + 1) > unit) high = middle
      else low = middle + 1
    }
    return low
  }

  #fold(at: number, low: number, high: number): void {
    if (low === noValue) return
    if (this.minimum[at] === noValue || low < this.minimum[at]) this.minimum[at] = low
    if (high > this.maximum[at]) this.maximum[at] = high
  }
}

/** Counts to `[lane][column][min, max]` Float32 in physical units. */
function physical(columns: ColumnFolder, recording: Pick<Recording, 'lanes'>, picked: readonly number[]): Uint8Array<ArrayBuffer> {
  const values = new Float32Array(picked.length * columns.columns * 2)
  picked.forEach((lane, i) => {
    const { baseline, gainCountsPerUnit } = recording.lanes[lane]
    for (let column = 0; column < columns.columns; column++) {
      const at = i * columns.columns + column
      const missing = columns.minimum[at] === noValue
      values[at * 2] = missing ? Number.NaN : (columns.minimum[at] - baseline) / gainCountsPerUnit
      values[at * 2 + 1] = missing ? Number.NaN : (columns.maximum[at] - baseline) / gainCountsPerUnit
    }
  })
  return new Uint8Array(values.buffer)
}
