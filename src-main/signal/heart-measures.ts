/** What of a lane and its summary is needed to say how good a recording is. */
export interface MeasuredLane {
  readonly lane: string
  readonly usableSeconds: number
  readonly meanRateBpm: number | null
}

export interface Measured<Summary extends MeasuredLane = MeasuredLane> {
  readonly seconds: number
  readonly lanes: readonly { readonly id: string; readonly kind: string }[]
  readonly laneSummaries: readonly Summary[]
}

/** What people are recognised by: an accelerometer that was never off does not make a recording usable. */
const heartKinds: ReadonlySet<string> = new Set(['ecg', 'ppg'])

/** The heart's lane with the most usable seconds; of all lanes where none shows the heart. */
export function bestLane<Summary extends MeasuredLane>(recording: Measured<Summary>): Summary | null {
  const heart = recording.laneSummaries.filter((summary) => recording.lanes.some((lane) => lane.id === summary.lane && heartKinds.has(lane.kind)))
  let best: Summary | null = null
  for (const summary of heart.length > 0 ? heart : recording.laneSummaries) if (best === null || summary.usableSeconds > best.usableSeconds) best = summary
  return best
}

/** Usable part of the best lane, 0..1; `null` while nothing is measured. */
export function usableRatio(recording: Measured): number | null {
  const best = bestLane(recording)
  return best === null || recording.seconds === 0 ? null : Math.min(1, best.usableSeconds / recording.seconds)
}

/** Mean rate of the best lane that has one. @example meanRate(recording) // 71.3 */
export function meanRate(recording: Measured): number | null {
  let best: MeasuredLane | null = null
  for (const summary of recording.laneSummaries) {
    if (summary.meanRateBpm !== null && (best === null || summary.usableSeconds > best.usableSeconds)) best = summary
  }
  return best?.meanRateBpm ?? null
}
