import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { Envelope, Recording } from '../../src-main/contract/schemas/recording.ts'
import type { Connection } from './connection.svelte.ts'
import { bestLane } from './recording-measures.ts'
import { defaultViewSettings, type WorkingStore } from './working-store.ts'

/** The closest look: this many rows across the screen. */
const fewestRows = 32

/** A stored recording on screen: the window of rows that is shown, and its min/max envelope from the lab. */
export class Reviewer {
  recording = $state.raw<Recording | null>(null)
  fromRow = $state(0)
  toRow = $state(0)
  detail = $state.raw<Envelope | null>(null)
  /** Lanes of `detail`, in its order. */
  detailLanes = $state.raw<readonly string[]>([])
  overview = $state.raw<Envelope | null>(null)
  hiddenLanes = $state.raw<readonly string[]>([])
  readonly #connection: Connection
  readonly #store: WorkingStore
  #columns = 1000
  #loading = false
  #stale = false

  constructor(connection: Connection, store: WorkingStore) {
    this.#connection = connection
    this.#store = store
  }

  get rateHz(): number {
    return this.recording?.measuredRateHz ?? this.recording?.declaredRateHz ?? 1
  }

  get visibleLanes(): string[] {
    return (this.recording?.lanes ?? []).map((lane) => lane.id).filter((id) => !this.hiddenLanes.includes(id))
  }

  /** Lanes of `overview`: none or one. */
  get overviewLanes(): LaneSpec[] {
    const main = this.recording === null ? null : mainLane(this.recording)
    return this.recording?.lanes.filter((lane) => lane.id === main) ?? []
  }

  async open(id: string): Promise<void> {
    const recording = await this.#connection.call('library.get', { id: id as RecordingId })
    this.recording = recording
    this.detail = null
    this.overview = null
    const settings = await this.#store.viewSettings(`recording:${id}`)
    this.hiddenLanes = settings?.hiddenLanes ?? recording.lanes.filter((lane) => lane.sparse).map((lane) => lane.id)
    if (this.visibleLanes.length === 0) this.hiddenLanes = []
    this.fromRow = 0
    this.toRow = Math.min(recording.rows, Math.max(fewestRows, Math.round(10 * this.rateHz)))
    if (recording.rows > 0) {
      const lane = mainLane(recording)
      this.overview = await this.#envelope(lane === null ? [] : [lane], 0, recording.rows, 1200)
      await this.refresh()
    }
  }

  /** The recording's words changed at the lab; its signal and the window stay. */
  async reload(): Promise<void> {
    if (this.recording !== null) this.recording = await this.#connection.call('library.get', { id: this.recording.id })
  }

  resize(columns: number): void {
    const next = Math.max(16, Math.min(4096, Math.round(columns)))
    if (next === this.#columns) return
    this.#columns = next
    void this.refresh()
  }

  /** Moves by a part of the window. */
  pan(part: number): void {
    const width = this.toRow - this.fromRow
    this.show(this.fromRow + part * width, width)
  }

  /** `factor` < 1 comes closer; the row at `anchor` (0..1 of the window) stays where it is. */
  zoom(factor: number, anchor = 0.5): void {
    const rows = this.recording?.rows ?? 0
    const width = this.toRow - this.fromRow
    const next = Math.max(Math.min(fewestRows, rows), Math.min(rows, width * factor))
    this.show(this.fromRow + anchor * (width - next), next)
  }

  show(fromRow: number, width: number): void {
    const rows = this.recording?.rows ?? 0
    const rounded = Math.max(1, Math.min(rows, Math.round(width)))
    const from = Math.max(0, Math.min(rows - rounded, Math.round(fromRow)))
    this.fromRow = from
    this.toRow = from + rounded
    void this.refresh()
  }

  toggleLane(id: string): void {
    const hidden = this.hiddenLanes.includes(id) ? this.hiddenLanes.filter((lane) => lane !== id) : [...this.hiddenLanes, id]
    if (this.recording !== null && hidden.length >= this.recording.lanes.length) return
    this.hiddenLanes = hidden
    void this.refresh()
    if (this.recording === null) return
    void this.#store.saveViewSettings(`recording:${this.recording.id}`, {
      ...defaultViewSettings,
      hiddenLanes: [...hidden],
    })
  }

  /** At most one request is under way; the newest window is asked for when it returns. */
  async refresh(): Promise<void> {
    if (this.recording === null || this.recording.rows === 0) return
    if (this.#loading) {
      this.#stale = true
      return
    }
    this.#loading = true
    try {
      do {
        this.#stale = false
        const lanes = this.visibleLanes
        const detail = await this.#envelope(lanes, this.fromRow, this.toRow, this.#columns)
        this.detailLanes = lanes
        this.detail = detail
      } while (this.#stale)
    } finally {
      this.#loading = false
    }
  }

  #envelope(lanes: string[], fromRow: number, toRow: number, columns: number): Promise<Envelope> {
    const id = this.recording?.id as RecordingId
    return this.#connection.call('library.envelope', { id, lanes, fromRow, toRow, columns: Math.min(columns, Math.max(1, toRow - fromRow)) })
  }
}

/** The lane that stands for the whole recording in its overview. */
function mainLane(recording: Recording): string | null {
  const best = bestLane(recording)
  const body = recording.lanes.find(({ kind }) => kind === 'ecg' || kind === 'ppg') ?? recording.lanes[0]
  const measured = recording.lanes.find(({ id, kind }) => id === best?.lane && (kind === 'ecg' || kind === 'ppg'))
  return (measured ?? body)?.id ?? null
}
