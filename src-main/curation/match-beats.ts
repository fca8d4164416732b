/** Beats this near are the same one. Source: ANSI/AAMI EC57, 4.3: 150 ms. */
export const matchWindowSeconds = 0.15

/** Cells of the table that finds the best pairs of one crowd of beats; denser crowds, which no heart makes, are paired from left to right. */
const largestTable = 250_000

/** Places in `first` and `second` of two beats that are one. */
export type BeatPair = readonly [number, number]

/**
 * Pairs beats of two sorted lists that lie within `window` rows: each at most once, as many pairs as can be, and of those ways the one with the smallest distances.
 * O(n) for hearts: only beats that crowd together are weighed against each other.
 * @example matchBeats([100, 500], [40, 110, 900], 54) // [[0, 1]]: 110 is nearer than 40
 */
export function matchBeats(first: ArrayLike<number>, second: ArrayLike<number>, window: number): BeatPair[] {
  const pairs: BeatPair[] = []
  let a = 0
  let b = 0
  while (a < first.length && b < second.length) {
    if (first[a] + window < second[b]) a++
    else if (second[b] + window < first[a]) b++
    else {
      const [endA, endB] = crowdEnd(first, second, a, b, window)
      pairs.push(...matchCrowd(first, second, [a, endA], [b, endB], window))
      a = endA
      b = endB
    }
  }
  return pairs
}

/** Ends of the run of beats, of both lists, in which each is within `window` of the one before. */
function crowdEnd(first: ArrayLike<number>, second: ArrayLike<number>, a: number, b: number, window: number): [number, number] {
  let last = Math.min(first[a], second[b])
  for (;;) {
    const fromFirst = a < first.length && (b >= second.length || first[a] <= second[b])
    const next = fromFirst ? first[a] : b < second.length ? second[b] : Number.POSITIVE_INFINITY
    if (next > last + window) return [a, b]
    last = next
    if (fromFirst) a++
    else b++
  }
}

type Range = readonly [number, number]

function matchCrowd(first: ArrayLike<number>, second: ArrayLike<number>, [a0, a1]: Range, [b0, b1]: Range, window: number): BeatPair[] {
  const n = a1 - a0
  const m = b1 - b0
  if (n * m > largestTable) return matchInOrder(first, second, [a0, a1], [b0, b1], window)
  // best[i][j]: worth of the best pairs among the last n - i and m - j beats. One pair more is worth more than any distance saved.
  const worth = (window + 1) * (Math.min(n, m) + 1)
  const best = new Float64Array((n + 1) * (m + 1))
  const at = (i: number, j: number): number => best[i * (m + 1) + j]
  const paired = (i: number, j: number): number => {
    const distance = Math.abs(first[a0 + i] - second[b0 + j])
    return distance <= window ? worth - distance + at(i + 1, j + 1) : -1
  }
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) best[i * (m + 1) + j] = Math.max(at(i + 1, j), at(i, j + 1), paired(i, j))
  const pairs: BeatPair[] = []
  for (let i = 0, j = 0; i < n && j < m; ) {
    if (paired(i, j) === at(i, j)) pairs.push([a0 + i++, b0 + j++])
    else {
      // Of two equal ways the earlier beat is left out, so that the lists may change places.
      const withoutA = at(i + 1, j) === at(i, j)
      const withoutB = at(i, j + 1) === at(i, j)
      if (withoutA && (!withoutB || first[a0 + i] <= second[b0 + j])) i++
      else j++
    }
  }
  return pairs
}

/** As many pairs as can be, whatever their distances. */
function matchInOrder(first: ArrayLike<number>, second: ArrayLike<number>, [a0, a1]: Range, [b0, b1]: Range, window: number): BeatPair[] {
  const pairs: BeatPair[] = []
  for (let a = a0, b = b0; a < a1 && b < b1; ) {
    if (Math.abs(first[a] - second[b]) <= window) pairs.push([a++, b++])
    else if (first[a] < second[b]) a++
    else b++
  }
  return pairs
}
