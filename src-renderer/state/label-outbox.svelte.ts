import { LabError, type ErrorCode } from '../../src-main/contract/errors.ts'
import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { LabelLayer } from '../../src-main/contract/schemas/label.ts'
import type { Connection } from './connection.svelte.ts'
import type { LabelDraft, WorkingStore } from './working-store.ts'

/** As much as one request carries (the contract's limit is 200 000). */
const mostChanges = 20_000
/** The lab could not be asked, or has another dataset open: the drafts wait. */
const passing: ReadonlySet<ErrorCode> = new Set(['connection-lost', 'cancelled', 'dataset-not-open'])

const layerOf = (draft: LabelDraft) => `${draft.recordingId}/${draft.annotator}`

/**
 * Edits on their way to the lab. They are in the working store before they come here and leave it when the lab has them, so that neither a
 * killed window nor a lost connection loses one; their ids make sending them twice harmless.
 */
export class LabelOutbox {
  /** Not yet acknowledged, oldest first. */
  drafts = $state.raw<readonly LabelDraft[]>([])
  sending = $state(false)
  readonly refused = $derived(this.drafts.filter((draft) => draft.refusal !== null))
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #listeners = new Set<(recordingId: string, layer: LabelLayer) => void>()
  #datasetId = ''

  constructor(connection: Connection, store: WorkingStore) {
    this.#connection = connection
    this.#store = store
    connection.onReady(() => void this.send())
  }

  /** Takes up what an earlier life of this window left for the dataset. */
  async bind(datasetId: string): Promise<void> {
    if (datasetId === this.#datasetId) return
    this.#datasetId = datasetId
    this.drafts = datasetId === '' ? [] : await this.#store.labelDrafts(datasetId)
    await this.send()
  }

  /** The lab took drafts of a layer: it now is so. Returns the function that ends it. */
  onSaved(listener: (recordingId: string, layer: LabelLayer) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  pending(recordingId: string, annotator: string): LabelDraft[] {
    return this.drafts.filter((draft) => draft.recordingId === recordingId && draft.annotator === annotator)
  }

  add(draft: LabelDraft): void {
    this.drafts = [...this.drafts, draft]
    void this.send()
  }

  /** Sends what waits, in its order, one request at a time; a layer with a refused draft waits for a person. */
  async send(): Promise<void> {
    if (this.sending) return
    this.sending = true
    try {
      for (let batch = this.#next(); batch.length > 0; batch = this.#next()) if (!(await this.#deliver(batch))) break
    } finally {
      this.sending = false
    }
  }

  /** Tries a refused draft once more. */
  async retry(key: string): Promise<void> {
    await this.#refuse(key, null)
    await this.send()
  }

  /** Gives up edits: a refused one, or with `null` all of a layer. */
  async drop(keys: readonly string[]): Promise<void> {
    await this.#store.removeLabelDrafts(keys)
    this.drafts = this.drafts.filter((draft) => !keys.includes(draft.key))
    await this.send()
  }

  /** Drafts of recordings that are gone. */
  forget(ids: readonly string[]): void {
    this.drafts = this.drafts.filter((draft) => !ids.includes(draft.recordingId))
  }

  #next(): LabelDraft[] {
    const blocked = new Set(this.refused.map(layerOf))
    const first = this.drafts.find((draft) => !blocked.has(layerOf(draft)))
    if (first === undefined) return []
    const batch: LabelDraft[] = []
    let changes = 0
    for (const draft of this.drafts) {
      if (layerOf(draft) !== layerOf(first)) continue
      changes += draft.changes.length
      if (batch.length > 0 && changes > mostChanges) break
      batch.push(draft)
    }
    return batch
  }

  /** False when sending has to wait. */
  async #deliver(batch: readonly LabelDraft[]): Promise<boolean> {
    const [first] = batch
    try {
      const layer = await this.#connection.call('labels.append', {
        id: first.recordingId as RecordingId,
        annotator: first.annotator,
        basis: first.basis,
        changes: batch.flatMap((draft) => draft.changes),
      })
      const keys = batch.map((draft) => draft.key)
      await this.#store.removeLabelDrafts(keys)
      this.drafts = this.drafts.filter((draft) => !keys.includes(draft.key))
      for (const listener of this.#listeners) listener(first.recordingId, layer)
      return true
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (passing.has(error.code)) return false
      // All or none: the one that is wrong is found by sending them one by one.
      if (batch.length > 1) {
        for (const draft of batch) {
          if (!this.drafts.includes(draft)) continue
          if (!(await this.#deliver([draft]))) return false
          if (this.refused.some((refused) => refused.key === draft.key)) break
        }
        return true
      }
      await this.#refuse(first.key, error)
      return true
    }
  }

  async #refuse(key: string, error: LabError | null): Promise<void> {
    const draft = this.drafts.find((one) => one.key === key)
    if (draft === undefined) return
    const next: LabelDraft = { ...draft, refusal: error?.toWire() ?? null }
    this.drafts = this.drafts.map((one) => (one.key === key ? next : one))
    await this.#store.saveLabelDraft(next)
  }
}
