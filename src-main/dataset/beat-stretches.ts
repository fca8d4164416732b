import type { LaneKind } from '../contract/index.ts'
import { presentStretches, type Stretch } from '../signal/holes.ts'
import { findBeats, type LaneBeats } from './lane-analysis.ts'

/** Nothing of what was before such a hole matters behind it, see LiveBeatDetector. */
const longestHoleSeconds = 60

/**
 * As `findBeats`, in each stretch between long holes of all lanes by itself: days of gaps cost neither time nor memory. The polarity is that of the stretch with the most beats.
 * @example two recorded minutes of a day: 2 minutes are looked at
 */
export function findBeatsInStretches(kind: LaneKind, lanes: readonly Float32Array[], rateHz: number): LaneBeats[] {
  const stretches = sharedStretches(lanes, Math.ceil(longestHoleSeconds * rateHz))
  if (stretches.length === 1 && lanes.every((lane) => lane.length <= stretches[0].to && stretches[0].from === 0)) return findBeats(kind, lanes, rateHz)
  const rows = lanes.map((): number[] => [])
  const best = lanes.map((): { beats: number; polarity: LaneBeats['polarity'] } => ({ beats: 0, polarity: null }))
  for (const { from, to } of stretches) {
    findBeats(kind, lanes.map((lane) => lane.subarray(from, to)), rateHz).forEach((found, i) => {
      for (const row of found.rows) rows[i].push(from + row)
      if (found.rows.length > best[i].beats) best[i] = { beats: found.rows.length, polarity: found.polarity }
    })
  }
  return lanes.map((_, i) => ({ rows: rows[i], polarity: best[i].polarity }))
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
