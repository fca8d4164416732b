import type { WindowOptions } from '../../contract/index.ts'
import { uniform } from '../../curation/gaussian.ts'
import { Random } from '../../curation/random.ts'
import { windowSamples } from '../../exchange/window-stretch.ts'
import type { WindowSet } from '../../learning/data/window-set.ts'
import { correlation } from '../../signal/mean-beat.ts'
import { peaksOfWindow, pseudoPulse, transitRangeSeconds, usualTransitSeconds } from '../../signal/pseudo-pulse.ts'
import { pulseQuality } from '../../signal/pulse-quality.ts'
import { rhythmOf } from '../../signal/window-rhythm.ts'
import type { Pace } from '../pace.ts'
import { cutOptions } from '../window-options.ts'
import type { Rows } from './joined-data.ts'

/** A heart's intervals, s: 30 to 240 a minute. What lies between two windows of beats and is longer or shorter is a gap or a false beat. */
const shortestInterval = 0.25
const longestInterval = 2
/** Neighbouring windows of beats on either side that tell the rhythm. */
const neighbours = 4

/** Heart rate, per minute (NaN: not known), and quality, 0-1, of windows: what two windows can have in common that no model ever saw. */
export interface WindowHearts {
  readonly bpm: Float64Array
  readonly quality: Float64Array
}

/** Of `rows` of a set, by their place. Quality is how alike the beats are and, of a pulse, also how skewed it is (recognition.md A0.3). @throws what `pace` throws */
export async function windowHearts(set: WindowSet, rows: Int32Array, { lane, mode, beatsPerGroup }: WindowOptions, pace: Pace): Promise<WindowHearts> {
  const beats = mode === 'window' ? null : beatTimes(set)
  const shapes = mode === 'window' ? null : summedWindows(set, rows)
  const [bpm, quality] = [new Float64Array(rows.length).fill(Number.NaN), new Float64Array(rows.length)]
  for (const [place, row] of rows.entries()) {
    await pace(place / rows.length)
    const window = windowOf(set, row)
    const rhythm = beats === null ? rhythmOf(window, set.rateHz) : null
    const interval = beats === null ? (rhythm?.intervalSeconds ?? null) : intervalNear(beats, row, mode === 'summary-beat' ? beatsPerGroup : 1)
    if (interval !== null) bpm[place] = 60 / interval
    const likeness = clamped(shapes === null ? (rhythm?.likeness ?? 0) : correlation(window, 0, shapes.get(set.recording[row]) ?? window))
    quality[place] = lane === 'ppg' ? (likeness + clamped(pulseQuality(window, set.rateHz).skewness)) / 2 : likeness
  }
  return { bpm, quality }
}

/** A difference of the heart rate by this part of it weighs as much as the whole range of quality. */
const rateWeight = 0.05

/** How unlike a student's window's heart rate is that of a teacher's, and how poor the teacher's window: the nearer and the cleaner the better. A rate that is not known counts as one that is 5 % off. */
export function heartCost(student: WindowHearts, gallery: WindowHearts): (place: number, other: number) => number {
  return (place, other) => {
    const apart = Math.abs(Math.log(student.bpm[place] / gallery.bpm[other])) / rateWeight
    return (Number.isNaN(apart) ? 1 : apart) + 1 - gallery.quality[other]
  }
}

/**
 * For every window of a set of ECG the pulse that it might have been recorded with, cut as the student's windows are; `known`: the rows that have one, those whose R peaks tell a rhythm.
 * @throws what `pace` throws
 */
