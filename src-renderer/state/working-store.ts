import Dexie, { type Table } from 'dexie'
import type { WireError } from '../../src-main/contract/errors.ts'
import type { DisplayFilters } from '../../src-main/contract/schemas/acquisition.ts'
import type { LabelChangeInput } from '../../src-main/contract/schemas/label.ts'
import type { EditChange } from './label-edits.ts'

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
  /** A stored recording is looked at without them. */
  raw?: boolean
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

export type DraftKind = 'subject' | 'marker' | 'recording-notes' | 'session-notes' | 'discard-reason' | 'open-summary' | 'curation'

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

/** Edits of one layer that the lab has not acknowledged. Keys sort by time. */
export interface LabelDraft {
  key: string
  datasetId: string
  recordingId: string
  annotator: string
  /** Layer that a new one starts from. */
  basis: string | null
  changes: LabelChangeInput[]
  madeAt: string
  /** Why the lab did not take them; `null` while that is not known. */
  refusal: WireError | null
}

/** One step of undo, `number` from 0 on; `layer` is dataset, recording and annotator. */
export interface StoredStep {
  layer: string
  number: number
  datasetId: string
  recordingId: string
  changes: readonly EditChange[]
}

/** How many of the layer's steps are done; those from there on can be redone. */
export interface StoredCursor {
  layer: string
  datasetId: string
  recordingId: string
  done: number
}

/** Min/max of all rows of one lane. */
export interface CachedTile {
  key: string
  datasetId: string
  recordingId: string
  columns: number
  bytes: Uint8Array
  usedAt: number
}

/** Everything that one edit leaves behind, written together. */
export interface StoredEdit {
  draft: LabelDraft
  /** A new step, which ends what could be redone; `null` for undo and redo. */
  step: StoredStep | null
  cursor: StoredCursor
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
  /** Draft, step and cursor, all or none. */
  saveEdit(edit: StoredEdit): Promise<void>
  /** Drafts of a dataset, oldest first. */
  labelDrafts(datasetId: string): Promise<LabelDraft[]>
  saveLabelDraft(draft: LabelDraft): Promise<void>
  removeLabelDrafts(keys: readonly string[]): Promise<void>
  history(layer: string): Promise<{ steps: StoredStep[]; done: number }>
  clearHistory(layer: string): Promise<void>
  tile(key: string): Promise<CachedTile | null>
  saveTile(tile: CachedTile): Promise<void>
  /** Recordings of a dataset of which anything is kept. */
  keptRecordings(datasetId: string): Promise<string[]>
  /** Drafts, steps, pictures and settings of recordings that are gone. */
  forgetRecordings(datasetId: string, ids: readonly string[]): Promise<void>
}

/** Overviews are small (a few kB); beyond this many the oldest go. */
const keptOverviews = 4000
/** Tiles of whole recordings, 16 kB each. */
const keptStoredTiles = 2000
/** Undo goes back this far. */
const keptSteps = 300
const settingsKey = (recordingId: string) => `recording:${recordingId}`

/** The store in the browser's IndexedDB. */
export class DexieStore implements WorkingStore {
  readonly #database = new Dexie('pulseprint')
  readonly #settings: Table<StoredSettings, string>
  readonly #drafts: Table<Draft, string>
  readonly #overviews: Table<CachedOverview, string>
  readonly #labelDrafts: Table<LabelDraft, string>
  readonly #steps: Table<StoredStep, [string, number]>
  readonly #cursors: Table<StoredCursor, string>
  readonly #tiles: Table<CachedTile, string>

