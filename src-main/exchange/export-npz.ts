import type { SplitRole } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import { NpzWriter } from '../formats/npz-writer.ts'
import type { ExportFolder } from './export-folder.ts'
import type { ExportEntry } from './export-plan.ts'
import type { ExportWindow } from './export-windows.ts'
import { windowSamples, type WindowOptions } from './window-stretch.ts'

/** A file of windows holds at most so many bytes of them: readers load one as a whole. */
const shardBytes = 2 ** 31
/** Written, and copied, in one go. */
const writtenBytes = 1 << 20
const blockBytes = 1 << 22
const roles: readonly SplitRole[] = ['train', 'validation', 'enrol', 'test']

/** What a window is of, in the columns of the file. */
interface Columns {
  readonly subject: number[]
  readonly recording: number[]
  readonly session: number[]
  readonly day: number[]
  readonly role: number[]
  readonly row: number[]
  readonly beats: number[]
}

const noColumns = (): Columns => ({ subject: [], recording: [], session: [], day: [], role: [], row: [], beats: [] })

/**
 * windows.npz (windows-001.npz ... where there is more than one file holds): `windows` float32 [n, samples], one integer per window for subject, recording, session, day, role, row and number of
 * beats, and the tables that these count in. An array's shape comes before its values, so that the values wait in a file of their own until all windows are known.
 */
export class NpzExport {
  windows = 0
  readonly #out: ExportFolder
  readonly #disk: Files
  readonly #options: WindowOptions
  readonly #length: number
  readonly #perShard: number
  /** What the columns count in -> its place. */
  readonly #subjects: ReadonlyMap<string, number>
  readonly #recordings: ReadonlyMap<ExportEntry, number>
  readonly #sessions: ReadonlyMap<string, number>
  readonly #names: string[] = []
  #columns = noColumns()
  #waiting: Float32Array[] = []
  #scratch: Awaited<ReturnType<ExportFolder['scratch']>> | null = null

  constructor(out: ExportFolder, disk: Files, options: WindowOptions, entries: readonly ExportEntry[], perShard?: number) {
    this.#out = out
    this.#disk = disk
    this.#options = options
    this.#length = windowSamples(options).length
    this.#perShard = perShard ?? Math.max(1, Math.floor(shardBytes / (4 * this.#length)))
    this.#recordings = places(entries)
    this.#subjects = places(entries.map(({ entry }) => entry.subject))
    this.#sessions = places(entries.map(({ session }) => session))
  }

  async add(item: ExportEntry, window: ExportWindow): Promise<void> {
    this.#scratch ??= await this.#out.scratch('windows.part')
    const columns = this.#columns
    columns.subject.push(this.#subjects.get(item.entry.subject) ?? -1)
    columns.recording.push(this.#recordings.get(item) ?? -1)
    columns.session.push(this.#sessions.get(item.session) ?? -1)
    columns.day.push(item.day ?? -1)
    columns.role.push(window.role === null ? -1 : roles.indexOf(window.role))
    columns.row.push(window.row)
    columns.beats.push(window.beats)
    this.#waiting.push(window.samples)
    this.windows++
    if (this.#waiting.length * this.#length * 4 >= writtenBytes) await this.#flush()
    if (columns.row.length >= this.#perShard) await this.#close()
  }

  async #flush(): Promise<void> {
    const values = new Float32Array(this.#waiting.length * this.#length)
    this.#waiting.forEach((window, i) => values.set(window, i * this.#length))
    this.#waiting = []
    await this.#scratch?.write(new Uint8Array(values.buffer))
  }

  async end(): Promise<void> {
    if (this.#columns.row.length > 0 || this.#names.length === 0) await this.#close()
  }

  /** One file from what waits. */
  async #close(): Promise<void> {
    await this.#flush()
    const columns = this.#columns
    this.#columns = noColumns()
    const count = columns.row.length
    // The first file is called windows.npz only when it stays the only one, which is known at the end: names are numbered whenever a file is full.
    const full = count >= this.#perShard
    const name = full || this.#names.length > 0 ? `windows-${String(this.#names.length + 1).padStart(3, '0')}.npz` : 'windows.npz'
    this.#names.push(name)
    const sink = await this.#out.create(name)
    const file = new NpzWriter(sink.write)
    await file.begin('windows', '<f4', [count, this.#length])
    await this.#copy(file)
    for (const [column, values] of Object.entries(columns) as [keyof Columns, number[]][]) await file.add(column, Int32Array.from(values))
    await file.add('subjects', [...this.#subjects.keys()])
    await file.add('recordings', [...this.#recordings.keys()].map(({ entry, name: own }) => `${entry.subject}/${own}`))
    await file.add('sessions', [...this.#sessions.keys()])
    await file.add('roles', [...roles])
    await file.add('rate_hz', Float64Array.of(this.#options.rateHz))
    await file.add('anchor', Int32Array.of(windowSamples(this.#options).before))
    await file.finish()
    await sink.end()
  }

  async #copy(file: NpzWriter): Promise<void> {
    const scratch = this.#scratch
    this.#scratch = null
    if (!scratch) return
    await scratch.close()
    const source = await this.#disk.open(scratch.path, 'read')
    try {
      for (let at = 0; ; ) {
        const block = new Uint8Array(blockBytes)
        let got = 0
        while (got < block.length) {
          const more = await source.read(block.subarray(got), at + got)
          if (more === 0) break
          got += more
        }
        if (got === 0) break
        await file.write(new Float32Array(block.buffer, 0, got / 4))
        at += got
      }
    } finally {
      await source.close()
    }
    await scratch.drop()
  }
}

/** Every item once, in the order in which they first come, with its place. */
function places<T>(items: readonly T[]): ReadonlyMap<T, number> {
  return new Map([...new Set(items)].map((item, i) => [item, i]))
}
