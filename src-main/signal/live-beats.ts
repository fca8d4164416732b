import { Decimator } from './decimator.ts'
import { EcgBeats } from './ecg-beats.ts'
import { PulseBeats } from './pulse-beats.ts'
import { RecentRate } from './recent-rate.ts'

/** A machine at the working rate: one sample in, the sample index of a beat out (or -1). */
export interface BeatFinder {
  push(value: number): number
  reset(): void
}

export interface LiveBeatDetectorOptions {
  readonly rateHz: number
  /** `ecg`: R peaks. `ppg`: pulse feet (onset of the systolic upstroke). */
  readonly kind: 'ecg' | 'ppg'
}

/** QRS energy ends at 20 Hz: 180-360 Hz keep its shape within 3 ms and cost a 16th of 4 kHz. */
const workingRateHz = 180

/**
 * Streaming beat detector of one lane at any rate from 100 Hz on. A beat is reported at most 0.5 s after it happened, except in the
 * first 2 s (learning) and for beats found by looking back. Rows are absolute, strictly increasing, and do not depend on
 * how the samples were cut into blocks. NaN = missing.
 */
export class LiveBeatDetector {
  private readonly decimator: Decimator
  private readonly finder: BeatFinder
  private readonly rate: RecentRate
  private nextRow = -1
  /** Row of the working sample with index 0. */
  private originRow = 0
  private lastBeat = -1

  constructor({ rateHz, kind }: LiveBeatDetectorOptions) {
    this.decimator = new Decimator(Math.max(1, Math.floor(rateHz / workingRateHz)))
    const workRateHz = rateHz / this.decimator.factor
    this.finder = kind === 'ecg' ? new EcgBeats(workRateHz) : new PulseBeats(workRateHz)
    this.rate = new RecentRate(rateHz)
  }

  /** `samples` in any unit, `firstRow` the row of the first; rows that were left out since the last call count as missing. */
  process(samples: Float32Array, firstRow: number): number[] {
    const beats: number[] = []
    if (this.nextRow < 0 || firstRow < this.nextRow) this.restart(firstRow)
    // A hole longer than a minute needs no walking through: nothing of the past matters any more.
    else if (firstRow - this.nextRow > 60 * this.rate.rateHz) this.restart(firstRow)
    while (this.nextRow < firstRow) this.sample(Number.NaN, beats)
    for (let i = 0; i < samples.length; i++) this.sample(samples[i], beats)
    return beats
  }

  /** Beats per minute: median of the last 8 intervals; `null` until three intervals, or when no beat came for 5 s. */
  rateBpm(): number | null {
    return this.rate.bpm(this.nextRow)
  }

  private restart(firstRow: number): void {
    this.finder.reset()
    this.decimator.reset()
    this.rate.reset()
    this.originRow = firstRow
    this.nextRow = firstRow
  }

  private sample(value: number, beats: number[]): void {
    this.nextRow++
    if (!this.decimator.push(value)) return
    const found = this.finder.push(this.decimator.take())
    if (found < 0) return
    const { factor } = this.decimator
    const row = this.originRow + found * factor + Math.floor(factor / 2)
    if (row <= this.lastBeat) return
    this.lastBeat = row
    this.rate.beat(row)
    beats.push(row)
  }
}
