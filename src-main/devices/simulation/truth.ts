import { noValue } from '../../contract/index.ts'
import type { Delivery } from './line.ts'
import type { BeatKind } from './signal-source.ts'

/** Something that happened, at `seconds` of simulated time, when `row` rows had been sampled. */
export interface SimulationEvent {
  readonly kind: string
  readonly seconds: number
  readonly row: number
  readonly [detail: string]: string | number
}

/** What a simulated board really measured and sent: the oracle that recordings are compared with. */
export interface Truth {
  readonly rows: number
  readonly lanes: number
  /** Row-major [rows][lanes]: every row that the board sampled while streaming, as put on the wire; `noValue` where a lane had none. */
  readonly counts: Int32Array
  /** True time of sampling, s since the simulation began. */
  readonly times: Float64Array
  /** Counter or timestamp in the row's frame; -1 for boards without one. */
  readonly counters: Int32Array
  /** Counts up whenever the counter begins anew: each start of streaming, restart or boot. */
  readonly epochs: Int32Array
  /** 1 when all bytes of the row's frame were delivered unaltered. */
  readonly sent: Uint8Array
  readonly beats: readonly { readonly row: number; readonly kind: BeatKind }[]
  readonly events: readonly SimulationEvent[]
}

/** One named array of a truth file. Text is one string per element. */
export interface TruthArray {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Int32Array | Float64Array | Uint8Array | readonly string[]
}

/**
 * The truth as plain arrays, ready for an NPZ file: `counts` int32 [rows, lanes], `times` float64 [rows], `counters` and `epochs`
 * int32 [rows], `sent` uint8 [rows], `beats` int32 [beats, 2] of (row, 0 = R peak | 1 = pulse foot), `events` JSON texts [events].
 */
export function truthArrays(truth: Truth): TruthArray[] {
  const beats = new Int32Array(truth.beats.length * 2)
  truth.beats.forEach((beat, index) => {
    beats[index * 2] = beat.row
    beats[index * 2 + 1] = beat.kind === 'r-peak' ? 0 : 1
  })
  const { rows } = truth
  return [
    { name: 'counts', shape: [rows, truth.lanes], data: truth.counts },
    { name: 'times', shape: [rows], data: truth.times },
    { name: 'counters', shape: [rows], data: truth.counters },
    { name: 'epochs', shape: [rows], data: truth.epochs },
    { name: 'sent', shape: [rows], data: truth.sent },
    { name: 'beats', shape: [truth.beats.length, 2], data: beats },
    { name: 'events', shape: [truth.events.length], data: truth.events.map((event) => JSON.stringify(event)) },
  ]
}

/** Collects the truth row by row in growing columns. With `keep` false only the numbers of rows are known. */
export class TruthRecorder {
  rows = 0
  /** Rows whose frames arrived unaltered. */
  sent = 0
  readonly events: SimulationEvent[] = []
  private readonly lanes: number
  private readonly keep: boolean
  private readonly beats: { row: number; kind: BeatKind }[] = []
  private counts = new Int32Array(0)
  private times = new Float64Array(0)
  private counters = new Int32Array(0)
  private epochs = new Int32Array(0)
  /** Bit 0: delivered; bit 1: unaltered so far. */
  private fates = new Uint8Array(0)
  private capacity = 0

  constructor(lanes: number, keep: boolean) {
    this.lanes = lanes
    this.keep = keep
  }

  /** Returns the row's number. */
  add(counts: Int32Array, seconds: number, counter: number, epoch: number): number {
    const row = this.rows++
    if (!this.keep) return row
    if (row === this.capacity) this.grow()
    this.counts.set(counts, row * this.lanes)
    this.times[row] = seconds
    this.counters[row] = counter
    this.epochs[row] = epoch
    return row
  }

  /** Rows `from`..`to` (half open) left the board unaltered. */
  unaltered(from: number, to: number): void {
    if (this.keep) for (let row = from; row < to; row++) this.fates[row] |= 2
  }

  delivered({ fromRow, toRow, intactRows }: Delivery): void {
    this.sent += intactRows
    if (this.keep) for (let row = fromRow; row < toRow; row++) this.fates[row] |= 1
  }

  /** A delivery that had arrived reached nobody after all. */
  lost({ fromRow, toRow, intactRows }: Delivery): void {
    this.sent -= intactRows
    if (this.keep) for (let row = fromRow; row < toRow; row++) this.fates[row] &= ~1
  }

  beat(row: number, kind: BeatKind): void {
    if (this.keep) this.beats.push({ row, kind })
  }

  event(event: SimulationEvent): void {
    if (this.keep) this.events.push(event)
  }

  truth(): Truth {
    const rows = this.keep ? this.rows : 0
    const sent = new Uint8Array(rows)
    for (let row = 0; row < rows; row++) sent[row] = this.fates[row] === 3 ? 1 : 0
    return {
      rows,
      lanes: this.lanes,
      counts: this.counts.slice(0, rows * this.lanes),
      times: this.times.slice(0, rows),
      counters: this.counters.slice(0, rows),
      epochs: this.epochs.slice(0, rows),
      sent,
      beats: this.beats.filter((beat) => beat.row < rows),
      events: [...this.events],
    }
  }

  private grow(): void {
    this.capacity = Math.max(1024, this.capacity * 2)
    const counts = new Int32Array(this.capacity * this.lanes).fill(noValue)
    counts.set(this.counts)
    this.counts = counts
    const times = new Float64Array(this.capacity)
    times.set(this.times)
    this.times = times
    const counters = new Int32Array(this.capacity)
    counters.set(this.counters)
    this.counters = counters
    const epochs = new Int32Array(this.capacity)
    epochs.set(this.epochs)
    this.epochs = epochs
    const fates = new Uint8Array(this.capacity)
    fates.set(this.fates)
    this.fates = fates
  }
}
