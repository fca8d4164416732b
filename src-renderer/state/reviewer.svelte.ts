import { LabError } from '../../src-main/contract/errors.ts'
import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { DisplayFilters } from '../../src-main/contract/schemas/acquisition.ts'
import type { LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { Envelope, Recording } from '../../src-main/contract/schemas/recording.ts'
import { envelopeValues } from '../trace/envelope-painter.ts'
import type { Connection } from './connection.svelte.ts'
import { coverage, cutTiles, TileCache, tileColumns, tileRange, tileStride, type Piece, type Segment } from './envelope-tiles.ts'
import { nextGain } from './gain-steps.ts'
import { bestLane } from '../../src-main/signal/heart-measures.ts'
import { defaultViewSettings, type ViewSettings, type WorkingStore } from './working-store.ts'

/** The closest look: this many rows across the screen. */
const fewestRows = 32
/** Columns of the whole recording per lane: the overview, and what is drawn where nothing finer is there yet. */
const overviewColumns = 2048
/** A filtered window is asked for with this much of its width on either side, so that a small step shows no hole. */
const filteredMargin = 0.5
/** How many coarser strides may stand in for a tile that is on its way. */
const standInStrides = 5

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
  overview = $state.raw<Envelope | null>(null)
  hiddenLanes = $state.raw<readonly string[]>([])
  /** Millimetres per unit of lanes whose gain was set by hand. */
  gains = $state.raw<Readonly<Record<string, number>>>({})
  filters = $state.raw<DisplayFilters>(defaultViewSettings.filters)
  filtering = $state(false)
  /** Windows of so many rows came back unfiltered. */
  #refusedRows = $state(Number.POSITIVE_INFINITY)
  /** The lane that keys, beats and measures are about. */
  activeLane = $state<string | null>(null)
  /** Where the reader points or clicked, in rows. */
  cursorRow = $state<number | null>(null)
  selection = $state.raw<RowRange | null>(null)
  /** Counts what arrived: painters follow it. */
  arrived = $state(0)
  problem = $state.raw<LabError | null>(null)
  /** Millimetres per unit as painted now; the mounted trace answers. */
  shownGain: (lane: string) => number | null = () => null
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #datasetId: () => string
  readonly #tiles = new TileCache()
  /** Per lane: the newest filtered answer, and the one before. */
  #filtered = new Map<string, Piece[]>()
  /** The filtered window that was asked for last. */
  #filteredFor = ''
  #overviews = new Map<string, Piece>()
  #columns = 1000
  #running: Promise<void> | null = null
  #stale = false

  constructor(connection: Connection, store: WorkingStore, datasetId: () => string = () => '') {
    this.#connection = connection
    this.#store = store
    this.#datasetId = datasetId
    connection.onReady(() => void this.refresh())
  }

  get rateHz(): number {
    return this.recording?.measuredRateHz ?? this.recording?.declaredRateHz ?? 1
  }

  get width(): number {
    return this.toRow - this.fromRow
  }

  /** Filters are on, but the window is too long for them. */
  get tooLongToFilter(): boolean {
    return this.filtering && this.width >= this.#refusedRows
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
    await this.#readOverview()
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
    this.#filtered = new Map()
    this.#filteredFor = ''
    this.#refusedRows = Number.POSITIVE_INFINITY
    this.#remember()
    void this.refresh()
  }

  /** What there is to draw of a lane in the window: the finest that is known, everywhere. */
  segments(lane: string): Segment[] {
    void this.arrived
    const { fromRow, toRow } = this
    const stride = tileStride(toRow - fromRow, this.#columns)
    const overview = this.#overviews.get(lane)
    if (this.filtering && !this.tooLongToFilter) {
      const filtered = coverage(fromRow, toRow, [this.#filtered.get(lane) ?? []])
      // Raw and filtered pieces lie at other heights: never both at once.
      if (filtered.length > 0) return filtered
    }
    const sources: Piece[][] = [this.#tilesOf(lane, stride)]
    for (let step = 1; step <= standInStrides; step++) {
      sources.push(this.#tilesOf(lane, stride * 2 ** step))
      if (stride >= 2 ** step && step <= 2) sources.push(this.#tilesOf(lane, stride / 2 ** step))
    }
    return coverage(fromRow, toRow, overview === undefined ? sources : [...sources, [overview]])
  }

  /**
   * Every row of a short stretch of one lane, raw: from the tiles where they are that fine, else from the lab.
   * Without an answer, what is drawn has to do.
   */
  async everyRow(lane: string, fromRow: number, toRow: number): Promise<Piece[]> {
    const { recording } = this
    if (recording === null) return []
    const from = Math.max(0, fromRow)
    const to = Math.min(recording.rows, toRow)
    const [first, last] = tileRange(from, to, 1)
    if (this.#covered(lane, 1, first, last)) return Array.from({ length: last - first + 1 }, (_, index) => this.#tiles.get(lane, 1, first + index)).flatMap((piece) => piece ?? [])
    try {
      // After the window's own request: one at a time.
      await this.#running
      const answer = await this.#ask(recording, [lane], from, to, to - from, null)
      return [{ fromRow: from, toRow: to, columns: answer.columns, values: envelopeValues(answer) }]
    } catch (thrown) {
      console.warn('Pulseprint: the rows around the cursor could not be read', LabError.from(thrown).message)
      return this.segments(lane).map(({ piece }) => piece)
    }
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
        while (await this.#readMissing()) this.arrived++
      }
      this.problem = null
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (error.code !== 'cancelled') this.problem = error
    }
  }

  #tilesOf(lane: string, stride: number): Piece[] {
    const [first, last] = tileRange(this.fromRow, this.toRow, stride)
    const pieces: Piece[] = []
    for (let index = first; index <= last; index++) {
      const piece = this.#tiles.get(lane, stride, index)
      if (piece !== null) pieces.push(piece)
    }
    return pieces
  }

  /** One request for what is missing most; false when nothing is. */
  async #readMissing(): Promise<boolean> {
    if (this.filtering && !this.tooLongToFilter) return this.#readFiltered()
    const { recording } = this
    if (recording === null) return false
    const stride = tileStride(this.width, this.#columns)
    const rows = stride * tileColumns
    const [first, last] = tileRange(this.fromRow, this.toRow, stride)
    // The window itself, then one tile on either side for the next step.
    const end = Math.max(first, Math.ceil(recording.rows / rows) - 1)
    for (const [from, to] of [[first, last], [Math.max(0, first - 1), Math.min(end, last + 1)]] as const) {
      const lanes = this.visibleLanes.filter((lane) => !this.#covered(lane, stride, from, to))
      if (lanes.length === 0) continue
      let low = from
      let high = to
      while (low < high && lanes.every((lane) => this.#tiles.has(lane, stride, low))) low++
      while (high > low && lanes.every((lane) => this.#tiles.has(lane, stride, high))) high--
      const fromRow = low * rows
      const columns = Math.ceil((Math.min(recording.rows, (high + 1) * rows) - fromRow) / stride)
      const answer = await this.#ask(recording, lanes, fromRow, fromRow + columns * stride, columns, null)
      if (this.recording?.id !== recording.id) return false
      cutTiles(envelopeValues(answer), lanes.length, answer.columns, fromRow, stride).forEach((pieces, lane) => {
        pieces.forEach((piece, index) => this.#tiles.set(lanes[lane], stride, low + index, piece))
      })
      return true
    }
    return false
  }

  #covered(lane: string, stride: number, first: number, last: number): boolean {
    for (let index = first; index <= last; index++) if (!this.#tiles.has(lane, stride, index)) return false
    return true
  }

  async #readFiltered(): Promise<boolean> {
    const { recording, filters } = this
    if (recording === null) return false
    const lanes = this.visibleLanes
    const wanted = `${this.fromRow}/${this.toRow}/${this.#columns}/${lanes.join()}/${JSON.stringify(filters)}`
    if (wanted === this.#filteredFor) return false
    const asked = this.width
    const margin = Math.round(filteredMargin * asked)
    const fromRow = Math.max(0, this.fromRow - margin)
    const toRow = Math.min(recording.rows, this.toRow + margin)
    const columns = Math.max(1, Math.min(toRow - fromRow, Math.round((this.#columns * (toRow - fromRow)) / this.width)))
    const answer = await this.#ask(recording, lanes, fromRow, toRow, Math.min(16_384, columns), filters)
    if (this.recording?.id !== recording.id || this.filters !== filters) return true
    this.#filteredFor = wanted
    if (!answer.filtered) {
      // The window may have moved on since; what was asked for counts.
      this.#refusedRows = Math.min(this.#refusedRows, asked)
      return true
    }
    const values = envelopeValues(answer)
    lanes.forEach((lane, index) => {
      const piece = { fromRow, toRow, columns: answer.columns, values: values.slice(2 * index * answer.columns, 2 * (index + 1) * answer.columns) }
      this.#filtered.set(lane, [piece, ...(this.#filtered.get(lane) ?? []).slice(0, 1)])
    })
    return true
  }

  /** Once per content: from the working store, else from the lab. */
  async #readOverview(): Promise<void> {
    const { recording } = this
    if (recording === null || recording.rows === 0) return
    const lanes = recording.lanes.map(({ id }) => id)
    const columns = Math.min(overviewColumns, recording.rows)
    const key = `${this.#datasetId()}/${recording.id}/${recording.contentHash}/${lanes.join()}`
    const cached = recording.contentHash === '' ? null : await this.#store.tile(key)
    const answer = cached ?? (await this.#ask(recording, lanes, 0, recording.rows, columns, null))
    if (this.recording?.id !== recording.id) return
    const bytes = answer.bytes.slice()
    const values = new Float32Array(bytes.buffer)
    lanes.forEach((lane, index) => {
      this.#overviews.set(lane, { fromRow: 0, toRow: recording.rows, columns: answer.columns, values: values.slice(2 * index * answer.columns, 2 * (index + 1) * answer.columns) })
    })
    const [main] = this.overviewLanes
    const piece = this.#overviews.get(main?.id ?? '')
    this.overview = piece === undefined ? null : { fromRow: 0, toRow: recording.rows, columns: piece.columns, bytes: Uint8Array.from(new Uint8Array(piece.values.buffer)) }
    this.arrived++
    if (cached === null && recording.contentHash !== '') {
      await this.#store.saveTile({ key, datasetId: this.#datasetId(), recordingId: recording.id, columns: answer.columns, bytes, usedAt: Date.now() })
    }
  }

  #ask(recording: Recording, lanes: string[], fromRow: number, toRow: number, columns: number, filters: DisplayFilters | null) {
    return this.#connection.call('library.envelope', { id: recording.id, lanes, fromRow, toRow, columns, filters })
  }

  #forget(): void {
    this.#tiles.clear()
    this.#filtered = new Map()
    this.#filteredFor = ''
    this.#overviews = new Map()
    this.overview = null
    this.#refusedRows = Number.POSITIVE_INFINITY
    this.problem = null
    this.arrived++
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
