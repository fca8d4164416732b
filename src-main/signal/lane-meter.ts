import { bandPassBiquad } from './biquad.ts'
import { butterworthHighPass, butterworthLowPass } from './butterworth.ts'
import { Cascade } from './cascade.ts'

/** A row without a value, as decoders write it (contract `noValue`); below every converter's range. */
export const missingCount = -2147483648

export interface LaneMeterOptions {
  readonly rateHz: number
  /** `ecg`, `ppg`, `respiration`, `acceleration` ... (contract LaneKind). */
  readonly kind: string
  /** The converter's range in counts: a sample on either end is a rail. */
  readonly minimum: number
  readonly maximum: number
  /** The board repeats its last conversion until the next one. */
  readonly held: boolean
  /** A value only on some rows. */
  readonly sparse: boolean
}

/** What was measured in a quarter of a second. Powers are in squared units of the values given, summed over rows. */
export interface MeterSlice {
  rows: number
  missing: number
  saturated: number
  flat: number
  leadOff: number
  power: number
  mains50: number
  mains60: number
  /** Lowest and highest value without the baseline: above 5 Hz for an ECG, above 0.5 Hz otherwise. */
  low: number
  high: number
  /** How far the baseline (below 0.5 Hz) moved from the slice's start to its end. */
  drift: number
}

export const sliceSeconds = 0.25
/** An ECG or a pulse that a converter renders equal for half a second is no signal: isoelectric noise alone moves the last bit. */
const flatSeconds = 0.5
/** Held lanes repeat by design; a pulse slower than 1/s in every count does not exist. */
const heldFlatSeconds = 1
/** Sparse lanes update at 25 Hz or more (Cyton's accelerometer); a second without a value is a loss. */
const sparseSilenceSeconds = 1
/** 2 Hz wide at 50 Hz: settles in 0.16 s, and QRS energy inside it is below 1 % of the band's. */
const mainsQ = 25
const baselineHz = 0.5
/** A QRS keeps its height above 5 Hz while every baseline is gone; other signals are measured above the baseline. */
const qrsHz = 5
/** A band-pass this near to half the rate would be a comb of aliases. */
const highestUsefulFraction = 0.49

const emptySlice = (): MeterSlice => ({ rows: 0, missing: 0, saturated: 0, flat: 0, leadOff: 0, power: 0, mains50: 0, mains60: 0, low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, drift: 0 })

/** Measures one lane sample by sample in slices of 0.25 s; depends on the samples alone, not on how they came in blocks. */
export class LaneMeter {
  /** The slice that the last `push` returning true completed; reused by the next. */
  readonly slice = emptySlice()
  readonly measuresMains: boolean
  private current = emptySlice()
  private readonly options: LaneMeterOptions
  private readonly sliceRows: number
  private readonly flatRows: number
  private readonly silenceRows: number
  private readonly above: Cascade
  private readonly below: Cascade
  private readonly qrs: Cascade | null
  private readonly at50: Cascade | null
  private readonly at60: Cascade | null
  private primed = false
  private run = 0
  private previous = missingCount
  private silent = 0
  private baseline = 0
  private baselineBefore = Number.NaN

  constructor(options: LaneMeterOptions) {
    const { rateHz } = options
    this.options = options
    this.sliceRows = Math.max(1, Math.round(sliceSeconds * rateHz))
    this.flatRows = Math.max(2, Math.round((options.held ? heldFlatSeconds : flatSeconds) * rateHz))
    this.silenceRows = options.sparse ? sparseSilenceSeconds * rateHz : 0
    const measured = rateHz > 4 * baselineHz
    this.above = new Cascade(measured ? butterworthHighPass(2, baselineHz, rateHz) : [])
    this.below = new Cascade(measured ? butterworthLowPass(2, baselineHz, rateHz) : [])
    this.qrs = options.kind === 'ecg' && rateHz > 4 * qrsHz ? new Cascade(butterworthHighPass(2, qrsHz, rateHz)) : null
    const mains = (hz: number) => (!options.sparse && hz < highestUsefulFraction * rateHz ? new Cascade([bandPassBiquad(hz, mainsQ, rateHz)]) : null)
    this.at50 = mains(50)
    this.at60 = mains(60)
    this.measuresMains = this.at50 !== null
  }

  /** `value`: the sample in any linear unit (ratios do not depend on it). True when a slice is complete. */
  push(count: number, value: number, leadOff: boolean): boolean {
    const now = this.current
    now.rows++
    if (leadOff) now.leadOff++
    if (count === missingCount || !Number.isFinite(value)) {
      this.silent++
      if (this.silent > this.silenceRows) now.missing++
      if (!this.options.sparse) this.run = 0
    } else {
      this.silent = 0
      this.present(count, value)
    }
    if (now.rows < this.sliceRows) return false
    this.flush()
    return true
  }

  /** Rows until the slice is complete. */
  get room(): number {
    return this.sliceRows - this.current.rows
  }

  /** As `push` of `rows` rows without a value, at most `room` of them, at once: hours of a gap cost as many steps as they have slices. */
  skip(rows: number): boolean {
    const now = this.current
    const before = this.silent
    now.rows += rows
    this.silent += rows
    now.missing += Math.max(0, this.silent - Math.max(before, Math.floor(this.silenceRows)))
    if (!this.options.sparse) this.run = 0
    if (now.rows < this.sliceRows) return false
    this.flush()
    return true
  }

  /** Ends the slice now; false when it holds no row. For the last, shorter slice of a recording. */
  flush(): boolean {
    if (this.current.rows === 0) return false
    this.current.drift = Number.isNaN(this.baselineBefore) ? 0 : Math.abs(this.baseline - this.baselineBefore)
    this.baselineBefore = this.primed ? this.baseline : Number.NaN
    Object.assign(this.slice, this.current)
    const next = this.current
    next.rows = next.missing = next.saturated = next.flat = next.leadOff = 0
    next.power = next.mains50 = next.mains60 = next.drift = 0
    next.low = Number.POSITIVE_INFINITY
    next.high = Number.NEGATIVE_INFINITY
    return true
  }

  private present(count: number, value: number): void {
    const now = this.current
    const { minimum, maximum } = this.options
    const railed = count <= minimum || count >= maximum
    if (railed) {
      now.saturated++
      this.run = 0
    } else {
      this.run = count === this.previous ? this.run + 1 : 1
      // The whole run turns out flat at the moment it is long enough.
      if (this.run === this.flatRows) now.flat += this.run
      else if (this.run > this.flatRows) now.flat++
    }
    this.previous = count
    if (!this.primed) {
      this.primed = true
      this.above.prime(value)
      this.below.prime(value)
      this.qrs?.prime(value)
      this.at50?.prime(value)
      this.at60?.prime(value)
      this.baselineBefore = value
    }
    const fast = this.above.step(value)
    this.baseline = this.below.step(value)
    now.power += fast * fast
    const shape = this.qrs === null ? fast : this.qrs.step(value)
    if (shape < now.low) now.low = shape
    if (shape > now.high) now.high = shape
    if (this.at50 !== null) now.mains50 += this.at50.step(value) ** 2
    if (this.at60 !== null) now.mains60 += this.at60.step(value) ** 2
  }
}
