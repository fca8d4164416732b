import { decisionWords, type DecisionUnit, type Estimate } from '../contract/index.ts'

/** What stands where there is no figure: never 0, never nothing. */
export const noFigure = 'n/a'

/** A rate in percent. @example percent(0.04321) // '4.32 %' */
export const percent = (rate: number | null, decimals = 2): string => (rate === null ? noFigure : `${(100 * rate).toFixed(decimals)} %`)

/** @example percentEstimate({ value: 0.043, interval: { low: 0.021, high: 0.085 } }) // '4.30 % [2.10, 8.50]' */
export function percentEstimate({ value, interval }: Estimate): string {
  if (value === null) return noFigure
  return interval ? `${percent(value)} [${(100 * interval.low).toFixed(2)}, ${(100 * interval.high).toFixed(2)}]` : `${percent(value)} (no interval)`
}

/** @example plainEstimate({ value: 0.4301, interval: null }) // '0.4301 (no interval)' */
export function plainEstimate({ value, interval }: Estimate): string {
  if (value === null) return noFigure
  return interval ? `${decimal(value)} [${decimal(interval.low)}, ${decimal(interval.high)}]` : `${decimal(value)} (no interval)`
}

/** Four significant digits. @example decimal(0.123456) // '0.1235' */
export const decimal = (value: number | null): string => (value === null ? noFigure : value === 0 ? '0' : String(Number(value.toPrecision(4))))

/** @example whole(7349568) // '7,349,568' */
export const whole = (value: number | null): string => (value === null ? noFigure : String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ','))

/** As `decisionWords`, where nothing says yet that a decision is of one recording. @example ofRecording(0, 'beat') // 'all beats of a recording' */
export const ofRecording = (count: number, unit: DecisionUnit): string => `${decisionWords(count, unit)}${count === 0 ? ' of a recording' : ''}`

/** @example duration(3725) // '1 h 2 min' */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
