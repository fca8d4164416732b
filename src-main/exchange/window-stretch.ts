import { LabError, type ExportOptions, type LaneSpec, type RowSpan } from '../contract/index.ts'
import { ownRows } from '../dataset/filtered-tiles.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import { beatShape, isPresent } from '../signal/mean-beat.ts'
import { resample } from '../signal/resample.ts'
import { segment, type SegmentationMode } from '../signal/segmentation.ts'
import { ecgBandPass, filterZeroPhase, ppgBandPass } from '../signal/zero-phase.ts'

export type WindowOptions = ExportOptions['window']

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

/** A fixed window is one that begins where it is wanted. */
export function spanOf({ mode, lane, seconds }: WindowOptions): { beforeSeconds: number; afterSeconds: number } {
  return mode === 'fixed' ? { beforeSeconds: 0, afterSeconds: seconds } : beatWindow[lane]
}

/** Where a window is wanted. */
export interface Anchor {
  readonly row: number
  readonly symbol: string
}

export interface StretchWindow {
  readonly samples: Float32Array
  readonly row: number
  readonly beats: number
  readonly symbol: string
}

/** Why no window could be cut where one was wanted: it reaches beyond the stretch, or it holds a missing sample. */
export type CutFailure = 'edge' | 'missing'

export interface StretchSource {
  readonly stored: StoredSignals
  readonly lane: { readonly lane: LaneSpec; readonly index: number }
  /** Of the recording's rows; the lane's own rate may be lower. */
  readonly rowRateHz: number
  /** The lane's beats, ascending; not looked at for fixed windows. */
  readonly beats: readonly Anchor[]
  readonly options: WindowOptions
  readonly onFailure?: (why: CutFailure, row: number) => void
  readonly signal?: AbortSignal
}

/** One stretch of rows, filtered by itself and cut in chunks: nothing of what lies outside it gets into a window, and a day of signal is never held. */
export class WindowStretch {
  readonly #source: StretchSource
  readonly #span: RowSpan
  /** Of the lane itself. */
  readonly #rateHz: number

  constructor(source: StretchSource, span: RowSpan) {
    this.#source = source
    this.#span = span
    this.#rateHz = source.lane.lane.rateHz ?? source.rowRateHz
  }

  /** By row; not normalised. @throws LabError `cancelled`, and those of reading. */
  async *windows(): AsyncGenerator<StretchWindow, void, void> {
    const { from, to } = this.#span
    const { options, signal, rowRateHz } = this.#source
    const step = Math.max(1, Math.round(chunkSeconds * rowRateHz))
    const margin = Math.ceil((marginSeconds + windowSamples(options).length / options.rateHz) * rowRateHz)
    const wanted = this.#anchors()
    let next = wanted.next()
    for (let core = from; core < to && !next.done; core += step) {
      const anchors: Anchor[] = []
      for (; !next.done && next.value.row < core + step; next = wanted.next()) anchors.push(next.value)
      if (anchors.length === 0) continue
      if (signal?.aborted) throw new LabError('cancelled', 'Cutting windows was cancelled.')
      yield* this.#cut(await this.#chunk(Math.max(from, core - margin), Math.min(to, core + step + margin)), anchors)
    }
  }

  /** The beats, or every stride. */
  *#anchors(): Generator<Anchor, void, void> {
    const { options, beats, rowRateHz } = this.#source
    const { from, to } = this.#span
    if (options.mode === 'fixed') {
      for (let k = 0; ; k++) {
        const row = from + Math.round(k * options.strideSeconds * rowRateHz)
        if (row >= to) return
        yield { row, symbol: '' }
      }
    }
    let last = -1
    for (const beat of beats) {
      if (beat.row < from || beat.row >= to || beat.row === last) continue
      last = beat.row
      yield beat
    }
  }

  /** Rows `from`..`to` of the lane, filtered, at the windows' rate. `row`: of the first sample. */
  async #chunk(from: number, to: number): Promise<{ samples: Float32Array; row: number }> {
    const { stored, lane, options, signal, rowRateHz } = this.#source
    const [rows] = await stored.physical([lane.index], from, to, signal)
    const slower = lane.lane.rateHz !== undefined && this.#rateHz !== rowRateHz
    const places = slower ? ownRows(this.#rateHz, rowRateHz, from, to) : null
    const own = places ? Float32Array.from(places, (row) => rows[row - from]) : rows
    const sections = options.lane === 'ppg' ? ppgBandPass(this.#rateHz) : ecgBandPass(this.#rateHz)
    const filtered = options.filtered ? filterZeroPhase(sections, own, { rateHz: this.#rateHz }) : own
    return { samples: resample(filtered, this.#rateHz, options.rateHz), row: places?.at(0) ?? from }
  }

  /** Windows that miss a sample or reach beyond the stretch are left out, and told of. */
  *#cut({ samples, row: first }: { samples: Float32Array; row: number }, anchors: readonly Anchor[]): Generator<StretchWindow, void, void> {
    const { options, rowRateHz, onFailure } = this.#source
    const { mode, beatsPerGroup, rateHz } = options
    const { before, length } = windowSamples(options)
    const byPlace = new Map(anchors.map((anchor) => [Math.round(((anchor.row - first) * rateHz) / rowRateHz), anchor]))
    if (onFailure) {
      for (const [place, { row }] of byPlace) {
        if (place - before < 0 || place - before + length > samples.length) onFailure('edge', row)
        else if (!isPresent(samples, place - before, length)) onFailure('missing', row)
      }
    }
    const how: SegmentationMode = mode === 'summary-beat' ? { mode, beats: beatsPerGroup, ...spanOf(options) } : { mode: 'beat', ...spanOf(options) }
    // A stretch that begins behind the first row wanted would cut nothing: places are never below 0.
    const windows = segment({ samples, rateHz, beats: [...byPlace.keys()].filter((place) => place >= 0), zScore: false, minimumCorrelation: null }, how).windows()
    for (const { row: place, values } of windows) {
      const anchor = byPlace.get(place)
      if (anchor) yield { samples: values, row: anchor.row, beats: mode === 'fixed' ? 0 : mode === 'beat' ? 1 : beatsPerGroup, symbol: mode === 'beat' ? anchor.symbol : '' }
    }
  }
}
