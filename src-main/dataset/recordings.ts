import { join } from 'node:path'
import { LabError, Recording, type RecordingId, type RecordingListItem, type SubjectCode, type VerifyFinding } from '../contract/index.ts'
import type { Catalogue } from './catalogue.ts'
import { writeAtomically, type Files } from './files.ts'
import { RecordingIndex } from './recording-index.ts'
import { listItem, readRecording, type RecordingPlace, type ScannedRecording } from './recording-scan.ts'
import type { SubjectCounts } from './subjects.ts'
import type { WriteContext } from './write-context.ts'

export interface RecordingStoreOptions {
  /** Start of the other program that writes now. */
  readonly otherWriterSince: () => Promise<string | null>
  readonly catalogue: Catalogue | null
  readonly resolve: (code: SubjectCode) => SubjectCode
}

/** A reviewer moves between few recordings at once. */
const keptRecordings = 16

/** The recordings of a dataset: recordings/<subject>/<recording>/recording.json is the truth, everything held here is a cache of it. */
export class RecordingStore {
  readonly #files: Files
  readonly #root: string
  readonly #context: WriteContext
  readonly #index: RecordingIndex
  readonly #listeners = new Set<(id: RecordingId | null) => void>()
  /** Being written by this program: `recording` on disk, yet not interrupted. */
  readonly #active = new Set<RecordingId>()
  /** recording.json of those asked for last, as long as the file stays the same. */
  readonly #read = new Map<RecordingId, { stamp: string; recording: Recording }>()
  /** The code that a merged subject's code stands for. */
  readonly #resolve: (code: SubjectCode) => SubjectCode
  /** Start of the other program that writes now (read-only datasets): what it began since is being written, not interrupted. */
  readonly #otherWriterSince: () => Promise<string | null>

  private constructor(files: Files, root: string, context: WriteContext, index: RecordingIndex, options: RecordingStoreOptions) {
    this.#files = files
    this.#root = root
    this.#context = context
    this.#index = index
    this.#resolve = options.resolve
    this.#otherWriterSince = options.otherWriterSince
    index.onDrift(() => this.#tell(null))
  }

  static async open(files: Files, root: string, context: WriteContext, options: RecordingStoreOptions): Promise<RecordingStore> {
    return new RecordingStore(files, root, context, await RecordingIndex.open(files, root, context, options.catalogue), options)
  }

  #items(scanned: readonly ScannedRecording[]): RecordingListItem[] {
    return scanned.flatMap(({ item }) => {
      if (!item) return []
      const subject = this.#resolve(item.subject)
      return subject === item.subject ? item : { ...item, subject }
    })
  }

