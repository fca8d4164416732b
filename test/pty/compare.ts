import type { SentTruth } from './truth-reader.ts'
import type { WfdbRecord } from './wfdb-reader.ts'

const noValue = -2147483648
/** So many rows in a row, all lanes, identify a place in a stream of converter noise. */
const identifyingRows = 12

/** A stretch of missing rows, and where the rows around it lie in the truth. */
export interface FoundGap {
  readonly row: number
  readonly rows: number
  /** Truth rows that the gap stands for, by the simulator's own clock. */
  readonly trueRows: number
  /** Truth rows between the two sides that were sampled and did arrive unharmed: must be 0, or a good sample was lost. */
  readonly sentWithin: number
}

export interface Comparison {
  readonly rows: number
  readonly missing: number
  /** First truth row that was recorded. */
  readonly from: number
  /** Recorded rows that are not the truth's next row. */
  readonly wrong: number
  readonly gaps: FoundGap[]
  /** Largest distance of a recorded row from where the truth's clock puts it, rows. */
  readonly shift: number
}

/**
 * Compares every recorded sample with what was sent. Recorded rows must be the truth's rows in order; only rows that were not sent may be
 * left out, and only where the record has missing rows.
 */
export function compare(record: WfdbRecord, truth: SentTruth, declaredRateHz: number, searchFrom = 0): Comparison {
  const lanes = record.signals.length
  if (lanes !== truth.lanes) throw new Error(`${lanes} signals were recorded, ${truth.lanes} sent`)
  const rows = record.signals[0].samples.length
  const missingRow = (row: number): boolean => record.signals.every((signal) => signal.samples[row] === null)
  const same = (row: number, at: number): boolean =>
    at < truth.rows && record.signals.every((signal, lane) => (signal.samples[row] ?? noValue) === truth.counts[at * lanes + lane])
  const find = (row: number, from: number): number => {
    let length = 0
    while (length < identifyingRows && row + length < rows && !missingRow(row + length)) length++
    for (let at = from; at < truth.rows; at++) {
      let matched = 0
      while (matched < length && same(row + matched, at + matched)) matched++
      if (matched === length) return at
    }
    return -1
  }
  const from = find(0, searchFrom)
  if (from < 0) throw new Error('the beginning of the recording was never sent')
  const gaps: FoundGap[] = []
  let [at, missing, wrong, shift] = [from, 0, 0, 0]
  for (let row = 0; row < rows; row++) {
    if (missingRow(row)) {
      const start = row
      while (row < rows && missingRow(row)) row++
      missing += row - start
      if (row === rows) break
      const next = find(row, at)
      if (next < 0) throw new Error(`what was recorded after the gap at row ${start} was never sent`)
      const trueRows = Math.round((truth.times[next] - truth.times[at - 1]) * declaredRateHz) - 1
      let sentWithin = 0
      for (let skipped = at; skipped < next; skipped++) sentWithin += truth.sent[skipped]
      gaps.push({ row: start, rows: row - start, trueRows, sentWithin })
      at = next
    }
    if (!same(row, at)) wrong++
    shift = Math.max(shift, Math.abs((truth.times[at] - truth.times[from]) * declaredRateHz - row))
    at++
  }
  return { rows, missing, from, wrong, gaps, shift }
}
