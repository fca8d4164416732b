import type { LaneKind } from '../contract/index.ts'
import { presentStretches, type Stretch } from '../signal/holes.ts'
import { findBeats, type LaneBeats } from './lane-analysis.ts'

/** Nothing of what was before such a hole matters behind it, see LiveBeatDetector. */
const longestHoleSeconds = 60
/** The QRS detector holds some 60 bytes per sample: so many are looked at in one go, 250 MB; a day at 1 kHz would need gigabytes. */
const mostSamplesAtOnce = 1 << 22
/** Levels, shapes and rhythm follow eight beats to either side: a piece that sees so much beyond its ends finds what the whole would. */
const overlapSeconds = 60
/** No two beats are nearer: one on a border is found by both pieces. */
const refractorySeconds = 0.2

/**
 * As `findBeats`, in each stretch between long holes of all lanes by itself: days of gaps cost neither time nor memory. ECG stretches that are too long for the memory are looked
 * at in overlapping pieces of `mostSamples` over all lanes. The polarity is that of the stretch or piece with the most beats.
 * @example two recorded minutes of a day: 2 minutes are looked at
 */
export function findBeatsInStretches(kind: LaneKind, lanes: readonly Float32Array[], rateHz: number, mostSamples = mostSamplesAtOnce): LaneBeats[] {
  const longest = kind === 'ecg' ? Math.max(1, Math.floor(mostSamples / lanes.length)) : Number.POSITIVE_INFINITY
  const stretches = sharedStretches(lanes, Math.ceil(longestHoleSeconds * rateHz)).flatMap((stretch) => pieces(stretch, longest))
  if (stretches.length === 1 && lanes.every((lane) => lane.length <= stretches[0].to && stretches[0].from === 0)) return findBeats(kind, lanes, rateHz)
  const rows = lanes.map((): number[] => [])
  const best = lanes.map((): { beats: number; polarity: LaneBeats['polarity'] } => ({ beats: 0, polarity: null }))
  const overlap = Math.ceil(overlapSeconds * rateHz)
  const refractory = refractorySeconds * rateHz
  for (const { from, to, start, end } of stretches) {
    const begin = Math.max(start, from - overlap)
    findBeats(kind, lanes.map((lane) => lane.subarray(begin, Math.min(end, to + overlap))), rateHz).forEach((found, i) => {
      for (const row of found.rows) {
        const at = begin + row
        const last = rows[i].at(-1)
        if (at >= from && at < to && (last === undefined || from === start || at - last >= refractory)) rows[i].push(at)
      }
      if (found.rows.length > best[i].beats) best[i] = { beats: found.rows.length, polarity: found.polarity }
    })
  }
  return lanes.map((_, i) => ({ rows: rows[i], polarity: best[i].polarity }))
}

/** A stretch, or a part of one: rows `from`..`to` are its own, those between `start` and `end` may be looked at. */
interface Piece extends Stretch {
  readonly start: number
  readonly end: number
}

function pieces({ from, to }: Stretch, longest: number): Piece[] {
  const count = Math.max(1, Math.ceil((to - from) / longest))
  const border = (k: number): number => from + Math.round(((to - from) * k) / count)
  return Array.from({ length: count }, (_, k) => ({ from: border(k), to: border(k + 1), start: from, end: to }))
}

/** Stretches in which some lane has a value, without holes longer than `hole` rows of all of them; shorter holes at the very ends belong to them. */
function sharedStretches(lanes: readonly Float32Array[], hole: number): Stretch[] {
  const length = Math.max(0, ...lanes.map((lane) => lane.length))
  const all = lanes.flatMap((lane) => presentStretches(lane, hole)).sort((a, b) => a.from - b.from)
  const shared: { from: number; to: number }[] = []
  for (const { from, to } of all) {
    const last = shared.at(-1)
    if (last && from - last.to <= hole) last.to = Math.max(last.to, to)
    else shared.push({ from: from <= hole ? 0 : from, to })
  }
  const last = shared.at(-1)
  if (last && length - last.to <= hole) last.to = length
  return shared
}
