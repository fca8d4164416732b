import { noValue, type LaneSpec } from '../contract/index.ts'

/** Nothing folded in yet: above every count, and below. */
const nothingBelow = 2147483647
const nothingAbove = noValue

/**
 * First rows of the columns and the end: `from + c * (to - from) / columns`, rounded down to a multiple of `stride`; the end is rounded up.
 * Every row between belongs to exactly one column. With more columns than rows, neighbours show the same row.
 */
export function columnBorders(fromRow: number, toRow: number, columns: number, stride: number): number[] {
  const borders = Array.from({ length: columns }, (_, c) => Math.floor((fromRow + (c * (toRow - fromRow)) / columns) / stride) * stride)
  return [...borders, Math.ceil(toRow / stride) * stride]
}

/** Folds rows, or spans of an overview's level, into the minimum and maximum of columns; borders are in such units. */
export class ColumnFolder {
  readonly first: number
  readonly end: number
  readonly columns: number
  /** [lane][column] */
  readonly #minimum: Int32Array
  readonly #maximum: Int32Array
  readonly #borders: readonly number[]

  constructor(borders: readonly number[], lanes: number) {
    this.#borders = borders
    this.columns = borders.length - 1
    this.first = borders[0]
    // The last column shows at least one unit, as every column does.
    this.end = Math.max(borders[borders.length - 1], borders[borders.length - 2] + 1)
    this.#minimum = new Int32Array(lanes * this.columns).fill(nothingBelow)
    this.#maximum = new Int32Array(lanes * this.columns).fill(nothingAbove)
  }

  /** Row-major counts of `units` rows from `first` on; `missing`, which is lower than every count, is none. */
  addRows(counts: Int16Array | Int32Array, missing: number, first: number, units: number, lanes: number, picked: readonly number[]): void {
    this.#eachColumn(first, units, (column, from, to) => {
      for (let i = 0; i < picked.length; i++) {
        const at = i * this.columns + column
        let low = this.#minimum[at]
        // -2^31, where nothing was folded in yet, is no more than any `missing`.
        let high = Math.max(this.#maximum[at], missing)
        for (let k = from * lanes + picked[i], end = to * lanes; k < end; k += lanes) {
          const value = counts[k]
          // `missing` is the lowest count of its format: it is never a maximum, and seldom asked about.
          if (value < low && value !== missing) low = value
          if (value > high) high = value
        }
        this.#minimum[at] = low
        if (high > missing) this.#maximum[at] = high
      }
    })
  }

  /** [lane][minimum, maximum] of `units` spans; both `noValue` where every row is missing. */
  addPairs(pairs: Int32Array, first: number, units: number, lanes: number, picked: readonly number[]): void {
    this.#eachColumn(first, units, (column, from, to) => {
      for (let i = 0; i < picked.length; i++) {
        const at = i * this.columns + column
        let low = this.#minimum[at]
        let high = this.#maximum[at]
        for (let k = (from * lanes + picked[i]) * 2, end = to * lanes * 2; k < end; k += lanes * 2) {
          if (pairs[k] === noValue) continue
          if (pairs[k] < low) low = pairs[k]
          if (pairs[k + 1] > high) high = pairs[k + 1]
        }
        this.#minimum[at] = low
        this.#maximum[at] = high
      }
    })
  }

  /** Columns that overlap units `first`..`first + units`, with their part of it relative to `first`. */
  #eachColumn(first: number, units: number, work: (column: number, from: number, to: number) => void): void {
    for (let column = this.#columnAt(first); column < this.columns && this.#borders[column] < first + units; column++) {
      const begin = this.#borders[column]
      const end = Math.max(this.#borders[column + 1], begin + 1)
      work(column, Math.max(begin - first, 0), Math.min(end - first, units))
    }
  }

  /** The first column that reaches beyond `unit`. */
  #columnAt(unit: number): number {
    let low = 0
    let high = this.columns
    while (low < high) {
      const middle = (low + high) >> 1
      if (Math.max(this.#borders[middle + 1], this.#borders[middle] + 1) > unit) high = middle
      else low = middle + 1
    }
    return low
  }

  /** `[lane][column][min, max]` as Float32 in physical units, NaN where a column has no count. */
  physical(lanes: readonly Pick<LaneSpec, 'baseline' | 'gainCountsPerUnit'>[]): Uint8Array<ArrayBuffer> {
    const values = new Float32Array(lanes.length * this.columns * 2).fill(Number.NaN)
    lanes.forEach(({ baseline, gainCountsPerUnit }, i) => {
      for (let at = i * this.columns, end = at + this.columns; at < end; at++) {
        if (this.#minimum[at] > this.#maximum[at]) continue
        values[at * 2] = (this.#minimum[at] - baseline) / gainCountsPerUnit
        values[at * 2 + 1] = (this.#maximum[at] - baseline) / gainCountsPerUnit
      }
    })
    return new Uint8Array(values.buffer)
  }
}
