import { invert, type EditChange } from './label-edits.ts'
import type { StoredCursor, StoredStep, WorkingStore } from './working-store.ts'

/** Undo and redo of one layer, over reloads: the steps are in the working store, written with the drafts that they made. */
export class LabelHistory {
  steps = $state.raw<readonly StoredStep[]>([])
  done = $state(0)
  readonly layer: string
  readonly #datasetId: string
  readonly #recordingId: string
  readonly #store: WorkingStore

  constructor(store: WorkingStore, datasetId: string, recordingId: string, annotator: string) {
    this.#store = store
    this.#datasetId = datasetId
    this.#recordingId = recordingId
    this.layer = `${datasetId}/${recordingId}/${annotator}`
  }

  async load(): Promise<void> {
    const { steps, done } = await this.#store.history(this.layer)
    // Edits that were made while this was read stay on top.
    if (this.steps.length > 0) return
    this.steps = steps
    this.done = done
  }

  get canUndo(): boolean {
    return this.steps.some(({ number }) => number === this.done - 1)
  }

  get canRedo(): boolean {
    return this.steps.some(({ number }) => number === this.done)
  }

  /** Remembers an edit; what was undone before cannot be redone any more. */
  push(changes: readonly EditChange[]): { step: StoredStep; cursor: StoredCursor } {
    const step = { layer: this.layer, number: this.done, datasetId: this.#datasetId, recordingId: this.#recordingId, changes }
    this.steps = [...this.steps.filter(({ number }) => number < this.done), step]
    this.done++
    return { step, cursor: this.#cursor() }
  }

  /** What the next undo would change. */
  get undoing(): EditChange[] | null {
    const step = this.steps.find(({ number }) => number === this.done - 1)
    return step === undefined ? null : invert(step.changes)
  }

  get redoing(): readonly EditChange[] | null {
    return this.steps.find(({ number }) => number === this.done)?.changes ?? null
  }

  move(by: 1 | -1): StoredCursor {
    this.done += by
    return this.#cursor()
  }

  /** The layer was changed from elsewhere in a way that the steps do not know. */
  async clear(): Promise<void> {
    this.steps = []
    this.done = 0
    await this.#store.clearHistory(this.layer)
  }

  #cursor(): StoredCursor {
    return { layer: this.layer, datasetId: this.#datasetId, recordingId: this.#recordingId, done: this.done }
  }
}
