import type { LaneSpec, Recording, RowSpan, SplitRole } from '../contract/index.ts'
import { intersectSpans, joinSpans, rowsIn, sliceSpans } from '../curation/spans.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import { isKept } from '../exchange/export-labels.ts'
import type { ExportEntry } from '../exchange/export-plan.ts'
import { spanOf, windowSamples, WindowStretch, type Anchor } from '../exchange/window-stretch.ts'
import { pulseQuality } from '../signal/pulse-quality.ts'
import { segment, zScored } from '../signal/segmentation.ts'
import { MotionTrack } from './motion-track.ts'
import { cutOptions, type WindowSetOptions } from './window-options.ts'

/** What became of the windows that were wanted in one role's rows of a recording: `wanted` is the sum of all that follow it, but for groups, which are made of several. */
export interface WindowCounts {
  /** Beats, or strides. */
  wanted: number
  kept: number
  /** Reached beyond the kept rows of the role. */
  edge: number
  /** Held a missing sample. */
  missing: number
  /** Varied by less than one count of the lane. */
  flat: number
  /** PPG below the quality gate. */
  lowQuality: number
  /** Moved more than the limit. */
  moved: number
  /** Unlike the median beat. */
  outliers: number
  /** Beats too few to fill a group, of `summary-beat`. */
  tooFew: number
}

export interface RoleWindows {
  readonly role: SplitRole
  readonly counts: WindowCounts
  /** Windows that passed the limit of motion because nobody measured it there, before they were grouped; 0 without a limit. */
  readonly unmeasured: number
  readonly rows: readonly number[]
  /** [windows, length]. */
  readonly samples: Float32Array
}

export interface RecordingSource {
  readonly item: ExportEntry
  readonly recording: Recording
  readonly stored: StoredSignals
  readonly lane: { readonly lane: LaneSpec; readonly index: number }
  readonly beats: readonly Anchor[]
  readonly options: WindowSetOptions
  /** Filters across the roles and gives every window the role of its beat. Only where the split proves nothing anyway: random beats are neighbours of each other. */
  readonly acrossRoles: boolean
  readonly signal?: AbortSignal
}

/** Rows that are filtered as a whole, and whose they are. */
interface Region {
  readonly spans: readonly RowSpan[]
  readonly roleAt: (row: number) => SplitRole | null
}

/** The windows of one recording, by role. The median beat that decides on outliers is the role's own. @throws LabError `cancelled`, and those of reading. */
export async function recordingWindows(source: RecordingSource): Promise<RoleWindows[]> {
  const { item, recording, stored, lane, beats, options, signal } = source
  const rowRateHz = item.entry.rateHz
  const motion = options.maximumMotion === null ? null : MotionTrack.of(recording, stored, rowRateHz)
  const { beforeSeconds, afterSeconds } = spanOf(cutOptions(options))
  const motionAt = (row: number): Promise<number | null> | null => motion && motion.over(Math.round(row - beforeSeconds * rowRateHz), Math.round(row + afterSeconds * rowRateHz), signal)
  const gathered = new Map((item.roles ?? []).map(({ role }) => [role, new Gathered(options, 1 / lane.lane.gainCountsPerUnit)]))
  for (const { spans, roleAt } of regionsOf(source)) {
    const of = (row: number): Gathered | undefined => {
      const role = roleAt(row)
      return role === null ? undefined : gathered.get(role)
    }
    for (const span of spans) {
      const stretch = new WindowStretch({ stored, lane, beats, rowRateHz, options: cutOptions(options), onFailure: (why, row) => of(row)?.failed(why), ...(signal && { signal }) }, span)
      for await (const { row, samples } of stretch.windows()) of(row)?.add(row, samples, await motionAt(row))
    }
  }
  return [...gathered].map(([role, windows]) => ({ role, ...windows.finished() }))
}

