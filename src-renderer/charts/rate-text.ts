import type { EstimateInterval } from '../../src-main/contract/schemas/report.ts'
import type { Format } from '../strings/format.ts'

/**
 * A rate with the digits that an error rate needs: one decimal, more for small ones, so that little never looks like none.
 * @example rateText(format, 0.0832) // '8.3%'   rateText(format, 0.0042) // '0.42%'   rateText(format, 0.99962) // '99.96%'
 */
export function rateText(format: Format, rate: number): string {
  return `${format.number(rate * 100, decimals(rate))}%`
}

function decimals(rate: number): number {
  const rest = Math.min(Math.abs(rate), Math.abs(1 - rate))
  if (rest === 0) return 0
  return rest >= 0.00995 ? 1 : rest >= 0.000995 ? 2 : 3
}

/** @example intervalText(format, { low: 0.021, high: 0.085 }) // '2.1–8.5%' */
export function intervalText(format: Format, { low, high }: EstimateInterval): string {
  const digits = Math.max(decimals(low), decimals(high))
  return `${format.number(low * 100, digits)}\u2013${format.number(high * 100, digits)}%`
}

/** A score with three decimals and a true minus. @example scoreText(format, -0.0561) // '−0.056' */
export function scoreText(format: Format, score: number): string {
  return format.number(score, 3).replace('-', '\u2212')
}

/** A difference of rates in points with its sign. @example pointsText(format, -0.0042) // '−0.42' */
export function pointsText(format: Format, difference: number): string {
  const points = format.number(Math.abs(difference) * 100, Math.abs(difference) < 0.00995 ? 2 : 1)
  return `${difference < 0 ? '\u2212' : difference > 0 ? '+' : ''}${points}`
}
