import { nearestOther, transitFor, type Transit } from './pulse-transit.ts'
import type { WindowSet } from './window-set.ts'

/** Windows of two modalities of one moment: the second begins (its beat comes) between so many seconds before, negative, and after the first's. Of several the nearest to `usual`. */
export interface PairRule {
  readonly from: number
  readonly usual: number
  readonly to: number
}

export type PairedColumns = Pick<WindowSet, 'recording' | 'role' | 'row' | 'recordings'>

/**
 * For every window of `second` the window of `first` that was recorded at the same time: same recording, same role, and in time as the rule says; -1 where there is none. Both sets are of one split, whose
 * recordings and roles have the same numbers in both. `transits`: what recordings tell of their own delay, in the place of the rule's; then no other beat's is near it.
 * @example pairWindows(ecg, ppg, { from: 0.05, usual: 0.28, to: 0.6 }): the R peak that made each pulse
 */
export function pairWindows(first: PairedColumns, second: PairedColumns, rule: PairRule, transits: readonly Transit[] = []): Int32Array {
  const transitOf = transitFor(transits)
  const groups = new Map<string, { row: number; place: number }[]>()
  for (let place = 0; place < first.row.length; place++) {
    const key = `${first.recording[place]} ${first.role[place]}`
    const own = groups.get(key)
    if (own) own.push({ row: first.row[place], place })
    else groups.set(key, [{ row: first.row[place], place }])
  }
  for (const own of groups.values()) own.sort((a, b) => a.row - b.row)
  return Int32Array.from(second.row, (row, place) => {
    const own = groups.get(`${second.recording[place]} ${second.role[place]}`)
    if (!own) return -1
    const rate = second.recordings[second.recording[place]].rowRateHz
    const { from, usual, to } = about(rule, transitOf(second.recording[place], second.role[place])?.seconds ?? null)
    // Half a row: a window's place is a whole number of rows.
    const [lowest, highest] = [row - to * rate - 0.5, row - from * rate + 0.5]
    let best = -1
    let distance = Infinity
    for (let i = firstAt(own, lowest); i < own.length && own[i].row <= highest; i++) {
      const away = Math.abs(row - usual * rate - own[i].row)
      if (away < distance) [best, distance] = [own[i].place, away]
    }
    return best
  })
}

/** The rule of one recording. */
function about(rule: PairRule, seconds: number | null): PairRule {
  if (seconds === null) return rule
  // The same beats: no other is meant.
  return seconds === 0 ? { from: 0, usual: 0, to: 0 } : { from: seconds - nearestOther, usual: seconds, to: seconds + nearestOther }
}

/** The first entry at or after a row; entries are in order. */
function firstAt(entries: readonly { readonly row: number }[], row: number): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle].row < row) low = middle + 1
    else high = middle
  }
  return low
}
