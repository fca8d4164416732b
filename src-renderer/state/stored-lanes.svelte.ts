import { LabError } from '../../src-main/contract/errors.ts'
import type { DisplayFilters } from '../../src-main/contract/schemas/acquisition.ts'
import type { LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { Envelope, Recording } from '../../src-main/contract/schemas/recording.ts'
import { envelopeValues } from '../trace/envelope-painter.ts'
import type { Connection } from './connection.svelte.ts'
import { coverage, cutTiles, TileCache, tileColumns, tileRange, tileStride, type Piece, type Segment } from './envelope-tiles.ts'
import type { WorkingStore } from './working-store.ts'

/** Columns of the whole recording per lane: the overview, and what is drawn where nothing finer is there yet. */
const overviewColumns = 2048
/** A filtered window is asked for with this much of its width on either side, so that a small step shows no hole. */
const filteredMargin = 0.5
/** How many coarser strides may stand in for a tile that is on its way. */
const standInStrides = 5

/** What is looked at: a window of rows of a recording, in so many columns of the screen. */
export interface Look {
  readonly recording: Recording | null
  readonly fromRow: number
  readonly toRow: number
  readonly columns: number
  readonly visibleLanes: readonly string[]
  /** Lanes of the overview: none or one. */
  readonly overviewLanes: readonly LaneSpec[]
  readonly filtering: boolean
  readonly filters: DisplayFilters
}

/** The min/max of a stored recording's lanes as far as it is known, and the requests for what is missing. What is known is kept while the look moves. */
export class StoredLanes {
  overview = $state.raw<Envelope | null>(null)
  /** Counts what arrived: painters follow it. */
  arrived = $state(0)
  /** Windows of so many rows came back unfiltered. */
  #refusedRows = $state(Number.POSITIVE_INFINITY)
  readonly #tiles = new TileCache()
  /** Per lane: the newest filtered answer, and the one before. */
  #filtered = new Map<string, Piece[]>()
  /** The filtered window that was asked for last. */
  #filteredFor = ''
  #overviews = new Map<string, Piece>()
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #datasetId: () => string
  readonly #look: Look

  constructor(connection: Connection, store: WorkingStore, datasetId: () => string, look: Look) {
    this.#connection = connection
    this.#store = store
    this.#datasetId = datasetId
    this.#look = look
  }

  /** Filters are on, but the window is too long for them. */
  get tooLongToFilter(): boolean {
    return this.#look.filtering && this.#width >= this.#refusedRows
  }

  get #width(): number {
    return this.#look.toRow - this.#look.fromRow
  }

  /** What there is to draw of a lane in the window: the finest that is known, everywhere. */
  segments(lane: string): Segment[] {
    void this.arrived
    const { fromRow, toRow, columns, filtering } = this.#look
    const stride = tileStride(toRow - fromRow, columns)
    const overview = this.#overviews.get(lane)
    if (filtering && !this.tooLongToFilter) {
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
   * Without an answer, what is drawn has to do. `idle`: waits for what is asked for now; one request at a time.
   */
  async everyRow(lane: string, fromRow: number, toRow: number, idle: () => Promise<void> | null): Promise<Piece[]> {
    const { recording } = this.#look
    if (recording === null) return []
    const from = Math.max(0, fromRow)
    const to = Math.min(recording.rows, toRow)
    const [first, last] = tileRange(from, to, 1)
    if (this.#covered(lane, 1, first, last)) return Array.from({ length: last - first + 1 }, (_, index) => this.#tiles.get(lane, 1, first + index)).flatMap((piece) => piece ?? [])
    try {
      await idle()
      const answer = await this.#ask(recording, [lane], from, to, to - from, null)
      return [{ fromRow: from, toRow: to, columns: answer.columns, values: envelopeValues(answer) }]
    } catch (thrown) {
      console.warn('Pulseprint: the rows around the cursor could not be read', LabError.from(thrown).message)
      return this.segments(lane).map(({ piece }) => piece)
    }
  }

  /** One request for what is missing most; false when nothing is. */
  async readMissing(): Promise<boolean> {
    const isRead = await (this.#look.filtering && !this.tooLongToFilter ? this.#readFiltered() : this.#readTiles())
    if (isRead) this.arrived++
    return isRead
  }

  /** Once per content: from the working store, else from the lab. */
  async readOverview(): Promise<void> {
    const { recording } = this.#look
    if (recording === null || recording.rows === 0) return
    const lanes = recording.lanes.map(({ id }) => id)
    const columns = Math.min(overviewColumns, recording.rows)
    const key = `${this.#datasetId()}/${recording.id}/${recording.contentHash}/${lanes.join()}`
    const cached = recording.contentHash === '' ? null : await this.#store.tile(key)
    const answer = cached ?? (await this.#ask(recording, lanes, 0, recording.rows, columns, null))
    if (this.#look.recording?.id !== recording.id) return
    const bytes = answer.bytes.slice()
    const values = new Float32Array(bytes.buffer)
    lanes.forEach((lane, index) => {
      this.#overviews.set(lane, { fromRow: 0, toRow: recording.rows, columns: answer.columns, values: values.slice(2 * index * answer.columns, 2 * (index + 1) * answer.columns) })
    })
    const [main] = this.#look.overviewLanes
    const piece = this.#overviews.get(main?.id ?? '')
    this.overview = piece === undefined ? null : { fromRow: 0, toRow: recording.rows, columns: piece.columns, bytes: Uint8Array.from(new Uint8Array(piece.values.buffer)) }
    this.arrived++
    if (cached === null && recording.contentHash !== '') {
      await this.#store.saveTile({ key, datasetId: this.#datasetId(), recordingId: recording.id, columns: answer.columns, bytes, usedAt: Date.now() })
    }
  }

  forgetFiltered(): void {
    this.#filtered = new Map()
    this.#filteredFor = ''
    this.#refusedRows = Number.POSITIVE_INFINITY
  }

  forget(): void {
    this.#tiles.clear()
    this.forgetFiltered()
    this.#overviews = new Map()
    this.overview = null
    this.arrived++
  }

  #tilesOf(lane: string, stride: number): Piece[] {
    const [first, last] = tileRange(this.#look.fromRow, this.#look.toRow, stride)
    const pieces: Piece[] = []
    for (let index = first; index <= last; index++) {
      const piece = this.#tiles.get(lane, stride, index)
      if (piece !== null) pieces.push(piece)
    }
    return pieces
  }

  async #readTiles(): Promise<boolean> {
    const { recording, columns: screen, visibleLanes } = this.#look
    if (recording === null) return false
    const stride = tileStride(this.#width, screen)
    const rows = stride * tileColumns
    const [first, last] = tileRange(this.#look.fromRow, this.#look.toRow, stride)
    // The window itself, then one tile on either side for the next step.
    const end = Math.max(first, Math.ceil(recording.rows / rows) - 1)
    for (const [from, to] of [[first, last], [Math.max(0, first - 1), Math.min(end, last + 1)]] as const) {
      const lanes = visibleLanes.filter((lane) => !this.#covered(lane, stride, from, to))
      if (lanes.length === 0) continue
      let low = from
      let high = to
      while (low < high && lanes.every((lane) => this.#tiles.has(lane, stride, low))) low++
      while (high > low && lanes.every((lane) => this.#tiles.has(lane, stride, high))) high--
      const fromRow = low * rows
      const columns = Math.ceil((Math.min(recording.rows, (high + 1) * rows) - fromRow) / stride)
      const answer = await this.#ask(recording, lanes, fromRow, fromRow + columns * stride, columns, null)
      if (this.#look.recording?.id !== recording.id) return false
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
    const { recording, filters, visibleLanes: lanes, fromRow: windowFrom, toRow: windowTo, columns: screen } = this.#look
    if (recording === null) return false
    const wanted = `${windowFrom}/${windowTo}/${screen}/${lanes.join()}/${JSON.stringify(filters)}`
    if (wanted === this.#filteredFor) return false
    const asked = this.#width
    const margin = Math.round(filteredMargin * asked)
    const fromRow = Math.max(0, windowFrom - margin)
    const toRow = Math.min(recording.rows, windowTo + margin)
    const columns = Math.max(1, Math.min(toRow - fromRow, Math.round((screen * (toRow - fromRow)) / asked)))
    const answer = await this.#ask(recording, lanes, fromRow, toRow, Math.min(16_384, columns), filters)
    if (this.#look.recording?.id !== recording.id || this.#look.filters !== filters) return true
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

  #ask(recording: Recording, lanes: readonly string[], fromRow: number, toRow: number, columns: number, filters: DisplayFilters | null) {
    return this.#connection.call('library.envelope', { id: recording.id, lanes: [...lanes], fromRow, toRow, columns, filters })
  }
}
