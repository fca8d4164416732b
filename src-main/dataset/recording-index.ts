import { sep } from 'node:path'
import type { RecordingId } from '../contract/index.ts'
import type { Catalogue } from './catalogue.ts'
import type { Files } from './files.ts'
import { findRecordings, scanRecordings, type RecordingPlace, type ScannedRecording } from './recording-scan.ts'
import type { WriteContext } from './write-context.ts'

/** How long what a reader saw counts for summaries. */
const readerTrustMs = 1000
/** Changes to the catalogue wait so long for others. */
const saveAfterMs = 1000

/**
 * What is known of the recordings on the disk: which folders there are, and what recording.json of each said when it was last read. A cache: it starts from the catalogue, looks at the
 * disk when it must, takes in what this program writes, and keeps the catalogue up to date.
 */
export class RecordingIndex {
  readonly #files: Files
  readonly #root: string
  readonly #context: WriteContext
  readonly #catalogue: Catalogue | null
  readonly #listeners = new Set<() => void>()
  #places = new Map<RecordingId, RecordingPlace>()
  /** Second folders of ids that are there already. */
  #strays: readonly RecordingPlace[] = []
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
  /** Not in the catalogue yet. */
  readonly #unsaved = new Set<RecordingId>()
  #saving: NodeJS.Timeout | null = null
  /** The lock is about to be given back: nothing may be written later. */
  #closed = false

  private constructor(files: Files, root: string, context: WriteContext, catalogue: Catalogue | null) {
    this.#files = files
    this.#root = root
    this.#context = context
    this.#catalogue = catalogue
  }

  static async open(files: Files, root: string, context: WriteContext, catalogue: Catalogue | null): Promise<RecordingIndex> {
    const index = new RecordingIndex(files, root, context, catalogue)
    const [, entries] = await Promise.all([index.find(), catalogue?.load()])
    for (const place of index.#places.values()) {
      const entry = entries?.get(place.id)
      if (!entry || `${root}${sep}${entry.folder}` !== place.folder || entry.item.subject.toLowerCase() !== place.subject.toLowerCase()) continue
      index.#scanned.set(place.id, { ...place, modifiedMs: entry.modifiedMs, bytes: entry.bytes, item: entry.item, finding: null })
    }
    return index
  }

  /** Called when a look behind the scenes found the disk other than the catalogue said. */
  onDrift(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** One piece of writing at a time, the catalogue's own included. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  get places(): ReadonlyMap<RecordingId, RecordingPlace> {
    return this.#places
  }

  /** Folders that have the id of another one, which is where the recording says that it lies. As of the last `find`. */
  get strays(): readonly RecordingPlace[] {
    return this.#strays
  }

  addPlace(place: RecordingPlace): void {
    this.#places.set(place.id, place)
  }

  removePlace(id: RecordingId): void {
    this.#places.delete(id)
  }

  /** Looks which folders there are. */
  async find(): Promise<void> {
    for (;;) {
      const changes = this.#changes
      const { places, strays } = await findRecordings(this.#files, this.#root)
      if (changes !== this.#changes) continue
      this.#places = new Map(places.map((place) => [place.id, place]))
      this.#strays = strays
      return
    }
  }

  /** As known here. */
  get(id: RecordingId): ScannedRecording | undefined {
    return this.#scanned.get(id)
  }

  /** A look at the disk. Callers that come while one looks share what it finds, unless something was changed here since it began. */
  scan(): Promise<readonly ScannedRecording[]> {
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
    await this.find()
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

  /** All of them, by id: a reader looks at the disk each time, a writer once; unchanged files are not read again. */
  async list(): Promise<readonly ScannedRecording[]> {
    return this.#context.writable && this.#looked ? this.#held() : this.scan()
  }

  /** As `list`, at once: a writer believes the catalogue until it has looked at the disk, which it does behind the scenes. */
  async snapshot(): Promise<readonly ScannedRecording[]> {
    // A reader's screen asks for several things at once; a second old is new enough for them.
    const fresh = this.#context.now() - this.#lookedAtMs
    if (!this.#context.writable) return this.#looked && fresh >= 0 && fresh < readerTrustMs ? this.#held() : this.list()
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
    return this.#held()
  }

  async #lookBehind(): Promise<void> {
    const before = this.#held()
    const changes = this.#changes
    try {
      const after = await this.scan()
      const same = changes === this.#changes && (after.length === before.length && after.every((entry, i) => entry === before[i]))
      if (!same) for (const listener of this.#listeners) listener()
    } catch {
      // The disk cannot be read: whoever asks for a recording next is told so.
      this.#lookingBehind = false
    }
  }

  /** Takes in what was written, or that it is gone. */
  note(id: RecordingId, entry: ScannedRecording | null): void {
    if (entry) this.#scanned.set(id, entry)
    else this.#scanned.delete(id)
    this.#sorted = null
    this.#changes++
    this.#changedAt.set(id, this.#changes)
    this.#unsaved.add(id)
    this.#saveSoon()
  }

  #saveSoon(): void {
    if (!this.#catalogue || !this.#context.writable || this.#saving || this.#closed) return
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
    const work = async (): Promise<void> => {
      const changed = [...this.#unsaved].flatMap((id) => this.#scanned.get(id) ?? [])
      this.#unsaved.clear()
      if (catalogue.needsRewriting(this.#scanned.size)) await (this.#looked && catalogue.rewrite(this.#held(), this.#root))
      else await catalogue.append(changed, this.#root)
    }
    await this.inTurn(work).catch(() => undefined)
  }

  /** Leaves no trace in the catalogue of what is gone. Call it in turn. @throws LabError of writing. */
  async rewriteCatalogue(): Promise<void> {
    if (!this.#looked) await this.#look()
    await this.#catalogue?.rewrite(this.#held(), this.#root)
  }

  /** Waits for what is being read and written, brings the catalogue up to date, and writes nothing after that. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#saving) clearTimeout(this.#saving)
    this.#saving = null
    await this.#scanning?.result.catch(() => undefined)
    // All were made or read here (an import into a new dataset): the look that a whole catalogue needs reads none of them.
    if (this.#unsaved.size > 0 && !this.#looked && this.#scanned.size === this.#places.size) await this.#look()
    if (this.#unsaved.size > 0) await this.#save()
    await this.#last
  }
}
