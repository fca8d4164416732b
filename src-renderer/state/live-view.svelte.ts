import type { DisplayFilters, AcquisitionStatus } from '../../src-main/contract/schemas/acquisition.ts'
import type { LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { Envelope } from '../../src-main/contract/schemas/recording.ts'
import { decodeViewFrame, type ViewFrame } from '../../src-main/contract/view-frame.ts'
import type { Connection } from './connection.svelte.ts'
import { nextGain } from './gain-steps.ts'
import { defaultViewSettings, type ViewSettings, type WorkingStore } from './working-store.ts'

export const paperSpeeds = [12.5, 25, 50] as const
export const plainSpans = [4, 8, 15, 30] as const

/** ECG paper's gain: 10 mm per mV. */
const paperMillimetresPerMillivolt = 10

/** Lanes that measure no body signal start hidden: they are for checks, not for watching. */
const quietKinds: readonly LaneSpec['kind'][] = ['acceleration', 'temperature', 'aux']

/** The lab keeps about this much of the live signal for scrubbing. */
const historySeconds = 600

/** A screen that was away asks for this much of what it missed, in at most so many columns (the contract's limit). */
const refillSeconds = 30
const refillColumns = 16384

/** What a mounted trace screen takes. */
export interface TraceSink {
  frame(frame: ViewFrame): void
  /** Rows that end where the first frame of `epoch` began. */
  refill(history: Envelope, epoch: number): void
}

/** A stretch of rows that stands still on screen while the recording goes on. */
export interface PausedWindow {
  fromRow: number
  toRow: number
}

/** The live traces of this window: which lanes, how large, filtered how (on screen only), running or paused. */
export class LiveView {
  settings = $state.raw<ViewSettings>(defaultViewSettings)
  lanes = $state.raw<LaneSpec[]>([])
  selectedLane = $state<string | null>(null)
  paused = $state.raw<PausedWindow | null>(null)
  history = $state.raw<Envelope | null>(null)
  droppedFrames = $state(0)
  /** Changes with every heartbeat of the lane that the heart rate comes from. */
  beatCount = $state(0)
  newestRow = 0
  rateHz = 1
  /** Millimetres per unit as painted now; the mounted screen answers. */
  shownGain: (lane: string) => number | null = () => null
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #sinks = new Set<TraceSink>()
  /** Screens whose first frame is still to come. */
  readonly #fresh = new Set<TraceSink>()
  #profileKey = ''
  #columns: number | null = null
  #beatLane: string | null = null
  #historyBusy = false
  #historyStale = false
  #unacknowledged = -1

  constructor(connection: Connection, store: WorkingStore) {
    this.#connection = connection
    this.#store = store
    connection.on('view.frame', (bytes) => this.#receive(decodeViewFrame(bytes)))
    connection.onReady(() => {
      if (this.#profileKey !== '') this.#applyFilters()
      if (this.#columns !== null) void this.#subscribe()
    })
  }

  readonly visibleLanes = $derived(this.lanes.filter((lane) => !this.settings.hiddenLanes.includes(lane.id)))

  /** On screen only; the stored signal stays raw. */
  get filters(): DisplayFilters {
    return this.settings.filters
  }

  /** Adopts the lanes of the connected device and the settings last used with it. */
  follow(status: AcquisitionStatus): void {
    this.#beatLane = status.heartRateLane
    const { configuration } = status
    const key = configuration === null ? '' : `device:${configuration.profile}`
    const same = key === this.#profileKey && configuration?.lanes.length === this.lanes.length
    if (configuration === null || same) return
    this.#profileKey = key
    this.lanes = configuration.lanes
    this.settings = { ...defaultViewSettings, hiddenLanes: initiallyHidden(configuration.lanes) }
    this.selectedLane = null
    this.resume()
    void this.#store.viewSettings(key).then((stored) => {
      if (this.#profileKey !== key) return
      if (stored !== null) this.settings = { ...defaultViewSettings, ...stored }
      this.#applyFilters()
    })
  }

  /** Frames flow while at least one trace screen is mounted. Returns the function that takes it down. */
  mount(columns: number, sink: TraceSink): () => void {
    this.#sinks.add(sink)
    this.#fresh.add(sink)
    this.#columns = Math.max(16, Math.round(columns))
    void this.#subscribe()
    return () => {
      this.#sinks.delete(sink)
      this.#fresh.delete(sink)
      if (this.#sinks.size > 0) return
      this.#columns = null
      this.#quietly(this.#connection.call('view.unsubscribe', {}))
    }
  }

  resize(columns: number): void {
    const next = Math.max(16, Math.round(columns))
    if (next === this.#columns) return
    this.#columns = next
    void this.#subscribe()
  }

  /** Called after a frame is on the glass: gives the lab its credit back. */
  drawn(): void {
    if (this.#unacknowledged < 0) return
    const sequence = this.#unacknowledged
    this.#unacknowledged = -1
    this.#quietly(this.#connection.call('view.acknowledge', { sequence }))
  }

  async setFilters(filters: DisplayFilters): Promise<void> {
    this.change({ filters: await this.#connection.call('view.filters', filters) })
    if (this.paused !== null) await this.#readHistory()
  }

  change(settings: Partial<ViewSettings>): void {
    this.settings = { ...this.settings, ...settings }
    if (this.#profileKey !== '') void this.#store.saveViewSettings(this.#profileKey, this.settings)
  }

  /** Millimetres per unit, or `null` where the lane fits itself to its strip. */
  gain(lane: LaneSpec): number | null {
    return this.settings.gains[lane.id] ?? (this.settings.paperGrid && lane.unit === 'mV' ? paperMillimetresPerMillivolt : null)
  }

  /** One step of 1-2-5 up or down from what is on screen now. */
  stepGain(lane: string, direction: 1 | -1): void {
    const shown = this.shownGain(lane)
    if (shown !== null) this.change({ gains: { ...this.settings.gains, [lane]: nextGain(shown, direction) } })
  }

  fitGain(lane: string): void {
    const gains = { ...this.settings.gains }
    delete gains[lane]
    this.change({ gains })
  }

  toggleLane(lane: string): void {
    const { hiddenLanes } = this.settings
    const hidden = hiddenLanes.includes(lane) ? hiddenLanes.filter((id) => id !== lane) : [...hiddenLanes, lane]
    if (hidden.length < this.lanes.length) this.change({ hiddenLanes: hidden })
  }

  selectNext(direction: 1 | -1): void {
    const ids = this.visibleLanes.map((lane) => lane.id)
    if (ids.length === 0) return
    const at = this.selectedLane === null ? -1 : ids.indexOf(this.selectedLane)
    this.selectedLane = ids[at < 0 ? 0 : Math.max(0, Math.min(ids.length - 1, at + direction))]
  }

  /** Freezes the last `seconds` on screen; the recording goes on. */
  pause(seconds: number): void {
    const width = Math.max(2, Math.round(seconds * this.rateHz))
    this.paused = { fromRow: this.newestRow - width, toRow: this.newestRow }
    void this.#readHistory()
  }

  resume(): void {
    this.paused = null
    this.history = null
  }

  /** Moves the paused window by a part of its width, within what the lab still holds. */
  scrub(part: number): void {
    if (this.paused === null) return
    const width = this.paused.toRow - this.paused.fromRow
    const oldest = Math.max(0, this.newestRow - historySeconds * this.rateHz)
    const from = Math.max(Math.min(oldest, this.newestRow - width), Math.min(this.newestRow - width, this.paused.fromRow + Math.round(part * width)))
    this.paused = { fromRow: from, toRow: from + width }
    void this.#readHistory()
  }

  /** The lab keeps one choice of filters for whatever is connected; this board may have been watched with another. */
  #applyFilters(): void {
    if (this.#connection.phase === 'connected') this.#quietly(this.#connection.call('view.filters', this.settings.filters))
  }

  async #subscribe(): Promise<void> {
    if (this.#columns === null || this.#connection.phase !== 'connected') return
    this.#quietly(this.#connection.call('view.subscribe', { columns: this.#columns }))
  }

  /** The view lane is lossy by design: a request that fails here is repeated by the next frame or the next connection. */
  #quietly(request: Promise<unknown>): void {
    request.catch((thrown: unknown) => console.debug('Pulseprint: live view request', thrown))
  }

  #receive(frame: ViewFrame): void {
    this.newestRow = frame.firstRow + frame.rows
    this.rateHz = frame.rateHz
    this.#unacknowledged = frame.sequence
    if (frame.droppedFrames !== this.droppedFrames) this.droppedFrames = frame.droppedFrames
    for (const [lane] of frame.beats) if (this.lanes[lane]?.id === this.#beatLane) this.beatCount++
    for (const sink of this.#sinks) {
      sink.frame(frame)
      if (this.#fresh.delete(sink)) this.#quietly(this.#refill(sink, frame))
    }
  }

  /** What went by while no screen was mounted: it is in the lab's memory, nothing is made up. */
  async #refill(sink: TraceSink, { firstRow, rateHz, epoch }: ViewFrame): Promise<void> {
    const fromRow = Math.max(0, firstRow - Math.ceil(refillSeconds * rateHz))
    if (fromRow === firstRow) return
    const columns = Math.min(refillColumns, firstRow - fromRow)
    const history = await this.#connection.call('view.history', { fromRow, toRow: firstRow, columns })
    if (this.#sinks.has(sink)) sink.refill(history, epoch)
  }

  async #readHistory(): Promise<void> {
    if (this.#historyBusy) {
      this.#historyStale = true
      return
    }
    this.#historyBusy = true
    try {
      do {
        this.#historyStale = false
        const wanted: PausedWindow | null = this.paused
        if (wanted === null) break
        const columns = Math.max(1, Math.min(this.#columns ?? 1000, wanted.toRow - wanted.fromRow))
        const envelope = await this.#connection.call('view.history', { ...wanted, columns })
        if (this.paused !== null) this.history = envelope
      } while (this.#historyStale)
    } catch (thrown) {
      console.warn('Pulseprint: the paused view could not be read', thrown)
    } finally {
      this.#historyBusy = false
    }
  }
}

function initiallyHidden(lanes: readonly LaneSpec[]): string[] {
  const hidden = lanes.filter((lane) => quietKinds.includes(lane.kind)).map((lane) => lane.id)
  return hidden.length === lanes.length ? [] : hidden
}
