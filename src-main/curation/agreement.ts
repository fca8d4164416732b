import type { AgreementReport, Disagreement, Label, LabelKind, RecordingId } from '../contract/index.ts'
import { ConfusionCounts } from './kappa.ts'
import { timeline, type TimelineSegment } from './label-timeline.ts'
import { matchBeats, matchWindowSeconds } from './match-beats.ts'
import { compareText } from './order.ts'

/** One recording as two annotators labelled it. */
export interface LabelledTwice {
  readonly recording: RecordingId
  readonly rows: number
  readonly rateHz: number
  /** All labels of each layer, by row. */
  readonly first: readonly Label[]
  readonly second: readonly Label[]
}

/** What an annotator says of rows that only the other one labelled. */
const nothing = ''

/**
 * Agreement of two annotators, pooled over recordings. Spans: Cohen's kappa per row over all rows that at least one of them labelled, "nothing" being a value of its own.
 * Beats: matched one to one within 150 ms; F1 = 2 matched / (first + second), and kappa over the values of the matched ones.
 */
export class Agreement {
  readonly #kinds: readonly LabelKind[]
  readonly #counts = new Map<LabelKind, ConfusionCounts>()
  #recordings = 0
  #first = 0
  #second = 0
  #matched = 0

  constructor(kinds: readonly LabelKind[]) {
    this.#kinds = [...new Set(kinds)]
    for (const kind of this.#kinds) this.#counts.set(kind, new ConfusionCounts())
  }

  add(twice: LabelledTwice): void {
    this.#recordings++
    for (const [kind, counts] of this.#counts) {
      if (kind === 'beat') this.#addBeats(twice, counts)
      else for (const { from, to, first, second } of timeline(kind, twice.first, twice.second, twice.rows)) counts.add(first?.value ?? nothing, second?.value ?? nothing, to - from)
    }
  }

  #addBeats(twice: LabelledTwice, counts: ConfusionCounts): void {
    for (const { first, second, pairs } of matchedLanes(twice)) {
      this.#first += first.length
      this.#second += second.length
      this.#matched += pairs.length
      for (const [a, b] of pairs) counts.add(first[a].value, second[b].value, 1)
    }
  }

  report(annotators: readonly [string, string]): AgreementReport {
    const beats = this.#first + this.#second
    return {
      annotators: [...annotators],
      recordings: this.#recordings,
      beats: { first: this.#first, second: this.#second, matched: this.#matched, f1: beats === 0 ? null : (2 * this.#matched) / beats, windowSeconds: matchWindowSeconds },
      kappas: this.#kinds.map((kind) => {
        const counts = this.#counts.get(kind) ?? new ConfusionCounts()
        return { kind, ...counts.result(), items: counts.items }
      }),
    }
  }
}

interface MatchedLane {
  readonly first: readonly Label[]
  readonly second: readonly Label[]
  readonly pairs: readonly (readonly [number, number])[]
}

/**
 * Beats that are compared with each other: lane by lane. Where one layer mostly names no lane (the annotators of public databases), it is about the heart: the other one's
 * lane that agrees best (F1; the first by name of equals) stands for all of its lanes, whose worse ones only show the same heart less well.
 */
function matchedLanes({ first, second, rateHz }: LabelledTwice): MatchedLane[] {
  const window = Math.round(matchWindowSeconds * rateHz)
  const mine = first.filter((label) => label.kind === 'beat')
  const theirs = second.filter((label) => label.kind === 'beat')
  const match = (a: readonly Label[], b: readonly Label[]): MatchedLane => {
    return { first: a, second: b, pairs: matchBeats(a.map((label) => label.row), b.map((label) => label.row), window) }
  }
  if (isLaneless(mine) || isLaneless(theirs)) {
    const there = (lane: string | null) => (label: Label): boolean => label.lane === null || label.lane === lane
    const candidates = lanesOf(isLaneless(mine) ? theirs : mine).map((lane) => match(mine.filter(there(lane)), theirs.filter(there(lane))))
    return [candidates.reduce((best, one) => (f1Of(one) > f1Of(best) ? one : best))]
  }
  const lanes = [...new Set([...mine, ...theirs].map((label) => label.lane))]
  return lanes.map((lane) => match(mine.filter((label) => label.lane === lane), theirs.filter((label) => label.lane === lane)))
}

const isLaneless = (beats: readonly Label[]): boolean => beats.filter((label) => label.lane === null).length * 2 > beats.length

/** Lanes that beats are on, by name; `[null]` where they name none. */
function lanesOf(beats: readonly Label[]): (string | null)[] {
  const named = [...new Set(beats.flatMap(({ lane }) => lane ?? []))].sort(compareText)
  return named.length > 0 ? named : [null]
}

const f1Of = ({ first, second, pairs }: MatchedLane): number => (pairs.length === 0 ? 0 : (2 * pairs.length) / (first.length + second.length))

/** What a label says, without who and when. */
export type Said = Pick<Label, 'row' | 'toRow' | 'lane' | 'kind' | 'value'>

/**
 * What both annotators say of a recording, and every place where they differ, by row. A beat that both see at slightly different rows is taken from the first; of spans, the
 * rows that both give the same value.
 */
export function adjudicate(twice: LabelledTwice): { agreed: Said[]; disagreements: Disagreement[] } {
  const agreed: Said[] = []
  const disagreements: Disagreement[] = []
  for (const { first, second, pairs } of matchedLanes(twice)) {
    const others = new Map(pairs.map(([a, b]) => [first[a], second[b]]))
    const matched = new Set(pairs.map(([, b]) => second[b]))
    for (const label of first) {
      const other = others.get(label) ?? null
      if (other && other.value === label.value) agreed.push({ row: label.row, toRow: null, lane: label.lane ?? other.lane, kind: 'beat', value: label.value })
      else disagreements.push({ recording: twice.recording, kind: 'beat', row: label.row, toRow: null, lane: label.lane ?? other?.lane ?? null, first: label, second: other })
    }
    for (const label of second) if (!matched.has(label)) disagreements.push({ recording: twice.recording, kind: 'beat', row: label.row, toRow: null, lane: label.lane, first: null, second: label })
  }
  const kinds = new Set([...twice.first, ...twice.second].map((label) => label.kind))
  for (const kind of kinds) {
    if (kind === 'beat') continue
    for (const segment of timeline(kind, twice.first, twice.second, twice.rows)) {
      const place = { row: segment.from, toRow: isPoint(segment) ? null : segment.to, lane: segment.lane, kind }
      if (segment.first && segment.second && segment.first.value === segment.second.value) agreed.push({ ...place, value: segment.first.value })
      else disagreements.push({ recording: twice.recording, ...place, first: segment.first, second: segment.second })
    }
  }
  const byRow = (a: { row: number }, b: { row: number }): number => a.row - b.row
  return { agreed: agreed.sort(byRow), disagreements: disagreements.sort(byRow) }
}

/** One row, which nobody called a span. */
function isPoint({ from, to, first, second }: TimelineSegment): boolean {
  return to === from + 1 && (first?.toRow ?? null) === null && (second?.toRow ?? null) === null
}
