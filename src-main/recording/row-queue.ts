import { noValue } from '../contract/index.ts'

/** Consecutive rows of a recording; a missing row holds `noValue` in every lane. */
export interface TimelineRows {
  readonly firstRow: number
  readonly rows: number
  readonly lanes: number
  /** Row-major: row r, lane l is `counts[r * lanes + l]`. */
  readonly counts: Int32Array
  /** `RowFlag` bits; 0 for missing rows. */
  readonly flags: Uint8Array
}

/** Rows handed out at once: an hour-long gap must not become one array. */
const maximumRows = 8192

type Piece = { counts: Int32Array; flags: Uint8Array; rows: number } | { missing: number }

/** Rows in order, missing ones as a number until someone takes them. */
export class RowQueue {
  /** Rows that were put in so far. */
  rows = 0
  private readonly lanes: number
  private readonly pieces: Piece[] = []
  private taken = 0

  constructor(lanes: number) {
    this.lanes = lanes
  }

  /** Copies `count` rows from row `from` of the columns. */
  append(counts: Int32Array, flags: Uint8Array, from: number, count: number): void {
    const { lanes } = this
    let tail = this.pieces[this.pieces.length - 1]
    if (!tail || 'missing' in tail || tail.rows + count > tail.flags.length) {
      const capacity = Math.max(256, count)
      tail = { counts: new Int32Array(capacity * lanes), flags: new Uint8Array(capacity), rows: 0 }
      this.pieces.push(tail)
    }
    tail.counts.set(counts.subarray(from * lanes, (from + count) * lanes), tail.rows * lanes)
    tail.flags.set(flags.subarray(from, from + count), tail.rows)
    tail.rows += count
    this.rows += count
  }

  appendMissing(count: number): void {
    this.pieces.push({ missing: count })
    this.rows += count
  }

  /** The next rows, at most 8192, or `null` when there are none. The arrays belong to the caller. */
  take(): TimelineRows | null {
    const { lanes } = this
    const rows = Math.min(maximumRows, this.rows - this.taken)
    if (rows === 0) return null
    const counts = new Int32Array(rows * lanes)
    const flags = new Uint8Array(rows)
    let done = 0
    while (done < rows) {
      const piece = this.pieces[0]
      if ('missing' in piece) {
        const count = Math.min(piece.missing, rows - done)
        counts.fill(noValue, done * lanes, (done + count) * lanes)
        piece.missing -= count
        if (piece.missing === 0) this.pieces.shift()
        done += count
        continue
      }
      const count = Math.min(piece.rows, rows - done)
      counts.set(piece.counts.subarray(0, count * lanes), done * lanes)
      flags.set(piece.flags.subarray(0, count), done)
      if (count === piece.rows) this.pieces.shift()
      else this.pieces[0] = { counts: piece.counts.subarray(count * lanes), flags: piece.flags.subarray(count), rows: piece.rows - count }
      done += count
    }
    const firstRow = this.taken
    this.taken += rows
    return { firstRow, rows, lanes, counts, flags }
  }
}
