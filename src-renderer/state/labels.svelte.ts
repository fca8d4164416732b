import { monotonicFactory } from 'ulid'
import type { RecordingId } from '../../src-main/contract/ids.ts'
import { Annotator, type Label, type LabelKind, type LabelLayer } from '../../src-main/contract/schemas/label.ts'
import type { Recording } from '../../src-main/contract/schemas/recording.ts'
import { BeatTrack } from './beat-track.ts'
import type { Connection } from './connection.svelte.ts'
import { LayerModel, type EditChange, type Said } from './label-edits.ts'
import { LabelHistory } from './label-history.svelte.ts'
import type { LabelOutbox } from './label-outbox.svelte.ts'
import type { Preferences } from './preferences.svelte.ts'
import type { LabelDraft, WorkingStore } from './working-store.ts'

/** Events of one change come in bursts; one look is enough. */
const settleMs = 150
const detectorPrefix = 'pulseprint-'
const nextId = monotonicFactory()

/** Whether a person may call their layer so. @example isPersonName('mk') // true; isPersonName('pulseprint-qrs@1') // false */
export function isPersonName(name: string): boolean {
  return Annotator.safeParse(name).success && !name.toLowerCase().startsWith(detectorPrefix) && !name.includes('@')
}

/** Why an edit was not made. */
export type EditProblem = 'other-layer' | 'changed-elsewhere'

/**
 * The layers of one recording: the one shown, the one it is compared with, and the edits of one's own. Every edit goes to the working store
 * first, then to the lab; the screen shows it at once.
 */
