import { join } from 'node:path'
import { LabError, type ExportOptions, type ExportReport, type Recording, type Subject } from '../contract/index.ts'
import { joinSpans } from '../curation/spans.ts'
import { readAnalysis } from '../dataset/analysis.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { sha256File } from '../dataset/hashes.ts'
import { parseHeader } from '../formats/wfdb-header.ts'
import { wfdbFormatFor, type WfdbWriteFormat } from '../formats/wfdb-signal.ts'
import { croissant } from './export-croissant.ts'
import { CsvExport } from './export-csv.ts'
import { datasheet, type PaperFacts } from './export-datasheet.ts'
import { exportEdf } from './export-edf.ts'
import { ExportFacts } from './export-facts.ts'
import { ExportFolder } from './export-folder.ts'
import { exportLabels, requireLayer } from './export-labels.ts'
import { NpzExport } from './export-npz.ts'
import { ParquetExport } from './export-parquet.ts'
import { planExport, type ExportEntry, type ExportPlan } from './export-plan.ts'
import type { RecordingExport } from './export-recording.ts'
import { writeSplit, writeTables, writeVersion } from './export-tables.ts'
import { exportWfdb } from './export-wfdb.ts'
import { cutWindows, requireWindows, windowLane } from './export-windows.ts'

export interface ExportContext {
  /** Wall clock, ms; only the report's seconds come from it. */
  readonly now: () => number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number | null) => void
}

/**
 * Writes a version, and a split of it, as files of another format, with a datasheet, Croissant metadata and the hash of every file. Needs a dataset that is open for reading only. Names, notes,
 * operators, stations, serial numbers and, unless `keepDates`, dates do not go out (see export-plan.ts). The same version and options give the same bytes. One recording is held at a time, in
 * blocks. What was written is removed when the export fails or is cancelled.
 * @throws LabError `export-folder-not-empty`, `request-invalid` (windows, or a folder within the dataset), `version-not-found`, `version-invalid`, `version-content-changed`, `split-not-found`, `split-invalid`, `label-not-found`, `edf-range-exceeded`,
 *   `cancelled`, and those of reading and writing.
 * @example await exportVersion(dataset, ExportOptions.parse({ version: 'v1', format: 'bdf', out: '/tmp/out' }), { now: () => Date.now() })
 */
export async function exportVersion(dataset: Dataset, options: ExportOptions, context: ExportContext): Promise<ExportReport> {
  const began = context.now()
  requireWindows(options.window)
  const plan = await planExport(dataset, options)
  const out = await ExportFolder.begin(dataset.files, options.out, dataset.path)
  try {
    const run = new ExportRun(dataset, options, plan, out, context)
    const report = await run.run()
    const { files, bytes } = await out.finish()
    return { ...report, out: out.path, format: options.format, files, bytes, missing: [...plan.missing], seconds: (context.now() - began) / 1000 }
  } catch (thrown) {
    // The reason is what counts; a disk that fails may keep what was written, which its mark INCOMPLETE tells.
    await out.abandon().catch(() => undefined)
    throw thrown
  }
}

/** Takes one recording after the other. */
interface Writer {
  add(item: RecordingExport): Promise<void>
  end(): Promise<void>
}

class ExportRun {
  readonly #dataset: Dataset
  readonly #options: ExportOptions
  readonly #plan: ExportPlan
  readonly #out: ExportFolder
  readonly #context: ExportContext
  readonly #facts = new ExportFacts()
  readonly #changed: ExportReport['changed'] = []

  constructor(dataset: Dataset, options: ExportOptions, plan: ExportPlan, out: ExportFolder, context: ExportContext) {
    this.#dataset = dataset
    this.#options = options
    this.#plan = plan
    this.#out = out
    this.#context = context
  }

