import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { RecordingListItem } from '../../src-main/contract/schemas/recording.ts'
import type { Connection } from './connection.svelte.ts'
import type { WorkingStore } from './working-store.ts'

/** A thumbnail shows the beginning of the signal, where beats can still be told apart. */
const shownSeconds = 10
export const thumbnailColumns = 240
/** More at once would only queue in the lab while the list scrolls on. */
const parallel = 3

interface Wanted {
  item: RecordingListItem
  signal: AbortSignal
  resolve: (values: Float32Array | null) => void
}

/** Small overviews for lists: from the cache, else from the lab, newest wish first. */
export class Thumbnails {
  readonly #connection: Connection
  readonly #store: WorkingStore
  #datasetId = ''
  #running = 0
  #wanted: Wanted[] = []
  readonly #fresh = new Set<string>()

  constructor(connection: Connection, store: WorkingStore) {
    this.#connection = connection
    this.#store = store
  }

  bind(datasetId: string): void {
    this.#datasetId = datasetId
  }

  /** The recording changed at the lab: its cached picture is no longer trusted. */
  forget(id: string): void {
    this.#fresh.add(id)
  }

  /** [min, max] per column of the first body lane; `null` when there is no signal or the wish was withdrawn. */
  get(item: RecordingListItem, signal: AbortSignal): Promise<Float32Array | null> {
    return new Promise((resolve) => {
      this.#wanted.push({ item, signal, resolve })
      this.#next()
    })
  }

  #next(): void {
    while (this.#running < parallel) {
      const wanted = this.#wanted.pop()
      if (wanted === undefined) return
      if (wanted.signal.aborted) {
        wanted.resolve(null)
        continue
      }
      this.#running++
      void this.#load(wanted.item)
        .catch((thrown: unknown) => {
          console.warn(`Pulseprint: no thumbnail for ${wanted.item.id}`, thrown)
          return null
        })
        .then((values) => {
          this.#running--
          wanted.resolve(values)
          this.#next()
        })
    }
  }

  async #load(item: RecordingListItem): Promise<Float32Array | null> {
    const lane = item.lanes.find(({ kind }) => kind === 'ecg') ?? item.lanes.find(({ kind }) => kind === 'ppg') ?? item.lanes[0]
    if (lane === undefined || item.rows === 0) return null
    const key = `${this.#datasetId}/${item.id}/${lane.id}/${item.rows}`
    const cached = this.#fresh.has(item.id) ? null : await this.#store.overview(key)
    if (cached !== null) return new Float32Array(cached.bytes.slice().buffer)
    const toRow = Math.min(item.rows, Math.ceil(shownSeconds * item.declaredRateHz))
    const envelope = await this.#connection.call('library.envelope', {
      id: item.id as RecordingId,
      lanes: [lane.id],
      fromRow: 0,
      toRow,
      columns: Math.min(thumbnailColumns, toRow),
    })
    const bytes = envelope.bytes.slice()
    this.#fresh.delete(item.id)
    await this.#store.saveOverview({ key, datasetId: this.#datasetId, recordingId: item.id, columns: envelope.columns, toRow, bytes, usedAt: Date.now() })
    return new Float32Array(bytes.buffer)
  }
}
