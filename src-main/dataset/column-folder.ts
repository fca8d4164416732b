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

/** What each column shows, half open, in rows or in spans of a level; begins and ends never fall. Where both are the same a column shows nothing. */
export interface ColumnSpans {
  readonly begins: readonly number[]
  readonly ends: readonly number[]
}

/** Columns between borders, each at least one unit wide. */
export function columnSpans(borders: readonly number[]): ColumnSpans {
  const begins = borders.slice(0, -1)
  return { begins, ends: begins.map((begin, column) => Math.max(borders[column + 1], begin + 1)) }
}

/**
 * The same columns in two parts: what whole groups of `factor` units cover, in such groups, and the units left over before and behind them. Together they show every unit of a column once.
 * @example cutSpans({ begins: [3], ends: [21] }, 8) // inner [1, 2), that is units 8..16; before [3, 8); behind [16, 21)
 */
export function cutSpans({ begins, ends }: ColumnSpans, factor: number): { inner: ColumnSpans; before: ColumnSpans; behind: ColumnSpans } {
  const innerBegins = begins.map((begin) => Math.ceil(begin / factor))
  const innerEnds = ends.map((end, column) => Math.max(innerBegins[column], Math.floor(end / factor)))
  const whole = (column: number): boolean => innerBegins[column] < innerEnds[column]
  return {
    inner: { begins: innerBegins, ends: innerEnds },
    before: { begins, ends: ends.map((end, column) => (whole(column) ? innerBegins[column] * factor : end)) },
    behind: { begins: ends.map((end, column) => (whole(column) ? innerEnds[column] * factor : end)), ends },
  }
}

/** Folds rows, or spans of an overview's level, into the minimum and maximum of columns. */
export class ColumnFolder {
  readonly columns: number
  /** [lane][column] */
  readonly #minimum: Int32Array
  readonly #maximum: Int32Array

  constructor(columns: number, lanes: number) {
    this.columns = columns
    this.#minimum = new Int32Array(lanes * columns).fill(nothingBelow)
    this.#maximum = new Int32Array(lanes * columns).fill(nothingAbove)
  }

  /** Row-major counts of `units` rows from `first` on, of which `spans` says where they are shown; `missing`, which is lower than every count, is none. */
  addRows(spans: ColumnSpans, counts: Int16Array | Int32Array, missing: number, first: number, units: number, lanes: number, picked: readonly number[]): void {
    eachColumn(spans, first, units, (column, from, to) => {
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

  /** [lane][minimum, maximum] of `units` spans from `first` on, of which `spans` says where they are shown; both `noValue` where every row is missing. */
  addPairs(spans: ColumnSpans, pairs: Int32Array, first: number, units: number, lanes: number, picked: readonly number[]): void {
    eachColumn(spans, first, units, (column, from, to) => {
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

/** Columns that show some of the units `first`..`first + units`, with their part of it relative to `first`. */
function eachColumn({ begins, ends }: ColumnSpans, first: number, units: number, work: (column: number, from: number, to: number) => void): void {
  for (let column = columnAt(ends, first); column < begins.length && begins[column] < first + units; column++) {
    const from = Math.max(begins[column] - first, 0)
    const to = Math.min(ends[column] - first, units)
    if (from < to) work(column, from, to)
  }
}

/** The first column that reaches beyond `unit`. */
function columnAt(ends: readonly number[], unit: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ends[middle] > unit) high = middle
    else low = middle + 1
  }
  return low
}
