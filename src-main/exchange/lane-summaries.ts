import type { Recording } from '../contract/index.ts'
import { RecordingSummary } from '../signal/recording-summary.ts'
import type { ImportLane } from './import-lanes.ts'

/** Lanes of one rate, measured together. */
interface RateGroup {
  readonly lanes: readonly number[]
  readonly summary: RecordingSummary
  /** The group holds every lane: its rows are the recording's. */
  readonly whole: boolean
}

/** The measures of a recording whose lanes have rates of their own: each lane is judged at its rate, without the rows on which it has no value. */
export class LaneSummaries {
  readonly #groups: readonly RateGroup[]
  readonly #count: number

  constructor(lanes: readonly ImportLane[], rateHz: number) {
    this.#count = lanes.length
    const rates = [...new Set(lanes.map((lane) => lane.rateHz ?? rateHz))]
    this.#groups = rates.map((rate) => {
      const own = lanes.flatMap((lane, i) => ((lane.rateHz ?? rateHz) === rate ? [i] : []))
      return {
        lanes: own,
        whole: own.length === lanes.length,
        summary: new RecordingSummary({ lanes: own.map((i) => ({ ...lanes[i], sparse: false })), rateHz: rate }),
      }
    })
  }

  /** Row-major `counts` of all lanes, and each lane's own samples. */
  push(counts: Int32Array, rows: number, samples: readonly Int32Array[]): void {
    for (const { lanes, summary, whole } of this.#groups) {
      if (whole) summary.push(counts, rows)
      else summary.push(interleave(lanes.map((lane) => samples[lane])), samples[lanes[0]].length)
    }
  }

  /** In the order of the lanes. */
  finish(): Pick<Recording, 'laneSummaries' | 'warnings'> {
    const results = this.#groups.map(({ summary }) => summary.finish())
    const byLane = new Map(this.#groups.flatMap(({ lanes }, g) => lanes.map((lane, i) => [lane, results[g].lanes[i]] as const)))
    const laneSummaries = Array.from({ length: this.#count }, (_, lane) => byLane.get(lane)).flatMap((summary) => (summary ? [{ ...summary }] : []))
    return { laneSummaries, warnings: results.flatMap((result) => result.warnings.map((warning) => ({ ...warning }))) }
  }
}

function interleave(samples: readonly Int32Array[]): Int32Array {
  const width = samples.length
  const rows = new Int32Array(width * samples[0].length)
  samples.forEach((own, lane) => {
    for (let k = 0, at = lane; k < own.length; k++, at += width) rows[at] = own[k]
  })
  return rows
}
