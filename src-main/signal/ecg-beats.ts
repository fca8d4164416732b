import { response } from './biquad.ts'
import type { Biquad } from './biquad.ts'
import { BeatShapes, normaliseWave } from './beat-shapes.ts'
import { butterworthHighPass, butterworthLowPass } from './butterworth.ts'
import { Cascade } from './cascade.ts'
import { PeakJudge } from './peak-judge.ts'
import { SampleRing } from './sample-ring.ts'

/*
 * QRS energy peaks between 10 and 20 Hz; P and T waves end at 10 Hz (Elgendi 2013 finds 8-20 Hz best on MIT-BIH; with slopes as
 * gentle as these, 12-20 Hz keeps their rest lower). Band, envelope and thresholds were chosen on the six MIT-BIH records of bench/beats.ts.
 */
const bandLowHz = 12
const bandHighHz = 20
/** A QRS is about 90 ms long: energy over that time is one hump per beat. */
const envelopeSeconds = 0.09
/** A peak must be the highest for this long on both sides: the refractory period of the ventricle, 285/min. */
const aheadSeconds = 0.21
/** Shapes are compared over a QRS to both sides of its summit. */
const shapeSeconds = 0.06
/** recognition.md A0.2: the largest deflection within 0.10 s, polarity by majority. */
const refineSeconds = 0.1
/** The signal that the R peak is looked for in: without baseline and muscle noise. */
const shapeLowHz = 0.7
const shapeHighHz = 40
/** Beats that vote on the polarity. */
const polarityVotes = 16
/** After a hole this long the filters start afresh. */
const longGapSeconds = 1
/** Looking back for a missed beat reaches this far. */
const ringSeconds = 8

/** Streaming R peak finder at a working rate of 100-400 Hz. */
export class EcgBeats {
  private readonly rateHz: number
  private readonly band: Cascade
  private readonly shape: Cascade
  private readonly squares: SampleRing
  private readonly envelope: SampleRing
  private readonly shaped: SampleRing
  private readonly window: number
  private readonly ahead: number
  private readonly reach: number
  /** Samples by which the envelope and the shape lag behind the input. */
  private readonly envelopeLag: number
  private readonly shapeLag: number
  private readonly judge: PeakJudge
  private readonly shapes = new BeatShapes()
  private readonly wave: Float64Array
  private count = 0
  private energy = 0
  private held = 0
  private missing = Number.POSITIVE_INFINITY
  private polarity = 0
  /** Indices of the highest and lowest shape near the last peak looked at. */
  private up = 0
  private down = 0

  constructor(rateHz: number) {
    this.rateHz = rateHz
    const bandSections = [...butterworthHighPass(2, bandLowHz, rateHz), ...butterworthLowPass(2, bandHighHz, rateHz)]
    const shapeSections = [...butterworthHighPass(2, shapeLowHz, rateHz), ...butterworthLowPass(2, Math.min(shapeHighHz, 0.4 * rateHz), rateHz)]
    this.band = new Cascade(bandSections)
    this.shape = new Cascade(shapeSections)
    this.squares = new SampleRing(ringSeconds * rateHz)
    this.envelope = new SampleRing(ringSeconds * rateHz)
    this.shaped = new SampleRing(ringSeconds * rateHz)
    this.window = Math.max(3, Math.round(envelopeSeconds * rateHz))
    this.ahead = Math.round(aheadSeconds * rateHz)
    this.reach = Math.round(refineSeconds * rateHz)
    this.shapeLag = Math.round(groupDelay(shapeSections, rateHz))
    this.envelopeLag = Math.round(groupDelay(bandSections, rateHz) + (this.window - 1) / 2)
    this.wave = new Float64Array(2 * Math.round(shapeSeconds * rateHz) + 1)
    this.judge = new PeakJudge({
      rateHz,
      threshold: 0.38,
      refractorySeconds: 0.2,
      afterSeconds: 0.3,
      afterSlope: 0.5,
      missedIntervals: 1.9,
      missedThreshold: 0.5,
    })
  }

  reset(): void {
    this.count = 0
    this.energy = 0
    this.polarity = 0
    this.missing = Number.POSITIVE_INFINITY
    for (const ring of [this.squares, this.envelope, this.shaped]) ring.clear()
    this.shapes.clear()
    this.judge.reset(0)
  }

  push(value: number): number {
    const i = this.count++
    if (Number.isFinite(value)) {
      if (this.missing > longGapSeconds * this.rateHz) {
        this.band.prime(value)
        this.shape.prime(value)
      }
      this.missing = 0
      this.held = value
    } else this.missing++

    const inBand = this.band.step(this.held)
    this.shaped.set(i, this.shape.step(this.held))
    const square = inBand * inBand
    this.energy += square - this.squares.at(i - this.window)
    this.squares.set(i, square)
    // Rounding may leave a tiny negative rest.
    this.envelope.set(i, Math.sqrt(Math.max(0, this.energy) / this.window))

    const centre = i - this.ahead
    if (centre > this.ahead && this.envelope.isPeak(centre, this.ahead)) {
      const similarity = this.takeWave(centre) ? this.shapes.similarity(this.wave) : Number.NaN
      this.judge.consider({ at: centre, height: this.envelope.at(centre), slope: this.steepest(centre), similarity })
    }
    const beat = this.judge.tick(i)
    if (beat === null) return -1
    if (this.takeWave(beat.at)) this.shapes.learn(this.wave)
    return this.refine(beat.at)
  }

  /** Steepest change of the shape in the envelope's window, per sample. */
  private steepest(centre: number): number {
    let steepest = 0
    for (let k = centre - this.window; k <= centre; k++) steepest = Math.max(steepest, Math.abs(this.shaped.at(k) - this.shaped.at(k - 1)))
    return steepest
  }

  /** Copies the shape around the largest deflection near an envelope's peak to `wave`, normalised; false for a flat one. */
  private takeWave(peak: number): boolean {
    this.findSummits(peak)
    const from = (this.rises() ? this.up : this.down) - (this.wave.length >> 1)
    for (let k = 0; k < this.wave.length; k++) this.wave[k] = this.shaped.at(from + k)
    return normaliseWave(this.wave)
  }

  private refine(peak: number): number {
    this.findSummits(peak)
    this.polarity = Math.max(-polarityVotes, Math.min(polarityVotes, this.polarity + (this.rises() ? 1 : -1)))
    return Math.max(0, (this.polarity >= 0 ? this.up : this.down) - this.shapeLag)
  }

  private rises(): boolean {
    return this.shaped.at(this.up) >= -this.shaped.at(this.down)
  }

  private findSummits(peak: number): void {
    const centre = peak - this.envelopeLag + this.shapeLag
    const from = Math.max(0, centre - this.reach)
    this.up = this.shaped.highest(from, centre + this.reach, 1)
    this.down = this.shaped.highest(from, centre + this.reach, -1)
  }
}

/** Delay of a QRS through the sections, samples: the phase's slope in the middle of its band. */
function groupDelay(sections: readonly Biquad[], rateHz: number): number {
  const middleHz = Math.sqrt(bandLowHz * bandHighHz)
  const fall = response(sections, middleHz - 0.5, rateHz).phase - response(sections, middleHz + 0.5, rateHz).phase
  return (fall / (2 * Math.PI)) * rateHz
}
