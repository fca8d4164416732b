import type { LaneSummary, RecordingListItem } from '../../src-main/contract/schemas/recording.ts'

type Measured = Pick<RecordingListItem, 'seconds' | 'laneSummaries'>

/** The lane with the most usable seconds. */
export function bestLane(item: Measured): LaneSummary | null {
  let best: LaneSummary | null = null
  for (const summary of item.laneSummaries) if (best === null || summary.usableSeconds > best.usableSeconds) best = summary
  return best
}

/** Usable part of the best lane, 0..1; `null` while nothing is measured. */
export function usableRatio(item: Measured): number | null {
  const best = bestLane(item)
  return best === null || item.seconds === 0 ? null : Math.min(1, best.usableSeconds / item.seconds)
}

/** Mean rate of the best lane that has one. @example meanRate(item) // 71.3 */
export function meanRate(item: Measured): number | null {
  let best: LaneSummary | null = null
  for (const summary of item.laneSummaries) {
    if (summary.meanRateBpm !== null && (best === null || summary.usableSeconds > best.usableSeconds)) best = summary
  }
  return best?.meanRateBpm ?? null
}
