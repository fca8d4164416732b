import { noValue } from '../contract/index.ts'
import type { ImportLane } from './import-lanes.ts'

/** Frames of a source as rows of the recording, and the extremes of every lane so far. */
export class FrameRows {
  readonly rowsPerFrame: number
  /** Per lane; of an empty lane the highest is below the lowest. */
  readonly lowest: Int32Array
  readonly highest: Int32Array
  readonly #lanes: readonly ImportLane[]
  /** Per slower lane: the row within a frame on which each of its samples stands. */
  readonly #places: readonly (Int32Array | null)[]
  readonly #sparse: boolean

  constructor(lanes: readonly ImportLane[], rowsPerFrame: number) {
    this.rowsPerFrame = rowsPerFrame
    this.#lanes = lanes
    this.lowest = new Int32Array(lanes.length).fill(2 ** 31 - 1)
    this.highest = new Int32Array(lanes.length).fill(noValue)
    this.#places = lanes.map(({ samples }) => (samples === rowsPerFrame ? null : Int32Array.from({ length: samples }, (_, k) => Math.round((k * rowsPerFrame) / samples))))
    this.#sparse = this.#places.some((places) => places !== null)
  }

  /** Frames `from`..`to` of a block: row-major counts, and each lane's own samples, both with the lanes' sign. */
  take(block: readonly Int32Array[], from: number, to: number): { counts: Int32Array; samples: Int32Array[] } {
    const width = this.#lanes.length
    const counts = new Int32Array((to - from) * this.rowsPerFrame * width)
    if (this.#sparse) counts.fill(noValue)
    const samples = this.#lanes.map((lane, i) => {
      const own = block[i].subarray(from * lane.samples, to * lane.samples)
      return lane.negated ? own.map((count) => (count === noValue ? noValue : -count)) : own
    })
    for (let lane = 0; lane < width; lane++) {
      this.#measure(lane, samples[lane])
      const places = this.#places[lane]
      if (places === null) for (let k = 0, at = lane; k < samples[lane].length; k++, at += width) counts[at] = samples[lane][k]
      else this.#spread(samples[lane], places, counts, lane)
    }
    return { counts, samples }
  }

  #measure(lane: number, samples: Int32Array): void {
    let lowest = this.lowest[lane]
    let highest = this.highest[lane]
    for (let k = 0; k < samples.length; k++) {
      const count = samples[k]
      if (count === noValue) continue
      if (count < lowest) lowest = count
      if (count > highest) highest = count
    }
    this.lowest[lane] = lowest
    this.highest[lane] = highest
  }

  #spread(samples: Int32Array, places: Int32Array, counts: Int32Array, lane: number): void {
    const width = this.#lanes.length
    for (let k = 0, frame = 0; k < samples.length; frame++) {
      for (let i = 0; i < places.length; i++, k++) counts[(frame * this.rowsPerFrame + places[i]) * width + lane] = samples[k]
    }
  }
}
