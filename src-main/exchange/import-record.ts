import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { LabError, Recording, type FileEntry } from '../contract/index.ts'
import { analyseLanes, analysisText } from '../dataset/analysis.ts'
import type { Files, OpenFile } from '../dataset/files.ts'
import { sha256, sha256File } from '../dataset/hashes.ts'
import { labelFile } from './import-labels.ts'
import type { ImportSink } from './imported-signal.ts'
import { deriveImport, sourceFolderName, type DerivedImport, type ImportHead } from './imported-recording.ts'
import { LaneCollector } from './lane-collector.ts'
import { openSourceFolder } from './source-files.ts'
import { Turn } from './turn.ts'
import { splitPath, stemOf } from './walk.ts'

/** A planned record with its name and place, as a worker takes it. Plain values. */
export interface ImportTask {
  /** Place in the plan: recordings are taken in that order. */
  readonly index: number
  readonly head: Omit<ImportHead, 'originals'>
  /** Absolute folder of the leading file, and the originals within it. */
  readonly folder: string
  readonly names: readonly string[]
}

/** Identical content is one recording: what is compared, and which recording (or file of this import) had it first. */
export type KnownContent = ReadonlyMap<string, string>

export type ImportOutcome =
  | { readonly index: number; readonly type: 'made'; readonly recording: Recording; readonly folder: string; readonly content: readonly string[] }
  | { readonly index: number; readonly type: 'duplicate'; readonly sameAs: string }
  | { readonly index: number; readonly type: 'refused'; readonly code: string; readonly message: string }

export interface ImportRecordOptions {
  readonly signal?: AbortSignal
  /** Shared by what is imported side by side: the analysis of a long recording holds whole lanes. */
  readonly turn?: Turn
}

const blockBytes = 1 << 20
/** Signals up to this many samples (8 MiB, of several records at once) are analysed from memory while they are imported, longer ones from signals.dat, lane by lane. */
const mostKeptSamples = 1 << 21

/** What makes two recordings the same: all their signal files, or the stored signal. Headers and annotators may differ. */
export function contentKeys(recording: Pick<Recording, 'files' | 'origin'>): string[] {
  const { files, origin } = recording
  const keys = files.filter((file) => file.name === 'signals.dat').map((file) => `signal ${file.sha256}`)
  const data = origin ? dataHash(files, origin) : null
  return data === null ? keys : [...keys, data]
}

function dataHash(files: readonly FileEntry[], { file, annotators }: Pick<NonNullable<Recording['origin']>, 'file' | 'annotators'>): string | null {
  const without = new Set(annotators.map((annotator) => `${sourceFolderName}/${stemOf(file)}.${annotator}`))
  const data = files.filter(({ name }) => name.startsWith(`${sourceFolderName}/`) && !/\.hea$/i.test(name) && !without.has(name))
  return data.length === 0 ? null : `source ${sha256([...new Set(data.map((entry) => entry.sha256))].sort().join(' '))}`
}

/**
 * Makes the whole folder of one recording at `staging`/ID: originals first, then what follows from them, recording.json last; every file durable. What is refused or a
 * duplicate leaves nothing.
 * @throws LabError `dataset-full`, `dataset-not-writable`, `file-write-failed` (the whole import cannot go on), `cancelled`
 */
export async function importRecord(files: Files, task: ImportTask, staging: string, known: KnownContent, { signal, turn = new Turn() }: ImportRecordOptions = {}): Promise<ImportOutcome> {
  const { index, head } = task
  const folder = join(staging, head.id)
  try {
    const there = known.size === 0 ? null : await sameOriginals(files, task, known, signal)
    if (there !== null) return { index, type: 'duplicate', sameAs: there }
    const originals = await copyOriginals(files, task, join(folder, sourceFolderName), signal)
    const derived = await makeFolder(files, folder, { ...head, originals }, turn, signal)
    const content = contentKeys(derived.recording)
    const same = content.map((key) => known.get(key)).find((id) => id !== undefined)
    if (same !== undefined) return await left(files, folder, { index, type: 'duplicate', sameAs: same })
    return { index, type: 'made', recording: derived.recording, folder, content }
  } catch (thrown) {
    const error = LabError.from(thrown)
    // The reason is what counts; what stays is removed with the staging folder.
    await files.remove(folder).catch(() => undefined)
    if (signal?.aborted) throw new LabError('cancelled', 'Importing was cancelled.', {}, { cause: thrown })
    // What does not fit by itself may leave room for others.
    if (fatalCodes.has(error.code) && error.data.neededBytes === undefined) throw error
    return { index, type: 'refused', code: error.code, message: error.message }
  }
}

/** What no other record of the same import would be spared. */
const fatalCodes: ReadonlySet<string> = new Set<LabError['code']>(['dataset-full', 'dataset-not-writable', 'file-write-failed', 'cancelled'])

async function left(files: Files, folder: string, outcome: ImportOutcome): Promise<ImportOutcome> {
  await files.remove(folder)
  return outcome
}

