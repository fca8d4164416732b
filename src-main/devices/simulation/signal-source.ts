import type { LaneSpec } from '../../contract/index.ts'

/**
 * What a simulated board measures, in the board's own counts, held within its converter's range. Pure and seeded: the same construction
 * gives the same samples, however `read` is called in blocks.
 */
export interface SignalSource {
  /** Human-readable: `demo:7`, `wfdb:bidmc01`. */
  readonly name: string
  /**
   * The next `rows` (at most `remainingRows`) sampling instants, `rateHz` apart, for `lanes`, row-major [rows][lanes].
   * A replayed record answers with its stored counts (see `counts`) so that what was recorded is what is sent.
   */
  read(rows: number): SourceBlock
  /** Rows until a replayed record ends; `Infinity` for synthetic people. */
  readonly remainingRows: number
}

export type BeatKind = 'r-peak' | 'pulse-foot'

export interface SourceBlock {
  /** Counts in the board's own range, row-major; `noValue` where the source has no value. Reused: valid until the next `read`. */
  readonly counts: Int32Array
  /** True R-peak rows and pulse-foot rows within this block, relative to its start, in order; empty when unknown. */
  readonly beats: readonly { readonly row: number; readonly kind: BeatKind }[]
  readonly heartRateBpm: number
  /** What boards that compute these themselves report; unknown for a replayed record. */
  readonly respirationBpm?: number
  readonly spo2Percent?: number
  readonly temperatureCelsius?: number
}

export interface SourceRequest {
  readonly lanes: readonly LaneSpec[]
  readonly rateHz: number
}
