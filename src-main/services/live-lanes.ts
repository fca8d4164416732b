import { noValue, type DeviceConfiguration, type DisplayFilters, type LaneSpec, type LaneStatus } from '../contract/index.ts'
import { RowFlag } from '../devices/decoder.ts'
import type { TimelineRows } from '../recording/timeline.ts'
import { LiveBeatDetector } from '../signal/live-beats.ts'
import { LiveFilter } from '../signal/live-filter.ts'
import { LiveQuality } from '../signal/live-quality.ts'
import { LiveRing, ringRows } from './live-ring.ts'

export interface LiveBeat {
  readonly lane: number
  readonly row: number
}

/** Hears the raw physical values of one lane, NaN = missing; valid until the next call, and to be taken in no time: the view waits. */
export type LaneListener = (firstRow: number, physical: Float32Array) => void

/** A client that falls behind this many beats has other things to draw. */
const keptBeats = 4096

/** One lane's chain: counts -> physical -> quality and beats (raw), display filter (drawn). */
class LiveLane {
  readonly spec: LaneSpec
  readonly #rateHz: number
  readonly #beats: LiveBeatDetector | null
  readonly #quality: LiveQuality
  #filter: LiveFilter | null = null
  #counts = new Int32Array(0)
  #physical = new Float32Array(0)
  #drawn = new Float32Array(0)
  #held = Number.NaN
  #rows = 0

  constructor(spec: LaneSpec, rateHz: number, filters: DisplayFilters) {
    this.spec = spec
    this.#rateHz = rateHz
    const { kind, minimum, maximum, held, sparse } = spec
    this.#beats = (kind === 'ecg' || kind === 'ppg') && !sparse ? new LiveBeatDetector({ rateHz, kind }) : null
    this.#quality = new LiveQuality({ rateHz, kind, minimum, maximum, held, sparse })
    this.setFilters(filters)
  }

  /** Filters are for waves; a temperature or an accelerometer is drawn as it is. */
  setFilters(filters: DisplayFilters): void {
    const { kind, sparse } = this.spec
    const wave = !sparse && (kind === 'ecg' || kind === 'ppg' || kind === 'emg')
    if (!wave) return
    // A muscle signal lies above an ECG's low-pass.
    const lowPassHz = kind === 'emg' ? null : filters.lowPassHz
    this.#filter = new LiveFilter({ rateHz: this.#rateHz, baseline: filters.baseline, lowPassHz, notchHz: filters.notchHz })
  }

