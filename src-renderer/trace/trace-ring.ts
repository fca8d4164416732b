import type { Envelope } from '../../src-main/contract/schemas/recording.ts'
import type { ViewFrame } from '../../src-main/contract/view-frame.ts'
import { envelopeLanes, envelopeValues } from './envelope-painter.ts'

/** What the ring needs to know of a lane: `sparse` lanes have a value only on some rows and are drawn held. */
export interface RingLane {
  readonly sparse: boolean
}

/** Beats kept per lane: a minute at 240/min. */
const rememberedBeats = 240

/**
 * The last rows of every lane as they came in view frames, by absolute row. Rows never received, and rows between frames that
 * the view lost, are NaN. A frame in strides (the window fell behind) is laid out so that every group still spans its minimum
 * and maximum.
 */
export class TraceRing {
  /** Half open: rows from `oldestRow` to `newestRow` are held. Both 0 before the first frame. */
  newestRow = 0
  epoch = -1
  private firstRow = 0
  private readonly capacity: number
  private readonly mask: number
  private readonly values: Float32Array[]
  private readonly heldValue: Float64Array
  private readonly lanes: readonly RingLane[]
  private readonly beatRows: number[][]

  /** Holds at least `rows` rows (the next power of two). */
  constructor(lanes: readonly RingLane[], rows: number) {
    this.lanes = lanes
    this.capacity = 2 ** Math.ceil(Math.log2(Math.max(2, rows)))
    this.mask = this.capacity - 1
    this.values = lanes.map(() => new Float32Array(this.capacity).fill(Number.NaN))
    this.heldValue = new Float64Array(lanes.length).fill(Number.NaN)
    this.beatRows = lanes.map(() => [])
  }

  get oldestRow(): number {
    return Math.max(this.firstRow, this.newestRow - this.capacity)
  }

  /** NaN where there is no sample. */
  at(lane: number, row: number): number {
    return this.values[lane][row & this.mask]
  }

  /** Rows of the beats still remembered, ascending. */
  beats(lane: number): readonly number[] {
    return this.beatRows[lane]
  }

  /** Takes a frame; true when it began a new epoch (all that was there before is gone). Frames of other lane counts are ignored. */
  push(frame: ViewFrame): boolean {
    if (frame.lanes !== this.lanes.length) return false
    const restarted = frame.epoch !== this.epoch || this.newestRow === 0
    if (restarted) this.restart(frame)
    // Rows already known are not drawn twice; a late duplicate changes nothing.
    if (frame.firstRow + frame.rows <= this.newestRow) return restarted
    const skipped = Math.min(frame.firstRow - this.newestRow, this.capacity)
    for (let lane = 0; lane < this.lanes.length; lane++) {
      const ring = this.values[lane]
      for (let k = 0; k < skipped; k++) ring[(frame.firstRow - 1 - k) & this.mask] = Number.NaN
      if (frame.stride === 1) this.copy(frame, lane, ring)
      else this.spread(frame, lane, ring)
    }
    this.newestRow = frame.firstRow + frame.rows
    for (const [lane, row] of frame.beats) {
      const rows = this.beatRows[lane]
      if (rows === undefined) continue
      rows.push(row)
      if (rows.length > rememberedBeats) rows.shift()
    }
    return restarted
  }

  /**
   * Puts rows from before the first frame in their place, as the lab remembers them: one column per row is exact, wider columns span
   * their minimum and maximum. False when they do not end where this ring begins, or belong to an earlier connection.
   */
  prepend(history: Envelope, epoch: number): boolean {
    const { fromRow, toRow, columns } = history
    if (epoch !== this.epoch || toRow !== this.firstRow || columns === 0 || envelopeLanes(history) !== this.lanes.length) return false
    const values = envelopeValues(history)
    const oldest = Math.max(fromRow, this.newestRow - this.capacity)
    for (let lane = 0; lane < this.lanes.length; lane++) {
      const ring = this.values[lane]
      const { sparse } = this.lanes[lane]
      let held = Number.NaN
      for (let column = 0; column < columns; column++) {
        const at = 2 * (lane * columns + column)
        const from = fromRow + Math.floor((column * (toRow - fromRow)) / columns)
        const to = fromRow + Math.floor(((column + 1) * (toRow - fromRow)) / columns)
        const middle = from + Math.max(1, (to - from) >> 1)
        if (!Number.isNaN(values[at + 1])) held = values[at + 1]
        for (let row = Math.max(from, oldest); row < to; row++) {
          const value = row < middle ? values[at] : values[at + 1]
          ring[row & this.mask] = sparse && Number.isNaN(value) ? held : value
        }
      }
      // A sparse lane is held into the live rows until its next value came.
      if (sparse) for (let row = toRow; row < this.newestRow && Number.isNaN(ring[row & this.mask]); row++) ring[row & this.mask] = held
      if (sparse && Number.isNaN(this.heldValue[lane])) this.heldValue[lane] = held
    }
    this.firstRow = oldest
    return true
  }

  private restart(frame: ViewFrame): void {
    this.epoch = frame.epoch
    this.firstRow = frame.firstRow
    this.newestRow = frame.firstRow
    this.heldValue.fill(Number.NaN)
    for (const ring of this.values) ring.fill(Number.NaN)
    for (const rows of this.beatRows) rows.length = 0
  }

  private copy(frame: ViewFrame, lane: number, ring: Float32Array): void {
    const { mask } = this
    const { sparse } = this.lanes[lane]
    const at = lane * frame.columns
    const rows = Math.min(frame.rows, frame.columns)
    for (let k = 0; k < rows; k++) {
      let value = frame.values[at + k]
      if (sparse) {
        if (Number.isNaN(value)) value = this.heldValue[lane]
        else this.heldValue[lane] = value
      }
      ring[(frame.firstRow + k) & mask] = value
    }
  }

  private spread(frame: ViewFrame, lane: number, ring: Float32Array): void {
    const { mask } = this
    for (let column = 0; column < frame.columns; column++) {
      const at = 2 * (lane * frame.columns + column)
      const from = column * frame.stride
      const to = Math.min(frame.rows, from + frame.stride)
      const half = Math.max(1, (to - from) >> 1)
      for (let k = from; k < to; k++) ring[(frame.firstRow + k) & mask] = frame.values[k - from < half ? at : at + 1]
    }
  }
}
