import { butterworthLowPass } from './butterworth.ts'
import { Cascade } from './cascade.ts'
import { PeakJudge } from './peak-judge.ts'
import { SampleRing } from './sample-ring.ts'

/** 8 Hz holds a PPG's shape (recognition.md A0.3); 12 Hz keeps the foot of a steep upstroke sharp. No high-pass: it bends the flat before the foot. */
const highHz = 12
/** Zong 2003 sums rising slopes over 128 ms, the length of a systolic upstroke. */
const upstrokeSeconds = 0.128
const aheadSeconds = 0.2
/** The foot is where the upstroke, followed backwards from its steepest point, has lost nine tenths of its slope ... */
const footSlope = 0.1
/** ... and no upstroke is longer than this. */
const footSeconds = 0.3
const longGapSeconds = 1
/** Looking back for a missed beat reaches this far. */
const ringSeconds = 8

/** Streaming pulse finder at a working rate of 50-400 Hz: slope-sum function (Zong et al. 2003), reports the pulse's foot. */
export class PulseBeats {
  private readonly rateHz: number
  private readonly lowPass: Cascade
  private readonly smooth: SampleRing
  private readonly rises: SampleRing
  private readonly slopeSum: SampleRing
  private readonly window: number
  private readonly ahead: number
  private readonly foot: number
  private readonly lag: number
  private readonly judge: PeakJudge
  private count = 0
  private sum = 0
  private held = 0
  private missing = Number.POSITIVE_INFINITY

  constructor(rateHz: number) {
    this.rateHz = rateHz
    this.lowPass = new Cascade(butterworthLowPass(2, highHz, rateHz))
    this.smooth = new SampleRing(ringSeconds * rateHz)
    this.rises = new SampleRing(ringSeconds * rateHz)
    this.slopeSum = new SampleRing(ringSeconds * rateHz)
    this.window = Math.max(2, Math.round(upstrokeSeconds * rateHz))
    this.ahead = Math.round(aheadSeconds * rateHz)
    this.foot = Math.round(footSeconds * rateHz)
    // Of a second-order Butterworth low-pass at low frequencies: sqrt(2) / (2 pi f).
    this.lag = Math.round((Math.SQRT2 / (2 * Math.PI * highHz)) * rateHz)
    this.judge = new PeakJudge({
      rateHz,
      threshold: 0.4,
      refractorySeconds: 0.27,
      afterSeconds: 0.45,
      afterSlope: 0.5,
      missedIntervals: 1.6,
      missedThreshold: 0.5,
    })
  }

  reset(): void {
    this.count = 0
    this.sum = 0
    this.missing = Number.POSITIVE_INFINITY
    for (const ring of [this.smooth, this.rises, this.slopeSum]) ring.clear()
    this.judge.reset(0)
  }

  push(value: number): number {
    const i = this.count++
    if (Number.isFinite(value)) {
      if (this.missing > longGapSeconds * this.rateHz) {
        this.lowPass.prime(value)
        this.smooth.set(i - 1, value)
      }
      this.missing = 0
      this.held = value
    } else this.missing++

    const now = this.lowPass.step(this.held)
    const rise = Math.max(0, now - this.smooth.at(i - 1))
    this.smooth.set(i, now)
    this.sum += rise - this.rises.at(i - this.window)
    this.rises.set(i, rise)
    this.slopeSum.set(i, Math.max(0, this.sum))

    const centre = i - this.ahead
    if (centre > this.ahead && this.slopeSum.isPeak(centre, this.ahead)) {
      const steepest = this.rises.highest(Math.max(0, centre - this.window), centre, 1)
      this.judge.consider({ at: steepest, height: this.slopeSum.at(centre), slope: this.rises.at(steepest) })
    }
    const beat = this.judge.tick(i)
    return beat === null ? -1 : this.footOf(beat.at)
  }

  /** Walks down from the steepest rise to where the upstroke begins. */
  private footOf(steepest: number): number {
    const end = Math.max(0, steepest - this.foot)
    let at = steepest
    const gentle = footSlope * this.rises.at(steepest)
    while (at > end && this.rises.at(at - 1) > gentle) at--
    return Math.max(0, at - this.lag)
  }
}
