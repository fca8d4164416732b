import { join, sep } from 'node:path'
import { LabError, Recording, type RecordingId, type RecordingListItem, type SubjectCode, type VerifyFinding } from '../contract/index.ts'
import type { Catalogue } from './catalogue.ts'
import { writeAtomically, type Files } from './files.ts'
import { findRecordings, listItem, readRecording, scanRecordings, type RecordingPlace, type ScannedRecording } from './recording-scan.ts'
import type { SubjectCounts } from './subjects.ts'
import type { WriteContext } from './write-context.ts'

export interface RecordingStoreOptions {
  /** Start of the other program that writes now. */
  readonly otherWriterSince: () => Promise<string | null>
  readonly catalogue: Catalogue | null
  readonly resolve: (code: SubjectCode) => SubjectCode
}

/** How long what a reader saw counts for summaries. */
const readerTrustMs = 1000
/** Changes to the catalogue wait so long for others. */
const saveAfterMs = 1000
/** A reviewer moves between few recordings at once. */
const keptRecordings = 16

/** The recordings of a dataset: recordings/<subject>/<recording>/recording.json is the truth, everything held here is a cache of it. */
export class RecordingStore {
  readonly #files: Files
  readonly #root: string
  readonly #context: WriteContext
  readonly #listeners = new Set<(id: RecordingId | null) => void>()
  /** Being written by this program: `recording` on disk, yet not interrupted. */
  readonly #active = new Set<RecordingId>()
  #places = new Map<RecordingId, RecordingPlace>()
  #scanned = new Map<RecordingId, ScannedRecording>()
  #last: Promise<unknown> = Promise.resolve()
  /** Changes made here: a look at the disk that began before one of them does not show it. */
  #changes = 0
  /** When each was changed here, as a value of `#changes`. */
  readonly #changedAt = new Map<RecordingId, number>()
  #scanning: { changes: number; result: Promise<readonly ScannedRecording[]> } | null = null
  /** Everything on the disk was looked at since opening. A writer need not look again: what changes, changes here. */
  #looked = false
  #lookedAtMs = 0
  #lookingBehind = false
  /** What is held here, by id; made when asked for. */
  #sorted: readonly ScannedRecording[] | null = null
  readonly #catalogue: Catalogue | null
  /** Not in the catalogue yet. */
  readonly #unsaved = new Set<RecordingId>()
  #saving: NodeJS.Timeout | null = null
  /** recording.json of those asked for last, as long as the file stays the same. */
  readonly #read = new Map<RecordingId, { stamp: string; recording: Recording }>()
  /** The code that a merged subject's code stands for. */
  readonly #resolve: (code: SubjectCode) => SubjectCode
  /** Start of the other program that writes now (read-only datasets): what it began since is being written, not interrupted. */
  readonly #otherWriterSince: () => Promise<string | null>

  private constructor(files: Files, root: string, context: WriteContext, options: RecordingStoreOptions) {
    const { otherWriterSince, catalogue, resolve } = options
    this.#catalogue = catalogue
    this.#resolve = resolve
    this.#files = files
    this.#root = root
    this.#context = context
    this.#otherWriterSince = otherWriterSince
  }

