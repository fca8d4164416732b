import { setImmediate as nextTurn } from 'node:timers/promises'
import { LabError, type DisplayFilters, type LaneSpec, type Recording } from '../contract/index.ts'
import { displaySections } from '../signal/live-filter.ts'
import { filterZeroPhase } from '../signal/zero-phase.ts'
import { rowOfSample } from './lane-rows.ts'
import type { StoredSignals } from './stored-signals.ts'

const tileSeconds = 16
/** Signal on both sides that a filter settles in: three time constants and more of the 0.5 Hz high-pass. */
export const marginSeconds = 3
/** Samples that all tiles of a recording may hold: 64 MB. */
const mostKept = 16_000_000

export type FilteredRecording = Pick<Recording, 'lanes' | 'declaredRateHz' | 'measuredRateHz'>
export const rateOf = (recording: Pick<Recording, 'declaredRateHz' | 'measuredRateHz'>): number => recording.measuredRateHz ?? recording.declaredRateHz

/** Filtered samples of one lane from row `from` on, NaN where there is none. */
export interface FilteredTile {
  readonly from: number
  readonly samples: Float32Array
}

/**
 * A recording after the display filters, forwards and backwards, in tiles of 16 s that stay in memory: panning filters each stretch once, and a sample does not depend on the
 * window that it is seen in. Lanes of a slower rate of their own are filtered at that rate, on their samples alone; other sparse lanes stay as they are.
 */
export class FilteredTiles {
  readonly #stored: StoredSignals
  readonly #recording: FilteredRecording
  readonly #rateHz: number
  readonly #rows: number
  /** Oldest use first. */
  readonly #tiles = new Map<string, FilteredTile>()
  #samples = 0

  constructor(stored: StoredSignals, recording: FilteredRecording) {
    this.#stored = stored
    this.#recording = recording
    this.#rateHz = rateOf(recording)
    this.#rows = Math.max(1, Math.round(tileSeconds * this.#rateHz))
  }

  /** Tiles of each picked lane that cover rows `from`..`to`. @throws LabError `wfdb-signal-invalid`, `cancelled`. */
  async cover(picked: readonly number[], from: number, to: number, filters: DisplayFilters, signal?: AbortSignal): Promise<FilteredTile[][]> {
    const lanes: FilteredTile[][] = picked.map(() => [])
    const end = Math.min(to, this.#stored.rows)
    for (let tile = Math.floor(Math.max(0, from) / this.#rows); tile * this.#rows < end; tile++) {
      const keys = picked.map((lane) => `${lane} ${tile} ${filters.baseline} ${filters.lowPassHz} ${filters.notchHz}`)
      const missing = picked.filter((_, i) => !this.#tiles.has(keys[i]))
      const made = new Map<number, FilteredTile>()
      if (missing.length > 0) for (const [i, one] of (await this.#make(missing, tile, filters, signal)).entries()) made.set(missing[i], one)
      picked.forEach((lane, i) => {
        const one = made.get(lane) ?? this.#tiles.get(keys[i])
        if (!one) return
        this.#keep(keys[i], one)
        lanes[i].push(one)
      })
    }
    return lanes
  }

  async #make(lanes: readonly number[], tile: number, filters: DisplayFilters, signal: AbortSignal | undefined): Promise<FilteredTile[]> {
    const margin = Math.ceil(marginSeconds * this.#rateHz)
    const from = tile * this.#rows
    const to = Math.min(from + this.#rows, this.#stored.rows)
    const begin = Math.max(0, from - margin)
    const read = await this.#stored.physical(lanes, begin, Math.min(this.#stored.rows, to + margin), signal)
    const tiles: FilteredTile[] = []
    for (const [i, samples] of read.entries()) {
      if (signal?.aborted) throw new LabError('cancelled', 'Filtering the recording was cancelled.')
      const filtered = filterLane(samples, this.#recording.lanes[lanes[i]], this.#rateHz, begin, filters)
      tiles.push({ from, samples: Float32Array.from(filtered.subarray(from - begin, to - begin)) })
      // A lane is a few ms of work; the live view goes on between.
      await nextTurn()
    }
    return tiles
  }

  #keep(key: string, tile: FilteredTile): void {
    if (!this.#tiles.delete(key)) this.#samples += tile.samples.length
    this.#tiles.set(key, tile)
    for (const [oldest, { samples }] of this.#tiles) {
      if (this.#samples <= mostKept || oldest === key) break
      this.#tiles.delete(oldest)
      this.#samples -= samples.length
    }
  }
}

/** `samples` from row `firstRow` on, NaN = missing. */
function filterLane(samples: Float32Array, lane: LaneSpec, rateHz: number, firstRow: number, filters: DisplayFilters): Float32Array | Float64Array {
  if (lane.rateHz === undefined) return lane.sparse ? samples : filterZeroPhase(displaySections({ rateHz, ...filters }), samples, { rateHz })
  const places = ownRows(lane.rateHz, rateHz, firstRow, firstRow + samples.length)
  const own = Float64Array.from(places, (row) => samples[row - firstRow])
  const filtered = filterZeroPhase(displaySections({ rateHz: lane.rateHz, ...filters }), own, { rateHz: lane.rateHz })
  const result = new Float64Array(samples.length).fill(Number.NaN)
  places.forEach((row, k) => (result[row - firstRow] = filtered[k]))
  return result
}

/** Rows `from`..`to` on which a lane of `laneRateHz` has its samples. @example ownRows(100, 250, 0, 10) // [0, 3, 5, 8] */
export function ownRows(laneRateHz: number, rateHz: number, from: number, to: number): number[] {
  const rows: number[] = []
  const step = rateHz / laneRateHz
  for (let k = Math.max(0, Math.ceil((from - 0.5) / step) - 1); ; k++) {
    const row = rowOfSample(k, rateHz, laneRateHz)
    if (row >= to) return rows
    if (row >= from) rows.push(row)
  }
}
