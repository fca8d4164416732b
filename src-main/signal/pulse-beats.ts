import { butterworthLowPass } from './butterworth.ts'
import { Cascade } from './cascade.ts'
import { UpstrokeFinder } from './upstroke-finder.ts'

/** 8 Hz holds a PPG's shape (recognition.md A0.3); 12 Hz keeps the foot of a steep upstroke sharp. No high-pass: it bends the flat before the foot. */
const highHz = 12
const longGapSeconds = 1
/** The polarity is judged over the last pulses ... */
const polaritySeconds = 10
/** ... and changes only when the other one is clearly steeper. */
const polarityMargin = 2

/**
 * Streaming pulse finder at a working rate of 50-400 Hz; reports the pulse's foot. Blood absorbs light, so a sensor's raw counts
 * fall at systole where a monitor's pleth rises: both directions are followed, and the one with the steeper strokes counts
 * (systole is always steeper than the run-off).
 */
export class PulseBeats {
  private readonly rateHz: number
  private readonly lowPass: Cascade
  private readonly up: UpstrokeFinder
  private readonly down: UpstrokeFinder
  private readonly lag: number
  private readonly forget: number
  private count = 0
  private previous = 0
  private held = 0
  private missing = Number.POSITIVE_INFINITY
  private risingCubes = 0
  private fallingCubes = 0
  private inverted = false

  constructor(rateHz: number) {
    this.rateHz = rateHz
    this.lowPass = new Cascade(butterworthLowPass(2, Math.min(highHz, 0.4 * rateHz), rateHz))
    this.up = new UpstrokeFinder(rateHz)
    this.down = new UpstrokeFinder(rateHz)
    // Of a second-order Butterworth low-pass at low frequencies: sqrt(2) / (2 pi f).
    this.lag = Math.round((Math.SQRT2 / (2 * Math.PI * highHz)) * rateHz)
    this.forget = 1 - 1 / (polaritySeconds * rateHz)
  }

  reset(): void {
    this.count = 0
    this.missing = Number.POSITIVE_INFINITY
    this.risingCubes = 0
    this.fallingCubes = 0
    this.inverted = false
    this.up.reset()
    this.down.reset()
  }

  push(value: number): number {
    const i = this.count++
    if (Number.isFinite(value)) {
      if (this.missing > longGapSeconds * this.rateHz) {
        this.lowPass.prime(value)
        this.previous = value
      }
      this.missing = 0
      this.held = value
    } else this.missing++

    const now = this.lowPass.step(this.held)
    const change = now - this.previous
    this.previous = now
    this.judgePolarity(change)
    const rising = this.up.push(i, change)
    const falling = this.down.push(i, -change)
    const foot = this.inverted ? falling : rising
    return foot < 0 ? -1 : Math.max(0, foot - this.lag)
  }

  /** Third powers tell a short steep stroke from a long gentle one of the same height. */
  private judgePolarity(change: number): void {
    const cube = change * change * change
    this.risingCubes = this.risingCubes * this.forget + Math.max(0, cube)
    this.fallingCubes = this.fallingCubes * this.forget + Math.max(0, -cube)
    const [ours, other] = this.inverted ? [this.fallingCubes, this.risingCubes] : [this.risingCubes, this.fallingCubes]
    if (other > polarityMargin * ours) this.inverted = !this.inverted
  }
}
