import { join } from 'node:path'
import {
  DatasetVersion, LabError, type CurationOverride, type CurationRule, type RecordingId, type VerifyFinding, type VersionDiff, type VersionEntry, type VersionSummary,
} from '../contract/index.ts'
import { rowsIn } from '../curation/spans.ts'
import { versionContent, versionHash, withoutRecordings } from '../curation/version-content.ts'
import { versionDiff } from '../curation/version-diff.ts'
import type { CurationCandidate } from '../curation/candidates.ts'
import { writeAtomically, type Files } from './files.ts'
import { sha256, sha256File } from './hashes.ts'
import { NamedFiles } from './named-files.ts'
import type { RecordingStore } from './recordings.ts'
import type { WriteContext } from './write-context.ts'

export interface NewVersion {
  readonly name: string
  readonly note: string
  readonly rules: readonly CurationRule[]
  readonly overrides: readonly CurationOverride[]
  readonly candidates: readonly CurationCandidate[]
}

/** versions/<name>.json: frozen lists of recordings with the rows that are kept. Written once, never overwritten, checked against its hash at every reading. */
export class VersionStore {
  readonly #files: Files
  readonly #context: WriteContext
  readonly #recordings: RecordingStore
  readonly #named: NamedFiles<typeof DatasetVersion>
  readonly #listeners = new Set<() => void>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(files: Files, root: string, context: WriteContext, recordings: RecordingStore) {
    this.#files = files
    this.#context = context
    this.#recordings = recordings
    this.#named = new NamedFiles(files, join(root, 'versions'), DatasetVersion, 'version', { missing: 'version-not-found', exists: 'version-exists', invalid: 'version-invalid' })
  }

  /** Called after every change. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws LabError `version-not-found`, `version-invalid` when the content does not give its hash, and those of reading. */
  async get(name: string): Promise<DatasetVersion> {
    const version = await this.#named.read(name)
    if (version.name !== name) throw this.#named.invalid(name, `it says that it is "${version.name}"`)
    const hash = versionHash(version, sha256)
    if (hash !== version.hash) throw this.#named.invalid(name, `its content has the hash ${hash}, it says ${version.hash}`)
    return version
  }

  /** All versions, oldest first; one that cannot be used says why in `problem`. */
  async list(): Promise<VersionSummary[]> {
    const current = await this.currentHashes()
    const summaries = await Promise.all((await this.#named.names()).map((name) => this.#summary(name, current)))
    return summaries.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0))
  }

  async #summary(name: string, current: ReadonlyMap<string, string>): Promise<VersionSummary> {
    try {
      const { note, createdAt, hash, entries, excluded } = await this.get(name)
      const missing = entries.filter(({ recording }) => !current.has(recording)).length
      const same = entries.filter(({ recording, contentHash }) => current.get(recording) === contentHash).length
      return {
        name, note, createdAt, hash, missing, problem: null,
        recordings: entries.length,
        subjects: new Set(entries.map(({ subject }) => subject)).size,
        sessions: new Set(entries.map(({ subject, session }) => `${subject} ${session}`)).size,
        seconds: entries.reduce((sum, { spans, rateHz }) => sum + rowsIn(spans) / rateHz, 0),
        excluded: excluded.length,
        changed: entries.length - missing - same,
      }
    } catch (thrown) {
      const { message } = LabError.from(thrown)
      return { name, note: '', createdAt: '', hash: '', recordings: 0, subjects: 0, sessions: 0, seconds: 0, excluded: 0, missing: 0, changed: 0, problem: message }
    }
  }

  /** Content hash of every recording as its recording.json now says. */
  async currentHashes(): Promise<ReadonlyMap<string, string>> {
    return new Map((await this.#recordings.list()).map(({ id, contentHash }) => [id, contentHash]))
  }

  /**
   * As `currentHashes`, but signals.dat of these recordings is read as a whole: one whose bytes are not those that were frozen has no hash that any version knows.
   * @throws LabError of reading, `cancelled`.
   */
  async readHashes(entries: readonly Pick<VersionEntry, 'recording' | 'signalHash'>[], signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const hashes = new Map(await this.currentHashes())
    for (const { recording, signalHash } of entries) {
      if (!hashes.has(recording)) continue
      const path = join(this.#recordings.folder(recording), 'signals.dat')
      // A recording without a row has no signal, and none was frozen.
      const found = (await this.#files.stat(path)) === null ? '' : (await sha256File(this.#files, path, { ...(signal && { signal }) })).sha256
      if (found !== signalHash) hashes.set(recording, `signals.dat ${found}`)
    }
    return hashes
  }

  /**
   * A version whose every recording is still what was frozen: what a split or an export may use.
   * @throws LabError `version-content-changed` with `data.changed` and `data.missing`, and those of `get`.
   */
  async getCurrent(name: string): Promise<DatasetVersion> {
    const version = await this.get(name)
    const current = await this.currentHashes()
    const missing = version.entries.filter(({ recording }) => !current.has(recording)).map(({ recording }) => recording)
    const changed = version.entries.filter(({ recording, contentHash }) => current.has(recording) && current.get(recording) !== contentHash).map(({ recording }) => recording)
    if (missing.length + changed.length > 0) {
      throw new LabError('version-content-changed', `Of the version "${name}", ${changed.length} recordings have changed since it was frozen and ${missing.length} are gone.`, {
        version: name, changed: changed.slice(0, 50), missing: missing.slice(0, 50),
      })
    }
    return version
  }

  /**
   * Freezes what the rules and overrides make of the candidates.
   * @throws LabError `version-exists`, `version-empty`, `rules-invalid`, `request-invalid` (name), and the errors of writing.
   */
  create({ name, note, rules, overrides, candidates }: NewVersion): Promise<DatasetVersion> {
    return this.#alone(async () => {
      await this.#named.requireFree(name)
      const content = versionContent(candidates, rules, overrides)
      const { at, by } = this.#context.stamp()
      const read = DatasetVersion.safeParse({ formatVersion: 1, name, note, createdAt: at, by, hash: versionHash(content, sha256), ...content, erasures: [] })
      if (!read.success) {
        const { path, message } = read.error.issues[0]
        throw new LabError('request-invalid', `The version is not valid: ${path.map(String).join('.')}: ${message}.`, { path: path.map(String).join('.'), reason: message })
      }
      await this.#write(read.data)
      await this.#context.audit('version.created', { version: name, hash: read.data.hash, recordings: read.data.entries.length })
      return read.data
    })
  }

  async #write(version: DatasetVersion): Promise<void> {
    await this.#files.makeFolder(this.#named.folder)
    await writeAtomically(this.#files, this.#named.path(version.name), `${JSON.stringify(version, null, 1)}\n`)
  }

  /** @throws LabError as `get`. */
  async diff(a: string, b: string): Promise<VersionDiff> {
    return versionDiff(await this.get(a), await this.get(b))
  }

  /**
   * Takes recordings of an erased person out of every version; returns the names of those that changed. A damaged version that names one of them cannot be mended and goes
   * as a whole. The caller writes the audit entry.
   */
  erase(recordings: ReadonlySet<RecordingId>): Promise<string[]> {
    return this.#alone(async () => {
      const changed: string[] = []
      await this.#named.sweep()
      for (const name of await this.#named.names()) {
        const left = await this.#without(name, recordings)
        if (left === null) continue
        if (left === 'damaged') await this.#files.remove(this.#named.path(name))
        else await this.#write(left)
        changed.push(name)
      }
      return changed
    })
  }

  async #without(name: string, recordings: ReadonlySet<RecordingId>): Promise<DatasetVersion | 'damaged' | null> {
    try {
      return withoutRecordings(await this.get(name), recordings, this.#context.stamp().at, sha256)
    } catch (thrown) {
      if (LabError.from(thrown).code !== 'version-invalid') throw thrown
      const text = await this.#named.text(name)
      return [...recordings].some((id) => text.includes(id)) ? 'damaged' : null
    }
  }

  /** Versions that cannot be read or do not give their hash, and those whose recordings are no longer what was frozen. */
  async findings(): Promise<VerifyFinding[]> {
    const findings: VerifyFinding[] = []
    for (const { name, problem, changed, missing } of await this.list()) {
      const file = `versions/${name}.json`
      if (problem !== null) findings.push({ recording: null, file, code: 'version-invalid', message: problem })
      else if (changed + missing > 0) findings.push({ recording: null, file, code: 'version-content-changed', message: `${changed} of its recordings have changed since it was frozen, ${missing} are gone.` })
    }
    return findings
  }

  /** One change at a time, then the listeners. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#context.requireWritable()
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    const result = await mine
    for (const listener of this.#listeners) listener()
    return result
  }
}