/** The recording that has the same signal files, or `null`: looked at before anything is copied. */
async function sameOriginals(files: Files, { head, folder, names }: ImportTask, known: KnownContent, signal: AbortSignal | undefined): Promise<string | null> {
  const entries: FileEntry[] = []
  for (const name of names) entries.push({ name: `${sourceFolderName}/${name}`, ...(await sha256File(files, join(folder, name), signal ? { signal } : {})) })
  const hash = dataHash(entries, head.origin)
  return hash === null ? null : (known.get(hash) ?? null)
}

/** Byte for byte, hashed on the way. */
async function copyOriginals(files: Files, task: ImportTask, target: string, signal: AbortSignal | undefined): Promise<FileEntry[]> {
  const entries: FileEntry[] = []
  for (const folder of new Set(task.names.map((name) => dirname(join(target, name))))) await files.makeFolder(folder)
  for (const name of task.names) {
    entries.push({ name: `${sourceFolderName}/${name}`, ...(await copyFile(files, join(task.folder, name), join(target, name), signal)) })
  }
  return entries
}

async function copyFile(files: Files, from: string, to: string, signal: AbortSignal | undefined): Promise<{ bytes: number; sha256: string }> {
  const source = await files.open(from, 'read')
  try {
    const target = await files.open(to, 'create')
    try {
      const block = new Uint8Array(Math.max(1, Math.min(blockBytes, await source.size())))
      const hash = createHash('sha256')
      for (let bytes = 0; ; ) {
        if (signal?.aborted) throw new LabError('cancelled', 'Importing was cancelled.')
        const got = await source.read(block, bytes)
        if (got === 0) {
          await target.sync()
          return { bytes, sha256: hash.digest('hex') }
        }
        hash.update(block.subarray(0, got))
        await target.write(block.subarray(0, got))
        bytes += got
      }
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function makeFolder(files: Files, folder: string, head: ImportHead, turn: Turn, signal: AbortSignal | undefined): Promise<DerivedImport> {
  const collector = new LaneCollector(mostKeptSamples)
  const file = new SignalsDat(files, join(folder, 'signals.dat'))
  try {
    const options = { listener: collector, ...(signal && { signal }) }
    const derived = await deriveImport(await openSourceFolder(files, join(folder, sourceFolderName)), head, (bytes) => file.begin(bytes), options)
    await file.end()
    await writeAll(files, folder, derivedContents(derived))
    const kept = collector.lanes(derived.recording.lanes)
    const { analysis, beats } = kept ? await analyseLanes(derived.recording, kept, signal) : await turn.take(() => analyseLanes(derived.recording, { files, folder }, signal))
    const recording = Recording.parse(derived.recording)
    await writeAll(files, folder, [['analysis.qrs', beats], ['analysis.json', analysisText(analysis)], ['recording.json', `${JSON.stringify(recording, null, 2)}\n`]])
    await files.syncFolder(folder)
    return { ...derived, recording }
  } finally {
    await file.close()
  }
}

/** signals.hea, overview.bin and the label layers. */
function derivedContents({ signal, labels }: DerivedImport): [string, string | Uint8Array][] {
  return [['signals.hea', signal.header], ['overview.bin', signal.overview], ...[...labels].map(([annotator, events]): [string, string] => [`labels.${annotator}.jsonl`, labelFile(events)])]
}

/** Together, so that the disk makes them durable in one go. */
async function writeAll(files: Files, folder: string, contents: readonly [string, string | Uint8Array][]): Promise<void> {
  await Promise.all(contents.map(([name, content]) => writeDurably(files, join(folder, name), content)))
}

async function writeDurably(files: Files, path: string, content: Uint8Array | string): Promise<void> {
  const file = await files.open(path, 'create')
  try {
    await file.write(typeof content === 'string' ? new TextEncoder().encode(content) : content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** signals.dat while it is made; begun anew when the samples turn out to need another format. */
class SignalsDat {
  readonly #files: Files
  readonly #path: string
  #file: OpenFile | null = null

  constructor(files: Files, path: string) {
    this.#files = files
    this.#path = path
  }

  /** @throws LabError `dataset-full` with `data.neededBytes` when what is to come does not fit: a lying length must not fill the disk. */
  async begin(expectedBytes: number): Promise<ImportSink> {
    await this.close()
    await this.#files.remove(this.#path)
    const free = await this.#files.freeBytes(dirname(this.#path))
    if (expectedBytes > free) {
      const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
      throw new LabError('dataset-full', `Its signal would take ${megabytes(expectedBytes)}; ${megabytes(free)} are free.`, { neededBytes: expectedBytes, freeBytes: free })
    }
    const file = await this.#files.open(this.#path, 'create')
    this.#file = file
    return { write: (bytes) => file.write(bytes) }
  }

  async end(): Promise<void> {
    await this.#file?.sync()
    await this.close()
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }
}

/** Folder and names of a record's originals. @example originalsOf('/data', 'a/100.hea', ['100.hea', '100.dat']) // folder '/data/a' */
export function originalsFolder(root: string, file: string): string {
  return join(root, ...splitPath(file).folders)
}
