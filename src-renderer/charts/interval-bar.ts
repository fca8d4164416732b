import type { EstimateInterval } from '../../src-main/contract/schemas/report.ts'

const inside = (part: number): number => Math.min(1, Math.max(0, part))

/** Places between the ends of a scale, 0-1, cut off at them. @example value 0.1 of 0-0.2: { value: 0.5 } */
export function intervalPlaces(
  { value, interval, reference }: { value: number | null; interval: EstimateInterval | null; reference: number | null }, low: number, high: number,
): { value: number | null; low: number | null; high: number | null; reference: number | null } {
  const at = (wanted: number | null) => (wanted === null ? null : inside((wanted - low) / (high - low || 1)))
  return { value: at(value), low: at(interval?.low ?? null), high: at(interval?.high ?? null), reference: at(reference) }
}

/** A common scale for estimates: from 0 to a little above the largest end. */
export function commonScale(estimates: readonly { value: number | null; interval: EstimateInterval | null }[]): number {
  const ends = estimates.flatMap(({ value, interval }) => [value ?? 0, interval?.high ?? 0])
  return Math.max(0.01, ...ends) * 1.06
}
