import type { RowSpan } from '../contract/index.ts'

/** Sorted by row, without empty ones, touching and overlapping ones joined. */
export function joinSpans(spans: readonly RowSpan[]): RowSpan[] {
  const sorted = spans.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)
  const joined: RowSpan[] = []
  for (const { from, to } of sorted) {
    const last = joined.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/**
 * What of `spans` is not in `cut`; both joined and sorted.
 * @example subtractSpans([{ from: 0, to: 10 }], [{ from: 2, to: 4 }]) // [{ from: 0, to: 2 }, { from: 4, to: 10 }]
 */
export function subtractSpans(spans: readonly RowSpan[], cut: readonly RowSpan[]): RowSpan[] {
  const left: RowSpan[] = []
  let at = 0
  for (const span of spans) {
    let from = span.from
    while (at < cut.length && cut[at].to <= from) at++
    for (let i = at; i < cut.length && cut[i].from < span.to; i++) {
      if (cut[i].from > from) left.push({ from, to: cut[i].from })
      from = Math.max(from, cut[i].to)
    }
    if (from < span.to) left.push({ from, to: span.to })
  }
  return left
}

/** What is in both; both joined and sorted. */
export function intersectSpans(a: readonly RowSpan[], b: readonly RowSpan[]): RowSpan[] {
  const both: RowSpan[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const from = Math.max(a[i].from, b[j].from)
    const to = Math.min(a[i].to, b[j].to)
    if (from < to) both.push({ from, to })
    if (a[i].to < b[j].to) i++
    else j++
  }
  return both
}

export function rowsIn(spans: readonly RowSpan[]): number {
  let rows = 0
  for (const { from, to } of spans) rows += to - from
  return rows
}

export function sameSpans(a: readonly RowSpan[], b: readonly RowSpan[]): boolean {
  return a.length === b.length && a.every(({ from, to }, i) => from === b[i].from && to === b[i].to)
}

/**
 * Rows `from`..`to` of the kept rows, counted along the spans as if what was cut out were not there, as spans of the recording.
 * @example sliceSpans([{ from: 10, to: 20 }, { from: 50, to: 60 }], 5, 15) // [{ from: 15, to: 20 }, { from: 50, to: 55 }]
 */
export function sliceSpans(spans: readonly RowSpan[], from: number, to: number): RowSpan[] {
  const slice: RowSpan[] = []
  let passed = 0
  for (const span of spans) {
    const first = span.from + Math.max(0, from - passed)
    const end = Math.min(span.to, span.from + to - passed)
    if (first < end) slice.push({ from: first, to: end })
    passed += span.to - span.from
  }
  return slice
}

/** Rows between the nearest ends of two sets; 0 where they touch, `null` where they share a row. Both joined and sorted. */
export function distance(a: readonly RowSpan[], b: readonly RowSpan[]): number | null {
  let nearest = Number.POSITIVE_INFINITY
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const between = Math.max(a[i].from, b[j].from) - Math.min(a[i].to, b[j].to)
    if (between < 0) return null
    nearest = Math.min(nearest, between)
    if (a[i].to < b[j].to) i++
    else j++
  }
  return nearest
}
