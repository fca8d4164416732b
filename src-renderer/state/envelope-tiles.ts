/** Min/max pairs of one lane over equal spans of rows: `values[2 * column]` is the lowest, the next the highest; NaN where all are missing. */
export interface Piece {
  readonly fromRow: number
  readonly toRow: number
  readonly columns: number
  readonly values: Float32Array
}

/** A part of the window and the piece that is drawn there. */
export interface Segment {
  readonly fromRow: number
  readonly toRow: number
  readonly piece: Piece
}

/** Columns of one tile: a screen is covered by three to eight of them. */
export const tileColumns = 512
/** Tiles hold 4 kB each; this many are 64 MB at most. */
const keptTiles = 16_000

/** Rows per column of the tiles that suit a window: the power of two at or below what the screen shows. @example tileStride(10_000, 1000) // 8 */
export function tileStride(rows: number, columns: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, rows / Math.max(1, columns)))))
}

/** First and last tile of a window, both included. @example tileRange(1000, 5000, 4) // [0, 2]: tiles of 2048 rows */
export function tileRange(fromRow: number, toRow: number, stride: number): [number, number] {
  const rows = stride * tileColumns
  return [Math.floor(fromRow / rows), Math.max(Math.floor(fromRow / rows), Math.ceil(toRow / rows) - 1)]
}

/** Which piece to draw where: earlier sources win, later ones fill what those leave open. Sorted by row, without overlap. */
export function coverage(fromRow: number, toRow: number, sources: readonly (readonly Piece[])[]): Segment[] {
  const segments: Segment[] = []
  let open: [number, number][] = [[fromRow, toRow]]
  for (const pieces of sources) {
    for (const piece of pieces) {
      if (open.length === 0) break
      const rest: [number, number][] = []
      for (const [from, to] of open) {
        const start = Math.max(from, piece.fromRow)
        const end = Math.min(to, piece.toRow)
        if (start >= end) {
          rest.push([from, to])
          continue
        }
        segments.push({ fromRow: start, toRow: end, piece })
        if (from < start) rest.push([from, start])
        if (end < to) rest.push([end, to])
      }
      open = rest
    }
  }
  return segments.sort((a, b) => a.fromRow - b.fromRow)
}

/** Cuts an answer of the lab (lane-major) into the tiles of each lane. */
export function cutTiles(values: Float32Array, lanes: number, columns: number, fromRow: number, stride: number): Piece[][] {
  return Array.from({ length: lanes }, (_, lane) => {
    const pieces: Piece[] = []
    for (let at = 0; at < columns; at += tileColumns) {
      const wide = Math.min(tileColumns, columns - at)
      const start = 2 * (lane * columns + at)
      pieces.push({ fromRow: fromRow + at * stride, toRow: fromRow + (at + wide) * stride, columns: wide, values: values.slice(start, start + 2 * wide) })
    }
    return pieces
  })
}

/** Tiles by lane, stride and place; the least recently used go first. */
export class TileCache {
  readonly #tiles = new Map<string, Piece>()

  get(lane: string, stride: number, index: number): Piece | null {
    const key = `${lane}/${stride}/${index}`
    const piece = this.#tiles.get(key)
    if (piece === undefined) return null
    this.#tiles.delete(key)
    this.#tiles.set(key, piece)
    return piece
  }

  has(lane: string, stride: number, index: number): boolean {
    return this.#tiles.has(`${lane}/${stride}/${index}`)
  }

  set(lane: string, stride: number, index: number, piece: Piece): void {
    this.#tiles.set(`${lane}/${stride}/${index}`, piece)
    for (const key of this.#tiles.keys()) {
      if (this.#tiles.size <= keptTiles) break
      this.#tiles.delete(key)
    }
  }

  clear(): void {
    this.#tiles.clear()
  }
}

/** A lane is scaled by blocks that are at least this long, so that each holds a beat. */
const blockSeconds = 1.5
const mostBlocks = 64
/** As trace/typical-range.ts: a block this many times as high as the middle one is an accident; more than this part cannot all be. */
const accident = 8
const mostAccidents = 0.4

/** Lowest and highest value of what is drawn, without blocks in which an accident happened; `null` when nothing is. */
export function drawnRange(segments: readonly Segment[], fromRow: number, toRow: number, rateHz: number): { low: number; high: number } | null {
  const blockRows = Math.max(blockSeconds * rateHz, (toRow - fromRow) / mostBlocks)
  const blocks = Math.max(1, Math.ceil((toRow - fromRow) / blockRows))
  const lows = new Float32Array(blocks).fill(Number.POSITIVE_INFINITY)
  const highs = new Float32Array(blocks).fill(Number.NEGATIVE_INFINITY)
  for (const { fromRow: from, toRow: to, piece } of segments) {
    const step = (piece.toRow - piece.fromRow) / piece.columns
    const end = Math.min(piece.columns, Math.ceil((to - piece.fromRow) / step))
    for (let column = Math.max(0, Math.floor((from - piece.fromRow) / step)); column < end; column++) {
      const low = piece.values[2 * column]
      const high = piece.values[2 * column + 1]
      if (low !== low || high !== high) continue
      const block = Math.min(blocks - 1, Math.max(0, Math.floor((piece.fromRow + (column + 0.5) * step - fromRow) / blockRows)))
      if (low < lows[block]) lows[block] = low
      if (high > highs[block]) highs[block] = high
    }
  }
  const order = [...lows.keys()].filter((block) => lows[block] <= highs[block]).sort((a, b) => highs[a] - lows[a] - (highs[b] - lows[b]))
  if (order.length === 0) return null
  const middle = order[(order.length - 1) >> 1]
  const limit = accident * (highs[middle] - lows[middle])
  const calm = order.filter((block) => highs[block] - lows[block] <= limit)
  const shown = order.length - calm.length <= mostAccidents * order.length ? calm : order
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const block of shown) {
    low = Math.min(low, lows[block])
    high = Math.max(high, highs[block])
  }
  return { low, high }
}
