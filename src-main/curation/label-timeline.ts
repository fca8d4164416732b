import type { Label, LabelKind } from '../contract/index.ts'

/** Rows `from`..`to` of one lane (`null`: no lane in particular) and what two layers say of them; at least one says something. */
export interface TimelineSegment {
  readonly from: number
  readonly to: number
  readonly lane: string | null
  readonly first: Label | null
  readonly second: Label | null
}

interface Span {
  readonly from: number
  readonly to: number
  readonly label: Label
}

/**
 * What two layers say of one kind, row by row, as segments between the borders of their labels: never a loop over rows. A label without a lane is about every lane that the others
 * name. Of labels of one layer that overlap, the one that begins last counts. A rhythm at a single row lasts until the next one or the end; any other point is one row.
 */
export function timeline(kind: LabelKind, first: readonly Label[], second: readonly Label[], rows: number): TimelineSegment[] {
  const mine = first.filter((label) => label.kind === kind)
  const theirs = second.filter((label) => label.kind === kind)
  const named = [...new Set([...mine, ...theirs].flatMap((label) => label.lane ?? []))].sort()
  const lanes: (string | null)[] = named.length > 0 ? named : [null]
  const segments = lanes.flatMap((lane) => laneSegments(lane, spansOf(mine, lane, rows), spansOf(theirs, lane, rows)))
  return named.length > 1 ? withoutRepeats(segments) : segments
}

function spansOf(labels: readonly Label[], lane: string | null, rows: number): Span[] {
  const here = labels.filter((label) => label.lane === null || label.lane === lane).sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1))
  return here.map((label, i) => {
    const to = label.toRow ?? (label.kind === 'rhythm' ? (here.slice(i + 1).find((next) => next.row > label.row)?.row ?? rows) : label.row + 1)
    return { from: label.row, to, label }
  })
}

function laneSegments(lane: string | null, first: readonly Span[], second: readonly Span[]): TimelineSegment[] {
  const borders = [...new Set([...first, ...second].flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  const mine = sweep(first, borders)
  const theirs = sweep(second, borders)
  const segments: TimelineSegment[] = []
  for (let i = 0; i + 1 < borders.length; i++) {
    if (!mine[i] && !theirs[i]) continue
    const before = segments.at(-1)
    if (before && before.to === borders[i] && before.first === mine[i] && before.second === theirs[i]) segments[segments.length - 1] = { ...before, to: borders[i + 1] }
    else segments.push({ from: borders[i], to: borders[i + 1], lane, first: mine[i], second: theirs[i] })
  }
  return segments
}

/** The label that counts between each border and the next. */
function sweep(spans: readonly Span[], borders: readonly number[]): (Label | null)[] {
  const open: Span[] = []
  let next = 0
  return borders.map((border) => {
    for (; next < spans.length && spans[next].from <= border; next++) open.push(spans[next])
    // The last begun is on top; one below that has ended is met when those above it are gone.
    for (let top = open.at(-1); top && top.to <= border; top = open.at(-1)) open.pop()
    return open.at(-1)?.label ?? null
  })
}

/** What two labels about all lanes say is said once, not once per lane. */
function withoutRepeats(segments: readonly TimelineSegment[]): TimelineSegment[] {
  const seen = new Set<string>()
  return segments.flatMap((segment) => {
    const { from, to, first, second } = segment
    if ((first?.lane ?? null) !== null || (second?.lane ?? null) !== null) return [segment]
    const key = `${from} ${to} ${first?.id} ${second?.id}`
    if (seen.has(key)) return []
    seen.add(key)
    return [{ ...segment, lane: null }]
  })
}
