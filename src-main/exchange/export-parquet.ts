import type { DatasetVersion } from '../contract/index.ts'
import { ParquetWriter, type ParquetColumn } from '../formats/parquet.ts'
import type { ExportFolder, ExportSink } from './export-folder.ts'
import type { ExportEntry } from './export-plan.ts'
import type { ExportWindow } from './export-windows.ts'
import { windowSamples, type WindowOptions } from './window-stretch.ts'

/** Samples of one row group: what a reader holds at least, and the writer at most. */
const groupSamples = 1_000_000

export const parquetColumns: readonly ParquetColumn[] = [
  { name: 'subject', type: 'STRING' }, { name: 'subject_index', type: 'INT32' }, { name: 'session', type: 'STRING' }, { name: 'recording', type: 'STRING' },
  { name: 'day', type: 'INT32', nullable: true }, { name: 'role', type: 'STRING', nullable: true }, { name: 'lane', type: 'STRING' }, { name: 'row', type: 'INT32' },
  { name: 'start_s', type: 'DOUBLE' }, { name: 'beats', type: 'INT32' }, { name: 'symbol', type: 'STRING' }, { name: 'samples', type: 'FLOAT', list: true },
]

interface Row {
  readonly item: ExportEntry
  readonly window: ExportWindow
  readonly lane: string
}

/** windows.parquet: one row per window, its samples as a list. */
export class ParquetExport {
  windows = 0
  readonly #file: ParquetWriter
  readonly #sink: ExportSink
  readonly #options: WindowOptions
  readonly #subjects: ReadonlyMap<string, number>
  readonly #perGroup: number
  #rows: Row[] = []

  private constructor(sink: ExportSink, version: DatasetVersion, options: WindowOptions, entries: readonly ExportEntry[]) {
    this.#sink = sink
    this.#options = options
    this.#subjects = new Map([...new Set(entries.map(({ entry }) => entry.subject as string))].map((code, i) => [code, i]))
    const { before, length } = windowSamples(options)
    this.#perGroup = Math.max(1, Math.floor(groupSamples / length))
    this.#file = new ParquetWriter(sink.write, parquetColumns, { version: version.name, version_hash: version.hash, rate_hz: String(options.rateHz), samples: String(length), anchor: String(before) })
  }

  static async begin(out: ExportFolder, version: DatasetVersion, options: WindowOptions, entries: readonly ExportEntry[]): Promise<ParquetExport> {
    return new ParquetExport(await out.create('windows.parquet'), version, options, entries)
  }

  async add(item: ExportEntry, window: ExportWindow, lane: string): Promise<void> {
    this.#rows.push({ item, window, lane })
    this.windows++
    if (this.#rows.length >= this.#perGroup) await this.#group()
  }

  async end(): Promise<void> {
    await this.#group()
    await this.#file.finish()
    await this.#sink.end()
  }

  async #group(): Promise<void> {
    const rows = this.#rows
    this.#rows = []
    const { before } = windowSamples(this.#options)
    await this.#file.writeGroup({
      subject: rows.map(({ item }) => item.entry.subject),
      subject_index: rows.map(({ item }) => this.#subjects.get(item.entry.subject) ?? -1),
      session: rows.map(({ item }) => item.session),
      recording: rows.map(({ item }) => item.name),
      day: rows.map(({ item }) => item.day),
      role: rows.map(({ window }) => window.role),
      lane: rows.map(({ lane }) => lane),
      row: rows.map(({ window }) => window.row),
      start_s: rows.map(({ item, window }) => window.row / item.entry.rateHz - before / this.#options.rateHz),
      beats: rows.map(({ window }) => window.beats),
      symbol: rows.map(({ window }) => window.symbol),
      samples: rows.map(({ window }) => window.samples),
    })
  }
}
