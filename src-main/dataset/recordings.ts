import { join } from 'node:path'
import { LabError, Recording, type RecordingId, type RecordingListItem, type VerifyFinding } from '../contract/index.ts'
import { writeAtomically, type Files } from './files.ts'
import { findRecordings, listItem, readRecording, scanRecordings, type RecordingPlace, type ScannedRecording } from './recording-scan.ts'
import type { SubjectCounts } from './subjects.ts'
import type { WriteContext } from './write-context.ts'

/** The recordings of a dataset: recordings/<subject>/<recording>/recording.json is the truth, everything held here is a cache of it. */
export class RecordingStore {
  readonly #files: Files
  readonly #root: string
  readonly #context: WriteContext
  readonly #listeners = new Set<(id: RecordingId) => void>()
  /** Being written by this program: `recording` on disk, yet not interrupted. */
  readonly #active = new Set<RecordingId>()
  #places = new Map<RecordingId, RecordingPlace>()
  #scanned = new Map<RecordingId, ScannedRecording>()
  #last: Promise<unknown> = Promise.resolve()
  /** Changes made here: a look at the disk that began before one of them does not show it. */
  #changes = 0
  #scanning: { changes: number; result: Promise<readonly ScannedRecording[]> } | null = null
  /** Start of the other program that writes now (read-only datasets): what it began since is being written, not interrupted. */
  readonly #otherWriterSince: () => Promise<string | null>

  private constructor(files: Files, root: string, context: WriteContext, otherWriterSince: () => Promise<string | null>) {
    this.#files = files
    this.#root = root
    this.#context = context
    this.#otherWriterSince = otherWriterSince
  }

  static async open(files: Files, root: string, context: WriteContext, otherWriterSince: () => Promise<string | null>): Promise<RecordingStore> {
    const store = new RecordingStore(files, root, context, otherWriterSince)
    await store.#find()
    return store
  }

