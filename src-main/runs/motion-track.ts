import type { LaneSpec, Recording } from '../contract/index.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import { gravitiesPer, motionOf } from '../signal/motion.ts'

/** Rows that are read in one go, in seconds: windows come in the order of time, and overlap. */
const blockSeconds = 60

/** Lanes of an accelerometer whose unit tells what they mean, by their place, with what one of the unit is in g. Of two sensors all axes count. */
export function motionLanes(lanes: readonly Pick<LaneSpec, 'kind' | 'unit'>[]): { readonly index: number; readonly gravities: number }[] {
  return lanes.flatMap(({ kind, unit }, index) => {
    const gravities = kind === 'acceleration' ? gravitiesPer(unit) : null
    return gravities === null ? [] : [{ index, gravities }]
  })
}

/** The same lanes' samples in g. */
export const inGravities = (samples: readonly Float32Array[], lanes: ReturnType<typeof motionLanes>): Float32Array[] => samples.map((values, i) => values.map((value) => value * lanes[i].gravities))

/** How much a recording's accelerometer moved, window by window. */
export class MotionTrack {
  readonly #stored: StoredSignals
  readonly #lanes: ReturnType<typeof motionLanes>
  readonly #blockRows: number
  #from = 0
  #axes: Float32Array[] = []

  private constructor(stored: StoredSignals, lanes: ReturnType<typeof motionLanes>, rowRateHz: number) {
    this.#stored = stored
    this.#lanes = lanes
    this.#blockRows = Math.ceil(blockSeconds * rowRateHz)
  }

  /** `null` for a recording without an accelerometer in g. */
  static of({ lanes }: Pick<Recording, 'lanes'>, stored: StoredSignals, rowRateHz: number): MotionTrack | null {
    const axes = motionLanes(lanes)
    return axes.length === 0 ? null : new MotionTrack(stored, axes, rowRateHz)
  }

  /** Of rows `from`..`to` of the recording, g; `null` where nobody knows. @throws LabError of reading, `cancelled`. */
  async over(from: number, to: number, signal?: AbortSignal): Promise<number | null> {
    if (from < 0 || to > this.#stored.rows) return null
    if (from < this.#from || to > this.#from + (this.#axes[0]?.length ?? 0)) {
      const end = Math.min(this.#stored.rows, Math.max(to, from + this.#blockRows))
      this.#axes = inGravities(await this.#stored.physical(this.#lanes.map(({ index }) => index), from, end, signal), this.#lanes)
      this.#from = from
    }
    return motionOf(this.#axes, from - this.#from, to - this.#from)
  }
}
