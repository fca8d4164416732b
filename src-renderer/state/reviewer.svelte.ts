import { LabError } from '../../src-main/contract/errors.ts'
import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { DisplayFilters } from '../../src-main/contract/schemas/acquisition.ts'
import type { LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { Envelope, Recording } from '../../src-main/contract/schemas/recording.ts'
import { bestLane } from '../../src-main/signal/heart-measures.ts'
import type { Connection } from './connection.svelte.ts'
import type { Piece, Segment } from './envelope-tiles.ts'
import { nextGain } from './gain-steps.ts'
import { StoredLanes } from './stored-lanes.svelte.ts'
import { defaultViewSettings, type ViewSettings, type WorkingStore } from './working-store.ts'

/** The closest look: this many rows across the screen. */
const fewestRows = 32

/** A stretch of rows, half open. */
export interface RowRange {
  readonly fromRow: number
  readonly toRow: number
}

/**
 * A stored recording on screen: the window of rows that is shown, and the min/max of its lanes. At most one request is under way; until it
 * returns, what is known is drawn stretched, so that moving never waits for the lab.
 */
export class Reviewer {
  recording = $state.raw<Recording | null>(null)
  fromRow = $state(0)
  toRow = $state(0)
  hiddenLanes = $state.raw<readonly string[]>([])
  /** Millimetres per unit of lanes whose gain was set by hand. */
  gains = $state.raw<Readonly<Record<string, number>>>({})
  filters = $state.raw<DisplayFilters>(defaultViewSettings.filters)
  filtering = $state(false)
  /** The lane that keys, beats and measures are about. */
  activeLane = $state<string | null>(null)
  /** Where the reader points or clicked, in rows. */
  cursorRow = $state<number | null>(null)
  selection = $state.raw<RowRange | null>(null)
  problem = $state.raw<LabError | null>(null)
  /** Millimetres per unit as painted now; the mounted trace answers. */
  shownGain: (lane: string) => number | null = () => null
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #lanes: StoredLanes
  #columns = 1000
  #running: Promise<void> | null = null
  #stale = false

  constructor(connection: Connection, store: WorkingStore, datasetId: () => string = () => '') {
    this.#connection = connection
    this.#store = store
    this.#lanes = new StoredLanes(connection, store, datasetId, this)
    connection.onReady(() => void this.refresh())
  }

  get rateHz(): number {
    return this.recording?.measuredRateHz ?? this.recording?.declaredRateHz ?? 1
  }

  get width(): number {
    return this.toRow - this.fromRow
  }

  /** Of the screen, for one lane. */
  get columns(): number {
    return this.#columns
  }

  /** Counts what arrived: painters follow it. */
  get arrived(): number {
    return this.#lanes.arrived
  }

  /** All of the recording, in the lanes of `overviewLanes`. */
  get overview(): Envelope | null {
    return this.#lanes.overview
  }

  /** Filters are on, but the window is too long for them. */
  get tooLongToFilter(): boolean {
    return this.#lanes.tooLongToFilter
  }

  get lanes(): readonly LaneSpec[] {
    return (this.recording?.lanes ?? []).filter(({ id }) => !this.hiddenLanes.includes(id))
  }

  get visibleLanes(): string[] {
    return this.lanes.map(({ id }) => id)
  }

  /** Lanes of `overview`: none or one. */
  get overviewLanes(): LaneSpec[] {
    const main = this.recording === null ? null : mainLane(this.recording)
    return this.recording?.lanes.filter((lane) => lane.id === main) ?? []
  }

  async open(id: string): Promise<void> {
    const recording = await this.#connection.call('library.get', { id: id as RecordingId })
    const settings = await this.#store.viewSettings(`recording:${id}`)
    const another = this.recording?.id !== recording.id || this.recording.contentHash !== recording.contentHash
    this.recording = recording
    if (another) this.#forget()
    this.gains = settings?.gains ?? {}
    this.filters = settings?.filters ?? defaultViewSettings.filters
    this.filtering = settings !== null && settings.raw === false
    this.hiddenLanes = settings?.hiddenLanes ?? recording.lanes.filter((lane) => lane.sparse).map((lane) => lane.id)
    if (this.visibleLanes.length === 0) this.hiddenLanes = []
    if (another) {
      this.selection = null
      this.cursorRow = null
      this.activeLane = mainLane(recording)
      this.fromRow = 0
      this.toRow = Math.min(recording.rows, Math.max(fewestRows, Math.round(10 * this.rateHz)))
    }
    if (recording.rows === 0) return
    await this.refresh()
    await this.#lanes.readOverview()
  }

  /** The recording's words changed at the lab; its signal and the window stay. */
  async reload(): Promise<void> {
    if (this.recording !== null) this.recording = await this.#connection.call('library.get', { id: this.recording.id })
  }

  close(): void {
    this.recording = null
    this.#forget()
  }

  resize(columns: number): void {
    const next = Math.max(16, Math.min(4096, Math.round(columns)))
    if (next === this.#columns) return
    this.#columns = next
    void this.refresh()
  }

  /** Moves by a part of the window. */
  pan(part: number): void {
    this.show(this.fromRow + part * this.width, this.width)
  }

  /** `factor` < 1 comes closer; the row at `anchor` (0..1 of the window) stays where it is. */
  zoom(factor: number, anchor = 0.5): void {
    const rows = this.recording?.rows ?? 0
    const next = Math.max(Math.min(fewestRows, rows), Math.min(rows, this.width * factor))
    this.show(this.fromRow + anchor * (this.width - next), next)
  }

  show(fromRow: number, width: number): void {
    const rows = this.recording?.rows ?? 0
    const rounded = Math.max(1, Math.min(rows, Math.round(width)))
    const from = Math.max(0, Math.min(rows - rounded, Math.round(fromRow)))
    this.fromRow = from
    this.toRow = from + rounded
    void this.refresh()
  }

  /** Brings a row into the middle, unless it is well inside the window already. */
  reveal(row: number, toRow: number | null = null): void {
    const margin = 0.1 * this.width
    this.cursorRow = row
    if (toRow !== null && toRow - row > this.width) this.show(row - 0.1 * (toRow - row), 1.2 * (toRow - row))
    else if (row < this.fromRow + margin || (toRow ?? row) > this.toRow - margin) this.show((row + (toRow ?? row)) / 2 - this.width / 2, this.width)
  }

  toggleLane(id: string): void {
    const hidden = this.hiddenLanes.includes(id) ? this.hiddenLanes.filter((lane) => lane !== id) : [...this.hiddenLanes, id]
    if (this.recording !== null && hidden.length >= this.recording.lanes.length) return
    this.hiddenLanes = hidden
    if (this.activeLane !== null && hidden.includes(this.activeLane)) this.activeLane = this.visibleLanes[0] ?? null
    this.#remember()
    void this.refresh()
  }

  /** The lane above (`-1`) or below (`1`) becomes the active one. */
  stepLane(direction: 1 | -1): void {
    const lanes = this.visibleLanes
    const at = lanes.indexOf(this.activeLane ?? '')
    this.activeLane = lanes[Math.max(0, Math.min(lanes.length - 1, at < 0 ? 0 : at + direction))] ?? null
  }

  /** Larger, smaller, or with 0 as it fits. */
  stepGain(lane: string, direction: 1 | -1 | 0): void {
    const { [lane]: own, ...others } = this.gains
    const now = own ?? this.shownGain(lane)
    this.gains = direction === 0 || now === null ? others : { ...others, [lane]: nextGain(now, direction) }
    this.#remember()
  }

  setFilters(filtering: boolean, filters: DisplayFilters = this.filters): void {
    this.filtering = filtering
    this.filters = filters
    this.#lanes.forgetFiltered()
    this.#remember()
    void this.refresh()
  }

  /** What there is to draw of a lane in the window: the finest that is known, everywhere. */
  segments(lane: string): Segment[] {
    return this.#lanes.segments(lane)
  }

  /** Every row of a short stretch of one lane, raw. Without an answer, what is drawn has to do. */
  everyRow(lane: string, fromRow: number, toRow: number): Promise<Piece[]> {
    return this.#lanes.everyRow(lane, fromRow, toRow, () => this.#running)
  }

  /** Goes on until everything in the window is there; the newest window is asked for first. Resolves when nothing is missing. */
  async refresh(): Promise<void> {
    if (this.recording === null || this.recording.rows === 0) return
    this.#stale = true
    this.#running ??= this.#readAll().finally(() => (this.#running = null))
    await this.#running
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#stale) {
        this.#stale = false
        while (await this.#lanes.readMissing()) continue
      }
      this.problem = null
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (error.code !== 'cancelled') this.problem = error
    }
  }

  #forget(): void {
    this.#lanes.forget()
    this.problem = null
  }

  #remember(): void {
    if (this.recording === null) return
    const settings: ViewSettings = { ...defaultViewSettings, gains: { ...this.gains }, hiddenLanes: [...this.hiddenLanes], filters: { ...this.filters }, raw: !this.filtering }
    void this.#store.saveViewSettings(`recording:${this.recording.id}`, settings)
  }
}

/** The lane that stands for the whole recording in its overview: the best of ECG, whose beats are shown first, else of PPG. */
export function mainLane(recording: Recording): string | null {
  const heart = ['ecg', 'ppg'].map((kind) => recording.lanes.filter((lane) => lane.kind === kind)).find((lanes) => lanes.length > 0)
  if (heart === undefined) return recording.lanes[0]?.id ?? null
  const best = bestLane({ ...recording, laneSummaries: recording.laneSummaries.filter(({ lane }) => heart.some(({ id }) => id === lane)) })
  return best?.lane ?? heart[0].id
}
