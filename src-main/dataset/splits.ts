import { join } from 'node:path'
import {
  DatasetSplit, LabError, type DatasetVersion, type LeakFinding, type RecordingId, type SplitOptions, type SplitReport, type SplitSummary, type VerifyFinding,
} from '../contract/index.ts'
import { blocks, checkLeaks } from '../curation/leak-checks.ts'
import type { LeakFacts } from '../curation/leak-findings.ts'
import { buildSplit, splitHash } from '../curation/split-build.ts'
import { splitReport } from '../curation/split-report.ts'
import { writeAtomically, type Files } from './files.ts'
import { sha256 } from './hashes.ts'
import { NamedFiles } from './named-files.ts'
import type { SubjectStore } from './subjects.ts'
import { isTrialListSound, writeTrialList } from './trial-list.ts'
import type { VersionStore } from './versions.ts'
import type { WriteContext } from './write-context.ts'

/** splits/<name>.json with its trial list splits/<name>.trials.txt beside it. Written once; the same version, options and program give the same bytes everywhere. */
export class SplitStore {
  readonly #files: Files
  readonly #context: WriteContext
  readonly #versions: VersionStore
  readonly #subjects: SubjectStore
  readonly #named: NamedFiles<typeof DatasetSplit>
  readonly #listeners = new Set<() => void>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(files: Files, root: string, context: WriteContext, stores: { versions: VersionStore; subjects: SubjectStore }) {
    this.#files = files
    this.#context = context
    this.#versions = stores.versions
    this.#subjects = stores.subjects
    this.#named = new NamedFiles(files, join(root, 'splits'), DatasetSplit, 'split', { missing: 'split-not-found', exists: 'split-exists', invalid: 'split-invalid' })
  }

  /** Called after every change. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws LabError `split-not-found`, `split-invalid` when the content does not give its hash, and those of reading. */
  async get(name: string): Promise<DatasetSplit> {
    const split = await this.#named.read(name)
    if (split.name !== name) throw this.#named.invalid(name, `it says that it is "${split.name}"`)
    const hash = splitHash(split, sha256)
    if (hash !== split.hash) throw this.#named.invalid(name, `its content has the hash ${hash}, it says ${split.hash}`)
    return split
  }

  /** All splits by name; one that cannot be used says why in `problem`. */
  async list(): Promise<SplitSummary[]> {
    return Promise.all((await this.#named.names()).map((name) => this.#summary(name)))
  }

  async #summary(name: string): Promise<SplitSummary> {
    const none = { train: 0, validation: 0, enrol: 0, test: 0 }
    try {
      const { version, options, hash, assignments } = await this.get(name)
      const recordings = { ...none }
      for (const { role } of assignments) recordings[role]++
      return { name, version, strategy: options.strategy, seed: options.seed, hash, subjects: new Set(assignments.map(({ subject }) => subject)).size, recordings, problem: null }
    } catch (thrown) {
      return { name, version: '', strategy: 'diagnostic-leaky', seed: 0, hash: '', subjects: 0, recordings: none, problem: LabError.from(thrown).message }
    }
  }

  async #facts(current: LeakFacts['current'] = null): Promise<LeakFacts> {
    await this.#subjects.refresh()
    return { person: (code) => this.#subjects.resolve(code), current: current ?? (await this.#versions.currentHashes()) }
  }

  /** A split with findings, support and matrix. @throws LabError as `get` and `VersionStore.get`. */
  async report(name: string): Promise<SplitReport> {
    const split = await this.get(name)
    return splitReport(split, await this.#versions.get(split.version), await this.#facts())
  }

  /**
   * The leak checks as of now. Unlike `report` it reads the signals of every recording in the split, and the trial list: what was changed behind the program's back is found.
   * @throws LabError as `report`, `cancelled`.
   */
  async check(name: string, signal?: AbortSignal): Promise<LeakFinding[]> {
    const split = await this.get(name)
    const version = await this.#versions.get(split.version)
    const assigned = new Set(split.assignments.map(({ recording }) => recording))
    const current = await this.#versions.readHashes(version.entries.filter(({ recording }) => assigned.has(recording)), signal)
    const findings = checkLeaks(split, version, await this.#facts(current))
    if (await isTrialListSound(this.#files, this.#trialsPath(name), split, signal)) return findings
    return [...findings, { check: 'content-changed', severity: 'block', message: `${name}.trials.txt is not the trial list of this split.`, recordings: [], subjects: [], data: {} }]
  }

  /** What `create` would make; nothing is written. @throws LabError as `create`, but for leaks, which are in the report. */
  async preview(version: string, options: SplitOptions): Promise<SplitReport> {
    const name = options.strategy === 'diagnostic-leaky' ? options.strategy : 'preview'
    const frozen = await this.#versions.getCurrent(version)
    return splitReport(buildSplit(frozen, name, options, sha256), frozen, await this.#facts())
  }

  /**
   * Makes a split of a version, and its trial list.
   * @throws LabError `split-exists`, `split-invalid`, `split-impossible`, `split-leaks` with `data.findings`, `version-not-found`, `version-invalid`, `version-content-changed`, and the
   * errors of writing.
   */
  create(version: string, name: string, options: SplitOptions): Promise<SplitReport> {
    return this.#alone(async () => {
      await this.#named.requireFree(name)
      const frozen = await this.#versions.getCurrent(version)
      const report = splitReport(parsed(buildSplit(frozen, name, options, sha256)), frozen, await this.#facts())
      const blocking = report.findings.filter(({ severity }) => severity === 'block')
      if (blocks(report.findings)) {
        throw new LabError('split-leaks', `The split "${name}" leaks: ${blocking.map(({ message }) => message).join(' ')}`, { split: name, findings: report.findings })
      }
      await this.#write(report.split)
      await this.#context.audit('split.created', { split: name, version, hash: report.split.hash, strategy: options.strategy })
      return report
    })
  }

  /** The trial list first: a split without one cannot be. */
  async #write(split: DatasetSplit): Promise<void> {
    await this.#files.makeFolder(this.#named.folder)
    await writeTrialList(this.#files, this.#trialsPath(split.name), split)
    await writeAtomically(this.#files, this.#named.path(split.name), `${JSON.stringify(split, null, 1)}\n`)
  }

  #trialsPath(name: string): string {
    return join(this.#named.folder, `${name}.trials.txt`)
  }

  /**
   * Takes recordings of an erased person out of every split, and makes the hash and the trial list anew. Splits of a version that lost entries follow it to its new hash. A
   * damaged split that names one of the recordings goes as a whole. Call it after `VersionStore.erase`. Returns the names of those that changed.
   */
  erase(recordings: ReadonlySet<RecordingId>): Promise<string[]> {
    return this.#alone(async () => {
      const changed: string[] = []
      await this.#named.sweep('.trials.txt')
      for (const name of await this.#named.names()) {
        if (await this.#eraseFrom(name, recordings)) changed.push(name)
      }
      return changed
    })
  }

  async #eraseFrom(name: string, recordings: ReadonlySet<RecordingId>): Promise<boolean> {
    let split: DatasetSplit
    try {
      split = await this.get(name)
    } catch (thrown) {
      if (LabError.from(thrown).code !== 'split-invalid') throw thrown
      const text = await this.#named.text(name)
      if (![...recordings].some((id) => text.includes(id))) return false
      await this.#files.remove(this.#named.path(name))
      await this.#files.remove(this.#trialsPath(name))
      return true
    }
    const stays = ({ recording }: { recording: RecordingId | null }): boolean => recording === null || !recordings.has(recording)
    const assignments = split.assignments.filter(stays)
    const leftOut = split.leftOut.filter(stays)
    const versionHash = await this.#followedHash(split)
    if (assignments.length === split.assignments.length && leftOut.length === split.leftOut.length && versionHash === split.versionHash) return false
    const people = new Set<string>(assignments.map(({ subject }) => subject))
    const left = { ...split, versionHash, assignments, leftOut, unknownSubjects: split.unknownSubjects.filter((code) => people.has(code)) }
    const erasures = [...split.erasures, { recordings: split.assignments.length - assignments.length, hashBefore: split.hash }]
    await this.#write({ ...left, hash: splitHash(left, sha256), erasures })
    return true
  }

  /** The hash that the split's version has now, if only erasures lie between. */
  async #followedHash(split: DatasetSplit): Promise<string> {
    let version: DatasetVersion
    try {
      version = await this.#versions.get(split.version)
    } catch (thrown) {
      const { code } = LabError.from(thrown)
      if (code !== 'version-not-found' && code !== 'version-invalid') throw thrown
      return split.versionHash
    }
    return version.erasures.some(({ hashBefore }) => hashBefore === split.versionHash) ? version.hash : split.versionHash
  }

  /** Splits that cannot be read or do not give their hash or their trial list, or whose version is not there or is another one. */
  async findings(): Promise<VerifyFinding[]> {
    const findings: VerifyFinding[] = []
    const report = (name: string, code: string, message: string): void => void findings.push({ recording: null, file: `splits/${name}.json`, code, message })
    for (const name of await this.#named.names()) {
      try {
        const split = await this.get(name)
        const version = await this.#versions.get(split.version)
        if (version.hash !== split.versionHash) report(name, 'split-invalid', `It was made of another content of ${split.version} than it has now.`)
        if (!(await isTrialListSound(this.#files, this.#trialsPath(name), split))) report(name, 'split-invalid', `${name}.trials.txt is not its trial list.`)
      } catch (thrown) {
        const { code, message } = LabError.from(thrown)
        // A damaged version has its own finding.
        if (code !== 'version-invalid') report(name, code, message)
      }
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

/** @throws LabError `split-invalid` for a name or option that the file could not hold. */
function parsed(split: DatasetSplit): DatasetSplit {
  const read = DatasetSplit.safeParse(split)
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]
  throw new LabError('split-invalid', `The split is not valid: ${path.map(String).join('.')}: ${message}.`, { field: path.map(String).join('.'), reason: message })
}
