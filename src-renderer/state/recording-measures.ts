import type { LaneKind, LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { LaneSummary, RecordingListItem } from '../../src-main/contract/schemas/recording.ts'

type Measured = Pick<RecordingListItem, 'seconds' | 'laneSummaries'> & { readonly lanes: readonly Pick<LaneSpec, 'id' | 'kind'>[] }

/** What people are recognised by: an accelerometer that was never off does not make a recording usable. */
const heartKinds: ReadonlySet<LaneKind> = new Set(['ecg', 'ppg'])

/** The heart's lane with the most usable seconds; of all lanes where none shows the heart. */
export function bestLane(item: Measured): LaneSummary | null {
  const heart = item.laneSummaries.filter((summary) => item.lanes.some((lane) => lane.id === summary.lane && heartKinds.has(lane.kind)))
  let best: LaneSummary | null = null
  for (const summary of heart.length > 0 ? heart : item.laneSummaries) if (best === null || summary.usableSeconds > best.usableSeconds) best = summary
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
