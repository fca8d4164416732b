import type { LaneAnalysis, LaneKind, LaneSpec } from '../contract/index.ts'
import { beatAgreement } from '../signal/beat-agreement.ts'
import { LaneMeter, slicesPerSecond } from '../signal/lane-meter.ts'
import { LiveBeatDetector } from '../signal/live-beats.ts'
import { detectBeatsOfLeads, qrsDetector } from '../signal/qrs-detector.ts'
import { QualityWindow } from '../signal/quality-window.ts'
import { RatioMedian } from '../signal/ratio-median.ts'
import { ecgBandPass, filterZeroPhase, ppgBandPass } from '../signal/zero-phase.ts'
import { ShortenedRows } from './shortened-rows.ts'

/** Layers of what the detectors find; a new number whenever they may find anything else. */
const detectorNames = { ecg: qrsDetector, ppg: 'pulseprint-pulses@1' } as const
const levels = { none: '0', bad: '1', fair: '2', good: '3' } as const
const blockRows = 4096
/** Of a second on a rail nothing is left. */
const railedRatio = 0.9
/** Filtered together; the 0.5 Hz edge has settled after three of its time constants and more. */
const filteredSamples = 1 << 20
const settleSeconds = 4
/** 20..300 per minute: other intervals span a gap or are false. */
const shortestSeconds = 0.2
const longestSeconds = 3

type BeatKind = keyof typeof detectorNames
const beatKindOf = (kind: LaneKind): BeatKind | null => (kind === 'ecg' || kind === 'ppg' ? kind : null)

/** Beats of one lane, in its own samples, ascending. */
export interface LaneBeats {
  readonly rows: readonly number[]
  readonly polarity: 1 | -1 | null
}

/**
 * The beats of lanes of one kind and rate that were recorded together: ECG leads are looked at as one heart, so that noise in one is bridged by the others; pulses
 * lane by lane. None for lanes that have no beats. `samples` physical, NaN = missing.
 */
export function findBeats(kind: LaneKind, lanes: readonly Float32Array[], rateHz: number): LaneBeats[] {
  const beating = beatKindOf(kind)
  if (beating === 'ecg') return detectBeatsOfLeads(lanes, rateHz)
  return lanes.map((samples) => ({ rows: beating === 'ppg' ? pulses(samples, rateHz) : [], polarity: null }))
}

/** Indexes of the lanes that `findBeats` should see together: ECG leads of one rate; every other lane by itself. In the lanes' order. */
export function heartGroups(lanes: readonly { readonly kind: LaneKind; readonly rateHz: number }[]): number[][] {
  const leads = new Map<number, number[]>()
  const groups: number[][] = []
  for (const [index, { kind, rateHz }] of lanes.entries()) {
    const known = kind === 'ecg' ? leads.get(rateHz) : undefined
    if (known) known.push(index)
    else groups.push([index])
    if (kind === 'ecg' && !known) leads.set(rateHz, groups[groups.length - 1])
  }
  return groups
}

function pulses(samples: Float32Array, rateHz: number): number[] {
  const detector = new LiveBeatDetector({ rateHz, kind: 'ppg' })
  const found: number[] = []
  for (let row = 0; row < samples.length; row += blockRows) for (const beat of detector.process(samples.subarray(row, row + blockRows), row)) found.push(beat)
  return found
}

/**
 * What one lane is worth: its beats and its quality, second by second and as a whole. The same samples give the same result.
 * @param samples physical, at the lane's own rate, NaN = missing; used up: a day of a lane is not held twice
 * @param found what `findBeats` found in it, in `samples`
 * @param rows what the samples are of a lane with holes of hours; all of it unless told. The result is that of the whole lane
 * @example analyseLane(lane, samples, 500, found) // { beats: 22, meanRateBpm: 71.3, quality: '3333...', templateCorrelation: 0.98, ... }
 */
export function analyseLane(lane: LaneSpec, samples: Float32Array, rateHz: number, found: LaneBeats, rows = ShortenedRows.whole(samples.length)): LaneAnalysis {
  const beating = beatKindOf(lane.kind)
  const beats = found.rows
  const measured = measure(lane, samples, rateHz, rows)
  if (beating) filterInPlace(beating === 'ecg' ? ecgBandPass(rateHz) : ppgBandPass(rateHz), samples, rateHz, rows)
  const agreement = beating ? beatAgreement(samples, beats, rateHz, beating) : null
  return {
    lane: lane.id,
    detector: beating && detectorNames[beating],
    beats: beats.length,
    polarity: beats.length === 0 ? null : found.polarity,
    meanRateBpm: meanRate(beats, rateHz),
    ...measured,
    templateCorrelation: agreement?.correlation ?? null,
    ...moments(samples),
  }
}

