import { LaneMeter, missingCount, sliceSeconds } from './lane-meter.ts'
import { LiveBeatDetector } from './live-beats.ts'
import { QualityWindow } from './quality-window.ts'
import { RatioMedian } from './ratio-median.ts'
import { summaryWarnings } from './summary-warnings.ts'
import type { SummaryWarning } from './summary-warnings.ts'

/** The part of contract LaneSpec that a summary needs. */
export interface SummaryLane {
  readonly id: string
  readonly label: string
  readonly kind: string
  readonly gainCountsPerUnit: number
  readonly baseline: number
  readonly minimum: number
  readonly maximum: number
  readonly held: boolean
  readonly sparse: boolean
}

export interface LaneResult {
  readonly lane: string
  /** Seconds judged good or fair, second by second. */
  readonly usableSeconds: number
  readonly saturatedRatio: number
  readonly flatRatio: number
  readonly missingRatio: number
  /** Median over the seconds of mains power / power above 0.5 Hz. */
  readonly mainsRatio: number | null
  readonly meanRateBpm: number | null
}

export interface SummaryResult {
  readonly lanes: readonly LaneResult[]
  /** Rows of the R peaks of the ECG lane with the most usable seconds; pulse feet when there is no ECG lane. */
  readonly beats: readonly number[]
  /** The lane that `beats` came from. */
  readonly beatLane: string | null
  readonly warnings: readonly SummaryWarning[]
}

const slicesPerSecond = 1 / sliceSeconds
/** Detectors are fed in blocks of this many rows, whatever the caller's blocks are. */
const blockRows = 4096
/** Below it there is no QRS band, 12-20 Hz, to find beats in. */
const lowestQrsRateHz = 40
/** The detector is walked through so much of a hole; where it is longer than that again and more, it starts afresh behind it, see LiveBeatDetector. */
const walkedSeconds = 60
/** 20..300 per minute: other intervals span a gap or are false. */
const shortestSeconds = 0.2
const longestSeconds = 3

/**
 * The live measures over a whole recording, streaming and deterministic: the result depends on the samples only, never on the
 * blocks they came in. Memory is one block and the beats' rows.
 */
export class RecordingSummary {
  private readonly lanes: LaneSummarizer[]
  private readonly rateHz: number
  private rows = 0

  constructor({ lanes, rateHz }: { lanes: readonly SummaryLane[]; rateHz: number }) {
    this.rateHz = rateHz
    this.lanes = lanes.map((lane) => new LaneSummarizer(lane, rateHz))
  }

  /** `counts`: row-major [row][lane], missing = -2^31; the first `rows` rows count. */
  push(counts: Int32Array, rows: number): void {
    const stride = this.lanes.length
    this.lanes.forEach((lane, at) => lane.push(counts, at, stride, rows))
    this.rows += rows
  }

  /** The result; call once, after the last `push`. */
  finish(): SummaryResult {
    for (const lane of this.lanes) lane.end()
    const best = this.bestLane('ecg') ?? this.bestLane('ppg')
    const lanes = this.lanes.map((lane) => lane.result())
    const described = this.lanes.map((lane, i) => ({ ...lanes[i], label: lane.spec.label, kind: lane.spec.kind, beats: lane.beats.length }))
    return {
      lanes,
      beats: best?.beats ?? [],
      beatLane: best?.spec.id ?? null,
      warnings: summaryWarnings(described, this.rows / this.rateHz),
    }
  }

  private bestLane(kind: string): LaneSummarizer | null {
    let best: LaneSummarizer | null = null
    for (const lane of this.lanes) {
      if (lane.spec.kind === kind && (best === null || lane.usableRows > best.usableRows)) best = lane
    }
    return best
  }
}

class LaneSummarizer {
  readonly spec: SummaryLane
  readonly beats: number[] = []
  usableRows = 0
  private readonly rateHz: number
  private readonly meter: LaneMeter
  private readonly window: QualityWindow
  private readonly detector: LiveBeatDetector | null
  private readonly block = new Float32Array(blockRows)
  private readonly mains = new RatioMedian()
  private filled = 0
  private detectedRows = 0
  private rows = 0
  private pendingSlices = 0
  /** Of them, those with a value. */
  private pendingPresent = 0
  /** Rows without a value since the last one that has one, which the detector has not been given. */
  private hole = 0
  private saturated = 0
  private flat = 0
  private missing = 0