  async #find(): Promise<void> {
    for (;;) {
      const changes = this.#changes
      const places = await findRecordings(this.#files, this.#root)
      if (changes !== this.#changes) continue
      this.#places = new Map(places.map((place) => [place.id, place]))
      return
    }
  }

  /** Callers that come while one looks share what it finds, unless something was changed here since it began. */
  #scan(): Promise<readonly ScannedRecording[]> {
    if (this.#scanning?.changes === this.#changes) return this.#scanning.result
    const mine = { changes: this.#changes, result: this.#look() }
    this.#scanning = mine
    const done = (): void => {
      if (this.#scanning === mine) this.#scanning = null
    }
    mine.result.then(done, done)
    return mine.result
  }

  async #look(): Promise<readonly ScannedRecording[]> {
    await this.#find()
    const scanned = await scanRecordings(this.#files, [...this.#places.values()], this.#scanned)
    this.#scanned = new Map(scanned.map((entry) => [entry.id, entry]))
    return scanned
  }

  /** Called with the id after every `create` and `write`. */
  onChange(listener: (id: RecordingId) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** All readable recordings, oldest first; the unreadable ones are in `findings()`. Unchanged files are not read again. */
  async list(): Promise<RecordingListItem[]> {
    return (await this.#scan()).flatMap((entry) => entry.item ?? [])
  }

  /** Recordings whose recording.json is missing or damaged. */
  async findings(): Promise<VerifyFinding[]> {
    return (await this.#scan()).flatMap((entry) => entry.finding ?? [])
  }

  /** Ids of all recording folders, readable or not, oldest first. */
  async ids(): Promise<RecordingId[]> {
    await this.#find()
    return [...this.#places.keys()]
  }

  /** @throws LabError `recording-not-found`, `recording-incomplete`, `dataset-invalid`. */
  async get(id: string): Promise<Recording> {
    if (!this.#places.has(id as RecordingId)) await this.#find()
    return readRecording(this.#files, this.#place(id))
  }

  /** Absolute path of the recording's folder. @throws LabError `recording-not-found`. */
  folder(id: string): string {
    return this.#place(id).folder
  }

  #place(id: string): RecordingPlace {
    const place = this.#places.get(id as RecordingId)
    if (!place) throw new LabError('recording-not-found', `There is no recording ${id} in this dataset.`, { recording: id })
    return place
  }

  /** A whole id or a beginning that fits only one, in any case. @throws LabError `recording-not-found` with `data.matches`. */
  async find(text: string): Promise<RecordingId> {
    const wanted = text.trim().toUpperCase()
    const matches = wanted === '' ? [] : (await this.ids()).filter((id) => id.startsWith(wanted))
    if (matches.length === 1) return matches[0]
    const message = matches.length === 0 ? `There is no recording ${text} in this dataset.` : `${matches.length} recordings begin with ${text}.`
    throw new LabError('recording-not-found', message, { recording: text, matches: matches.slice(0, 20) })
  }

  /** Recordings that were being written when a program died: they await `recover`. */
  async interrupted(): Promise<RecordingId[]> {
    const since = await this.#otherWriterSince()
    const byOther = (item: RecordingListItem): boolean => item.state === 'recording' && since !== null && Date.parse(item.startedAt) >= Date.parse(since)
    return (await this.list())
      .filter((item) => item.state === 'interrupted' || item.state === 'recording')
      .filter((item) => !this.#active.has(item.id) && !byOther(item))
      .map((item) => item.id)
  }

  /** Recordings and distinct local days with one, per subject; discarded ones do not count. */
  async counts(): Promise<SubjectCounts> {
    const counts = new Map<string, { recordings: number; days: Set<string> }>()
    for (const item of await this.list()) {
      if (item.state === 'discarded') continue
      const entry = counts.get(item.subject) ?? { recordings: 0, days: new Set() }
      entry.recordings++
      entry.days.add(item.startedAt.slice(0, 10))
      counts.set(item.subject, entry)
    }
    return new Map([...counts].map(([subject, entry]) => [subject, { recordings: entry.recordings, sessions: entry.days.size }]))
  }

  /**
   * Makes the folder of a new recording with its recording.json and returns the folder. State `recording` counts as being written until a
   * `write` with another state, or `release`.
   * @throws LabError `state-conflict` when the id exists, and the errors of writing; a half-made folder is removed.
   */
  create(recording: Recording): Promise<string> {
    return this.#alone(recording.id, async () => {
      await this.#find()
      if (this.#places.has(recording.id)) {
        throw new LabError('state-conflict', `The recording ${recording.id} exists already.`, { recording: recording.id })
      }
      const subjectFolder = join(this.#root, recording.subject)
      const place = { id: recording.id, subject: recording.subject, folder: join(subjectFolder, recording.id) }
      try {
        await this.#files.makeFolder(place.folder)
        await this.#files.syncFolder(this.#root)
        await this.#files.syncFolder(subjectFolder)
        await this.#store(place, recording)
        await this.#context.audit('recording.created', { recording: recording.id, subject: recording.subject })
      } catch (thrown) {
        this.#scanned.delete(recording.id)
        // What made the recording fail is what a person must hear, not that its empty folder stayed.
        await this.#files.remove(place.folder).catch(() => undefined)
        throw thrown
      }
      this.#places.set(recording.id, place)
      this.#changes++
      if (recording.state === 'recording') this.#active.add(recording.id)
      return place.folder
    })
  }

  /** Replaces recording.json as a whole or not at all. @throws LabError `recording-not-found`, `request-invalid`, and the errors of writing. */
  write(recording: Recording): Promise<void> {
    return this.#alone(recording.id, async () => {
      const place = this.#place(recording.id)
      const before = this.#scanned.get(recording.id)?.item?.state
      await this.#store(place, recording)
      if (recording.state !== 'recording') this.#active.delete(recording.id)
      if (recording.state === 'discarded' && before !== 'discarded') {
        await this.#context.audit('recording.discarded', { recording: recording.id, subject: recording.subject })
      }
    })
  }

  /** This program no longer writes to it (its writer failed): if it still says `recording`, it is interrupted. */
  release(id: RecordingId): void {
    this.#active.delete(id)
  }

  async #store(place: RecordingPlace, recording: Recording): Promise<void> {
    const read = Recording.safeParse(recording)
    if (!read.success) {
      const issue = read.error.issues[0]
      const path = issue.path.map(String).join('.')
      throw new LabError('request-invalid', `The recording ${place.id} is not valid: ${path}: ${issue.message}.`, { recording: place.id, path }, { cause: read.error })
    }
    const path = join(place.folder, 'recording.json')
    await writeAtomically(this.#files, path, `${JSON.stringify(read.data, null, 2)}\n`)
    const found = await this.#files.stat(path)
    const stamp = { ...place, modifiedMs: found?.modifiedMs ?? 0, bytes: found?.bytes ?? 0 }
    this.#scanned.set(place.id, { ...stamp, item: listItem(read.data), finding: null })
    this.#changes++
  }

  /** One write at a time, then the listeners. */
  async #alone<T>(id: RecordingId, work: () => Promise<T>): Promise<T> {
    this.#context.requireWritable()
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    const result = await mine
    for (const listener of this.#listeners) listener(id)
    return result
  }
}
