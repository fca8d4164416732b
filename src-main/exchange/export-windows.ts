import { LabError, type LaneKind, type LaneSpec, type Recording, type RowSpan, type SplitRole } from '../contract/index.ts'
import { joinSpans } from '../curation/spans.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import type { ExportLabels } from './export-labels.ts'
import type { ExportEntry } from './export-plan.ts'
import { windowSamples, WindowStretch, type Anchor, type WindowOptions } from './window-stretch.ts'

/** One window on its way out. `row`: the beat (the first of a group's), or the first row of a fixed window. */
export interface ExportWindow {
  readonly samples: Float32Array
  readonly row: number
  /** Beats that it was made of; 0 for a fixed window. */
  readonly beats: number
  /** Mnemonic of a single beat, else `''`. */
  readonly symbol: string
  readonly role: SplitRole | null
}

/** @throws LabError `request-invalid` for windows, or strides, that hold no sample. */
export function requireWindows(options: WindowOptions): void {
  const { mode, rateHz, strideSeconds } = options
  const { length } = windowSamples(options)
  if (length > 0 && (mode !== 'fixed' || strideSeconds * rateHz >= 1)) return
  throw new LabError('request-invalid', `Windows of ${length} samples, ${strideSeconds} s apart at ${rateHz} Hz, cannot be cut.`, { path: 'window', length, strideSeconds, rateHz })
}

/** The lane that windows come from: of its kind the one with the most usable seconds, the first of equals; `null` when the recording has none. */
export function windowLane(recording: Pick<Recording, 'lanes' | 'laneSummaries'>, kind: LaneKind, usable: ReadonlyMap<string, number>): { lane: LaneSpec; index: number } | null {
  let best: { lane: LaneSpec; index: number; seconds: number } | null = null
  for (const [index, lane] of recording.lanes.entries()) {
    const seconds = usable.get(lane.id) ?? recording.laneSummaries.find((summary) => summary.lane === lane.id)?.usableSeconds ?? 0
    if (lane.kind === kind && (best === null || seconds > best.seconds)) best = { lane, index, seconds }
  }
  return best
}

export interface WindowSource {
  readonly item: ExportEntry
  readonly recording: Recording
  readonly stored: StoredSignals
  readonly labels: ExportLabels
  readonly lane: { readonly lane: LaneSpec; readonly index: number }
  readonly options: WindowOptions
  readonly signal?: AbortSignal
}

/**
 * The windows of one recording, by role and row. Every stretch of kept rows of one role is filtered by itself, so that nothing of what lies outside it, another role's rows among
 * them, gets into a window; a window lies in one stretch as a whole and misses no sample. Not normalised.
 * @throws LabError `cancelled`, and those of reading.
 */
export async function* cutWindows({ item, recording, stored, labels, lane, options, signal }: WindowSource): AsyncGenerator<ExportWindow, void, void> {
  const groups: { role: SplitRole | null; spans: readonly RowSpan[] }[] = item.roles === null ? [{ role: null, spans: joinSpans(item.entry.spans) }] : [...item.roles]
  const source = { stored, lane, options, rowRateHz: item.entry.rateHz, beats: beatsOn(labels, recording, lane), ...(signal && { signal }) }
  for (const { role, spans } of groups) {
    for (const span of spans) for await (const window of new WindowStretch(source, span).windows()) yield { ...window, role }
  }
}

/** The lane's own beats, with those of no lane in particular; where it has none of its own, those of the lane of its kind that has most. Ascending. */
export function beatsOn({ beats }: Pick<ExportLabels, 'beats'>, { lanes }: Pick<Recording, 'lanes'>, { lane, index }: WindowSource['lane']): Anchor[] {
  const counts = new Map<number, number>()
  for (const beat of beats) if (beat.lane !== null) counts.set(beat.lane, (counts.get(beat.lane) ?? 0) + 1)
  const others = [...counts].filter(([other]) => lanes[other].kind === lane.kind).sort(([a, m], [b, n]) => n - m || a - b)
  const chosen = counts.has(index) ? index : (others[0]?.[0] ?? index)
  return beats.filter((beat) => beat.lane === null || beat.lane === chosen).map(({ row, symbol }) => ({ row, symbol }))
}