  constructor(spec: SummaryLane, rateHz: number) {
    this.spec = spec
    this.rateHz = rateHz
    this.meter = new LaneMeter({ ...spec, rateHz })
    this.window = new QualityWindow(spec.kind, this.meter.measuresMains)
    const findable = (spec.kind === 'ecg' && rateHz > lowestQrsRateHz) || spec.kind === 'ppg'
    this.detector = findable ? new LiveBeatDetector({ rateHz, kind: spec.kind === 'ecg' ? 'ecg' : 'ppg' }) : null
  }

  push(counts: Int32Array, lane: number, stride: number, rows: number): void {
    const { baseline, gainCountsPerUnit } = this.spec
    let missing = 0
    for (let row = 0, at = lane; row < rows; row++, at += stride) {
      const count = counts[at]
      if (count === missingCount) {
        missing++
        continue
      }
      if (missing > 0) this.skip(missing)
      missing = 0
      if (this.hole > 0) this.crossHole()
      const value = (count - baseline) / gainCountsPerUnit
      if (this.meter.push(count, value, false)) this.slice()
      this.block[this.filled++] = value
      if (this.filled === blockRows) this.detect()
    }
    if (missing > 0) this.skip(missing)
  }

  private skip(rows: number): void {
    this.hole += rows
    for (let left = rows; left > 0; ) {
      const step = Math.min(left, this.meter.room)
      if (this.meter.skip(step)) this.slice()
      left -= step
    }
  }

  private crossHole(): void {
    const walked = Math.ceil(walkedSeconds * this.rateHz)
    const jumped = this.hole > 2 * walked ? this.hole - walked : 0
    for (let left = this.hole - jumped; left > 0; ) {
      const step = Math.min(left, blockRows - this.filled)
      this.block.fill(Number.NaN, this.filled, this.filled + step)
      this.filled += step
      left -= step
      if (this.filled === blockRows) this.detect()
    }
    this.hole = 0
    if (jumped === 0) return
    this.detect()
    this.detectedRows += jumped
  }

  end(): void {
    this.crossHole()
    this.detect()
    if (this.meter.flush()) this.slice()
    if (this.pendingSlices > 0) this.second()
  }

  result(): LaneResult {
    const share = (part: number) => (this.rows === 0 ? 0 : Math.min(1, part / this.rows))
    return {
      lane: this.spec.id,
      usableSeconds: this.usableRows / this.rateHz,
      saturatedRatio: share(this.saturated),
      flatRatio: share(this.flat),
      missingRatio: share(this.missing),
      mainsRatio: this.mains.median(),
      meanRateBpm: this.meanRate(),
    }
  }

  private detect(): void {
    if (this.filled === 0) return
    if (this.detector !== null) {
      for (const beat of this.detector.process(this.block.subarray(0, this.filled), this.detectedRows)) this.beats.push(beat)
    }
    this.detectedRows += this.filled
    this.filled = 0
  }

  private slice(): void {
    const { slice } = this.meter
    this.rows += slice.rows
    this.saturated += slice.saturated
    this.flat += slice.flat
    this.missing += slice.missing
    this.window.add(slice)
    if (slice.missing < slice.rows) this.pendingPresent++
    if (++this.pendingSlices === slicesPerSecond) this.second()
  }

  private second(): void {
    if (this.pendingPresent === 0) {
      // Judged `none`, whatever came before.
      this.pendingSlices = 0
      return
    }
    const { level, mainsRatio } = this.window.judge(this.pendingSlices)
    if (level === 'good' || level === 'fair') this.usableRows += this.window.rows(this.pendingSlices)
    if (mainsRatio !== null && level !== 'none') this.mains.add(mainsRatio)
    this.pendingSlices = 0
    this.pendingPresent = 0
  }

  private meanRate(): number | null {
    let sum = 0
    let count = 0
    for (let i = 1; i < this.beats.length; i++) {
      const interval = (this.beats[i] - this.beats[i - 1]) / this.rateHz
      if (interval < shortestSeconds || interval > longestSeconds) continue
      sum += interval
      count++
    }
    return count === 0 ? null : (60 * count) / sum
  }
}
