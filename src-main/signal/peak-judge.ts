import { median } from './recent-rate.ts'

/** A local maximum of a detector's feature; `at` in working samples, `slope` the steepest change of the signal beneath it. */
export interface Peak {
  readonly at: number
  readonly height: number
  readonly slope: number
  /** Correlation with the beats known so far, -1..1; NaN while none is known or where shapes are not compared. */
  readonly similarity: number
}

export interface PeakRules {
  readonly rateHz: number
  /** Between the noise level (0) and the beat level (1): above it a peak is a beat. */
  readonly threshold: number
  /** Two beats are never nearer than this, s. */
  readonly refractorySeconds: number
  /** Within this time after a beat, a peak with less than `afterSlope` of the beat's slope is its own echo: T wave, dicrotic wave. */
  readonly afterSeconds: number
  readonly afterSlope: number
  /** Without a beat for this many usual intervals, the best of the refused peaks above `missedThreshold` of the threshold is taken. */
  readonly missedIntervals: number
  readonly missedThreshold: number
}

/** Beats that set the level: fast enough to follow a posture change, too many for two extrasystoles to move the median. */
const remembered = 8
/** Hamilton and Tompkins 1986 learn for 2 s: two beats at 60/min. */
const learnSeconds = 2
/** Peaks above this part of the tallest are taken for beats while learning. */
const learnHigh = 0.4
const learnNoise = 0.1
/** Noise as tall as the beats (T waves of extrasystoles) must not close the gate: it counts up to half the beats' height. */
const noiseCeiling = 0.5
/** A peak shaped like the known beats needs less height, one unlike all of them more. */
const alike = 0.9
const alikeFactor = 0.7
const unlike = 0.5
const unlikeFactor = 1.3
/** Nothing for this long: the level is wrong (gain change, electrode moved); lower it by `relax` per usual interval. */
const lostSeconds = 3
const relax = 0.8
/** A missed beat older than this is history: nobody looks at it any more, and the signal's ring has moved on. */
const searchSeconds = 5
/** A first guess of 75/min until beats came. */
const firstInterval = 0.8
const longestInterval = 2

/**
 * Decides which peaks are beats: adaptive thresholds between the medians of recent beats and recent noise, eased for shapes that
 * are known, refractory time, echo rejection by slope and search-back for missed beats (after Pan and Tompkins 1985, Hamilton and Tompkins 1986; medians as
 * in the latter).
 */
export class PeakJudge {
  private readonly rules: PeakRules
  private readonly heights = new RecentMedian()
  private readonly noises = new RecentMedian()
  private readonly intervals = new RecentMedian()
  private learning: Peak[] | null = []
  private learnUntil = 0
  private refused: Peak[] = []
  private last: Peak | null = null
  private searchAfter = 0
  private level = 0
  private readonly accepted: Peak[] = []

  constructor(rules: PeakRules) {
    this.rules = rules
    this.reset(0)
  }

  /** Forgets all levels; learning lasts 2 s from sample `now`. */
  reset(now: number): void {
    this.heights.clear()
    this.noises.clear()
    this.intervals.clear()
    this.intervals.first = firstInterval * this.rules.rateHz
    this.learning = []
    this.learnUntil = now + Math.round(learnSeconds * this.rules.rateHz)
    this.refused = []
    this.last = null
    this.accepted.length = 0
  }

  /** A new peak, later than every one before it. */
  consider(peak: Peak): void {
    if (this.learning !== null) this.learning.push(peak)
    else this.decide(peak)
  }

  /** Once per sample, after `consider`: ends learning and looks back for missed beats. The next accepted beat, or null. */
  tick(now: number): Peak | null {
    if (this.learning !== null) {
      if (now >= this.learnUntil) this.learn(this.learning)
    } else if (now >= this.searchAfter) this.lookBack(now)
    return this.accepted.length > 0 ? (this.accepted.shift() ?? null) : null
  }

  private learn(peaks: readonly Peak[]): void {
    const top = peaks.reduce((highest, peak) => Math.max(highest, peak.height), 0)
    if (top === 0) {
      // Silence teaches nothing.
      this.learnUntil += Math.round(learnSeconds * this.rules.rateHz)
      return
    }
    this.learning = null
    for (const peak of peaks) if (peak.height > learnHigh * top) this.heights.add(peak.height)
    this.noises.add(learnNoise * top)
    this.updateLevel()
    this.scheduleSearch(peaks[0].at)
    for (const peak of peaks) this.decide(peak)
  }

  private updateLevel(): void {
    const beat = this.heights.median()
    const noise = Math.min(this.noises.median(), noiseCeiling * beat)
    this.level = noise + this.rules.threshold * (beat - noise)
  }

  private decide(peak: Peak): void {
    const { rateHz, refractorySeconds, afterSeconds, afterSlope } = this.rules
    if (this.last !== null) {
      const since = peak.at - this.last.at
      if (since < refractorySeconds * rateHz) return
      if (since < afterSeconds * rateHz && peak.slope < afterSlope * this.last.slope) return this.refuse(peak)
    }
    const factor = peak.similarity >= alike ? alikeFactor : peak.similarity < unlike ? unlikeFactor : 1
    if (peak.height >= factor * this.level) this.accept(peak)
    else this.refuse(peak)
  }

  private refuse(peak: Peak): void {
    this.noises.add(peak.height)
    this.refused = this.refused.filter((earlier) => peak.at - earlier.at < searchSeconds * this.rules.rateHz)
    this.refused.push(peak)
    this.updateLevel()
  }

  private accept(peak: Peak): void {
    if (this.last !== null && peak.at - this.last.at < longestInterval * this.rules.rateHz) this.intervals.add(peak.at - this.last.at)
    this.heights.add(peak.height)
    this.last = peak
    this.refused = this.refused.filter((refused) => refused.at > peak.at)
    this.updateLevel()
    this.scheduleSearch(peak.at)
    this.accepted.push(peak)
  }

  private scheduleSearch(from: number): void {
    this.searchAfter = from + this.rules.missedIntervals * this.intervals.median()
  }

  private lookBack(now: number): void {
    const { rateHz, afterSeconds, missedThreshold } = this.rules
    const from = this.last === null ? Number.NEGATIVE_INFINITY : this.last.at + afterSeconds * rateHz
    let best: Peak | null = null
    for (const peak of this.refused) {
      if (peak.at > from && peak.height > missedThreshold * this.level && (best === null || peak.height > best.height)) best = peak
    }
    if (best !== null) return this.accept(best)
    if (this.last === null || now - this.last.at > lostSeconds * rateHz) {
      this.heights.scale(relax)
      this.updateLevel()
      this.scheduleSearch(now)
    }
  }
}

/** Median of the last eight numbers, kept ready between changes: it is asked for at every sample. */
class RecentMedian {
  first = 0
  private readonly values: number[] = []
  private middle: number | null = null

  add(value: number): void {
    this.values.push(value)
    if (this.values.length > remembered) this.values.shift()
    this.middle = null
  }

  scale(factor: number): void {
    for (let i = 0; i < this.values.length; i++) this.values[i] *= factor
    this.middle = null
  }

  clear(): void {
    this.values.length = 0
    this.middle = null
  }

  median(): number {
    this.middle ??= this.values.length > 0 ? median(this.values) : this.first
    return this.middle
  }
}
