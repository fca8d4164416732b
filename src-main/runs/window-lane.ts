import type { LaneSpec, Recording } from '../contract/index.ts'
import { readAnalysis } from '../dataset/analysis.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { windowLane } from '../exchange/export-windows.ts'
import type { WindowSetOptions } from './window-options.ts'

/** The lane that a recording's windows come from: the n-th of the kind where a channel is named, else the one with the most usable seconds; `null` when there is none. */
export async function chosenLane(dataset: Dataset, recording: Recording, { lane: kind, channel }: Pick<WindowSetOptions, 'lane' | 'channel'>): Promise<{ lane: LaneSpec; index: number } | null> {
  if (channel === null) return windowLane(recording, kind, await usableSeconds(dataset, recording))
  const found = [...recording.lanes.entries()].filter(([, lane]) => lane.kind === kind).at(channel)
  return found ? { index: found[0], lane: found[1] } : null
}

/** By lane, where the recording was analysed. */
async function usableSeconds(dataset: Dataset, { id, contentHash }: Recording): Promise<ReadonlyMap<string, number>> {
  const analysis = await readAnalysis(dataset.files, dataset.recordings.folder(id), contentHash)
  return new Map((analysis?.lanes ?? []).map((lane) => [lane.lane, lane.usableSeconds]))
}
