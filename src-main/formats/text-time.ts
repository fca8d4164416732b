import type { DelimitedTime } from '../contract/schemas/delimited.ts'
import type { RowClock } from './text-counter.ts'
import { NumberReader, sixteenDigits } from './text-numbers.ts'
import type { RowCursor } from './text-rows.ts'

export type TimeUnit = Exclude<DelimitedTime['unit'], 'samples'>

/** Seconds of one step of a time column's own unit; dates and clock times are read as seconds. */
const unitSeconds: Readonly<Record<TimeUnit, number>> = { seconds: 1, milliseconds: 1e-3, microseconds: 1e-6, iso: 1, clock: 1 }
const isoTime = /^(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[-+]\d{2}:?\d{2})?$/
const clockTime = /^(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,2})(?:[.,](\d{1,9}))?$/
/** What recorders run at: a measured rate that may be one of them is. */
const usualRatesHz = [
  1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 125, 128, 200, 250, 256, 300, 360, 400, 500, 512, 600, 800, 1000, 1024, 2000, 2048, 4000, 4096, 5000, 8000, 10000, 20000,
]

/** A time stamp in its own unit's steps, with the digits that it was printed with. */
export interface TimeStamp {
  readonly value: number
  readonly decimals: number
  /** Of a date and time: seconds that its own wall clock is ahead of `value`. */
  readonly zoneSeconds?: number
}

export class TimeReader {
  readonly unit: TimeUnit
  readonly #number: NumberReader

  constructor(unit: TimeUnit, decimal: 'point' | 'comma') {
    this.unit = unit
    this.#number = new NumberReader(decimal === 'point' ? '.' : ',', sixteenDigits)
  }

  get secondsPerStep(): number {
    return unitSeconds[this.unit]
  }

  /** @throws LabError `text-signal-invalid` */
  read(cursor: RowCursor, cell: number): TimeStamp {
    if (this.unit !== 'iso' && this.unit !== 'clock') {
      if (!this.#number.read(cursor.bytes, cursor.starts[cell], cursor.ends[cell])) {
        throw cursor.invalid(cell, `"${cursor.text(cell).slice(0, 40)}" is not a number of ${this.unit}`)
      }
      return { value: this.#number.value, decimals: this.#number.decimals }
    }
    const text = cursor.text(cell)
    const stamp = this.unit === 'iso' ? parseIso(text) : parseClock(text)
    if (stamp === null) throw cursor.invalid(cell, `"${text.slice(0, 40)}" is no ${this.unit === 'iso' ? 'date and time' : 'time of day'}`)
    return stamp
  }
}

/** Seconds since 1970, the zone taken off where one is written; `null` when it is no date and time. @example parseIso('1970-01-01T00:01:00.5') // value 60.5 */
export function parseIso(text: string): TimeStamp | null {
  const parts = isoTime.exec(text.trim())
  if (!parts) return null
  const [year, month, day, hours, minutes, seconds] = parts.slice(1, 7).map((part) => Number(part ?? 0))
  const days = Date.UTC(year, month - 1, day) / 86_400_000
  if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23 || minutes > 59 || seconds > 60) return null
  const zone = parts[8] ?? 'Z'
  const zoneSeconds = zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60)
  const fraction = parts[7] ?? ''
  return { value: days * 86400 + hours * 3600 + minutes * 60 + seconds + Number(`0.${fraction || 0}`) - zoneSeconds, decimals: fraction.length, zoneSeconds }
}

function parseClock(text: string): TimeStamp | null {
  const parts = clockTime.exec(text.trim())
  if (!parts || Number(parts[3]) > 59) return null
  const fraction = parts[4] ?? ''
  return { value: Number(parts[1] ?? 0) * 3600 + Number(parts[2] ?? 0) * 60 + Number(parts[3]) + Number(`0.${fraction || 0}`), decimals: fraction.length }
}

/** What a time column's first rows tell. */
export interface Beat {
  /** Time from row to row, in the column's own steps. */
  readonly interval: number
  /** Smallest difference that the column can show. */
  readonly quantum: number
}