  async run(): Promise<Pick<ExportReport, 'recordings' | 'windows' | 'changed'>> {
    const { format, keepDates } = this.#options
    const { entries, split } = this.#plan
    const writer = await this.#writer()
    const beats = new Map<ExportEntry, number>()
    for (const [i, item] of entries.entries()) {
      this.#stopIfAsked()
      beats.set(item, await this.#recording(item, writer))
      this.#context.onProgress?.(i + 1, entries.length)
    }
    requireLayer(this.#options.annotator, entries.length === 0 ? 1 : this.#facts.layers)
    await writer.end()
    await writeTables(this.#out, this.#plan, format, beats)
    await writeVersion(this.#out, this.#plan, keepDates)
    const trials = split ? await writeSplit(this.#out, split, entries) : 0
    await this.#papers(trials)
    const windowed = format === 'npz' || format === 'parquet'
    return { recordings: entries.length, windows: windowed ? this.#facts.windows : null, changed: this.#changed }
  }

  #stopIfAsked(): void {
    if (this.#context.signal?.aborted) throw new LabError('cancelled', 'The export was cancelled.')
  }

  async #papers(trials: number): Promise<void> {
    const codes = new Set<string>(this.#plan.entries.map(({ entry }) => entry.subject))
    const people: Subject[] = (await this.#dataset.subjects.list()).filter(({ code }) => codes.has(code))
    const paper: PaperFacts = { info: this.#dataset.info, plan: this.#plan, options: this.#options, facts: this.#facts, people, changed: this.#changed, trials }
    await this.#out.put('datasheet.md', datasheet(paper))
    await this.#out.put('croissant.json', croissant(paper, this.#out.files))
  }

  /** Returns the beats that went out. */
  async #recording(item: ExportEntry, writer: Writer): Promise<number> {
    const { signal } = this.#context
    const { recording: id, signalHash } = item.entry
    return this.#dataset.signals.use(id, async (stored, recording) => {
      await this.#requireSound(recording, signalHash)
      const labels = await exportLabels(this.#dataset, recording, this.#options.annotator, joinSpans(item.entry.spans))
      this.#facts.add(item, recording, labels)
      const format = await this.#storedFormat(recording)
      const { keepDates } = this.#options
      await writer.add({ out: this.#out, item, recording, stored, format, labels, keepDates, changed: this.#changed, ...(signal && { signal }) })
      return labels.beats.length
    })
  }

  /** recording.json says what was frozen; the samples must still be what it says. */
  async #requireSound({ id }: Recording, signalHash: string): Promise<void> {
    const path = join(this.#dataset.recordings.folder(id), 'signals.dat')
    const { sha256 } = await sha256File(this.#dataset.files, path, this.#context.signal ? { signal: this.#context.signal } : {})
    if (sha256 === signalHash) return
    throw new LabError('version-content-changed', `signals.dat of ${id} is not what the version "${this.#plan.version.name}" froze.`, { version: this.#plan.version.name, changed: [id], missing: [], path })
  }

  /** The format that signals.dat has; an imported file's samples may need a wider one than its lanes claim. */
  async #storedFormat({ id, lanes }: Recording): Promise<WfdbWriteFormat> {
    const header = parseHeader(new TextDecoder().decode(await this.#dataset.files.readFile(join(this.#dataset.recordings.folder(id), 'signals.hea'))))
    const format = header.signals[0]?.format
    return format === 16 || format === 24 || format === 32 ? format : wfdbFormatFor(lanes)
  }

  async #writer(): Promise<Writer> {
    const { format, window } = this.#options
    const nothing = (): Promise<void> => Promise.resolve()
    if (format === 'wfdb') return { add: exportWfdb, end: nothing }
    if (format === 'csv') return CsvExport.begin(this.#out)
    if (format === 'npz') {
      const file = new NpzExport(this.#out, this.#dataset.files, window, this.#plan.entries)
      return { add: (item) => this.#windows(item, (one) => file.add(item.item, one)), end: () => file.end() }
    }
    if (format === 'parquet') {
      const file = await ParquetExport.begin(this.#out, this.#plan.version, window, this.#plan.entries)
      return { add: (item) => this.#windows(item, (one, lane) => file.add(item.item, one, lane)), end: () => file.end() }
    }
    return { add: (item) => exportEdf(item, format), end: nothing }
  }

  async #windows({ item, recording, stored, labels, signal }: RecordingExport, take: (window: Parameters<NpzExport['add']>[1], lane: string) => Promise<void>): Promise<void> {
    const lane = windowLane(recording, this.#options.window.lane, await this.#usable(recording))
    if (!lane) {
      this.#facts.noLane++
      return
    }
    for await (const window of cutWindows({ item, recording, stored, labels, lane, options: this.#options.window, ...(signal && { signal }) })) {
      await take(window, lane.lane.label)
      this.#facts.windows++
    }
  }

  /** Usable seconds by lane, where the recording was analysed. */
  async #usable({ id, contentHash }: Recording): Promise<ReadonlyMap<string, number>> {
    const analysis = await readAnalysis(this.#dataset.files, this.#dataset.recordings.folder(id), contentHash)
    return new Map((analysis?.lanes ?? []).map(({ lane, usableSeconds }) => [lane, usableSeconds]))
  }
}
