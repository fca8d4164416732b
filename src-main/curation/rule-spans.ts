import type { CurationRule, RowSpan } from '../contract/index.ts'
import type { CurationCandidate } from './candidates.ts'
import { joinSpans, subtractSpans } from './spans.ts'

/** Rules that leave rows out of what is kept. */
export type SpanRule = Extract<CurationRule, { kind: 'skip-start' | 'damaged-spans' | 'exclude-labels' }>

/** Pieces shorter than this hold no beat with its neighbours: a piece that a cut leaves over is dropped with it. */
const shortestPieceSeconds = 1

/** A day of digits is not read again at every touch of a slider; a candidate never changes. */
const damagedRows = new WeakMap<CurationCandidate, Map<string, RowSpan[]>>()

/** Rows that this rule leaves out, joined and sorted. Of a label at one moment it leaves the second around it out. */
export function rowsToLeaveOut(rule: SpanRule, candidate: CurationCandidate): RowSpan[] {
  const { rateHz, rows } = candidate
  if (rule.kind === 'skip-start') return joinSpans([{ from: 0, to: Math.min(rows, Math.ceil(rule.seconds * rateHz)) }])
  if (rule.kind === 'damaged-spans') {
    const known = damagedRows.get(candidate) ?? new Map<string, RowSpan[]>()
    damagedRows.set(candidate, known)
    const found = known.get(rule.lane) ?? joinSpans([...candidate.gaps.map(({ from, to }) => ({ from, to })), { from: 0, to: candidate.leadingBlockRows }, ...deadSeconds(candidate, rule.lane)])
    known.set(rule.lane, found)
    return found
  }
  const half = Math.ceil(rateHz / 2)
  const said = candidate.labels.filter((label) => label.kind === 'exclude' && (rule.annotators.length === 0 || rule.annotators.includes(label.annotator)))
  return joinSpans(
    said.map(({ row, toRow }) => (toRow === null ? { from: Math.max(0, row - half), to: Math.min(rows, row + half) } : { from: row, to: Math.min(rows, toRow) })),
  )
}

/** What is kept after a cut. Nothing changes where the cut touches nothing. */
export function cutSpans(spans: readonly RowSpan[], cut: readonly RowSpan[], rateHz: number): readonly RowSpan[] {
  if (cut.length === 0 || spans.length === 0) return spans
  const left = subtractSpans(spans, cut)
  const shortest = Math.ceil(shortestPieceSeconds * rateHz)
  return left.length === spans.length && left.every(({ from, to }, i) => from === spans[i].from && to === spans[i].to)
    ? spans
    : left.filter(({ from, to }) => to - from >= shortest)
}

/** Whole seconds in which every lane of this kind gave no signal (digit 0 of the analysis: missing, flat or saturated throughout). */
function deadSeconds({ lanes, analysis, rateHz, rows }: CurationCandidate, kind: string): RowSpan[] {
  if (!analysis) return []
  const ids = new Set(lanes.filter((lane) => lane.kind === kind).map((lane) => lane.id))
  const qualities = analysis.lanes.filter((lane) => ids.has(lane.lane)).map((lane) => lane.quality)
  if (qualities.length === 0) return []
  const [first, ...others] = qualities
  const dead: RowSpan[] = []
  for (let second = first.indexOf('0'); second >= 0; second = first.indexOf('0', second + 1)) {
    if (others.every((quality) => quality[second] === '0')) {
      dead.push({ from: Math.floor(second * rateHz), to: Math.min(rows, Math.ceil((second + 1) * rateHz)) })
    }
  }
  return dead
}
