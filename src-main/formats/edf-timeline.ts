import { edfInvalid } from './edf-layout.ts'
import type { SourceGap } from './signal-source.ts'

/** Consecutive data records without a gap between them. */
export interface EdfRun {
  readonly firstRecord: number
  readonly records: number
  /** Frame of the first record's first sample. */
  readonly frame: number
}

/** Samples that gaps may add in all: a lying onset must not make years of nothing. A week of one signal at 256 Hz is 155 million. */
const mostMissingSamples = 2 ** 28

/**
 * Where the records of an EDF+D file lie in time: each begins at the onset that it states, and what is between two is a gap of whole frames.
 * @throws LabError `edf-invalid` with `data.record` and `data.offset` for time that runs backwards and for gaps beyond all measure.
 * @example const timeline = new EdfTimeline('a.edf', 1, 10, 10); timeline.add(0, 0, 100); timeline.add(1, 5, 200); timeline.gaps // [{ from: 10, to: 50 }]
 */
export class EdfTimeline {
  readonly runs: EdfRun[] = []
  readonly #file: string
  readonly #recordSeconds: number
  readonly #framesPerRecord: number
  readonly #rateHz: number
  readonly #samplesPerFrame: number
  #begin = 0
  #runOnset = 0
  #missing = 0

  constructor(file: string, recordSeconds: number, framesPerRecord: number, rateHz: number, samplesPerFrame = 1) {
    this.#file = file
    this.#recordSeconds = recordSeconds
    this.#framesPerRecord = framesPerRecord
    this.#rateHz = rateHz
    this.#samplesPerFrame = samplesPerFrame
  }

  add(record: number, onset: number, offset: number): void {
    const run = this.runs.at(-1)
    if (!run) {
      this.#begin = this.#runOnset = onset
      this.runs.push({ firstRecord: record, records: 1, frame: 0 })
      return
    }
    const late = (onset - (this.#runOnset + run.records * this.#recordSeconds)) * this.#rateHz
    const next = run.frame + run.records * this.#framesPerRecord
    const frame = Math.round((onset - this.#begin) * this.#rateHz)
    if (late < -0.5 - 1e-6) throw this.#wrong(record, offset, `it begins at ${onset} s, within or before the record in front of it`)
    if (late < 0.5 + 1e-6 || frame <= next) {
      this.runs[this.runs.length - 1] = { ...run, records: run.records + 1 }
      return
    }
    this.#missing += (frame - next) * this.#samplesPerFrame
    if (this.#missing > mostMissingSamples) throw this.#wrong(record, offset, `it begins at ${onset} s; with it, ${this.#missing} samples would be missing`)
    this.#runOnset = onset
    this.runs.push({ firstRecord: record, records: 1, frame })
  }

  get frames(): number {
    const run = this.runs.at(-1)
    return run ? run.frame + run.records * this.#framesPerRecord : 0
  }

  get gaps(): SourceGap[] {
    return this.runs.slice(1).map((run, i) => ({ from: this.runs[i].frame + this.runs[i].records * this.#framesPerRecord, to: run.frame }))
  }

  #wrong(record: number, offset: number, reason: string): Error {
    return edfInvalid(this.#file, offset, 'record onset', reason, { record })
  }
}