export async function pseudoPulses(set: WindowSet, teacher: WindowOptions, student: WindowOptions, pace: Pace): Promise<{ readonly pulses: Rows; readonly known: Int32Array }> {
  const { before, length } = windowSamples(cutOptions(student))
  const beats = teacher.mode === 'window' ? null : beatTimes(set)
  // A pulse's window is cut at its foot, a transit behind the R peak.
  const fromSeconds = student.mode === 'window' ? 0 : usualTransitSeconds - before / student.rateHz
  const values = new Float32Array(set.row.length * length)
  const known: number[] = []
  for (let row = 0; row < set.row.length; row++) {
    await pace(row / set.row.length)
    const peaks = beats === null ? peaksOfWindow(windowOf(set, row), set.rateHz) : beatsOfWindow(beats, row, teacher)
    // A window of a pulse is one of the first beat's.
    const beat = student.mode === 'window' ? 0 : (peaks.find((peak) => peak >= 0) ?? 0)
    const pulse = pseudoPulse(peaks, { rateHz: student.rateHz, length, fromSeconds: beat + fromSeconds, ...(student.mode === 'window' ? { transitSeconds: transitOf(row) } : {}) })
    if (pulse === null) continue
    known.push(row)
    values.set(pulse, row * length)
  }
  return { pulses: { each: length, values }, known: Int32Array.from(known) }
}

/** Another one for every window: windows that were not recorded together share a rhythm at the most, never its phase, and at one transit for all the phase would be what is learnt. */
function transitOf(row: number): number {
  const { least, most } = transitRangeSeconds
  return least + (most - least) * uniform(Random.of('transit', row))
}

const windowOf = ({ samples, length, channels }: WindowSet, row: number): Float32Array => samples.subarray(row * length * channels, (row + 1) * length * channels)
const clamped = (value: number): number => Math.max(0, Math.min(1, value))

/** A set's windows in the order of time, recording by recording, and where each stands. */
interface BeatTimes {
  readonly order: readonly number[]
  readonly placeOf: Int32Array
  /** Seconds, by row of the set. */
  readonly at: Float64Array
  readonly recording: Int32Array
}

function beatTimes({ row, recording, recordings }: WindowSet): BeatTimes {
  const at = Float64Array.from(row, (value, place) => value / recordings[recording[place]].rowRateHz)
  const order = Array.from(at.keys()).sort((a, b) => recording[a] - recording[b] || at[a] - at[b])
  const placeOf = new Int32Array(order.length)
  for (const [place, one] of order.entries()) placeOf[one] = place
  return { order, placeOf, at, recording }
}

/** The beats around a window's, s from its own; no farther than the first gap to either side. */
function peaksNear({ order, placeOf, at, recording }: BeatTimes, row: number, beatsBetween = 1): number[] {
  const peaks = [0]
  for (const direction of [-1, 1]) {
    for (let step = 1, last = row; step <= neighbours; step++) {
      const next = order.at(placeOf[row] + direction * step)
      if (next === undefined || recording[next] !== recording[row] || placeOf[row] + direction * step < 0) break
      const interval = Math.abs(at[next] - at[last]) / beatsBetween
      if (interval < shortestInterval || interval > longestInterval) break
      peaks.push(at[next] - at[row])
      last = next
    }
  }
  return peaks.sort((a, b) => a - b)
}

/** The R peaks that tell a window's rhythm, its own at 0 s; a group of beats is one beat at the group's mean interval. */
function beatsOfWindow(times: BeatTimes, row: number, { mode, beatsPerGroup }: WindowOptions): number[] {
  if (mode === 'beat') return peaksNear(times, row)
  const interval = intervalNear(times, row, beatsPerGroup)
  return interval === null ? [0] : [0, interval]
}

/** The middle of the intervals around a window's beat; `null` where it stands alone. */
function intervalNear(times: BeatTimes, row: number, beatsBetween: number): number | null {
  const peaks = peaksNear(times, row, beatsBetween)
  const intervals = peaks.slice(1).map((peak, i) => (peak - peaks[i]) / beatsBetween).sort((a, b) => a - b)
  return intervals.length === 0 ? null : intervals[intervals.length >> 1]
}

/** The sum of every recording's windows among these: as good as their mean where only the shape counts. */
function summedWindows(set: WindowSet, rows: Int32Array): ReadonlyMap<number, Float64Array> {
  const sums = new Map<number, Float64Array>()
  for (const row of rows) {
    const sum = sums.get(set.recording[row]) ?? new Float64Array(set.length * set.channels)
    sums.set(set.recording[row], sum)
    windowOf(set, row).forEach((value, i) => (sum[i] += value))
  }
  return sums
}