export class LabelsState {
  layers = $state.raw<readonly LabelLayer[]>([])
  shown = $state<string | null>(null)
  compared = $state<string | null>(null)
  /** Counts what changes in the models: read it to follow them. */
  version = $state(0)
  /** An edit waits for the person's name. */
  naming = $state.raw<(() => void) | null>(null)
  loading = $state(false)
  /** The layer that edits go to instead of the person's own: the adjudicated one. */
  acting = $state<string | null>(null)
  readonly outbox: LabelOutbox
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #preferences: Preferences
  readonly #datasetId: () => string
  #recording: Recording | null = null
  #models = new Map<string, LayerModel>()
  #known = new Map<string, string>()
  history = $state.raw<LabelHistory | null>(null)
  #writing: Promise<unknown> = Promise.resolve()
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(connection: Connection, store: WorkingStore, preferences: Preferences, outbox: LabelOutbox, datasetId: () => string) {
    this.#connection = connection
    this.#store = store
    this.#preferences = preferences
    this.#datasetId = datasetId
    this.outbox = outbox
    outbox.onSaved((recordingId, layer) => {
      if (recordingId === this.#recording?.id) this.#saved(layer)
    })
    connection.on('labels.changed', ({ id }) => {
      if (id === this.#recording?.id) this.#lookSoon()
    })
  }

  get recording(): Recording | null {
    return this.#recording
  }

  /** The person's own layer, whether it exists yet or not; `null` before they have said their name. */
  get own(): string | null {
    const name = this.acting ?? this.#preferences.annotator
    return isPersonName(name) ? name : null
  }

  get model(): LayerModel | null {
    void this.version
    return this.shown === null ? null : (this.#models.get(this.shown) ?? null)
  }

  get beats(): BeatTrack | null {
    return this.model?.beats ?? null
  }

  get comparedModel(): LayerModel | null {
    void this.version
    return this.compared === null ? null : (this.#models.get(this.compared) ?? null)
  }

  /** Labels other than beats of the layer shown, by row. */
  readonly labels: readonly Label[] = $derived(this.model?.sorted() ?? [])
  readonly comparedLabels: readonly Label[] = $derived(this.comparedModel?.sorted() ?? [])

  /** Edits of what is shown are possible: it is one's own layer, or the beginning of one. */
  get editable(): boolean {
    return this.shown === null || this.shown === this.own || !this.#hasOwn
  }

  get #hasOwn(): boolean {
    const { own } = this
    return own !== null && (this.layers.some(({ annotator }) => annotator === own) || this.#models.has(own))
  }

  get unsaved(): number {
    return this.outbox.drafts.filter((draft) => draft.recordingId === this.#recording?.id).length
  }

  async open(recording: Recording): Promise<void> {
    if (this.#recording?.id !== recording.id) {
      this.#models = new Map()
      this.#known = new Map()
      this.layers = []
      this.shown = null
      this.compared = null
      this.history = null
      this.acting = null
    }
    this.#recording = recording
    this.loading = true
    try {
      await this.#readLayers()
      if (this.shown === null) await this.show(this.#firstShown())
      await this.#openHistory()
    } finally {
      this.loading = false
    }
  }

  close(): void {
    this.#recording = null
    this.#models = new Map()
    this.layers = []
    this.shown = null
    this.compared = null
    this.history = null
    this.version++
  }

  async show(annotator: string | null): Promise<void> {
    if (annotator !== null) await this.#load(annotator)
    this.shown = annotator
    if (this.compared === annotator) this.compared = null
  }

  async compare(annotator: string | null): Promise<void> {
    if (annotator !== null) await this.#load(annotator)
    this.compared = annotator
  }

  /** The person's name for this window; edits that waited for it go on. */
  async setAnnotator(name: string): Promise<void> {
    this.#preferences.set({ annotator: name })
    const waiting = this.naming
    this.naming = null
    if (this.#recording !== null && this.layers.some((layer) => layer.annotator === name)) await this.show(name)
    await this.#openHistory()
    waiting?.()
  }

  /** Edits go to this layer from now on; `null`: to the person's own again. Reads the layer anew. */
  async actAs(annotator: string | null): Promise<void> {
    this.acting = annotator
    await this.#readLayers()
    if (annotator !== null) {
      if (this.outbox.pending(this.#recording?.id ?? '', annotator).length === 0) this.#models.delete(annotator)
      await this.show(annotator)
    } else await this.show(this.#firstShown())
    await this.#openHistory()
  }

  /** Makes an edit; `null` when it was made or waits for the person's name, else why not. */
  edit(changes: readonly EditChange[]): EditProblem | null {
    if (changes.length === 0 || this.#recording === null) return null
    const { own } = this
    if (own === null) {
      this.naming = () => void this.edit(changes)
      return null
    }
    if (!this.editable) return 'other-layer'
    return this.#apply(own, changes, null)
  }

  add(kind: LabelKind, row: number, toRow: number | null, lane: string | null, value: string): EditProblem | null {
    return this.edit([{ before: null, after: { kind, row, toRow, lane, value } }])
  }

  undo(): EditProblem | null {
    const changes = this.history?.undoing ?? null
    const { own } = this
    return changes === null || own === null ? null : this.#apply(own, changes, -1)
  }

  redo(): EditProblem | null {
    const changes = this.history?.redoing ?? null
    const { own } = this
    return changes === null || own === null ? null : this.#apply(own, changes, 1)
  }

  /** Gives refused edits of this recording up and reads the layer again. */
  async dropRefused(draft: LabelDraft): Promise<void> {
    await this.outbox.drop([draft.key])
    if (draft.recordingId !== this.#recording?.id) return
    this.#models.delete(draft.annotator)
    if (this.history !== null && draft.annotator === this.own) await this.history.clear()
    await this.#readLayers()
    if (this.shown === draft.annotator) await this.show(this.layers.some(({ annotator }) => annotator === draft.annotator) ? draft.annotator : this.#firstShown())
    this.version++
  }

  /** Resolves when every edit so far is in the working store. */
  async written(): Promise<void> {
    await this.#writing
  }

  #apply(own: string, changes: readonly EditChange[], move: 1 | -1 | null): EditProblem | null {
    const recording = this.#recording
    if (recording === null) return null
    const started = !this.#models.has(own)
    const basis = started ? this.shown : null
    const model = this.#models.get(own) ?? this.model?.startOf(own) ?? new LayerModel(BeatTrack.empty(own), [])
    const madeAt = new Date().toISOString()
    const sent = model.edit(changes, nextId, madeAt)
    if (sent === null) return 'changed-elsewhere'
    this.#models.set(own, model)
    if (this.history?.layer !== this.#layerKey(own)) this.history = new LabelHistory(this.#store, this.#datasetId(), recording.id, own)
    const { step, cursor } = move === null ? this.history.push(changes) : { step: null, cursor: this.history.move(move) }
    const known = this.layers.find(({ annotator }) => annotator === own)
    if (known === undefined) this.layers = [...this.layers, { annotator: own, origin: 'person', basis, beats: 0, labels: 0, updatedAt: null }]
    this.layers = this.layers.map((layer) => (layer.annotator === own ? { ...layer, beats: model.beats.count, labels: model.labels.size } : layer))
    const draft: LabelDraft = {
      key: nextId(),
      datasetId: this.#datasetId(),
      recordingId: recording.id,
      annotator: own,
      basis: this.layers.find(({ annotator }) => annotator === own)?.basis ?? null,
      changes: sent,
      madeAt,
      refusal: null,
    }
    this.shown = own
    if (this.compared === own) this.compared = null
    this.version++
    // The working store first, then the lab; one after the other, so that both see edits in their order.
    this.#writing = this.#writing.then(() => this.#store.saveEdit({ draft, step, cursor })).then(() => this.outbox.add(draft))
    return null
  }

  #firstShown(): string | null {
    const { own } = this
    const names = this.layers.map(({ annotator }) => annotator)
    if (own !== null && names.includes(own)) return own
    if (names.includes('adjudicated')) return 'adjudicated'
    const detectors = this.layers.filter(({ origin }) => origin === 'detector')
    return [...detectors].sort((a, b) => b.beats - a.beats)[0]?.annotator ?? names[0] ?? null
  }

  async #openHistory(): Promise<void> {
    const { own } = this
    if (own === null || this.#recording === null) return
    if (this.history?.layer === this.#layerKey(own)) return
    const history = new LabelHistory(this.#store, this.#datasetId(), this.#recording.id, own)
    this.history = history
    await history.load()
  }

  #layerKey(annotator: string): string {
    return `${this.#datasetId()}/${this.#recording?.id ?? ''}/${annotator}`
  }

  /** Names and sizes of the layers, with those that exist only as drafts of this window. */
  async #readLayers(): Promise<void> {
    const recording = this.#recording
    if (recording === null) return
    const layers = await this.#connection.call('labels.layers', { id: recording.id })
    if (this.#recording !== recording) return
    const { own } = this
    if (own !== null && !layers.some(({ annotator }) => annotator === own)) {
      const [first] = this.outbox.pending(recording.id, own)
      if (first !== undefined) layers.push({ annotator: own, origin: 'person', basis: first.basis, beats: 0, labels: 0, updatedAt: null })
    }
    this.layers = layers
  }

  async #load(annotator: string): Promise<void> {
    const recording = this.#recording
    if (recording === null || this.#models.has(annotator)) return
    const model = await this.#read(recording.id, annotator)
    if (this.#recording?.id !== recording.id) return
    for (const draft of this.outbox.pending(recording.id, annotator)) model.replay(draft.changes, draft.madeAt)
    this.#models.set(annotator, model)
    this.version++
  }

  async #read(id: RecordingId, annotator: string): Promise<LayerModel> {
    const layer = this.layers.find((one) => one.annotator === annotator)
    if (layer?.updatedAt === null && layer.origin === 'person') {
      // Only drafts so far: the layer begins here as it will begin at the lab.
      const from = layer.basis === null ? null : await this.#read(id, layer.basis)
      return from?.startOf(annotator) ?? new LayerModel(BeatTrack.empty(annotator), [])
    }
    const [beats, labels] = await Promise.all([this.#connection.call('labels.beats', { id, annotator }), this.#connection.call('labels.list', { id, annotator })])
    this.#remember(layer)
    return new LayerModel(beats, labels)
  }

  #remember(layer: LabelLayer | undefined): void {
    if (layer !== undefined) this.#known.set(layer.annotator, stampOf(layer))
  }

  #saved(layer: LabelLayer): void {
    this.#remember(layer)
    const model = this.#models.get(layer.annotator)
    this.layers = this.layers.map((known) =>
      known.annotator !== layer.annotator ? known : model === undefined ? layer : { ...layer, beats: model.beats.count, labels: model.labels.size },
    )
  }

  #lookSoon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#look().catch((thrown: unknown) => console.warn('Pulseprint: the layers could not be read', thrown))
    }, settleMs)
  }

  /** Reads what somebody else changed; one's own saves are known already. */
  async #look(): Promise<void> {
    const recording = this.#recording
    if (recording === null) return
    if (this.outbox.sending) {
      this.#lookSoon()
      return
    }
    await this.#readLayers()
    for (const layer of this.layers) {
      const model = this.#models.get(layer.annotator)
      if (model === undefined || layer.updatedAt === null || this.#known.get(layer.annotator) === stampOf(layer)) continue
      if (this.outbox.pending(recording.id, layer.annotator).length > 0) continue
      const fresh = await this.#read(recording.id, layer.annotator)
      if (this.outbox.pending(recording.id, layer.annotator).length === 0 && this.#recording?.id === recording.id) this.#models.set(layer.annotator, fresh)
    }
    this.version++
  }
}

/** Two states of a layer with the same stamp are the same. */
const stampOf = ({ beats, labels, updatedAt }: LabelLayer) => `${updatedAt ?? ''}/${beats}/${labels}`

/** A beat or label as an edit names it. */
export const saidOf = ({ row, toRow, lane, kind, value }: Said): Said => ({ row, toRow, lane, kind, value })
