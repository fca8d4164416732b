import { join } from 'node:path'
import { LabError, RunId, RunRecord } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import { RunFolder } from './run-folder.ts'

/** A run that cannot be read, beside those that can. */
export interface RunListing {
  readonly records: RunRecord[]
  readonly problems: readonly { readonly id: RunId; readonly error: LabError }[]
}

/** The runs of a dataset: runs/<id>/. Any program that has the dataset open may read them; who changes one holds that run's own lock. */
export class RunStore {
  readonly #files: Files
  readonly #root: string

  constructor(files: Files, datasetPath: string) {
    this.#files = files
    this.#root = join(datasetPath, 'runs')
  }

  folder(id: RunId): RunFolder {
    return new RunFolder(this.#files, join(this.#root, id), id)
  }

  async ids(): Promise<RunId[]> {
    if ((await this.#files.stat(this.#root)) === null) return []
    return (await this.#files.list(this.#root)).flatMap(({ name, folder }) => (folder && RunId.safeParse(name).success ? RunId.parse(name) : [])).sort()
  }

  /** Oldest first. */
  async list(): Promise<RunListing> {
    const records: RunRecord[] = []
    const problems: { id: RunId; error: LabError }[] = []
    for (const id of await this.ids()) {
      try {
        records.push(await this.folder(id).record())
      } catch (thrown) {
        problems.push({ id, error: LabError.from(thrown) })
      }
    }
    return { records, problems }
  }

  /** A whole id or a beginning that fits only one, or a run's name, the newest of several. @throws LabError `run-not-found` with `matches`. */
  async find(text: string): Promise<RunId> {
    const wanted = text.trim()
    const ids = await this.ids()
    const matches = wanted === '' ? [] : ids.filter((id) => id.startsWith(wanted.toUpperCase()))
    if (matches.length === 1) return matches[0]
    // A run without a name is not called by none: an empty variable of a script must not find the newest of them.
    const named = wanted === '' || matches.length > 0 ? [] : (await this.list()).records.filter(({ name }) => name === wanted)
    const newest = named.at(-1)
    if (newest) return newest.id
    throw new LabError('run-not-found', matches.length === 0 ? `There is no run ${text} in this dataset.` : `${matches.length} runs begin with ${text}.`, { run: text, matches: matches.slice(0, 20) })
  }

  /** @throws LabError `request-invalid` for a record that could not be read again, and those of writing. */
  async create(record: RunRecord): Promise<RunFolder> {
    const read = RunRecord.safeParse(record)
    if (!read.success) {
      const [{ path, message }] = read.error.issues
      throw new LabError('request-invalid', `A run cannot have this ${path.map(String).join('.')}: ${message}`, { path: path.map(String).join('.'), reason: message })
    }
    const folder = this.folder(record.id)
    await this.#files.makeFolder(folder.path)
    try {
      await folder.writeRecord(record)
    } catch (thrown) {
      // A folder without run.json would be listed as a run that is not there.
      await this.#files.remove(folder.path).catch(() => undefined)
      throw thrown
    }
    return folder
  }

  /** @throws LabError `run-busy` while it is trained, and those of removing. */
  async remove(id: RunId): Promise<void> {
    const folder = this.folder(id)
    const lock = await folder.lock()
    try {
      await this.#files.remove(folder.path)
    } finally {
      await lock.release()
    }
  }
}
