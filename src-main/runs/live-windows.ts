import { findBeats } from '../dataset/lane-analysis.ts'
import { signalWindows, type SignalWindows } from './signal-windows.ts'
import type { WindowSetOptions } from './window-options.ts'

/** Consecutive physical values of one lane, NaN = missing. Rows are numbered from the connection's begin. */
export interface LiveBlock {
  readonly firstRow: number
  readonly samples: Float32Array
}

export interface LiveLane {
  readonly rateHz: number
  /** One count of the converter, in the samples' unit. */
  readonly finest: number
}

/** What has come since it was last asked. */
export interface NewWindows {
  /** [windows, length]. */
  readonly samples: Float32Array
  readonly count: number
  readonly refused: number
  /** The signal was away for so long that it may be somebody else's since. */
  readonly beganAnew: boolean
}

/** What is looked at for one beat: the filter settles in it, and fifteen beats tell which of them is unlike the others. */
const keptSeconds = 20
/** Slowest heart that still fills a group in time, s per beat. */
const slowestBeatSeconds = 1.6
/**
 * Nearer to the newest sample a window is not whole (a pulse's reaches 0.7 s behind its foot), and the filter's end bends it. Measured on a synthetic person: of the beats of an ECG 95 in 100 have a
 * cosine above 0.9997 with those of the whole recording; after 0.8 s, above 0.9926.
 */
const settleSeconds = 1
/** The detector's threshold learns from the first two seconds. */
const fewestSeconds = 4
/** The same beat is found again a few samples beside where it was; another one cannot be so near (300 per minute). */
const sameBeatSeconds = 0.2
/** A cable that was pulled out and put back, or electrodes moved to somebody else: nobody can do it faster. */
const gapSeconds = 2

/** The windows of a signal while it comes, each once, as `signalWindows` would cut them from the last 20 s. */
export class LiveWindows {
  readonly #options: WindowSetOptions
  readonly #lane: LiveLane
  readonly #capacity: number
  readonly #buffer: Float32Array
  readonly #dropRows: number
  /** Row of `#buffer[0]`, and how many are there. */
  #first = 0
  #length = 0
  /** Row with which the signal began, after the last gap. */
  #begin = 0
  /** Up to this row everything was given, or refused. */
  #done = -1
  #missing = 0
  #beganAnew = false

  constructor(options: WindowSetOptions, lane: LiveLane) {
    this.#options = { ...options, dropFirstSeconds: 0 }
    this.#lane = lane
    const { mode, seconds, strideSeconds, beatsPerGroup } = options
    const needed = mode === 'window' ? seconds + 2 * strideSeconds + settleSeconds : mode === 'summary-beat' ? (beatsPerGroup + 2) * slowestBeatSeconds : 0
    this.#capacity = Math.ceil(Math.max(keptSeconds, needed) * lane.rateHz)
    this.#dropRows = Math.round(options.dropFirstSeconds * lane.rateHz)
    // Twice as long: it is moved once per 20 s, not once per block.
    this.#buffer = new Float32Array(2 * this.#capacity)
  }

  get #end(): number {
    return this.#first + this.#length
  }

  /** Rows that were left out count as missing; rows that were there already begin a new signal. */
  push({ firstRow, samples }: LiveBlock): void {
    if (firstRow < this.#end) this.#restart(firstRow)
    else if (firstRow - this.#end >= gapSeconds * this.#lane.rateHz) this.#restart(firstRow)
    else while (this.#end < firstRow) this.#append(Number.NaN)
    for (const value of samples) this.#append(value)
  }

  #restart(row: number): void {
    this.#beganAnew ||= this.#length > 0
    this.#first = row
    this.#begin = row
    this.#length = 0
    this.#missing = 0
    this.#done = row - 1
  }

  #append(value: number): void {
    const isMissing = !Number.isFinite(value)
    if (!isMissing && this.#missing >= gapSeconds * this.#lane.rateHz) this.#restart(this.#end)
    this.#missing = isMissing ? this.#missing + 1 : 0
    if (this.#length === this.#buffer.length) {
      const gone = this.#length - this.#capacity
      this.#buffer.copyWithin(0, gone)
      this.#first += gone
      this.#length -= gone
    }
    this.#buffer[this.#length++] = value
  }

  /** Windows whose beats have settled since the last call. */
  take(): NewWindows {
    const beganAnew = this.#beganAnew
    this.#beganAnew = false
    const { rateHz, finest } = this.#lane
    const earliest = Math.max(this.#begin + this.#dropRows, this.#end - this.#capacity, this.#first)
    const from = this.#options.mode === 'window' ? this.#strideFrom(earliest) : earliest
    const samples = this.#buffer.subarray(Math.max(0, from - this.#first), this.#length)
    const none = { samples: new Float32Array(0), count: 0, refused: 0, beganAnew }
    if (samples.length < fewestSeconds * rateHz) return none
    const settled = this.#end - settleSeconds * rateHz
    if (this.#options.mode === 'window') {
      const made = signalWindows({ samples, rateHz, finest, beats: null }, this.#options)
      const fits = (row: number): boolean => row > this.#done && row + this.#options.seconds * rateHz <= settled
      const wanted = this.#strides(from, this.#end).filter(fits)
      return { ...this.#since(made, from, fits, wanted), beganAnew }
    }
    const beats = findBeats(this.#options.lane, [samples], rateHz)[0].rows.filter((row) => from + row <= settled)
    const isNew = (row: number): boolean => row > this.#done + (this.#done >= this.#begin ? sameBeatSeconds * rateHz : 0)
    const fresh = beats.map((row) => from + row).filter(isNew)
    if (fresh.length === 0) return none
    const grouped = this.#options.mode === 'summary-beat'
    const made = signalWindows({ samples, rateHz, finest, beats: grouped ? fresh.map((row) => row - from) : beats }, this.#options)
    // A group that is not full yet waits for its beats.
    if (grouped && made.rows.length === 0) return none
    return { ...this.#since(made, from, isNew, fresh), ...(grouped && { refused: made.refused }), beganAnew }
  }

  /** Those of `made` that are new; `wanted` is done with them. */
  #since({ samples, rows, length }: SignalWindows, from: number, isNew: (row: number) => boolean, wanted: readonly number[]): Omit<NewWindows, 'beganAnew'> {
    const picked = [...rows.keys()].filter((k) => isNew(from + rows[k]))
    const taken = new Float32Array(picked.length * length)
    picked.forEach((k, to) => taken.set(samples.subarray(k * length, (k + 1) * length), to * length))
    this.#done = wanted.at(-1) ?? this.#done
    return { samples: taken, count: picked.length, refused: Math.max(0, wanted.length - picked.length) }
  }

  /** The first place of the grid of strides at or behind a row. */
  #strideFrom(row: number): number {
    const stride = this.#options.strideSeconds * this.#lane.rateHz
    const origin = this.#begin + this.#dropRows
    return origin + Math.round(Math.max(0, Math.ceil((row - origin) / stride - 1e-9)) * stride)
  }

  #strides(from: number, to: number): number[] {
    const stride = this.#options.strideSeconds * this.#lane.rateHz
    return Array.from({ length: Math.max(0, Math.floor((to - from) / stride) + 1) }, (_, k) => from + Math.round(k * stride))
  }
}
