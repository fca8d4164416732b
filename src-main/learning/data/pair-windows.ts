import type { WindowSet } from './window-set.ts'

/** Windows of two modalities of one moment: the second begins (its beat comes) between so many seconds before, negative, and after the first's. Of several the nearest to `usual`. */
export interface PairRule {
  readonly from: number
  readonly usual: number
  readonly to: number
}

type PairedColumns = Pick<WindowSet, 'recording' | 'role' | 'row' | 'recordings'>

/**
 * For every window of `second` the window of `first` that was recorded at the same time: same recording, same role, and in time as the rule says; -1 where there is none. Both sets are of one split, whose
 * recordings and roles have the same numbers in both.
 * @example pairWindows(ecg, ppg, { from: 0.05, usual: 0.28, to: 0.6 }): the R peak that made each pulse
 */
export function pairWindows(first: PairedColumns, second: PairedColumns, { from, usual, to }: PairRule): Int32Array {
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
