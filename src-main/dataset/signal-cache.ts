import type { Recording } from '../contract/index.ts'
import type { Files } from './files.ts'
import type { RecordingStore } from './recordings.ts'
import { StoredSignals } from './stored-signals.ts'

/** Two recordings side by side, and the ones before them. */
const kept = 4
/** Windows cannot replace or remove files that are open: nobody keeps them open for long without need. */
const idleMs = 5000

interface Entry {
  readonly recording: Recording
  readonly opening: Promise<StoredSignals>
  users: number
  /** Closed as soon as nobody reads. */
  dropped: boolean
}

/** Signals of the recordings that were read last, open between requests: panning through a day must not open files and parse headers sixty times a second. */
export class SignalCache {
  readonly #files: Files
  readonly #recordings: RecordingStore
  /** Oldest use first. */
  readonly #entries = new Map<string, Entry>()
  #timer: NodeJS.Timeout | null = null

  constructor(files: Files, recordings: RecordingStore) {
    this.#files = files
    this.#recordings = recordings
  }

  /** Runs `work` with a recording's signals open. @throws LabError as `RecordingStore.get` and `StoredSignals.open`, and whatever `work` throws. */
  async use<T>(id: string, work: (stored: StoredSignals, recording: Recording) => Promise<T>): Promise<T> {
    const recording = await this.#recordings.get(id)
    const entry = this.#entry(recording)
    entry.users++
    try {
      return await work(await entry.opening, entry.recording)
    } finally {
      entry.users--
      if (entry.dropped) await closeUnused(entry)
      else this.#dropSoon()
    }
  }

  #entry(recording: Recording): Entry {
    const known = this.#entries.get(recording.id)
    // The store gives the same object for as long as recording.json stays the same.
    if (known?.recording === recording) {
      this.#entries.delete(recording.id)
      this.#entries.set(recording.id, known)
      return known
    }
    if (known) this.#drop(known)
    const opening = StoredSignals.open(this.#files, this.#recordings.folder(recording.id), recording)
    const entry: Entry = { recording, opening, users: 0, dropped: false }
    this.#entries.set(recording.id, entry)
    opening.catch(() => this.#forget(entry))
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= kept) break
      this.#drop(oldest)
    }
    return entry
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.recording.id) === entry) this.#entries.delete(entry.recording.id)
  }

  #drop(entry: Entry): void {
    this.#forget(entry)
    entry.dropped = true
    void closeUnused(entry)
  }

  #dropSoon(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      for (const entry of [...this.#entries.values()]) this.#drop(entry)
    }, idleMs)
    this.#timer.unref()
  }

  /** Closes everything that nobody reads; before files are removed, and at the end. */
  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    for (const entry of entries) entry.dropped = true
    await Promise.all(entries.map(closeUnused))
  }
}

async function closeUnused(entry: Entry): Promise<void> {
  if (entry.users > 0) return
  // Whoever asked for it was told why it could not be opened; closing a file that was only read loses nothing.
  const stored = await entry.opening.catch(() => null)
  if (entry.users === 0) await stored?.close().catch(() => undefined)
}
