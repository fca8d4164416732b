import { copySlice, slicesPerSecond, type MeterSlice } from './lane-meter.ts'
import { median } from './recent-rate.ts'

export type QualityLevel = 'good' | 'fair' | 'bad' | 'none'

/** Ratios are 0..1 of the rows looked at; `null` = not measured on this lane. */
export interface QualityMeasures {
  readonly level: QualityLevel
  readonly contact: 'on' | 'off' | 'unknown'
  readonly saturatedRatio: number
  readonly flatRatio: number
  readonly missingRatio: number
  readonly mainsRatio: number | null
  readonly motionRatio: number | null
}

/** Eight seconds of slices: enough heart beats at 40/min to know how large a beat is. */
const rememberedSlices = 32

/** Baseline moving half a beat's height in 0.25 s hides the beat's own foot; breathing moves it by less than a tenth. */
const driftPerBeat = 0.5
/** No beat is three times the usual height; an extrasystole reaches 2.5. */
const impulsePerBeat = 3

/** Above `bad` the lane is of no use, above `fair` a person should look. */
const limits = {
  /** A clipped R peak changes the template: any is worth a look. A tenth means whole beats are gone. */
  saturated: { fair: 0, bad: 0.1 },
  /** Flat runs are half a second or longer by definition: one in four seconds is one lost beat. */
  flat: { fair: 0.05, bad: 0.25 },
  /** One row in a hundred is interpolated without harm; a quarter is a beat per four. */
  missing: { fair: 0.01, bad: 0.25 },
  /** 0.1: mains of a tenth of the QRS's height, just visible. 0.5: as strong as the heart. */
  mains: { fair: 0.1, bad: 0.5 },
  /** One moved slice in 4 s is a swallow or a cough; half is walking. */
  motion: { fair: 0.1, bad: 0.5 },
} as const
/** A lane with one row in twenty or less carries nothing. */
const nothingRatio = 0.95
/** An open input drifts to a rail and stays there. */
const railedOpenRatio = 0.8

/** Lanes on which a constant value is a fault, and those on which the heart gives a height to compare motion with. */
const alive = new Set(['ecg', 'ppg', 'emg', 'respiration'])
const beating = new Set(['ecg', 'ppg'])
const electric = new Set(['ecg', 'ppg', 'emg'])

/** The last 8 s of a lane's slices and the judgement over the newest of them. */
export class QualityWindow {
  private readonly kind: string
  private readonly measuresMains: boolean
  private readonly slices: MeterSlice[] = []
  /** Newest slices without any value. */
  private empty = 0

  constructor(kind: string, measuresMains: boolean) {
    this.kind = kind
    this.measuresMains = measuresMains && electric.has(kind)
  }

  add(slice: MeterSlice): void {
    this.empty = slice.missing === slice.rows ? this.empty + 1 : 0
    // All that is remembered is a gap: one more slice of it changes nothing.
    if (this.empty > rememberedSlices && slice.rows === this.slices[0].rows) return
    // The oldest slice's object is filled anew: no garbage at sixteen lanes.
    const oldest = this.slices.length < rememberedSlices ? undefined : this.slices.shift()
    if (oldest) copySlice(slice, oldest)
    this.slices.push(oldest ?? { ...slice })
  }

  clear(): void {
    this.slices.length = 0
    this.empty = 0
  }

  /** Rows in the newest `slices` slices. */
  rows(slices: number): number {
    let rows = 0
    for (let i = Math.max(0, this.slices.length - slices); i < this.slices.length; i++) rows += this.slices[i].rows
    return rows
  }

  /** The measures over the newest `slices` slices (16 = 4 s). Without any: level `none`, everything missing. */
  judge(slices: number): QualityMeasures {
    const from = Math.max(0, this.slices.length - slices)
    let rows = 0
    let missing = 0
    let saturated = 0
    let flat = 0
    let leadOff = 0
    let power = 0
    let mains50 = 0
    let mains60 = 0
    for (let i = from; i < this.slices.length; i++) {
      const slice = this.slices[i]
      rows += slice.rows
      missing += slice.missing
      saturated += slice.saturated
      flat += slice.flat
      leadOff += slice.leadOff
      power += slice.power
      mains50 += slice.mains50
      mains60 += slice.mains60
    }
    if (rows === 0) {
      return { level: 'none', contact: 'unknown', saturatedRatio: 0, flatRatio: 0, missingRatio: 1, mainsRatio: null, motionRatio: null }
    }
    const saturatedRatio = saturated / rows
    // A flat run is booked when it proves flat, so a window can hold more than its own rows.
    const flatRatio = Math.min(1, flat / rows)
    const missingRatio = missing / rows
    const mainsRatio = this.measuresMains ? (power > 0 ? Math.min(1, Math.max(mains50, mains60) / power) : 0) : null
    const motionRatio = beating.has(this.kind) ? this.motion(from) : null
    const off = leadOff > rows / 2 || saturatedRatio >= railedOpenRatio

    const over = (side: 'fair' | 'bad') =>
      saturatedRatio > limits.saturated[side] ||
      missingRatio > limits.missing[side] ||
      (alive.has(this.kind) && flatRatio > limits.flat[side]) ||
      (mainsRatio ?? 0) > limits.mains[side] ||
      (motionRatio ?? 0) > limits.motion[side]
    const nothing = missingRatio >= nothingRatio || (alive.has(this.kind) && flatRatio >= nothingRatio)
    const level = nothing ? 'none' : off || over('bad') ? 'bad' : over('fair') ? 'fair' : 'good'
    const contact = off ? 'off' : beating.has(this.kind) && (level === 'good' || level === 'fair') ? 'on' : 'unknown'
    return { level, contact, saturatedRatio, flatRatio, missingRatio, mainsRatio, motionRatio }
  }

  /** Share of the slices from `from` on in which the baseline ran away or an impulse stood out, measured in beat heights. */
  private motion(from: number): number {
    const height = this.beatHeight()
    if (height === 0) return 0
    let moved = 0
    for (let i = from; i < this.slices.length; i++) {
      const { drift, low, high } = this.slices[i]
      if (drift > driftPerBeat * height || high - low > impulsePerBeat * height) moved++
    }
    return moved / (this.slices.length - from)
  }

  /** Median over whole seconds of the peak-to-peak height without the baseline; 0 when nothing was seen. */
  private beatHeight(): number {
    const heights: number[] = []
    for (let at = this.slices.length % slicesPerSecond; at + slicesPerSecond <= this.slices.length; at += slicesPerSecond) {
      let low = Number.POSITIVE_INFINITY
      let high = Number.NEGATIVE_INFINITY
      for (let i = at; i < at + slicesPerSecond; i++) {
        low = Math.min(low, this.slices[i].low)
        high = Math.max(high, this.slices[i].high)
      }
      if (high > low) heights.push(high - low)
    }
    return heights.length > 0 ? median(heights) : 0
  }
}
