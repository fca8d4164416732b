import { sliceRowsOf, slicesPerSecond } from '../signal/lane-meter.ts'
import type { Stretch } from '../signal/holes.ts'

/** What is left on both sides of a hole: beats are looked for 60 s beyond the ends of a stretch, and only a longer hole ends one. */
const keptSeconds = 61
/** The quality of a second remembers eight seconds before it. */
const keptSlices = 40

/** Samples `from`..`to` of the lane stand from `at` on. */
export interface KeptStretch extends Stretch {
  readonly at: number
}

/**
 * A lane's samples without the middle of its longest holes. What is cut out is a whole number of the seconds that quality is judged by, begins with one, and leaves so much of the
 * hole that no detector, filter or measure sees beyond it: everything measured on what is left is what the whole lane gives, at the cost of what it holds.
 * @example ShortenedRows.without([{ from: 0, to: 86400 * 250 }], 86460 * 250, 250) // a day's hole before a minute: 60 s and some two minutes are kept
 */
export class ShortenedRows {
  /** In order; the first begins with sample 0, the last ends with the lane. */
  readonly kept: readonly KeptStretch[]
  /** Samples of the whole lane, and of what is left. */
  readonly fullLength: number
  readonly length: number

  private constructor(kept: readonly KeptStretch[], fullLength: number) {
    this.kept = kept
    this.fullLength = fullLength
    this.length = kept.reduce((sum, { from, to }) => sum + to - from, 0)
  }

  static whole(length: number): ShortenedRows {
    return new ShortenedRows([{ from: 0, to: length, at: 0 }], length)
  }

  /** @param holes samples that have no value, in any order */
  static without(holes: readonly Stretch[], length: number, rateHz: number): ShortenedRows {
    const second = slicesPerSecond * sliceRowsOf(rateHz)
    const beside = Math.ceil(keptSeconds * rateHz) + keptSlices * sliceRowsOf(rateHz)
    const kept: KeptStretch[] = []
    let from = 0
    let at = 0
    for (const hole of joined(holes, length)) {
      const cutFrom = Math.ceil((hole.from + beside) / second) * second
      const cutTo = Math.floor((hole.to - beside) / second) * second
      if (cutTo <= cutFrom) continue
      kept.push({ from, to: cutFrom, at })
      at += cutFrom - from
      from = cutTo
    }
    kept.push({ from, to: length, at })
    return new ShortenedRows(kept, length)
  }

  /** Where the sample of the whole lane stands, or the first behind the cut that it lies in. */
  fromFull(sample: number): number {
    let place = 0
    for (const { from, to, at } of this.kept) {
      if (sample < from) return at
      place = at + Math.min(sample, to) - from
      if (sample < to) break
    }
    return place
  }

  toFull(place: number): number {
    let stretch = this.kept[0]
    for (const one of this.kept) if (one.at <= place) stretch = one
    return stretch.from + place - stretch.at
  }
}

function joined(holes: readonly Stretch[], length: number): Stretch[] {
  const all: { from: number; to: number }[] = []
  for (const hole of [...holes].sort((a, b) => a.from - b.from)) {
    const [from, to] = [Math.max(0, hole.from), Math.min(length, hole.to)]
    const last = all.at(-1)
    if (from >= to) continue
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else all.push({ from, to })
  }
  return all
}
