import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { DatasetInfo, datasetFormatVersion, LabError, type DatasetInfoChange, type DatasetSummary } from '../contract/index.ts'
import { Audit } from './audit.ts'
import { CandidateCollector } from './candidates.ts'
import { Catalogue } from './catalogue.ts'
import { finishErasures } from './erasure.ts'
import { nodeFiles, writeAtomically, type Files } from './files.ts'
import { LabelStore } from './labels.ts'
import { acquireLock, lockHolder, type DatasetLock } from './lock.ts'
import { RecordingStore } from './recordings.ts'
import { SignalCache } from './signal-cache.ts'
import { removeStaging } from './staging.ts'
import { SplitStore } from './splits.ts'
import { SubjectStore } from './subjects.ts'
import { VersionStore } from './versions.ts'
import { WriteContext } from './write-context.ts'

export interface DatasetOptions {
  readonly files?: Files
  /** Wall clock, ms since 1970. */
  readonly now?: () => number
  /** Who makes the changes, for the audit trail; the account's name and host by default. */
  readonly by?: string
}

/** The dataset folder: the only truth. Open for writing it holds the folder's lock; open for reading it sees what a writer has finished. */
export class Dataset {
  readonly path: string
  readonly files: Files
  readonly access: 'read' | 'write'
  readonly subjects: SubjectStore
  readonly recordings: RecordingStore
  readonly audit: Audit
  readonly labels: LabelStore
  readonly versions: VersionStore
  readonly splits: SplitStore
  /** What curation rules ask of the recordings. */
  readonly candidates: CandidateCollector
  /** Signals that are open for reading. */
  readonly signals: SignalCache
  readonly #context: WriteContext
  readonly #lock: DatasetLock | null
  #info: DatasetInfo

  private constructor(parts: Pick<Dataset, 'path' | 'files' | 'access' | 'subjects' | 'recordings' | 'audit' | 'labels'>, context: WriteContext, lock: DatasetLock | null, info: DatasetInfo) {
    this.path = parts.path
    this.files = parts.files
    this.access = parts.access
    this.subjects = parts.subjects
    this.recordings = parts.recordings
    this.audit = parts.audit
    this.labels = parts.labels
    this.versions = new VersionStore(parts.files, parts.path, context, parts.recordings)
    this.splits = new SplitStore(parts.files, parts.path, context, { versions: this.versions, subjects: parts.subjects })
    this.candidates = new CandidateCollector(parts)
    this.signals = new SignalCache(parts.files, parts.recordings)
    this.#context = context
    this.#lock = lock
    this.#info = info
  }

  /**
   * Makes a new dataset and opens it for writing. The folder may exist, without a dataset in it. dataset.json is written last: a crash
   * before that leaves no dataset.
   * @throws LabError `request-invalid` (no name), `dataset-exists`, `dataset-not-writable`, `dataset-locked`, `dataset-full`, `file-write-failed`.
   */
  static async create(path: string, options: DatasetOptions & { name: string; synthetic?: boolean }): Promise<Dataset> {
    const { files = nodeFiles, now = () => Date.now() } = options
    const folder = resolve(path)
    const info = checkedInfo({
      id: randomUUID(),
      name: options.name.trim(),
      formatVersion: datasetFormatVersion,
      createdAt: new Date(now()).toISOString(),
      synthetic: options.synthetic ?? false,
    })
    await refuseExisting(files, folder)
    await reachable(folder, () => files.makeFolder(folder))
    const lock = await reachable(folder, () => acquireLock(files, folder, { now }))
    try {
      await refuseExisting(files, folder)
      await files.makeFolder(join(folder, 'recordings'))
      const dataset = await Dataset.#assemble(folder, 'write', options, lock, info)
      await dataset.#context.audit('dataset.created', { dataset: info.id })
      await dataset.#writeInfo(info)
      return dataset
    } catch (thrown) {
      await lock.release()
      throw thrown
    }
  }

  /**
   * Opens a dataset folder.
   * @throws LabError `dataset-not-found`, `dataset-invalid`, `dataset-format-newer`; for writing also `dataset-locked`,
   * `dataset-not-writable`, `dataset-full`.
   */
  static async open(path: string, options: DatasetOptions & { access: 'read' | 'write' }): Promise<Dataset> {
    const { files = nodeFiles, now = () => Date.now(), access } = options
    const folder = resolve(path)
    const info = await readInfo(files, folder)
    if (access === 'read') return Dataset.#assemble(folder, access, options, null, info)
    const lock = await reachable(folder, () => acquireLock(files, folder, { now }))
    try {
      await removeStaging(files, folder)
      // Again, under the lock: the writer before may have changed it.
      const dataset = await Dataset.#assemble(folder, access, options, lock, await readInfo(files, folder))
      await finishErasures(dataset)
      return dataset
    } catch (thrown) {
      await lock.release()
      throw thrown
    }
  }