  /** Called with the id after every `create` and `write`, with `null` after `adopt`. */
  onChange(listener: (id: RecordingId | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * All readable recordings, oldest first, merged subjects by the code that they now have; the unreadable ones are in `findings()`. A reader looks at the disk each time, a
   * writer once; unchanged files are not read again.
   */
  async list(): Promise<RecordingListItem[]> {
    return this.#items(await this.#index.list())
  }

  /**
   * As `list`, at once: a writer believes the catalogue until it has looked at the disk, which it does behind the scenes. If that finds anything else, listeners hear `null`.
   */
  async snapshot(): Promise<RecordingListItem[]> {
    return this.#items(await this.#index.snapshot())
  }

  /** Waits for what is being written and brings the catalogue up to date. */
  close(): Promise<void> {
    return this.#index.close()
  }

  /** Recordings whose recording.json is missing or damaged. */
  async findings(): Promise<VerifyFinding[]> {
    return (await this.#index.scan()).flatMap((entry) => entry.finding ?? [])
  }

  /** Folders, below the dataset's, that hold a recording a second time: copied by hand. They are in no list. */
  async strays(): Promise<string[]> {
    await this.#index.find()
    return this.#index.strays.map(({ subject, id }) => `recordings/${subject}/${id}`)
  }

  /** Ids of all recording folders, readable or not, oldest first. */
  async ids(): Promise<RecordingId[]> {
    await this.#index.find()
    return [...this.#index.places.keys()]
  }

  /**
   * The whole of recording.json; the same object again while the file stays the same, so not to be changed. `subject` is the code that it was made under.
   * @throws LabError `recording-not-found`, `recording-incomplete`, `dataset-invalid`.
   */
  async get(id: string): Promise<Recording> {
    if (!this.#index.places.has(id as RecordingId)) await this.#index.find()
    const place = this.#place(id)
    const found = await this.#files.stat(join(place.folder, 'recording.json'))
    const stamp = `${found?.modifiedMs} ${found?.bytes}`
    const known = this.#read.get(place.id)
    if (found && known?.stamp === stamp) return known.recording
    const recording = await readRecording(this.#files, place)
    this.#read.delete(place.id)
    this.#read.set(place.id, { stamp, recording })
    for (const oldest of this.#read.keys()) {
      if (this.#read.size <= keptRecordings) break
      this.#read.delete(oldest)
    }
    return recording
  }

  /** Absolute path of the recording's folder. @throws LabError `recording-not-found`. */
  folder(id: string): string {
    return this.#place(id).folder
  }

  #place(id: string): RecordingPlace {
    const place = this.#index.places.get(id as RecordingId)
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
    return this.interruptedOf(await this.list())
  }

  /** Those of `items` that await `recover`. */
  async interruptedOf(items: readonly RecordingListItem[]): Promise<RecordingId[]> {
    const since = await this.#otherWriterSince()
    const byOther = (item: RecordingListItem): boolean => item.state === 'recording' && since !== null && Date.parse(item.startedAt) >= Date.parse(since)
    return items
      .filter((item) => item.state === 'interrupted' || item.state === 'recording')
      .filter((item) => !this.#active.has(item.id) && !byOther(item))
      .map((item) => item.id)
  }

  /** Recordings and distinct sessions (days or visits) with one, per subject; discarded ones do not count. */
  async counts(): Promise<SubjectCounts> {
    const counts = new Map<string, { recordings: number; days: Set<string> }>()
    for (const item of await this.snapshot()) {
      if (item.state === 'discarded') continue
      const entry = counts.get(item.subject) ?? { recordings: 0, days: new Set() }
      entry.recordings++
      entry.days.add(item.session)
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
      await this.#index.find()
      if (this.#index.places.has(recording.id)) {
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
        this.#note(place.id, null)
        // What made the recording fail is what a person must hear, not that its empty folder stayed.
        await this.#files.remove(place.folder).catch(() => undefined)
        throw thrown
      }
      this.#index.addPlace(place)
      if (recording.state === 'recording') this.#active.add(recording.id)
      return place.folder
    })
  }

  /**
   * Takes in recordings that lie complete, recording.json included, in folders on the same disk, each durably or not at all; their folders are moved.
   * One audit entry and one change are told for all.
   * @throws LabError `state-conflict` when an id exists, `dataset-invalid` for a folder that does not hold what `recording` says, and the errors of writing;
   * those before it in the list have been taken then.
   */
  adopt(staged: readonly { readonly recording: Recording; readonly folder: string }[]): Promise<void> {
    if (staged.length === 0) return Promise.resolve()
    return this.#alone(null, async () => {
      const taken: RecordingPlace[] = []
      try {
        for (const one of staged) taken.push(await this.#take(one))
      } finally {
        for (const subject of new Set(taken.map((place) => place.subject))) await this.#files.syncFolder(join(this.#root, subject))
        if (taken.length > 0) {
          await this.#files.syncFolder(this.#root)
          await this.#context.audit('recordings.imported', { recordings: taken.map(({ id, subject }) => ({ recording: id, subject })) })
        }
      }
    })
  }

  async #take({ recording, folder }: { recording: Recording; folder: string }): Promise<RecordingPlace> {
    const subjectFolder = join(this.#root, recording.subject)
    const place = { id: recording.id, subject: recording.subject, folder: join(subjectFolder, recording.id) }
    if (this.#index.places.has(recording.id)) {
      throw new LabError('state-conflict', `The recording ${recording.id} exists already.`, { recording: recording.id })
    }
    const read = await readRecording(this.#files, { ...place, folder })
    await this.#files.makeFolder(subjectFolder)
    await this.#files.rename(folder, place.folder)
    const found = await this.#files.stat(join(place.folder, 'recording.json'))
    this.#index.addPlace(place)
    this.#note(place.id, { ...place, modifiedMs: found?.modifiedMs ?? 0, bytes: found?.bytes ?? 0, item: listItem(read), finding: null })
    return place
  }

  /** Replaces recording.json as a whole or not at all. @throws LabError `recording-not-found`, `request-invalid`, and the errors of writing. */
  write(recording: Recording): Promise<void> {
    return this.#alone(recording.id, async () => {
      const place = this.#place(recording.id)
      const before = this.#index.get(recording.id)?.item?.state
      await this.#store(place, recording)
      if (recording.state !== 'recording') this.#active.delete(recording.id)
      if (recording.state === 'discarded' && before !== 'discarded') {
        await this.#context.audit('recording.discarded', { recording: recording.id, subject: recording.subject })
      }
    })
  }

  /** Removes a recording's folder with all that is in it: one that was never begun. @throws LabError `recording-not-found`, and the errors of writing. */
  remove(id: RecordingId): Promise<void> {
    return this.#alone(id, async () => {
      const place = this.#place(id)
      await this.#files.remove(place.folder)
      this.#index.removePlace(id)
      this.#active.delete(id)
      this.#note(place.id, null)
    })
  }

  /** Recordings in the folders of these subjects, by code in any case; looks at the disk. */
  async ofSubjects(codes: ReadonlySet<string>): Promise<{ ids: RecordingId[]; active: RecordingId[] }> {
    await this.#index.find()
    const ids = [...this.#index.places.values()].filter((place) => codes.has(place.subject.toLowerCase())).map((place) => place.id)
    return { ids, active: ids.filter((id) => this.#active.has(id)) }
  }

  /** Removes the folders of these subjects with everything in them, and every trace in the catalogue. Returns what is gone. @throws LabError of writing. */
  removeSubjects(codes: ReadonlySet<string>): Promise<RecordingId[]> {
    return this.#alone(null, async () => {
      await this.#index.find()
      const gone = [...this.#index.places.values()].filter((place) => codes.has(place.subject.toLowerCase()))
      const folders = (await this.#files.list(this.#root)).filter((entry) => entry.folder && codes.has(entry.name.toLowerCase()))
      // A copy under somebody else's code is theirs all the same, and goes while there is something that tells so.
      const ids = new Set(gone.map(({ id }) => id))
      for (const stray of this.#index.strays) if (ids.has(stray.id)) await this.#files.remove(stray.folder)
      for (const { name } of folders) await this.#files.remove(join(this.#root, name))
      await this.#files.syncFolder(this.#root)
      for (const place of gone) {
        this.#index.removePlace(place.id)
        this.#note(place.id, null)
      }
      await this.#index.rewriteCatalogue()
      return gone.map((place) => place.id)
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
    this.#note(place.id, { ...stamp, item: listItem(read.data), finding: null })
  }

  /** What is known of it from now on. */
  #note(id: RecordingId, entry: ScannedRecording | null): void {
    this.#read.delete(id)
    this.#index.note(id, entry)
  }

  /** One write at a time, then the listeners. */
  async #alone<T>(id: RecordingId | null, work: () => Promise<T>): Promise<T> {
    this.#context.requireWritable()
    const result = await this.#index.inTurn(work)
    this.#tell(id)
    return result
  }

  #tell(id: RecordingId | null): void {
    for (const listener of this.#listeners) listener(id)
  }
}
