import { detectBeats } from './qrs-detector.ts'
import { zScored } from './segmentation.ts'
import { filterZeroPhase, ppgBandPass } from './zero-phase.ts'

/** From the R peak to the pulse's foot at the finger, s: median 276 ms of intensive-care recordings (recognition.md A4). */
export const usualTransitSeconds = 0.28
/** Nine in ten lie between these, s (recognition.md A4). */
export const transitRangeSeconds = { least: 0.092, most: 0.448 } as const
/** A pulse from its foot, s: the systolic wave, and the smaller dicrotic one behind the closing of the aortic valve; two Gaussians, as synthetic pulses usually are. */
const waves = [{ at: 0.16, width: 0.07, height: 1 }, { at: 0.42, width: 0.09, height: 0.38 }] as const
/** Farther than this from its foot no wave is left. */
const reachSeconds = 1
/** Made and filtered beyond both ends: the 0.5 Hz high-pass settles here. */
const marginSeconds = 6

/** The window that is wanted. */
export interface PulseWindow {
  readonly rateHz: number
  /** Samples. */
  readonly length: number
  /** Where it begins, s, by the clock that the R peaks have. */
  readonly fromSeconds: number
  /** The usual one unless told. */
  readonly transitSeconds?: number
}

/**
 * R peaks of one window of ECG, in seconds from its first sample, found where nothing lies before and behind it: the detector is shown the window between its own mirror images, so that it has seen the heart
 * before it must find its first beat. A beat within 0.3 s of an end may be missed: it and its image come faster than a heart beats.
 * @example five seconds at 60/min, the first R peak at 0.5 s -> [0.5, 1.5, 2.5, 3.5, 4.5]
 */
export function peaksOfWindow(window: Float32Array, rateHz: number): number[] {
  const { length } = window
  const mirrored = Float32Array.from(window).reverse()
  const line = new Float32Array(3 * length)
  line.set(mirrored)
  line.set(window, length)
  line.set(mirrored, 2 * length)
  return detectBeats(line, rateHz).rows.filter((row) => row >= length && row < 2 * length).map((row) => (row - length) / rateHz)
}

/**
 * The pulse that a heart with these R peaks might have given: a template behind each peak by a transit, through the filter that every PPG goes through (0.5-8 Hz, without delay), mean 0 and deviation 1.
 * What it has of a person is the rhythm alone. Beats beyond the first and the last peak are taken to come at the median interval, since a window's first pulse is of a beat before it.
 * @param peaks seconds, ascending
 * @returns `null` for fewer than two peaks: nothing is known of the rhythm
 * @example peaks every second from 0.5 s, 4 s at 125 Hz from 0: 500 samples, the tops near 0.94, 1.94, 2.94 and 3.94 s
 */
export function pseudoPulse(peaks: readonly number[], { rateHz, length, fromSeconds, transitSeconds = usualTransitSeconds }: PulseWindow): Float32Array | null {
  if (peaks.length < 2) return null
  const margin = Math.round(marginSeconds * rateHz)
  const first = fromSeconds - margin / rateHz
  const line = new Float64Array(length + 2 * margin)
  for (const peak of continued(peaks, first - reachSeconds, first + line.length / rateHz + reachSeconds)) addPulse(line, (peak + transitSeconds - first) * rateHz, rateHz)
  return zScored(Float32Array.from(filterZeroPhase(ppgBandPass(rateHz), line, { rateHz }).subarray(margin, margin + length)))
}

/** The same rhythm, on from both ends. */
function continued(peaks: readonly number[], from: number, to: number): number[] {
  const intervals = peaks.slice(1).map((peak, i) => peak - peaks[i]).sort((a, b) => a - b)
  const interval = intervals[intervals.length >> 1]
  const [before, after]: [number[], number[]] = [[], []]
  for (let peak = peaks[0] - interval; peak > from; peak -= interval) before.unshift(peak)
  for (let peak = peaks[peaks.length - 1] + interval; peak < to; peak += interval) after.push(peak)
  return [...before, ...peaks, ...after]
}

/** `foot`: a place in the line, whole or not. */
function addPulse(line: Float64Array, foot: number, rateHz: number): void {
  const last = Math.min(line.length - 1, Math.floor(foot + reachSeconds * rateHz))
  for (let i = Math.max(0, Math.ceil(foot - 0.1 * rateHz)); i <= last; i++) {
    for (const { at, width, height } of waves) line[i] += height * Math.exp(-((((i - foot) / rateHz - at) / width) ** 2) / 2)
  }
}