  static async #assemble(path: string, access: 'read' | 'write', options: DatasetOptions, lock: DatasetLock | null, info: DatasetInfo): Promise<Dataset> {
    const { files = nodeFiles, now = () => Date.now(), by = account() } = options
    const audit = new Audit(files, join(path, 'audit.jsonl'))
    const context = new WriteContext({ path, writable: access === 'write', now, by, audit })
    const otherWriter = async (): Promise<string | null> => (access === 'write' ? null : ((await lockHolder(files, path))?.since ?? null))
    // Each needs the other only once both are there.
    const subjects: SubjectStore = await SubjectStore.open(files, join(path, 'subjects.jsonl'), context, () => recordings.counts())
    const recordings: RecordingStore = await RecordingStore.open(files, join(path, 'recordings'), context, {
      otherWriterSince: otherWriter,
      catalogue: new Catalogue(files, join(path, '.catalogue.jsonl'), info.id),
      resolve: (code) => subjects.resolve(code),
    })
    const labels = new LabelStore(files, context, recordings, subjects)
    return new Dataset({ path, files, access, subjects, recordings, audit, labels }, context, lock, info)
  }

  get info(): DatasetInfo {
    return this.#info
  }

  /** @throws LabError `request-invalid`, `dataset-not-writable`, and the errors of writing. */
  async updateInfo(change: DatasetInfoChange): Promise<DatasetInfo> {
    this.#context.requireWritable()
    await this.#writeInfo(checkedInfo({ ...this.#info, ...change }))
    await this.#context.audit('dataset.updated', { fields: Object.keys(change) })
    return this.#info
  }

  /** An audit entry about something beside the stores, such as a run. Codes and names of files only. @throws LabError `dataset-not-writable` and the errors of writing. */
  async note(what: string, data: Record<string, unknown>): Promise<void> {
    this.#context.requireWritable()
    await this.#context.audit(what, data)
  }

  async #writeInfo(info: DatasetInfo): Promise<void> {
    await writeAtomically(this.files, join(this.path, 'dataset.json'), `${JSON.stringify(info, null, 2)}\n`)
    this.#info = info
  }

  /** Counts, free space and what awaits recovery; discarded recordings do not count. Quick: see `RecordingStore.snapshot`. */
  async summary(): Promise<DatasetSummary> {
    const items = await this.recordings.snapshot()
    const interrupted = await this.recordings.interruptedOf(items)
    if (this.access === 'read') await this.subjects.refresh()
    const kept = items.filter((item) => item.state !== 'discarded')
    return {
      path: this.path,
      info: this.#info,
      subjects: this.subjects.size,
      recordings: kept.length,
      seconds: kept.reduce((sum, item) => sum + item.seconds, 0),
      freeBytes: await this.files.freeBytes(this.path),
      interrupted,
    }
  }

  /** Gives the lock back. The object is not to be used afterwards. */
  async close(): Promise<void> {
    try {
      await this.signals.close()
      await this.labels.close()
      await this.recordings.close()
    } finally {
      await this.#lock?.release()
    }
  }
}

/** @throws LabError `request-invalid` with the field. */
function checkedInfo(info: unknown): DatasetInfo {
  const read = DatasetInfo.safeParse(info)
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]
  const field = path.map(String).join('.')
  throw new LabError('request-invalid', `The dataset's description is not valid: ${field}: ${message}.`, { path: field, reason: message })
}

async function refuseExisting(files: Files, folder: string): Promise<void> {
  if (await reachable(folder, () => files.stat(join(folder, 'dataset.json')))) {
    throw new LabError('dataset-exists', `There is already a dataset in ${folder}.`, { path: folder })
  }
  const found = await files.stat(folder)
  if (found && !found.folder) throw new LabError('dataset-not-writable', `${folder} is a file, not a folder.`, { path: folder })
}

/** A folder that cannot be made or locked is, to a person, a dataset that cannot be written there. */
async function reachable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const error = LabError.from(thrown)
    if (error.code !== 'file-write-failed' && error.code !== 'file-not-found' && error.code !== 'file-read-failed') throw error
    throw new LabError('dataset-not-writable', `Nothing can be written in ${folder}: ${error.message}`, { ...error.data, path: folder }, { cause: thrown })
  }
}

async function readInfo(files: Files, folder: string): Promise<DatasetInfo> {
  const path = join(folder, 'dataset.json')
  if ((await files.stat(path)) === null) throw new LabError('dataset-not-found', `There is no dataset in ${folder}.`, { path: folder })
  const damaged = (reason: string, cause: unknown): LabError =>
    new LabError('dataset-invalid', `dataset.json in ${folder} is damaged: ${reason}.`, { path, reason }, { cause })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(await files.readFile(path)))
  } catch (thrown) {
    if (thrown instanceof LabError) throw thrown
    throw damaged(thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  // Before anything else: a newer version may have changed every other field.
  const version = typeof json === 'object' && json !== null && 'formatVersion' in json ? json.formatVersion : null
  if (typeof version === 'number' && version > datasetFormatVersion) {
    throw new LabError('dataset-format-newer', `${folder} was written by a newer Pulseprint (format ${version}; this program knows ${datasetFormatVersion}).`, {
      path: folder,
      formatVersion: version,
      known: datasetFormatVersion,
    })
  }
  const read = DatasetInfo.safeParse(json)
  if (!read.success) throw damaged(`${read.error.issues[0].path.map(String).join('.')}: ${read.error.issues[0].message}`, read.error)
  return read.data
}

function account(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // An account without an entry in the password file (containers).
    return `unknown@${hostname()}`
  }
}
