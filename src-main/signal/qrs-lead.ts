import { BeatClusters } from './beat-clusters.ts'
import { butterworthHighPass, butterworthLowPass } from './butterworth.ts'
import { filterZeroPhase } from './zero-phase.ts'

/*
 * QRS energy peaks between 10 and 20 Hz; P and T waves end at 10 Hz (Elgendi 2013 finds 8-20 Hz best on MIT-BIH). Run both ways, slopes of order 2
 * are as steep as those of order 4.
 */
const bandLowHz = 9.5
const bandHighHz = 22
/** A QRS is about 0.1 s long: its energy is one hump. */
const envelopeSeconds = 0.1
/** What shapes and slopes are taken from: without baseline, without muscle noise. */
const shapeLowHz = 1.6
const shapeHighHz = 35
/** Shapes are compared over 0.17 s to both sides: PQ, QRS and ST together look like no artefact. */
const shapeSeconds = 0.17
/** The steepest slope counts within half a QRS. */
const slopeSeconds = 0.06
/** QRS energy ends at 22 Hz: 180-360 Hz keep its shape within 3 ms and cost a 16th of 4 kHz. */
const workingRateHz = 180
/** Holes up to this long are crossed: a QRS beside one still has its own shape. */
const bridgedSeconds = 0.12

/** Samples of the lane in one working sample. */
export const workingFactor = (rateHz: number) => Math.max(1, Math.floor(rateHz / workingRateHz))

/** One ECG lead as the offline detector sees it, at the working rate of 180-360 Hz (its own, where that is lower). */
export class QrsLead {
  readonly rateHz: number
  /** RMS in the QRS band over 0.1 s, in the lane's unit; 0 where missing. */
  readonly envelope: Float64Array
  /** 1.6-35 Hz; 0 where missing. */
  readonly shape: Float64Array
  readonly clusters: BeatClusters
  private readonly slopeReach: number

  constructor(samples: Float32Array, rateHz: number) {
    const factor = workingFactor(rateHz)
    const work = meanDecimate(samples, factor)
    this.rateHz = rateHz / factor
    const band = this.filtered(work, bandLowHz, bandHighHz)
    this.shape = this.filtered(work, shapeLowHz, shapeHighHz)
    this.envelope = centredRms(band, Math.max(1, Math.round((envelopeSeconds * this.rateHz - 1) / 2)))
    this.clusters = new BeatClusters(this.shape, Math.round(shapeSeconds * this.rateHz))
    this.slopeReach = Math.round(slopeSeconds * this.rateHz)
  }

  /** Steepest change per working sample within 60 ms of `centre`. */
  slope(centre: number): number {
    const { shape, slopeReach } = this
    const end = Math.min(shape.length - 1, centre + slopeReach)
    let slope = 0
    for (let i = Math.max(1, centre - slopeReach); i <= end; i++) slope = Math.max(slope, Math.abs(shape[i] - shape[i - 1]))
    return slope
  }

  private filtered(work: Float64Array, lowHz: number, highHz: number): Float64Array {
    const { rateHz } = this
    const sections = [...butterworthHighPass(2, lowHz, rateHz), ...butterworthLowPass(2, Math.min(highHz, 0.4 * rateHz), rateHz)]
    const result = filterZeroPhase(sections, work, { rateHz, bridgedSeconds })
    for (let i = 0; i < result.length; i++) if (Number.isNaN(result[i])) result[i] = 0
    return result
  }
}

/** Mean of every `factor` samples, the last group perhaps shorter; NaN where none is finite. */
function meanDecimate(samples: Float32Array, factor: number): Float64Array {
  const result = new Float64Array(Math.ceil(samples.length / factor))
  for (let k = 0, i = 0; k < result.length; k++) {
    let sum = 0
    let present = 0
    for (const end = Math.min(samples.length, i + factor); i < end; i++) {
      const value = samples[i]
      if (!Number.isFinite(value)) continue
      sum += value
      present++
    }
    result[k] = present === 0 ? Number.NaN : sum / present
  }
  return result
}

/** Over `half` samples to both sides; beyond the ends there is nothing. */
function centredRms(values: Float64Array, half: number): Float64Array {
  const n = values.length
  const result = new Float64Array(n)
  const squares = new Float64Array(n + 1)
  for (let i = 0; i < n; i++) squares[i + 1] = squares[i] + values[i] * values[i]
  for (let i = 0; i < n; i++) result[i] = Math.sqrt(Math.max(0, squares[Math.min(n, i + half + 1)] - squares[Math.max(0, i - half)]) / (2 * half + 1))
  return result
}
