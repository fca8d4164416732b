import type { ReliabilityBin } from '../../src-main/contract/schemas/report.ts'

/** Bins that hold samples, as points; `size`: radius in pixels, by area as many as the share of samples. */
export function reliabilityPoints(bins: readonly ReliabilityBin[]): { confidence: number; accuracy: number; count: number; size: number }[] {
  const all = Math.max(1, bins.reduce((sum, { count }) => sum + count, 0))
  return bins.flatMap(({ count, confidence, accuracy }) =>
    count === 0 || confidence === null || accuracy === null ? [] : [{ confidence, accuracy, count, size: 2.5 + 6 * Math.sqrt(count / all) }])
}
