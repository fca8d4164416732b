import Dexie, { type Table } from 'dexie'
import type { DisplayFilters } from '../../src-main/contract/schemas/acquisition.ts'

/** How one board or one recording was last looked at. */
export interface ViewSettings {
  mode: 'sweep' | 'scroll'
  /** ECG paper at `millimetresPerSecond`, else a plain grid with `seconds` across the screen. */
  paperGrid: boolean
  millimetresPerSecond: number
  seconds: number
  /** Millimetres per unit of the lanes whose gain was set by hand; the others fit themselves. */
  gains: Record<string, number>
  hiddenLanes: string[]
  filters: DisplayFilters
}

export const defaultViewSettings: ViewSettings = {
  mode: 'sweep',
  paperGrid: false,
  millimetresPerSecond: 25,
  seconds: 8,
  gains: {},
  hiddenLanes: [],
  filters: { baseline: true, lowPassHz: 40, notchHz: 50 },
}

export type DraftKind = 'subject' | 'marker' | 'recording-notes' | 'session-notes' | 'discard-reason' | 'open-summary'

/** A text not yet acknowledged by the lab. */
export interface Draft {
  key: string
  kind: DraftKind
  datasetId: string
  /** Empty for drafts that belong to no recording. */
  recordingId: string
  value: string
  updatedAt: number
}

export interface CachedOverview {
  key: string
  datasetId: string
  recordingId: string
  columns: number
  toRow: number
  bytes: Uint8Array
  usedAt: number
}

interface StoredSettings {
  key: string
  settings: ViewSettings
}

/** Working state that survives a reload or a crashed window. Losing all of it loses no recorded data. */
export interface WorkingStore {
  viewSettings(key: string): Promise<ViewSettings | null>
  saveViewSettings(key: string, settings: ViewSettings): Promise<void>
  draft(key: string): Promise<Draft | null>
  saveDraft(draft: Draft): Promise<void>
  removeDraft(key: string): Promise<void>
  overview(key: string): Promise<CachedOverview | null>
  saveOverview(overview: CachedOverview): Promise<void>
}

/** Overviews are small (a few kB); beyond this many the oldest go. */
const keptOverviews = 4000

/** The store in the browser's IndexedDB. */
export class DexieStore implements WorkingStore {
  readonly #database = new Dexie('pulseprint')
  readonly #settings: Table<StoredSettings, string>
  readonly #drafts: Table<Draft, string>
  readonly #overviews: Table<CachedOverview, string>

  constructor() {
    this.#database.version(1).stores({
      viewSettings: 'key',
      drafts: 'key, datasetId, [datasetId+recordingId]',
      overviews: 'key, datasetId, usedAt',
    })
    this.#settings = this.#database.table('viewSettings')
    this.#drafts = this.#database.table('drafts')
    this.#overviews = this.#database.table('overviews')
  }

  async viewSettings(key: string): Promise<ViewSettings | null> {
    return (await this.#settings.get(key))?.settings ?? null
  }

  async saveViewSettings(key: string, settings: ViewSettings): Promise<void> {
    await this.#settings.put({ key, settings })
  }

  async draft(key: string): Promise<Draft | null> {
    return (await this.#drafts.get(key)) ?? null
  }

  async saveDraft(draft: Draft): Promise<void> {
    await this.#drafts.put(draft)
  }

  async removeDraft(key: string): Promise<void> {
    await this.#drafts.delete(key)
  }

  async overview(key: string): Promise<CachedOverview | null> {
    return (await this.#overviews.get(key)) ?? null
  }

  async saveOverview(overview: CachedOverview): Promise<void> {
    await this.#overviews.put(overview)
    const surplus = (await this.#overviews.count()) - keptOverviews
    if (surplus <= 0) return
    await this.#overviews.bulkDelete(await this.#overviews.orderBy('usedAt').limit(surplus).primaryKeys())
  }
}

/** The same in memory: tests, and a browser that forbids IndexedDB. */
export class MemoryStore implements WorkingStore {
  readonly #settings = new Map<string, ViewSettings>()
  readonly #drafts = new Map<string, Draft>()
  readonly #overviews = new Map<string, CachedOverview>()

  async viewSettings(key: string): Promise<ViewSettings | null> {
    return this.#settings.get(key) ?? null
  }

  async saveViewSettings(key: string, settings: ViewSettings): Promise<void> {
    this.#settings.set(key, settings)
  }

  async draft(key: string): Promise<Draft | null> {
    return this.#drafts.get(key) ?? null
  }

  async saveDraft(draft: Draft): Promise<void> {
    this.#drafts.set(draft.key, draft)
  }

  async removeDraft(key: string): Promise<void> {
    this.#drafts.delete(key)
  }

  async overview(key: string): Promise<CachedOverview | null> {
    return this.#overviews.get(key) ?? null
  }

  async saveOverview(overview: CachedOverview): Promise<void> {
    this.#overviews.set(overview.key, overview)
  }
}

/** IndexedDB where it opens, memory where it does not (private windows of some browsers). */
export async function openWorkingStore(): Promise<WorkingStore> {
  if (typeof indexedDB === 'undefined') return new MemoryStore()
  try {
    const store = new DexieStore()
    await store.draft('')
    return store
  } catch (thrown) {
    console.warn('Pulseprint: IndexedDB is not available; drafts live only as long as this window', thrown)
    return new MemoryStore()
  }
}