  static async open(files: Files, root: string, context: WriteContext, options: RecordingStoreOptions): Promise<RecordingStore> {
    const store = new RecordingStore(files, root, context, options)
    const [, entries] = await Promise.all([store.#find(), options.catalogue?.load()])
    for (const place of store.#places.values()) {
      const entry = entries?.get(place.id)
      if (!entry || `${root}${sep}${entry.folder}` !== place.folder) continue
      store.#scanned.set(place.id, { ...place, modifiedMs: entry.modifiedMs, bytes: entry.bytes, item: entry.item, finding: null })
    }
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
    const begun = this.#changes
    const before = this.#scanned
    const found = new Map((await scanRecordings(this.#files, [...this.#places.values()], before)).map((entry) => [entry.id, entry]))
    // What was changed here meanwhile is as it is here, there or gone.
    for (const [id, at] of this.#changedAt) {
      if (at <= begun) continue
      const mine = this.#scanned.get(id)
      if (mine) found.set(id, mine)
      else found.delete(id)
    }
    for (const [id, entry] of found) if (before.get(id) !== entry) this.#unsaved.add(id)
    for (const id of this.#scanned.keys()) if (!found.has(id)) this.#unsaved.add(id)
    this.#scanned = found
    this.#sorted = null
    this.#looked = true
    this.#lookedAtMs = this.#context.now()
    this.#saveSoon()
    return this.#held()
  }

  #held(): readonly ScannedRecording[] {
    this.#sorted ??= [...this.#scanned.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    return this.#sorted
  }

  /** Takes in what was written, or that it is gone. */
  #note(place: Pick<RecordingPlace, 'id'>, entry: ScannedRecording | null): void {
    if (entry) this.#scanned.set(place.id, entry)
    else this.#scanned.delete(place.id)
    this.#sorted = null
    this.#read.delete(place.id)
    this.#changes++
    this.#changedAt.set(place.id, this.#changes)
    this.#unsaved.add(place.id)
    this.#saveSoon()
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
    return this.#items(this.#context.writable && this.#looked ? this.#held() : await this.#scan())
  }

  /**
   * As `list`, at once: a writer believes the catalogue until it has looked at the disk, which it does behind the scenes. If that finds anything else, listeners hear `null`.
   */
  async snapshot(): Promise<RecordingListItem[]> {
    // A reader's screen asks for several things at once; a second old is new enough for them.
    const fresh = this.#context.now() - this.#lookedAtMs
    if (!this.#context.writable) return this.#looked && fresh >= 0 && fresh < readerTrustMs ? this.#items(this.#held()) : this.list()
    if (this.#looked) return this.list()
    const unknown = [...this.#places.values()].filter(({ id }) => !this.#scanned.has(id))
    if (unknown.length > this.#scanned.size) return this.list()
    for (const entry of await scanRecordings(this.#files, unknown, this.#scanned)) {
      if (this.#scanned.has(entry.id)) continue
      this.#scanned.set(entry.id, entry)
      this.#unsaved.add(entry.id)
      this.#sorted = null
    }
    if (!this.#lookingBehind) {
      this.#lookingBehind = true
      void this.#lookBehind()
    }
    return this.#items(this.#held())
  }

  async #lookBehind(): Promise<void> {
    const before = this.#held()
    const changes = this.#changes
    try {
      const after = await this.#scan()
      const same = changes === this.#changes && (after.length === before.length && after.every((entry, i) => entry === before[i]))
      if (!same) for (const listener of this.#listeners) listener(null)
    } catch {
      // The disk cannot be read: whoever asks for a recording next is told so.
      this.#lookingBehind = false
    }
  }

  #saveSoon(): void {
    if (!this.#catalogue || !this.#context.writable || this.#saving) return
    this.#saving = setTimeout(() => {
      this.#saving = null
      void this.#save()
    }, saveAfterMs)
    this.#saving.unref()
  }

  /** Brings the catalogue up to date. It is derived: what cannot be written is read from the recordings again next time. */
  async #save(): Promise<void> {
    const catalogue = this.#catalogue
    if (!catalogue || !this.#context.writable) return
    const work = this.#last.then(async () => {
      const changed = [...this.#unsaved].flatMap((id) => this.#scanned.get(id) ?? [])
      this.#unsaved.clear()
      if (catalogue.needsRewriting(this.#scanned.size)) await (this.#looked && catalogue.rewrite(this.#held(), this.#root))
      else await catalogue.append(changed, this.#root)
    })
    this.#last = work.catch(() => undefined)
    await this.#last
  }

  /** Waits for what is being written and brings the catalogue up to date. */
  async close(): Promise<void> {
    if (this.#saving) clearTimeout(this.#saving)
    this.#saving = null
    if (this.#unsaved.size > 0) await this.#save()
    await this.#last
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

  /**
   * The whole of recording.json; the same object again while the file stays the same, so not to be changed. `subject` is the code that it was made under.
   * @throws LabError `recording-not-found`, `recording-incomplete`, `dataset-invalid`.
   */
  async get(id: string): Promise<Recording> {
    if (!this.#places.has(id as RecordingId)) await this.#find()
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
        this.#note(place, null)
        // What made the recording fail is what a person must hear, not that its empty folder stayed.
        await this.#files.remove(place.folder).catch(() => undefined)
        throw thrown
      }
      this.#places.set(recording.id, place)
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
    if (this.#places.has(recording.id)) {
      throw new LabError('state-conflict', `The recording ${recording.id} exists already.`, { recording: recording.id })
    }
    const read = await readRecording(this.#files, { ...place, folder })
    await this.#files.makeFolder(subjectFolder)
    await this.#files.rename(folder, place.folder)
    const found = await this.#files.stat(join(place.folder, 'recording.json'))
    this.#places.set(place.id, place)
    this.#note(place, { ...place, modifiedMs: found?.modifiedMs ?? 0, bytes: found?.bytes ?? 0, item: listItem(read), finding: null })
    return place
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

  /** Removes a recording's folder with all that is in it: one that was never begun. @throws LabError `recording-not-found`, and the errors of writing. */
  remove(id: RecordingId): Promise<void> {
    return this.#alone(id, async () => {
      const place = this.#place(id)
      await this.#files.remove(place.folder)
      this.#places.delete(id)
      this.#active.delete(id)
      this.#note(place, null)
    })
  }

  /** Recordings in the folders of these subjects, by code in any case; looks at the disk. */
  async ofSubjects(codes: ReadonlySet<string>): Promise<{ ids: RecordingId[]; active: RecordingId[] }> {
    await this.#find()
    const ids = [...this.#places.values()].filter((place) => codes.has(place.subject.toLowerCase())).map((place) => place.id)
    return { ids, active: ids.filter((id) => this.#active.has(id)) }
  }

  /** Removes the folders of these subjects with everything in them, and every trace in the catalogue. Returns what is gone. @throws LabError of writing. */
  removeSubjects(codes: ReadonlySet<string>): Promise<RecordingId[]> {
    return this.#alone(null, async () => {
      await this.#find()
      const gone = [...this.#places.values()].filter((place) => codes.has(place.subject.toLowerCase()))
      const folders = (await this.#files.list(this.#root)).filter((entry) => entry.folder && codes.has(entry.name.toLowerCase()))
      for (const { name } of folders) await this.#files.remove(join(this.#root, name))
      await this.#files.syncFolder(this.#root)
      for (const place of gone) {
        this.#places.delete(place.id)
        this.#note(place, null)
      }
      if (!this.#looked) await this.#look()
      await this.#catalogue?.rewrite(this.#held(), this.#root)
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
    this.#note(place, { ...stamp, item: listItem(read.data), finding: null })
  }

  /** One write at a time, then the listeners. */
  async #alone<T>(id: RecordingId | null, work: () => Promise<T>): Promise<T> {
    this.#context.requireWritable()
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    const result = await mine
    for (const listener of this.#listeners) listener(id)
    return result
  }
}
