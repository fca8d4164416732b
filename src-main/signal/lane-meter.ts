import { bandPassBiquad, type Biquad } from './biquad.ts'
import { butterworthHighPass, butterworthLowPass } from './butterworth.ts'

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
export const slicesPerSecond = 1 / sliceSeconds
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

/** Rows of a slice. @example sliceRowsOf(250) // 63 */
export function sliceRowsOf(rateHz: number): number {
  return Math.max(1, Math.round(sliceSeconds * rateHz))
}

/** Field by field: with `Object.assign` this is most of what hours of a gap cost. */
export function copySlice(from: MeterSlice, to: MeterSlice): void {
  to.rows = from.rows
  to.missing = from.missing
  to.saturated = from.saturated
  to.flat = from.flat
  to.leadOff = from.leadOff
  to.power = from.power
  to.mains50 = from.mains50
  to.mains60 = from.mains60
  to.low = from.low
  to.high = from.high
  to.drift = from.drift
}

/** Measures one lane sample by sample in slices of 0.25 s; depends on the samples alone, not on how they came in blocks. */
export class LaneMeter {
  /** The slice that the last `push` returning true completed; reused by the next. */
  readonly slice = emptySlice()
  readonly measuresMains: boolean
  private current = emptySlice()
  private readonly options: LaneMeterOptions
  readonly sliceRows: number
  private readonly flatRows: number
  private readonly silenceRows: number
  /** The filters' coefficients and states, one section behind the other in the order of `filters`. */
  private readonly sections: Float64Array
  private readonly qrs: boolean
  private readonly at50: boolean
  private readonly at60: boolean
  private primed = false
  private run = 0
  private previous = missingCount
  private silent = 0
  private baseline = 0
  private baselineBefore = Number.NaN

  constructor(options: LaneMeterOptions) {
    const { rateHz } = options
    this.options = options
    this.sliceRows = sliceRowsOf(rateHz)
    this.flatRows = Math.max(2, Math.round((options.held ? heldFlatSeconds : flatSeconds) * rateHz))
    this.silenceRows = options.sparse ? sparseSilenceSeconds * rateHz : 0
    const measured = rateHz > 4 * baselineHz
    const mains = (hz: number): Biquad[] => (!options.sparse && hz < highestUsefulFraction * rateHz ? [bandPassBiquad(hz, mainsQ, rateHz)] : [])
    const qrs = options.kind === 'ecg' && rateHz > 4 * qrsHz ? butterworthHighPass(2, qrsHz, rateHz) : []
    const [at50, at60] = [mains(50), mains(60)]
    this.sections = filterSections([measured ? butterworthHighPass(2, baselineHz, rateHz) : [], measured ? butterworthLowPass(2, baselineHz, rateHz) : [], qrs, at50, at60])
    this.qrs = qrs.length > 0
    this.at50 = at50.length > 0
    this.at60 = at60.length > 0
    this.measuresMains = this.at50
  }

  /** `value`: the sample in any linear unit (ratios do not depend on it). True when a slice is complete. */
  push(count: number, value: number, leadOff: boolean): boolean {
    const now = this.current
    now.rows++
    if (leadOff) now.leadOff++
    this.row(count, value)
    if (now.rows < this.sliceRows) return false
    this.flush()
    return true
  }

  private row(count: number, value: number): void {
    if (count === missingCount || !Number.isFinite(value)) {
      this.silent++
      if (this.silent > this.silenceRows) this.current.missing++
      if (!this.options.sparse) this.run = 0
    } else {
      this.silent = 0
      this.present(count, value)
    }
  }

  /** Rows until the slice is complete. */
  get room(): number {
    return this.sliceRows - this.current.rows
  }

  /** As `push` of `rows` rows without a value, at most `room` of them, at once: hours of a gap cost as many steps as they have slices. */
  skip(rows: number): boolean {
    this.missingRows(rows)
    if (this.current.rows < this.sliceRows) return false
    this.flush()
    return true
  }

  private missingRows(rows: number): void {
    const now = this.current
    const before = this.silent
    now.rows += rows
    this.silent += rows
    now.missing += Math.max(0, this.silent - Math.max(before, Math.floor(this.silenceRows)))
    if (!this.options.sparse) this.run = 0
  }

  /**
   * As `push` of rows `from`..`to`, none of them off, but only as many as there is `room` for: returns the row behind the last, and leaves ending the slice to `flush`. What a row
   * costs is the loop alone, as nothing is kept anywhere but in it. A count is missing where its value is.
   * @example meter.take(counts, values, 0, 8) // 5 when the slice has room for five
   */
  take(counts: Float64Array, values: Float32Array, from: number, to: number): number {
    const end = Math.min(to, from + this.room)
    for (let row = from; row < end; ) {
      let behind = row
      while (behind < end && values[behind] - values[behind] !== 0) behind++
      if (behind > row) this.missingRows(behind - row)
      else if (this.primed) behind = this.presentRows(counts, values, row, end)
      else {
        this.current.rows++
        this.row(counts[row], values[row])
        behind++
      }
      row = behind
    }
    return end
  }