  /** Returns the drawn values of the block; valid until the next call. */
  process(block: TimelineRows, lane: number, lanes: number, leadOff: boolean, beats: (row: number) => void): Float32Array {
    const { rows, counts, firstRow } = block
    const { baseline, gainCountsPerUnit } = this.spec
    this.#rows = rows
    if (this.#counts.length < rows) {
      this.#counts = new Int32Array(rows * 2)
      this.#physical = new Float32Array(rows * 2)
      this.#drawn = new Float32Array(rows * 2)
    }
    const column = this.#counts.subarray(0, rows)
    const physical = this.#physical.subarray(0, rows)
    const drawn = this.#drawn.subarray(0, rows)
    for (let row = 0, at = lane; row < rows; row++, at += lanes) {
      const count = counts[at]
      column[row] = count
      physical[row] = count === noValue ? Number.NaN : (count - baseline) / gainCountsPerUnit
    }
    this.#quality.process(column, physical, leadOff)
    for (const row of this.#beats?.process(physical, firstRow) ?? []) beats(row)
    if (this.#filter) this.#filter.process(physical, drawn)
    else drawn.set(physical)
    if (this.spec.sparse) this.#hold(drawn)
    return drawn
  }

  /** Unfiltered values of the newest block; valid until the next. */
  get physical(): Float32Array {
    return this.#physical.subarray(0, this.#rows)
  }

  /** Between two updates of a slow lane its last value stays on screen. */
  #hold(drawn: Float32Array): void {
    for (let row = 0; row < drawn.length; row++) {
      if (Number.isNaN(drawn[row])) drawn[row] = this.#held
      else this.#held = drawn[row]
    }
  }

  status(): LaneStatus {
    return { lane: this.spec.id, ...this.#quality.status(), rateBpm: this.#beats?.rateBpm() ?? null }
  }
}

/**
 * The live signal of one connection: display-filtered rows of the last minutes, beats, heart rate and quality. It is fed from the view
 * lane and never touches what is stored.
 */
export class LiveLanes {
  readonly configuration: DeviceConfiguration
  /** Tells views that row numbers began anew. */
  readonly epoch: number
  readonly ring: LiveRing
  readonly #lanes: LiveLane[]
  readonly #taps = new Map<LaneListener, LiveLane>()
  #beats: LiveBeat[] = []
  #beatsBefore = 0
  #newestAtMs = 0
  #status: LaneStatus[] = []
  #statusRow = -1

  constructor(configuration: DeviceConfiguration, filters: DisplayFilters, epoch: number) {
    this.configuration = configuration
    this.epoch = epoch
    this.ring = new LiveRing(configuration.lanes.length, ringRows(configuration.lanes.length, configuration.rateHz))
    this.#lanes = configuration.lanes.map((lane) => new LiveLane(lane, configuration.rateHz, filters))
  }

  /** Wall clock of the newest row, ms. */
  get newestAtMs(): number {
    return this.#newestAtMs
  }

  push(block: TimelineRows, wallMs: number): void {
    if (block.rows === 0) return
    let leadOff = false
    for (let row = 0; row < block.rows; row++) leadOff ||= (block.flags[row] & RowFlag.leadOff) !== 0
    const lanes = this.#lanes.length
    const drawn = this.#lanes.map((lane, index) =>
      lane.process(block, index, lanes, leadOff, (row) => this.#beats.push({ lane: index, row })),
    )
    for (const [listener, lane] of this.#taps) listener(block.firstRow, lane.physical)
    this.ring.append(block.firstRow, block.rows, drawn)
    this.#newestAtMs = wallMs
    if (this.#beats.length > 2 * keptBeats) {
      this.#beatsBefore += this.#beats.length - keptBeats
      this.#beats = this.#beats.slice(-keptBeats)
    }
  }

  /** Listens to a lane by its id, from the next block on; returns the function that ends it. @throws RangeError for a lane that is not there. */
  tap(id: string, listener: LaneListener): () => void {
    const lane = this.#lanes.find(({ spec }) => spec.id === id)
    if (!lane) throw new RangeError(`There is no lane "${id}".`)
    this.#taps.set(listener, lane)
    return () => this.#taps.delete(listener)
  }

  /** Changes what is drawn from now on; rows that were drawn already stay as they are. */
  setFilters(filters: DisplayFilters): void {
    for (const lane of this.#lanes) lane.setFilters(filters)
  }

  /** Number of beats found so far: a cursor for `beatsSince`. */
  get beatCount(): number {
    return this.#beatsBefore + this.#beats.length
  }

  beatsSince(cursor: number): LiveBeat[] {
    return this.#beats.slice(Math.max(0, cursor - this.#beatsBefore))
  }

  /** Judging a lane costs more than asking: between two blocks the answer stays the same. */
  status(): LaneStatus[] {
    if (this.#statusRow !== this.ring.end) {
      this.#status = this.#lanes.map((lane) => lane.status())
      this.#statusRow = this.ring.end
    }
    return this.#status
  }
}

/** Best first. */
export const levelRank = { good: 0, fair: 1, bad: 2, none: 3 } as const

/** The rate that a person should read: of the best lane, an ECG before a pulse at equal quality. */
export function bestRate(lanes: readonly LaneStatus[], specs: readonly LaneSpec[]): { bpm: number | null; lane: string | null } {
  const kinds = new Map(specs.map((spec) => [spec.id, spec.kind]))
  const rank = (lane: LaneStatus): number => levelRank[lane.level] * 2 + (kinds.get(lane.lane) === 'ecg' ? 0 : 1)
  const best = lanes.filter((lane) => lane.rateBpm !== null).sort((a, b) => rank(a) - rank(b))[0]
  return { bpm: best?.rateBpm ?? null, lane: best?.lane ?? null }
}
