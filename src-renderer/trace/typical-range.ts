import { rangeOf } from './lane-strokes.ts'
import type { TraceRing } from './trace-ring.ts'

/** Long enough to hold a beat at 40/min. */
const blockSeconds = 1.5
/** A block this many times as high as the middle one is an accident (an electrode coming back, a bumped cable), not the signal. */
const accident = 8
/** More blocks than this part cannot all be accidents. */
const mostAccidents = 0.4

/**
 * Range that a lane's gain should show: lowest and highest value of rows `from`..`to` without the blocks in which an accident happened;
 * low > high when there is no sample.
 * @example 8 s of a 2 mV ECG with one 180 mV spike of a filter -> the 2 mV
 */
export function typicalRange(ring: TraceRing, lane: number, from: number, to: number, rateHz: number, into: { low: number; high: number }): void {
  const block = Math.max(1, Math.round(blockSeconds * rateHz))
  const blocks: { low: number; high: number }[] = []
  // Blocks begin at multiples of their length, so that the choice does not flicker while rows move through them.
  for (let at = Math.floor(Math.max(from, ring.oldestRow) / block) * block; at < Math.min(to, ring.newestRow); at += block) {
    const range = { low: 0, high: 0 }
    rangeOf(ring, lane, Math.max(from, at), Math.min(to, at + block), range)
    if (range.low <= range.high) blocks.push(range)
  }
  blocks.sort((a, b) => a.high - a.low - (b.high - b.low))
  const middle = blocks[Math.floor((blocks.length - 1) / 2)]
  const limit = middle === undefined ? 0 : accident * (middle.high - middle.low)
  const calm = blocks.filter(({ low, high }) => high - low <= limit)
  const shown = blocks.length - calm.length <= mostAccidents * blocks.length ? calm : blocks
  into.low = Math.min(...shown.map(({ low }) => low))
  into.high = Math.max(...shown.map(({ high }) => high))
}
