import { LabError, type ExportOptions, type LaneKind, type LaneSpec, type Recording, type RowSpan, type SplitRole } from '../contract/index.ts'
import { joinSpans } from '../curation/spans.ts'
import { ownRows } from '../dataset/filtered-tiles.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import { beatShape } from '../signal/mean-beat.ts'
import { resample } from '../signal/resample.ts'
import { segment, type SegmentationMode } from '../signal/segmentation.ts'
import { ecgBandPass, filterZeroPhase, ppgBandPass } from '../signal/zero-phase.ts'
import type { ExportLabels } from './export-labels.ts'
import type { ExportEntry } from './export-plan.ts'

export type WindowOptions = ExportOptions['window']

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

/** From the beat, s. ECG: recognition.md A0.4, R - 0.20 s to R + 0.40 s; a pulse from before its foot to the next. */
const beatWindow = { ecg: { beforeSeconds: 0.2, afterSeconds: 0.4 }, ppg: { beforeSeconds: 0.3, afterSeconds: 0.7 } } as const
/** Signal that is filtered in one go, and on both sides of it what the 0.5 Hz high-pass settles in; s. A group of beats does not reach over it. */
const chunkSeconds = 1800
const marginSeconds = 10

/** Samples of a window. @example windowSamples({ mode: 'beat', lane: 'ecg', rateHz: 250, ... }) // { before: 50, length: 150 } */
export function windowSamples(options: WindowOptions): { before: number; length: number } {
  const { before, length } = beatShape({ ...spanOf(options), rateHz: options.rateHz })
  return { before, length }
}

/** @throws LabError `request-invalid` for windows, or strides, that hold no sample. */
export function requireWindows(options: WindowOptions): void {
  const { mode, rateHz, strideSeconds } = options
  const { length } = windowSamples(options)
  if (length > 0 && (mode !== 'fixed' || strideSeconds * rateHz >= 1)) return
  throw new LabError('request-invalid', `Windows of ${length} samples, ${strideSeconds} s apart at ${rateHz} Hz, cannot be cut.`, { path: 'window', length, strideSeconds, rateHz })
}