/** In pieces with enough signal on both sides for the filter to settle, so that a day of 1 kHz needs no more memory than it takes itself. Pieces end where those of the whole lane do. */
function filterInPlace(sections: Parameters<typeof filterZeroPhase>[0], samples: Float32Array, rateHz: number, rows: ShortenedRows): void {
  const margin = Math.ceil(settleSeconds * rateHz)
  let before = new Float32Array(0)
  for (let from = 0, border = filteredSamples; from < samples.length; border += filteredSamples) {
    const to = border < rows.fullLength ? rows.fromFull(border) : samples.length
    // The border lies in a cut, as the one before does.
    if (to === from) continue
    const piece = new Float32Array(before.length + Math.min(samples.length, to + margin) - from)
    piece.set(before)
    piece.set(samples.subarray(from, to + margin), before.length)
    const lead = before.length
    const filtered = filterZeroPhase(sections, piece, { rateHz })
    before = samples.slice(Math.max(0, to - margin), to)
    samples.set(filtered.subarray(lead, lead + to - from), from)
    from = to
  }
}

type Measured = Pick<LaneAnalysis, 'usableSeconds' | 'saturatedRatio' | 'flatRatio' | 'missingRatio' | 'mainsRatio' | 'quality'>

/** The live measures, second by second. */
function measure(lane: LaneSpec, samples: Float32Array, rateHz: number, rows: ShortenedRows): Measured {
  const { baseline, gainCountsPerUnit } = lane
  const meter = new LaneMeter({ ...lane, sparse: lane.sparse && lane.rateHz === undefined, rateHz })
  const window = new QualityWindow(lane.kind, meter.measuresMains)
  const mains = new RatioMedian()
  const total = { saturated: 0, flat: 0, missing: 0, usable: 0 }
  let pending = 0
  let quality = ''
  const second = (): void => {
    const { level, mainsRatio, saturatedRatio } = window.judge(pending)
    quality += saturatedRatio >= railedRatio ? levels.none : levels[level]
    if (level === 'good' || level === 'fair') total.usable += window.rows(pending)
    if (mainsRatio !== null && level !== 'none') mains.add(mainsRatio)
    pending = 0
  }
  const slice = (): void => {
    total.saturated += meter.slice.saturated
    total.flat += meter.slice.flat
    total.missing += meter.slice.missing
    window.add(meter.slice)
    pending++
    if (pending === slicesPerSecond) second()
  }
  // Rails and repeats are judged on counts.
  const counts = new Float64Array(Math.min(blockRows, samples.length))
  let behind = 0
  for (const { from, to, at } of rows.kept) {
    // A cut holds whole seconds without a value.
    total.missing += from - behind
    quality += levels.none.repeat((from - behind) / (slicesPerSecond * meter.sliceRows))
    behind = to
    for (let row = at, end = at + to - from; row < end; row += blockRows) {
      const values = samples.subarray(row, Math.min(end, row + blockRows))
      for (let k = 0; k < values.length; k++) counts[k] = Math.round(values[k] * gainCountsPerUnit + baseline)
      for (let k = 0; k < values.length; ) {
        k = meter.take(counts, values, k, values.length)
        if (meter.room === 0 && meter.flush()) slice()
      }
    }
  }
  if (meter.flush()) slice()
  if (pending > 0) second()
  const share = (part: number): number => (rows.fullLength === 0 ? 0 : Math.min(1, part / rows.fullLength))
  return {
    usableSeconds: total.usable / rateHz, saturatedRatio: share(total.saturated), flatRatio: share(total.flat), missingRatio: share(total.missing), mainsRatio: mains.median(), quality,
  }
}

function meanRate(beats: readonly number[], rateHz: number): number | null {
  let sum = 0
  let count = 0
  for (let i = 1; i < beats.length; i++) {
    const interval = (beats[i] - beats[i - 1]) / rateHz
    if (interval < shortestSeconds || interval > longestSeconds) continue
    sum += interval
    count++
  }
  return count === 0 ? null : (60 * count) / sum
}

/** Third and fourth standardised moment: a clean ECG is skewed and has a kurtosis far above the 3 of noise. `null` where nothing varies. */
function moments(samples: Float32Array): Pick<LaneAnalysis, 'kurtosis' | 'skewness'> {
  let count = 0
  let sum = 0
  // NaN and infinite values are the ones that differ from themselves when taken away.
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]
    if (value - value !== 0) continue
    sum += value
    count++
  }
  const mean = sum / count
  let second = 0
  let third = 0
  let fourth = 0
  for (let i = 0; i < samples.length; i++) {
    const off = samples[i] - mean
    if (off - off !== 0) continue
    const square = off * off
    second += square
    third += square * off
    fourth += square * square
  }
  const variance = second / count
  if (!(variance > 1e-12 * mean * mean) || variance === 0) return { kurtosis: null, skewness: null }
  return { kurtosis: fourth / count / (variance * variance), skewness: third / count / variance ** 1.5 }
}
