import { PeakJudge } from './peak-judge.ts'
import { SampleRing } from './sample-ring.ts'

/** Zong 2003 sums rising slopes over 128 ms, the length of a systolic upstroke. */
const upstrokeSeconds = 0.128
const aheadSeconds = 0.2
/** The foot is where the upstroke, followed backwards from its steepest point, has lost nine tenths of its slope ... */
const footSlope = 0.1
/** ... and no upstroke is longer than this. */
const footSeconds = 0.3
/** Looking back for a missed beat reaches this far. */
const ringSeconds = 8

/** Finds the feet of steep rises in one direction of a smoothed pulse signal: slope-sum function (Zong et al. 2003). */
export class UpstrokeFinder {
  private readonly rises: SampleRing
  private readonly slopeSum: SampleRing
  private readonly window: number
  private readonly ahead: number
  private readonly foot: number
  private readonly judge: PeakJudge
  private sum = 0

  constructor(rateHz: number) {
    this.rises = new SampleRing(ringSeconds * rateHz)
    this.slopeSum = new SampleRing(ringSeconds * rateHz)
    this.window = Math.max(2, Math.round(upstrokeSeconds * rateHz))
    this.ahead = Math.round(aheadSeconds * rateHz)
    this.foot = Math.round(footSeconds * rateHz)
    this.judge = new PeakJudge({
      rateHz,
      threshold: 0.3,
      refractorySeconds: 0.27,
      afterSeconds: 0.35,
      afterSlope: 0.5,
      missedIntervals: 1.6,
      missedThreshold: 0.3,
    })
  }

  reset(): void {
    this.sum = 0
    this.rises.clear()
    this.slopeSum.clear()
    this.judge.reset(0)
  }

  /** Sample `i` rose by `change` (a fall is negative). The index of a pulse's foot, or -1. */
  push(i: number, change: number): number {
    const rise = Math.max(0, change)
    this.sum += rise - this.rises.at(i - this.window)
    this.rises.set(i, rise)
    this.slopeSum.set(i, Math.max(0, this.sum))
    const centre = i - this.ahead
    if (centre > this.ahead && this.slopeSum.isPeak(centre, this.ahead)) {
      const steepest = this.rises.highest(Math.max(0, centre - this.window), centre, 1)
      this.judge.consider({ at: steepest, height: this.slopeSum.at(centre), slope: this.rises.at(steepest), similarity: Number.NaN })
    }
    const beat = this.judge.tick(i)
    return beat === null ? -1 : this.footOf(beat.at)
  }

  private footOf(steepest: number): number {
    const end = Math.max(0, steepest - this.foot)
    const gentle = footSlope * this.rises.at(steepest)
    let at = steepest
    while (at > end && this.rises.at(at - 1) > gentle) at--
    return at
  }
}