  /** Ends the slice now; false when it holds no row. For the last, shorter slice of a recording. */
  flush(): boolean {
    if (this.current.rows === 0) return false
    this.current.drift = Number.isNaN(this.baselineBefore) ? 0 : Math.abs(this.baseline - this.baselineBefore)
    this.baselineBefore = this.primed ? this.baseline : Number.NaN
    const { slice, current: next } = this
    copySlice(next, slice)
    next.rows = next.missing = next.saturated = next.flat = next.leadOff = 0
    next.power = next.mains50 = next.mains60 = next.drift = 0
    next.low = Number.POSITIVE_INFINITY
    next.high = Number.NEGATIVE_INFINITY
    return true
  }

  /** Rows from `row` on that have a value, as `present` takes them one by one; returns the row behind the last. */
  private presentRows(counts: Float64Array, values: Float32Array, row: number, end: number): number {
    const { current: now, sections: m, flatRows, qrs, at50, at60 } = this
    const { minimum, maximum } = this.options
    let { run, previous, baseline } = this
    let { saturated, flat, power, mains50, mains60, low, high } = now
    const [a0, a1, a2, a3, a4, b0, b1, b2, b3, b4] = [m[0], m[1], m[2], m[3], m[4], m[7], m[8], m[9], m[10], m[11]]
    const [q0, q1, q2, q3, q4] = [m[14], m[15], m[16], m[17], m[18]]
    const [f0, f1, f2, f3, f4, s0, s1, s2, s3, s4] = [m[21], m[22], m[23], m[24], m[25], m[28], m[29], m[30], m[31], m[32]]
    let [a5, a6, b5, b6, q5, q6, f5, f6, s5, s6] = [m[5], m[6], m[12], m[13], m[19], m[20], m[26], m[27], m[33], m[34]]
    const from = row
    for (; row < end; row++) {
      const x = values[row]
      if (x - x !== 0) break
      const count = counts[row]
      if (count <= minimum || count >= maximum) {
        saturated++
        run = 0
      } else {
        run = count === previous ? run + 1 : 1
        if (run === flatRows) flat += run
        else if (run > flatRows) flat++
      }
      previous = count
      const fast = a0 * x + a5
      a5 = a1 * x - a3 * fast + a6
      a6 = a2 * x - a4 * fast
      baseline = b0 * x + b5
      b5 = b1 * x - b3 * baseline + b6
      b6 = b2 * x - b4 * baseline
      power += fast * fast
      let shape = fast
      if (qrs) {
        shape = q0 * x + q5
        q5 = q1 * x - q3 * shape + q6
        q6 = q2 * x - q4 * shape
      }
      if (shape < low) low = shape
      if (shape > high) high = shape
      if (at50) {
        const y = f0 * x + f5
        f5 = f1 * x - f3 * y + f6
        f6 = f2 * x - f4 * y
        mains50 += y * y
      }
      if (at60) {
        const y = s0 * x + s5
        s5 = s1 * x - s3 * y + s6
        s6 = s2 * x - s4 * y
        mains60 += y * y
      }
    }
    m[5] = a5
    m[6] = a6
    m[12] = b5
    m[13] = b6
    m[19] = q5
    m[20] = q6
    m[26] = f5
    m[27] = f6
    m[33] = s5
    m[34] = s6
    now.rows += row - from
    now.saturated = saturated
    now.flat = flat
    now.power = power
    now.mains50 = mains50
    now.mains60 = mains60
    now.low = low
    now.high = high
    this.run = run
    this.previous = previous
    this.baseline = baseline
    this.silent = 0
    return row
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
      for (let at = 0; at < this.sections.length; at += perSection) prime(this.sections, at, value)
      this.baselineBefore = value
    }
    const { sections } = this
    const fast = step(sections, filters.above, value)
    this.baseline = step(sections, filters.below, value)
    now.power += fast * fast
    const shape = this.qrs ? step(sections, filters.qrs, value) : fast
    if (shape < now.low) now.low = shape
    if (shape > now.high) now.high = shape
    if (this.at50) {
      const mains = step(sections, filters.at50, value)
      now.mains50 += mains * mains
    }
    if (this.at60) {
      const mains = step(sections, filters.at60, value)
      now.mains60 += mains * mains
    }
  }
}

/** b0 b1 b2 a1 a2 and two states. */
const perSection = 7
/** Where each filter's section begins. */
const filters = { above: 0, below: perSection, qrs: 2 * perSection, at50: 3 * perSection, at60: 4 * perSection } as const

/** Filters of one section each, or of none: what goes in comes out. The five run on every sample of every import, so they are no objects of their own. */
function filterSections(all: readonly (readonly Biquad[])[]): Float64Array {
  const sections = new Float64Array(all.length * perSection)
  for (const [i, [section]] of all.entries()) sections.set(section ? [section.b0, section.b1, section.b2, section.a1, section.a2] : [1], i * perSection)
  return sections
}

/** One sample through one section, transposed direct form II, as `Cascade` does it. */
function step(m: Float64Array, at: number, x: number): number {
  const y = m[at] * x + m[at + 5]
  m[at + 5] = m[at + 1] * x - m[at + 3] * y + m[at + 6]
  m[at + 6] = m[at + 2] * x - m[at + 4] * y
  return y
}

/** Puts the state where an endless constant `x` would have left it: no start-up transient. */
function prime(m: Float64Array, at: number, x: number): void {
  const y = (x * (m[at] + m[at + 1] + m[at + 2])) / (1 + m[at + 3] + m[at + 4])
  m[at + 6] = m[at + 2] * x - m[at + 4] * y
  m[at + 5] = m[at + 1] * x - m[at + 3] * y + m[at + 6]
}
