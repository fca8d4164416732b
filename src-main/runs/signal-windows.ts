import { findBeats } from '../dataset/lane-analysis.ts'
import { spanOf, windowSamples } from '../exchange/window-stretch.ts'
import { motionOf } from '../signal/motion.ts'
import { resample } from '../signal/resample.ts'
import { segment, zScored, type SegmentationInput } from '../signal/segmentation.ts'
import { ecgBandPass, filterZeroPhase, ppgBandPass } from '../signal/zero-phase.ts'
import { faultOf } from './recording-windows.ts'
import { cutOptions, type WindowSetOptions } from './window-options.ts'

export interface SignalSource {
  /** Physical values, NaN = missing. */
  readonly samples: Float32Array
  readonly rateHz: number
  /** One count of the converter, in the samples' unit: what varies by less is flat. */
  readonly finest: number
  /** R peaks or pulses, as places in `samples`, whole or not; `null`: they are looked for. */
  readonly beats: readonly number[] | null
  /** The accelerometer beside it, g by axis, from the same moment on; left out where there is none, or no limit of motion. */
  readonly motion?: { readonly axes: readonly Float32Array[]; readonly rateHz: number }
}

export interface SignalWindows {
  /** [windows, length], as the model was trained with. */
  readonly samples: Float32Array
  readonly length: number
  /** Places in the source's samples, rounded: each window's beat (a group's first), or its first sample. */
  readonly rows: readonly number[]
  /** Beats (strides) that no window could be made of: at an edge, with missing samples, flat, moved, below the quality gate, unlike the others, or too few for a group. */
  readonly refused: number
}

/**
 * The windows of one signal that stands by itself: somebody who is to be enrolled or identified. Filtered, cut, cleaned and normalised as the windows of a split are (recording-windows.ts).
 * @throws RangeError of `segment` for options without a sample.
 * @example signalWindows({ samples: 20 s of ECG at 250 Hz, rateHz: 250, finest: 0.005, beats: null }, ...) // about 18 windows of 150 samples
 */
export function signalWindows(source: SignalSource, options: WindowSetOptions): SignalWindows {
  const { rateHz, finest } = source
  const cut = cutOptions(options)
  const { zScore = true, mode, beatsPerGroup, minimumCorrelation } = options
  const { length } = windowSamples(cut)
  const span = spanOf(cut)
  const first = Math.min(source.samples.length, Math.round(options.dropFirstSeconds * rateHz))
  const used = source.samples.subarray(first)
  const filtered = options.filtered ? filterZeroPhase(options.lane === 'ppg' ? ppgBandPass(rateHz) : ecgBandPass(rateHz), used, { rateHz }) : used
  const samples = resample(filtered, rateHz, options.rateHz)
  const anchors = mode === 'window' ? strides(used.length, first, rateHz, options) : (source.beats ?? findBeats(options.lane, [source.samples], rateHz)[0].rows).filter((row) => row >= first)
  const byPlace = new Map(anchors.map((row) => [Math.round(((row - first) * options.rateHz) / rateHz), Math.round(row)]))
  const motionAt = (row: number): number | null => source.motion ? motionOf(source.motion.axes, Math.round((row / rateHz - span.beforeSeconds) * source.motion.rateHz), Math.round((row / rateHz + span.afterSeconds) * source.motion.rateHz)) : null
  const input: SegmentationInput = { samples, rateHz: options.rateHz, beats: [...byPlace.keys()], zScore: false, minimumCorrelation: null }
  const varied = [...segment(input, { mode: 'beat', ...span }).windows()].filter(({ row, values }) => faultOf(values, finest, options, motionAt(byPlace.get(row) ?? 0)) === null)
  const kept =
    mode === 'window'
      ? varied.map(({ row, values }) => ({ row, values: zScore ? zScored(values) : values }))
      : [...segment({ ...input, beats: varied.map(({ row }) => row), zScore, minimumCorrelation }, mode === 'beat' ? { mode, ...span } : { mode, beats: beatsPerGroup, ...span }).windows()]
  const laid = new Float32Array(kept.length * length)
  kept.forEach(({ values }, k) => laid.set(values, k * length))
  return { samples: laid, length, rows: kept.map(({ row }) => byPlace.get(row) ?? 0), refused: Math.max(0, byPlace.size - kept.length * (mode === 'summary-beat' ? beatsPerGroup : 1)) }
}

/** Where the windows begin that lie in the signal as a whole. */
function strides(samples: number, first: number, rateHz: number, { seconds, strideSeconds }: WindowSetOptions): number[] {
  const rows: number[] = []
  for (let k = 0; k * strideSeconds + seconds <= samples / rateHz + 1e-9; k++) rows.push(first + Math.round(k * strideSeconds * rateHz))
  return rows
}