/**
 * The interval between rows, from the first time stamps; a text that says what is wrong when there is none.
 * @example estimateBeat([0, 4, 8, 12].map((value) => ({ value, decimals: 0 }))) // { interval: 4, quantum: 1 }
 */
export function estimateBeat(stamps: readonly TimeStamp[]): Beat | string {
  if (stamps.length < 2) return 'one row alone has no rate'
  const quantum = 10 ** -stamps.reduce((most, { decimals }) => Math.max(most, decimals), 0)
  const steps = stamps.slice(1).map(({ value }, i) => value - stamps[i].value)
  const median = steps.toSorted((a, b) => a - b)[steps.length >> 1]
  if (median < 0) return 'time goes backwards'
  if (median === 0) return 'most rows have the same time as the row before, so it is too coarse; leave it out and give the rate'
  // A few rows of equal time are for the scan to name; many mean stamps coarser than the rows.
  const standing = steps.filter((step) => step === 0).length
  if (standing > steps.length / 20) return `${standing} of ${steps.length} rows have the same time as the row before; leave it out and give the rate`
  // Where nearly all steps are the same, the others are breaks; else stamps are rounded and the mean is the interval.
  const same = steps.filter((step) => Math.abs(step - median) < quantum / 2).length
  const near = steps.filter((step) => step > 0 && Math.abs(step - median) <= Math.max(median / 2, quantum * 1.001))
  const interval = same >= steps.length * 0.9 ? median : near.reduce((sum, step) => sum + step, 0) / near.length
  // 1 ms stamps tell rows of 1 kHz and of 333 Hz apart from their neighbours, but not of 700 Hz.
  const ratio = interval / quantum
  if (ratio < 1.999 && Math.abs(ratio - Math.round(ratio)) > 0.02) return `it counts in steps of ${quantum}, too coarse for an interval of ${interval}; leave it out and give the rate`
  return { interval, quantum }
}

/** A rate measured over `seconds`, as the usual one where that is within what the time stamps can tell. @example settleRate(360.01, 30, 0.001) // 360 */
export function settleRate(measuredHz: number, seconds: number, quantumSeconds: number): number {
  const doubt = measuredHz * (quantumSeconds / seconds + 1e-9)
  const usual = usualRatesHz.filter((rateHz) => Math.abs(rateHz - measuredHz) <= doubt)
  if (usual.length > 0) return usual.reduce((best, rateHz) => (Math.abs(rateHz - measuredHz) < Math.abs(best - measuredHz) ? rateHz : best))
  const whole = Math.round(measuredHz)
  return whole >= 1 && Math.abs(whole - measuredHz) <= doubt ? whole : measuredHz
}

/** Finds missing rows by their time; time that stands, runs backwards or is irregular is an error. */
export class TimeClock implements RowClock {
  first = Number.NaN
  last = Number.NaN
  readonly reader: TimeReader
  readonly #cell: number
  readonly #beat: Beat
  readonly #tolerance: number

  constructor(reader: TimeReader, cell: number, beat: Beat, tolerance: number) {
    this.reader = reader
    this.#cell = cell
    this.#beat = beat
    this.#tolerance = tolerance
  }

  missing(cursor: RowCursor): number {
    const { value } = this.reader.read(cursor, this.#cell)
    const previous = this.last
    this.last = value
    if (Number.isNaN(previous)) {
      this.first = value
      return 0
    }
    const { interval, quantum } = this.#beat
    const step = value - previous
    const data = { previous, value, interval }
    if (step < 0) throw cursor.invalid(this.#cell, `time goes backwards, from ${previous} to ${value}`, data)
    const intervals = Math.round(step / interval)
    // A long break's own length need not be a whole number of intervals of a clock that was only estimated.
    const off = Math.abs(step - intervals * interval)
    if (intervals === 0 || off > this.#tolerance * interval + quantum * 1.001 + step * 1e-3) {
      throw cursor.invalid(this.#cell, `the time ${value} is ${step} after the row before, which is not regular: the usual interval is ${interval}`, data)
    }
    return intervals - 1
  }
}
