import { noValue, type LaneSpec } from '../../contract/index.ts'
import type { BoardStatus } from '../protocol.ts'
import { restingCount } from './lane-scale.ts'
import type { BeatKind, SignalSource, SourceBlock } from './signal-source.ts'

/** Rows taken from the source at a time. */
const readAhead = 64

/** What the converter of the board sees row by row: the source, with electrodes that fall off, amplifiers on their rails and held light values. */
export class ConverterInput {
  /** The row that `next` made; the board may change it in place. */
  readonly counts: Int32Array
  railsUntilMs = -Infinity
  leadOffUntilMs = -Infinity
  private readonly lanes: readonly LaneSpec[]
  private readonly rateHz: number
  private readonly source: SignalSource
  private readonly heldHz: number
  private readonly last: Int32Array
  private block: SourceBlock | null = null
  private blockRow = 0
  private blockRows = 0
  private row = 0

  /** `heldHz`: light conversions per second that PPG lanes repeat in between; 0 for one per row. */
  constructor(lanes: readonly LaneSpec[], rateHz: number, source: SignalSource, heldHz: number) {
    this.lanes = lanes
    this.rateHz = rateHz
    this.source = source
    this.heldHz = heldHz
    this.counts = new Int32Array(lanes.length)
    this.last = Int32Array.from(lanes, restingCount)
  }

  /** A replayed record has been read to its end. */
  get ended(): boolean {
    return this.blockRow >= this.blockRows && this.source.remainingRows <= 0
  }

  /** Fills `counts` for `nowMs`; false when the source has ended. `beat` hears of true beats ahead of their rows. */
  next(nowMs: number, beat: (row: number, kind: BeatKind) => void): boolean {
    if (this.blockRow >= this.blockRows) {
      const rows = Math.min(readAhead, this.source.remainingRows)
      if (rows <= 0) return false
      this.block = this.source.read(rows)
      for (const { row, kind } of this.block.beats) beat(this.row + row, kind)
      this.blockRows = rows
      this.blockRow = 0
    }
    const source = this.block?.counts ?? this.last
    const from = this.blockRow++ * this.lanes.length
    const rails = nowMs < this.railsUntilMs
    const leadOff = nowMs < this.leadOffUntilMs
    const converts = this.heldHz === 0 || this.converts(this.row)
    this.row++
    for (let index = 0; index < this.lanes.length; index++) {
      const lane = this.lanes[index]
      let count = source[from + index]
      if (lane.sparse) {
        this.counts[index] = count
        continue
      }
      // A board always sends something: where the source has no value, its last one.
      if (count === noValue || (lane.kind === 'ppg' && !converts)) count = this.last[index]
      this.last[index] = count
      const electrode = lane.kind === 'ecg'
      this.counts[index] = (rails && (electrode || lane.kind === 'ppg')) || (leadOff && electrode) ? lane.maximum : count
    }
    return true
  }

  status(nowMs: number): BoardStatus {
    const block = this.block
    return {
      leadOff: nowMs < this.leadOffUntilMs,
      heartRateBpm: block?.heartRateBpm ?? 0,
      spo2Percent: block?.spo2Percent ?? 98,
      respirationBpm: block?.respirationBpm ?? 15,
      temperatureCelsius: block?.temperatureCelsius ?? 36.5,
    }
  }

  private converts(row: number): boolean {
    return row === 0 || Math.floor((row / this.rateHz) * this.heldHz) !== Math.floor(((row - 1) / this.rateHz) * this.heldHz)
  }
}
