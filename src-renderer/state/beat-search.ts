import type { BeatTrack } from './beat-track.ts'
import type { Piece } from './envelope-tiles.ts'

export type BeatSearch =
  | { kind: 'type'; symbol: string }
  /** The interval before the beat, in seconds. */
  | { kind: 'shorter' | 'longer'; seconds: number }
  /** Rows whose correlation with the mean beat is below the limit. */
  | { kind: 'unlike'; rows: ReadonlySet<number> }

/** Places of the beats of one lane that a search finds, ascending. @example search(track, 'ecg', { kind: 'type', symbol: 'V' }, 250) */
export function findBeats(track: BeatTrack, lane: string, search: BeatSearch, rateHz: number): number[] {
  const indexes = track.onLane(lane)
  const found: number[] = []
  for (let at = 0; at < indexes.length; at++) {
    const index = indexes[at]
    if (search.kind === 'type') {
      if (track.symbol(index) === search.symbol) found.push(index)
    } else if (search.kind === 'unlike') {
      if (search.rows.has(track.rows[index])) found.push(index)
    } else if (at > 0) {
      const seconds = (track.rows[index] - track.rows[indexes[at - 1]]) / rateHz
      if (search.kind === 'shorter' ? seconds < search.seconds : seconds > search.seconds) found.push(index)
    }
  }
  return found
}

/** How many beats of each type a lane has, most frequent first. */
export function countTypes(track: BeatTrack, lane: string): { symbol: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const index of track.onLane(lane)) {
    const symbol = track.symbol(index)
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  }
  return [...counts].map(([symbol, count]) => ({ symbol, count })).sort((a, b) => b.count - a.count)
}

/**
 * The row of the local extremum nearest in meaning to `row`: among the rows at most `within` away, the one that stands out most from their
 * median, either way; `row` itself where nothing is drawn. `pieces` in physical units, one row per column or coarser.
 * @example one R peak at row 500 -> snapToExtremum(pieces, 490, 25) // 500
 */
export function snapToExtremum(pieces: readonly Piece[], row: number, within: number): number {
  const rows: number[] = []
  const values: number[] = []
  for (const piece of pieces) {
    const step = (piece.toRow - piece.fromRow) / piece.columns
    const first = Math.max(0, Math.floor((row - within - piece.fromRow) / step))
    for (let column = first; column < piece.columns; column++) {
      const at = piece.fromRow + (column + 0.5) * step - 0.5
      if (at > row + within) break
      if (at < row - within) continue
      for (const value of [piece.values[2 * column], piece.values[2 * column + 1]]) {
        if (value !== value) continue
        rows.push(Math.round(at))
        values.push(value)
      }
    }
  }
  if (values.length === 0) return Math.round(row)
  const median = [...values].sort((a, b) => a - b)[values.length >> 1]
  let best = 0
  for (let at = 1; at < values.length; at++) if (Math.abs(values[at] - median) > Math.abs(values[best] - median)) best = at
  return rows[best]
}