/** A fixed window is one that begins where it is wanted. */
function spanOf({ mode, lane, seconds }: WindowOptions): { beforeSeconds: number; afterSeconds: number } {
  return mode === 'fixed' ? { beforeSeconds: 0, afterSeconds: seconds } : beatWindow[lane]
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
export async function* cutWindows(source: WindowSource): AsyncGenerator<ExportWindow, void, void> {
  const { item } = source
  const groups: { role: SplitRole | null; spans: readonly RowSpan[] }[] = item.roles === null ? [{ role: null, spans: joinSpans(item.entry.spans) }] : [...item.roles]
  for (const { role, spans } of groups) {
    for (const span of spans) for await (const window of new Stretch(source, span).windows()) yield { ...window, role }
  }
}

/** Where a window is wanted. */
interface Anchor {
  readonly row: number
  readonly symbol: string
}

/** One stretch of rows, filtered and cut in chunks: a day of signal is never held. */
class Stretch {
  readonly #source: WindowSource
  readonly #span: RowSpan
  /** Of the recording, and of the lane itself. */
  readonly #rowRateHz: number
  readonly #rateHz: number

  constructor(source: WindowSource, span: RowSpan) {
    this.#source = source
    this.#span = span
    this.#rowRateHz = source.item.entry.rateHz
    this.#rateHz = source.lane.lane.rateHz ?? this.#rowRateHz
  }

  async *windows(): AsyncGenerator<Omit<ExportWindow, 'role'>, void, void> {
    const { from, to } = this.#span
    const { options, signal } = this.#source
    const step = Math.max(1, Math.round(chunkSeconds * this.#rowRateHz))
    const margin = Math.ceil((marginSeconds + windowSamples(options).length / options.rateHz) * this.#rowRateHz)
    const wanted = this.#anchors()
    let next = wanted.next()
    for (let core = from; core < to && !next.done; core += step) {
      const anchors: Anchor[] = []
      for (; !next.done && next.value.row < core + step; next = wanted.next()) anchors.push(next.value)
      if (anchors.length === 0) continue
      if (signal?.aborted) throw new LabError('cancelled', 'The export was cancelled.')
      yield* this.#cut(await this.#chunk(Math.max(from, core - margin), Math.min(to, core + step + margin)), anchors)
    }
  }

  /** The beats, or every stride. */
  *#anchors(): Generator<Anchor, void, void> {
    const { options, labels } = this.#source
    const { from, to } = this.#span
    if (options.mode === 'fixed') {
      for (let k = 0; ; k++) {
        const row = from + Math.round(k * options.strideSeconds * this.#rowRateHz)
        if (row >= to) return
        yield { row, symbol: '' }
      }
    }
    const index = this.#beatLane()
    let last = -1
    for (const { row, lane, symbol } of labels.beats) {
      if (row < from || row >= to || row === last || (lane !== null && lane !== index)) continue
      last = row
      yield { row, symbol }
    }
  }

  /** The lane's own beats; where it has none, those of the lane of its kind that has most. */
  #beatLane(): number {
    const { labels, lane, recording } = this.#source
    const counts = new Map<number, number>()
    for (const beat of labels.beats) if (beat.lane !== null) counts.set(beat.lane, (counts.get(beat.lane) ?? 0) + 1)
    if (counts.has(lane.index)) return lane.index
    const others = [...counts].filter(([index]) => recording.lanes[index].kind === lane.lane.kind).sort(([a, m], [b, n]) => n - m || a - b)
    return others[0]?.[0] ?? lane.index
  }

  /** Rows `from`..`to` of the lane, filtered, at the windows' rate. `row`: of the first sample. */
  async #chunk(from: number, to: number): Promise<{ samples: Float32Array; row: number }> {
    const { stored, lane, options, signal } = this.#source
    const [rows] = await stored.physical([lane.index], from, to, signal)
    const slower = lane.lane.rateHz !== undefined && this.#rateHz !== this.#rowRateHz
    const places = slower ? ownRows(this.#rateHz, this.#rowRateHz, from, to) : null
    const own = places ? Float32Array.from(places, (row) => rows[row - from]) : rows
    const sections = options.lane === 'ppg' ? ppgBandPass(this.#rateHz) : ecgBandPass(this.#rateHz)
    const filtered = options.filtered ? filterZeroPhase(sections, own, { rateHz: this.#rateHz }) : own
    return { samples: resample(filtered, this.#rateHz, options.rateHz), row: places?.at(0) ?? from }
  }

  /** Windows that miss a sample or reach beyond the stretch are left out. */
  *#cut({ samples, row: first }: { samples: Float32Array; row: number }, anchors: readonly Anchor[]): Generator<Omit<ExportWindow, 'role'>, void, void> {
    const { options } = this.#source
    const { mode, beatsPerGroup, rateHz } = options
    const byPlace = new Map(anchors.map((anchor) => [Math.round(((anchor.row - first) * rateHz) / this.#rowRateHz), anchor]))
    const how: SegmentationMode = mode === 'summary-beat' ? { mode, beats: beatsPerGroup, ...spanOf(options) } : { mode: 'beat', ...spanOf(options) }
    // A stretch that begins behind the first row wanted would cut nothing: places are never below 0.
    const windows = segment({ samples, rateHz, beats: [...byPlace.keys()].filter((place) => place >= 0), zScore: false, minimumCorrelation: null }, how).windows()
    for (const { row: place, values } of windows) {
      const anchor = byPlace.get(place)
      if (anchor) yield { samples: values, row: anchor.row, beats: mode === 'fixed' ? 0 : mode === 'beat' ? 1 : beatsPerGroup, symbol: mode === 'beat' ? anchor.symbol : '' }
    }
  }
}