  constructor() {
    this.#database.version(1).stores({
      viewSettings: 'key',
      drafts: 'key, datasetId, [datasetId+recordingId]',
      overviews: 'key, datasetId, usedAt',
    })
    this.#database.version(2).stores({
      labelDrafts: 'key, datasetId, [datasetId+recordingId]',
      editSteps: '[layer+number], layer, datasetId, [datasetId+recordingId]',
      editCursors: 'layer, datasetId, [datasetId+recordingId]',
      tiles: 'key, datasetId, [datasetId+recordingId], usedAt',
    })
    this.#settings = this.#database.table('viewSettings')
    this.#drafts = this.#database.table('drafts')
    this.#overviews = this.#database.table('overviews')
    this.#labelDrafts = this.#database.table('labelDrafts')
    this.#steps = this.#database.table('editSteps')
    this.#cursors = this.#database.table('editCursors')
    this.#tiles = this.#database.table('tiles')
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

  async saveEdit({ draft, step, cursor }: StoredEdit): Promise<void> {
    await this.#database.transaction('rw', [this.#labelDrafts, this.#steps, this.#cursors], async () => {
      await this.#labelDrafts.put(draft)
      if (step !== null) {
        await this.#steps.where('[layer+number]').between([step.layer, step.number], [step.layer, Dexie.maxKey]).delete()
        await this.#steps.where('[layer+number]').between([step.layer, Dexie.minKey], [step.layer, step.number - keptSteps], true, true).delete()
        await this.#steps.put(step)
      }
      await this.#cursors.put(cursor)
    })
  }

  async labelDrafts(datasetId: string): Promise<LabelDraft[]> {
    return this.#labelDrafts.where('datasetId').equals(datasetId).sortBy('key')
  }

  async saveLabelDraft(draft: LabelDraft): Promise<void> {
    await this.#labelDrafts.put(draft)
  }

  async removeLabelDrafts(keys: readonly string[]): Promise<void> {
    await this.#labelDrafts.bulkDelete([...keys])
  }

  async history(layer: string): Promise<{ steps: StoredStep[]; done: number }> {
    const steps = await this.#steps.where('layer').equals(layer).sortBy('number')
    return { steps, done: (await this.#cursors.get(layer))?.done ?? 0 }
  }

  async clearHistory(layer: string): Promise<void> {
    await this.#database.transaction('rw', [this.#steps, this.#cursors], async () => {
      await this.#steps.where('layer').equals(layer).delete()
      await this.#cursors.delete(layer)
    })
  }

  async tile(key: string): Promise<CachedTile | null> {
    return (await this.#tiles.get(key)) ?? null
  }

  async saveTile(tile: CachedTile): Promise<void> {
    await this.#tiles.put(tile)
    const surplus = (await this.#tiles.count()) - keptStoredTiles
    if (surplus > 0) await this.#tiles.bulkDelete(await this.#tiles.orderBy('usedAt').limit(surplus).primaryKeys())
  }

  async keptRecordings(datasetId: string): Promise<string[]> {
    const tables: Table<{ recordingId: string }, unknown>[] = [this.#drafts, this.#overviews, this.#labelDrafts, this.#steps, this.#cursors, this.#tiles] as never
    const found = new Set<string>()
    for (const table of tables) await table.where('datasetId').equals(datasetId).each(({ recordingId }) => found.add(recordingId))
    found.delete('')
    return [...found]
  }

  async forgetRecordings(datasetId: string, ids: readonly string[]): Promise<void> {
    const gone = new Set(ids)
    const tables: Table<{ recordingId: string }, unknown>[] = [this.#drafts, this.#overviews, this.#labelDrafts, this.#steps, this.#cursors, this.#tiles] as never
    for (const table of tables) await table.where('datasetId').equals(datasetId).filter(({ recordingId }) => gone.has(recordingId)).delete()
    await this.#settings.bulkDelete(ids.map(settingsKey))
  }
}

/** The same in memory: tests, and a browser that forbids IndexedDB. */
export class MemoryStore implements WorkingStore {
  readonly #settings = new Map<string, ViewSettings>()
  readonly #drafts = new Map<string, Draft>()
  readonly #overviews = new Map<string, CachedOverview>()
  readonly #labelDrafts = new Map<string, LabelDraft>()
  readonly #steps = new Map<string, StoredStep[]>()
  readonly #cursors = new Map<string, StoredCursor>()
  readonly #tiles = new Map<string, CachedTile>()

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

  async saveEdit({ draft, step, cursor }: StoredEdit): Promise<void> {
    this.#labelDrafts.set(draft.key, structuredClone(draft))
    if (step !== null) {
      const kept = (this.#steps.get(step.layer) ?? []).filter(({ number }) => number < step.number && number > step.number - keptSteps)
      this.#steps.set(step.layer, [...kept, structuredClone(step)])
    }
    this.#cursors.set(cursor.layer, { ...cursor })
  }

  async labelDrafts(datasetId: string): Promise<LabelDraft[]> {
    return [...this.#labelDrafts.values()].filter((draft) => draft.datasetId === datasetId).sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  async saveLabelDraft(draft: LabelDraft): Promise<void> {
    this.#labelDrafts.set(draft.key, structuredClone(draft))
  }

  async removeLabelDrafts(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#labelDrafts.delete(key)
  }

  async history(layer: string): Promise<{ steps: StoredStep[]; done: number }> {
    return { steps: [...(this.#steps.get(layer) ?? [])], done: this.#cursors.get(layer)?.done ?? 0 }
  }

  async clearHistory(layer: string): Promise<void> {
    this.#steps.delete(layer)
    this.#cursors.delete(layer)
  }

  async tile(key: string): Promise<CachedTile | null> {
    return this.#tiles.get(key) ?? null
  }

  async saveTile(tile: CachedTile): Promise<void> {
    this.#tiles.set(tile.key, tile)
  }

  async keptRecordings(datasetId: string): Promise<string[]> {
    const kept = [this.#drafts, this.#overviews, this.#labelDrafts, this.#cursors, this.#tiles].flatMap((map) => [...map.values()])
    const found = new Set(kept.filter((one) => one.datasetId === datasetId).map((one) => one.recordingId))
    found.delete('')
    return [...found]
  }

  async forgetRecordings(datasetId: string, ids: readonly string[]): Promise<void> {
    const gone = (one: { datasetId: string; recordingId: string }) => one.datasetId === datasetId && ids.includes(one.recordingId)
    for (const map of [this.#drafts, this.#overviews, this.#labelDrafts, this.#cursors, this.#tiles]) {
      for (const [key, one] of map) if (gone(one)) map.delete(key)
    }
    for (const [layer, steps] of this.#steps) if (steps.some(gone)) this.#steps.delete(layer)
    for (const id of ids) this.#settings.delete(settingsKey(id))
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