function regionsOf({ item, acrossRoles, options }: RecordingSource): Region[] {
  const roles = item.roles ?? []
  const kept = joinSpans(item.entry.spans)
  const used = sliceSpans(kept, Math.round(options.dropFirstSeconds * item.entry.rateHz), rowsIn(kept))
  if (acrossRoles) return [{ spans: used, roleAt: (row) => roles.find(({ spans }) => isKept(spans, row))?.role ?? null }]
  return roles.map(({ role, spans }) => ({ spans: intersectSpans(joinSpans(spans), used), roleAt: () => role }))
}

/** Windows of one role as they were cut. */
class Gathered {
  readonly #rows: number[] = []
  readonly #cut: Float32Array[] = []
  readonly #counts: WindowCounts = { wanted: 0, kept: 0, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0 }
  #unmeasured = 0
  readonly #options: WindowSetOptions
  readonly #finest: number

  constructor(options: WindowSetOptions, finest: number) {
    this.#options = options
    this.#finest = finest
  }

  failed(why: 'edge' | 'missing'): void {
    this.#counts.wanted++
    this.#counts[why]++
  }

  /** `motion`: `null` where nobody knows. */
  add(row: number, samples: Float32Array, motion: number | null): void {
    this.#counts.wanted++
    const fault = faultOf(samples, this.#finest, this.#options, motion)
    if (fault !== null) {
      this.#counts[fault]++
      return
    }
    if (motion === null && this.#options.maximumMotion !== null) this.#unmeasured++
    this.#rows.push(row)
    this.#cut.push(samples)
  }

  finished(): Omit<RoleWindows, 'role'> {
    const options = this.#options
    const { zScore = true, minimumCorrelation, rateHz, mode, beatsPerGroup } = options
    const { before, length } = windowSamples(cutOptions(options))
    const laid = new Float32Array(this.#cut.length * length)
    for (const [k, samples] of this.#cut.entries()) laid.set(samples, k * length)
    const counts = this.#counts
    const unmeasured = this.#unmeasured
    if (mode === 'window') {
      if (zScore) for (let k = 0; k < this.#cut.length; k++) zScored(laid.subarray(k * length, (k + 1) * length))
      counts.kept = this.#rows.length
      return { counts, unmeasured, rows: this.#rows, samples: laid }
    }
    // Laid end to end, beats are a signal like any other: outliers, groups and normalisation have one home.
    const span = spanOf(cutOptions(options))
    const places = this.#cut.map((_, k) => k * length + before)
    const chosen = segment({ samples: laid, rateHz, beats: places, zScore, minimumCorrelation }, mode === 'beat' ? { mode, ...span } : { mode, beats: beatsPerGroup, ...span })
    counts.kept = chosen.rows.length
    counts.outliers = chosen.outliers.length
    counts.tooFew = mode === 'summary-beat' ? this.#rows.length - counts.outliers - counts.kept * beatsPerGroup : 0
    const samples = new Float32Array(counts.kept * length)
    let at = 0
    for (const { values } of chosen.windows()) samples.set(values, at++ * length)
    return { counts, unmeasured, rows: chosen.rows.map((place) => this.#rows[(place - before) / length]), samples }
  }
}

/** What is wrong with one window, before it is normalised and whatever the others are like. `motion`: of the accelerometer meanwhile, g; `null`: nobody knows, and it passes. */
export function faultOf(samples: Float32Array, finest: number, { quality, maximumMotion, rateHz }: Pick<WindowSetOptions, 'quality' | 'maximumMotion' | 'rateHz'>, motion: number | null): 'flat' | 'moved' | 'lowQuality' | null {
  if (isFlat(samples, finest)) return 'flat'
  if (motion !== null && maximumMotion !== null && motion > maximumMotion) return 'moved'
  if (quality === null) return null
  const { correlation, skewness } = pulseQuality(samples, rateHz)
  return skewness < quality.skewness || (correlation !== null && correlation < quality.correlation) ? 'lowQuality' : null
}

/** Less than one count from the lowest to the highest sample: a lead that is off, or a rail. */
function isFlat(samples: Float32Array, finest: number): boolean {
  let lowest = samples[0]
  let highest = samples[0]
  for (const value of samples) {
    if (value < lowest) lowest = value
    else if (value > highest) highest = value
  }
  return !(highest - lowest >= finest * 0.999)
}
