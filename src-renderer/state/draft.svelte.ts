import type { DraftKind, WorkingStore } from './working-store.ts'

/** Typing pauses this long before a draft is written. */
const settleMs = 250

/** One text that survives a reload until the lab has acknowledged it. */
export class DraftText {
  value = $state('')
  /** True when the text came back from an earlier life of this window. */
  restored = $state(false)
  readonly #store: WorkingStore
  readonly #kind: DraftKind
  #datasetId = ''
  #recordingId = ''
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(store: WorkingStore, kind: DraftKind) {
    this.#store = store
    this.#kind = kind
  }

  /** Binds to a dataset (and recording) and brings back what was typed there, else `initial`. */
  async load(datasetId: string, recordingId = '', initial = ''): Promise<void> {
    this.#datasetId = datasetId
    this.#recordingId = recordingId
    const draft = await this.#store.draft(this.#key)
    this.restored = draft !== null && draft.value !== '' && draft.value !== initial
    this.value = draft?.value ?? initial
  }

  set(value: string): void {
    this.value = value
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.flush(), settleMs)
  }

  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    await this.#store.saveDraft({
      key: this.#key,
      kind: this.#kind,
      datasetId: this.#datasetId,
      recordingId: this.#recordingId,
      value: this.value,
      updatedAt: Date.now(),
    })
  }

  /** The lab has it, or the person dropped it. */
  async clear(next = ''): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.value = next
    this.restored = false
    await this.#store.removeDraft(this.#key)
  }

  get #key(): string {
    return `${this.#datasetId}/${this.#recordingId}/${this.#kind}`
  }
}
