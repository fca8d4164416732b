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
  /** Square root of the RMS in the QRS band over 0.1 s, in the lane's unit; 0 where missing. */
  readonly rootEnvelope: Float64Array
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
    this.rootEnvelope = rootOfCentredRms(band, Math.max(1, Math.round((envelopeSeconds * this.rateHz - 1) / 2)))
    this.clusters = new BeatClusters(this.shape, Math.round(shapeSeconds * this.rateHz))
    this.slopeReach = Math.round(slopeSeconds * this.rateHz)
  }

  /** RMS in the QRS band over 0.1 s around `at`, in the lane's unit; 0 beyond the end. */
  envelope(at: number): number {
    return at < this.rootEnvelope.length ? this.rootEnvelope[at] ** 2 : 0
  }

  /** Steepest change per working sample within 60 ms of `centre`. */
  slope(centre: number): number {
    const { shape, slopeReach } = this
    const end = Math.min(shape.length - 1, centre + slopeReach)
    let slope = 0
    for (let i = Math.max(1, centre - slopeReach); i <= end; i++) {
      const change = Math.abs(shape[i] - shape[i - 1])
      if (change > slope) slope = change
    }
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
  for (let k = 0, from = 0; k < result.length; k++, from += factor) {
    const to = Math.min(samples.length, from + factor)
    let sum = 0
    for (let i = from; i < to; i++) sum += samples[i]
    // A sum that is not finite holds a missing sample.
    result[k] = Number.isFinite(sum) ? sum / (to - from) : meanOfPresent(samples, from, to)
  }
  return result
}

function meanOfPresent(samples: Float32Array, from: number, to: number): number {
  let sum = 0
  let present = 0
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(samples[i])) continue
    sum += samples[i]
    present++
  }
  return present === 0 ? Number.NaN : sum / present
}

/** Over `half` samples to both sides; beyond the ends there is nothing. Spends `values`: sums up to each sample take their place. */
function rootOfCentredRms(values: Float64Array, half: number): Float64Array {
  const result = new Float64Array(values.length)
  let total = 0
  for (let i = 0; i < values.length; i++) values[i] = total += values[i] * values[i]
  const perSample = 1 / (2 * half + 1)
  for (let i = 0; i < values.length; i++) {
    const before = i > half ? values[i - half - 1] : 0
    const upTo = i + half < values.length ? values[i + half] : total
    result[i] = Math.sqrt(Math.sqrt((upTo - before) * perSample))
  }
  return result
}
