import { errorCurve, fnmrAtFmr } from './error-rates.ts'
import type { ScoreLists, ScoreMatrix } from './scores.ts'
import { significant } from './significant.ts'

/** What identification needs of each probe. */
export interface RankedProbes {
  /** Subject of each probe. */
  readonly subject: Int32Array
  /** Place of the own template among all, from 1; 0: the subject has none. Others with an equal score stand before it: a tie is no recognition. */
  readonly rank: Int32Array
  /** Best score over all templates. */
  readonly best: Float64Array
}

/** @returns `null` without templates. */
export function rankProbes({ scores, probeSubject, templateSubject }: ScoreMatrix): RankedProbes | null {
  const columns = templateSubject.length
  if (columns === 0) return null
  const own = new Map(Array.from(templateSubject, (subject, column) => [subject, column]))
  const rank = new Int32Array(probeSubject.length)
  const best = new Float64Array(probeSubject.length)
  probeSubject.forEach((subject, row) => {
    const column = own.get(subject)
    const ownScore = column === undefined ? Infinity : scores[row * columns + column]
    let [notBelow, top] = [0, -Infinity]
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      if (scores[i] >= ownScore) notBelow++
      if (scores[i] > top) top = scores[i]
    }
    rank[row] = column === undefined ? 0 : notBelow
    best[row] = top
  })
  return { subject: probeSubject, rank, best }
}

/** Ranks up to this are told one by one; with more templates, 200 ranks are spread up to the last. */
const mostRanks = 200

/**
 * Cumulative match characteristic, and the mean average precision: with one template per subject the precision of a probe is 1 / rank.
 * @returns rates `null` where no probe's subject is enrolled.
 * @example ranks 1, 1, 2, 4: rank-1 0.5, mAP 0.6875, CMC 0.5, 0.75, 0.75, 1
 */
export function closedSet(rank: Int32Array, templates: number): { probes: number; rank1: number | null; meanAveragePrecision: number | null; cmc: { rank: number[]; rate: number[] } } {
  const mated = rank.filter((place) => place > 0)
  if (mated.length === 0) return { probes: 0, rank1: null, meanAveragePrecision: null, cmc: { rank: [], rate: [] } }
  const within = new Array<number>(templates + 1).fill(0)
  let precision = 0
  for (const place of mated) {
    within[place]++
    precision += 1 / place
  }
  for (let place = 1; place <= templates; place++) within[place] += within[place - 1]
  const shown = Math.min(templates, mostRanks)
  const ranks = templates <= mostRanks ? Array.from({ length: shown }, (_, i) => i + 1) : Array.from({ length: shown }, (_, i) => Math.round(1 + (i * (templates - 1)) / (shown - 1)))
  return {
    probes: mated.length, rank1: within[1] / mated.length, meanAveragePrecision: precision / mated.length,
    cmc: { rank: ranks, rate: ranks.map((place) => significant(within[place] / mated.length)) },
  }
}

/** Scores whose error rates are FNIR and FPIR: an enrolled person who is not the first can be accepted at no threshold. */
export function openSetScores({ rank, best }: RankedProbes): ScoreLists {
  const [mated, unmated]: [number[], number[]] = [[], []]
  rank.forEach((place, row) => {
    if (place === 0) unmated.push(best[row])
    else mated.push(place === 1 ? best[row] : -Infinity)
  })
  return { genuine: Float64Array.from(mated), impostor: Float64Array.from(unmated) }
}

/**
 * False negative identification rate at a false positive identification rate of at most `fpir`: the part of enrolled people's probes that are not found first at or above the
 * threshold, where at most `fpir` of the others' probes find anybody. Source: ISO/IEC 19795-1.
 * @param fpir below 1.
 * @returns `null` below 30 / n probes of people who are not enrolled, or without probes of people who are.
 * @example mated 0.9, 0.8, one not first; of 300 others 30 above 0.85: FNIR 2/3 at FPIR 10 %
 */
export function fnirAtFpir(searches: ScoreLists, fpir: number): { fnir: number; threshold: number } | null {
  const curve = errorCurve(searches)
  const point = curve && fnmrAtFmr(curve, fpir)
  return point && { fnir: point.fnmr, threshold: point.threshold }
}
