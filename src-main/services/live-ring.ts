import type { Envelope } from '../contract/index.ts'

/** Ten minutes to scrub back through, and no more memory than a browser tab spends on a picture. */
const goalSeconds = 600
const leastSeconds = 120
const budgetBytes = 64 * 2 ** 20

/**
 * Rows that a ring for `lanes` lanes at `rateHz` holds: ten minutes where they fit in 64 MB, never less than two.
 * @example ringRows(8, 250) === 150_000; ringRows(16, 4000) === 1_048_576 (4.4 minutes)
 */
export function ringRows(lanes: number, rateHz: number): number {
  const affordable = Math.floor(budgetBytes / (4 * lanes))
  return Math.ceil(Math.max(leastSeconds * rateHz, Math.min(goalSeconds * rateHz, affordable)))
}

/** The last rows of every lane, physical units, NaN = missing; rows are numbered from the connection's begin. */
export class LiveRing {
  readonly lanes: number
  readonly capacity: number
  readonly #columns: Float32Array[]
  #end = 0
  #first = 0

  constructor(lanes: number, capacity: number) {
    this.lanes = lanes
    this.capacity = capacity
    this.#columns = Array.from({ length: lanes }, () => new Float32Array(capacity))
  }

  /** Oldest row that is still there. */
  get first(): number {
    return this.#first
  }
  /** One past the newest row. */
  get end(): number {
    return this.#end
  }

  /** Appends one block: `columns[lane]` holds its `rows` values. A jump forward in `firstRow` leaves missing rows behind. */
  append(firstRow: number, rows: number, columns: readonly Float32Array[]): void {
    if (firstRow > this.#end) this.#fill(firstRow)
    const skip = Math.max(0, rows - this.capacity)
    for (let lane = 0; lane < this.lanes; lane++) {
      const source = columns[lane].subarray(skip, rows)
      const at = (firstRow + skip) % this.capacity
      const head = Math.min(source.length, this.capacity - at)
      this.#columns[lane].set(source.subarray(0, head), at)
      this.#columns[lane].set(source.subarray(head), 0)
    }
    this.#end = firstRow + rows
    this.#first = Math.max(this.#first, this.#end - this.capacity)
  }

  #fill(toRow: number): void {
    const from = Math.max(this.#end, toRow - this.capacity)
    for (let row = from; row < toRow; row++) for (const column of this.#columns) column[row % this.capacity] = Number.NaN
    this.#end = toRow
    this.#first = Math.max(this.#first, toRow - this.capacity)
  }

  /** Copies `rows` values of a lane from `fromRow` on; rows outside the ring are NaN. */
  copy(lane: number, fromRow: number, rows: number, into: Float32Array, at: number): void {
    const column = this.#columns[lane]
    const from = Math.min(Math.max(fromRow, this.#first), fromRow + rows)
    const to = Math.max(from, Math.min(fromRow + rows, this.#end))
    into.fill(Number.NaN, at, at + rows)
    for (let row = from; row < to; ) {
      const start = row % this.capacity
      const run = Math.min(to - row, this.capacity - start)
      into.set(column.subarray(start, start + run), at + row - fromRow)
      row += run
    }
  }

  /** Writes [min, max] of rows `fromRow`..`toRow` (half open) of a lane to `into[at]` and `into[at + 1]`; NaN where all are missing. */
  extremes(lane: number, fromRow: number, toRow: number, into: Float32Array, at: number): void {
    const column = this.#columns[lane]
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    const to = Math.min(toRow, this.#end)
    for (let row = Math.max(fromRow, this.#first); row < to; ) {
      const start = row % this.capacity
      const stop = start + Math.min(to - row, this.capacity - start)
      row += stop - start
      for (let i = start; i < stop; i++) {
        const value = column[i]
        // Comparisons with NaN are false, which leaves missing rows out.
        if (value < low) low = value
        if (value > high) high = value
      }
    }
    const none = low > high
    into[at] = none ? Number.NaN : low
    into[at + 1] = none ? Number.NaN : high
  }

  /** Min/max of `columns` equal spans of rows `fromRow`..`toRow`, every lane. */
  envelope(fromRow: number, toRow: number, columns: number): Envelope {
    const span = Math.max(0, toRow - fromRow)
    const values = new Float32Array(this.lanes * columns * 2)
    for (let lane = 0; lane < this.lanes; lane++) {
      for (let column = 0; column < columns; column++) {
        const from = fromRow + Math.floor((column * span) / columns)
        const to = fromRow + Math.floor(((column + 1) * span) / columns)
        this.extremes(lane, from, Math.max(to, span === 0 ? from : from + 1), values, 2 * (lane * columns + column))
      }
    }
    return { fromRow, toRow: fromRow + span, columns, bytes: new Uint8Array(values.buffer) }
  }
}
