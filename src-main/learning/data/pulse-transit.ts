import type { PairedColumns, PairRule } from './pair-windows.ts'

/** How long after its R peak a pulse comes, as one recording tells it, in one role. */
export interface Transit {
  /** As the columns count them. */
  readonly recording: number
  readonly role: number
  /** Of the second's windows after the first's, s; 0 where both are the same beats. `null`: too few windows, or two delays that are as likely; then the usual one is taken for it. */
  readonly seconds: number | null
  /** Of the second modality. */
  readonly windows: number
}

/** The quartiles of one recording's delays, s, at the most: BIDMC's are within 0.04. What is spread wider is no delay. */
const widestSeconds = 0.06
/** Another beat's delay is a whole interval away, s: 200 beats a minute have 0.3. */
export const nearestOther = 0.15
/** Fewer say nothing of how they vary. */
const fewestPulses = 5
/** A quotient of two quartile ranges of n normal numbers each varies by 1.65 / sqrt n of itself; twice that is no chance. */
const byChance = 2 * 1.65

const group = (recording: number, role: number): string => `${recording} ${role}`

/** @example transitFor([{ recording: 0, role: 1, seconds: 0.49, windows: 300 }])(0, 1)?.seconds // 0.49 */
export function transitFor(transits: readonly Transit[]): (recording: number, role: number) => Transit | undefined {
  const known = new Map(transits.map((transit) => [group(transit.recording, transit.role), transit]))
  return (recording, role) => known.get(group(recording, role))
}

/**
 * The delay that the windows of each recording and role tell themselves. A fast heart has two R peaks that could have made a pulse, an interval apart: the delay behind the one that did hardly varies, that
 * behind the other varies with every interval besides. So of the delays at which pulses pile up, as far as the rule allows them, the one with the least quartile range is taken, where the difference is more
 * than chance. Neither who it is nor another role is looked at.
 * @example transitsOf(ecg, ppg, { from: 0.05, usual: 0.28, to: 0.6 }) // [{ recording: 0, role: 0, seconds: 0.49, windows: 512 }, ...]
 */
export function transitsOf(first: PairedColumns, second: PairedColumns, rule: PairRule): Transit[] {
  const [beats, pulses] = [rowsByGroup(first), rowsByGroup(second)]
  return [...pulses].map(([key, own]) => {
    const [recording, role] = key.split(' ').map(Number)
    const rate = second.recordings[recording].rowRateHz
    return { recording, role, windows: own.length, seconds: delayOf(beats.get(key) ?? [], own, rule, rate) }
  })
}

function rowsByGroup({ recording, role, row }: PairedColumns): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (let i = 0; i < row.length; i++) {
    const key = group(recording[i], role[i])
    const own = groups.get(key)
    if (own) own.push(row[i])
    else groups.set(key, [row[i]])
  }
  for (const own of groups.values()) own.sort((a, b) => a - b)
  return groups
}

/** Rows ascend, `rate` of them a second. */
function delayOf(beats: readonly number[], pulses: readonly number[], { from, to }: PairRule, rate: number): number | null {
  const known = new Set(beats)
  // One person's labels for both, of no lane in particular: there is no pulse whose beat could be looked for.
  if (pulses.length > 0 && 2 * pulses.filter((row) => known.has(row)).length > pulses.length) return 0
  // Beyond the rule's ends too: a pile that is cut off there would look less spread than it is.
  const near = delaysWithin(beats, pulses, (from - nearestOther) * rate, (to + nearestOther) * rate).map((rows) => rows / rate)
  const piles = pilesOf(near.filter((delay) => delay >= from && delay <= to)).map((centre) => spreadAbout(centre, near)).sort((a, b) => a.range - b.range)
  if (piles.length === 0) return null
  const [best, rival] = piles
  if (best.count < fewestPulses || best.range > widestSeconds) return null
  // Nothing is known more exactly than to a row.
  const quotient = rival === undefined ? Infinity : Math.max(rival.range, 1 / rate) / Math.max(best.range, 1 / rate)
  return Math.log(quotient) > byChance / Math.sqrt(best.count) ? best.median : null
}

/** Of every pulse behind every beat; ascending. */
function delaysWithin(beats: readonly number[], pulses: readonly number[], from: number, to: number): number[] {
  const delays: number[] = []
  let start = 0
  for (const pulse of pulses) {
    while (start < beats.length && beats[start] < pulse - to) start++
    for (let i = start; i < beats.length && beats[i] <= pulse - from; i++) delays.push(pulse - beats[i])
  }
  return delays.sort((a, b) => a - b)
}

/** Where delays, in order, lie thickest; then where those do that are not near it; as long as there are half as many as in the first. */
function pilesOf(delays: readonly number[]): number[] {
  const centres: number[] = []
  let left = [...delays]
  let first = 0
  for (;;) {
    const { at, count } = densest(left)
    if (count === 0 || 2 * count < first) return centres
    first ||= count
    const centre = left[at + (count >> 1)]
    centres.push(centre)
    left = left.filter((delay) => Math.abs(delay - centre) > nearestOther)
  }
}

function densest(values: readonly number[]): { at: number; count: number } {
  let best = { at: 0, count: 0 }
  let at = 0
  for (let end = 0; end < values.length; end++) {
    while (values[end] - values[at] > widestSeconds) at++
    if (end + 1 - at > best.count) best = { at, count: end + 1 - at }
  }
  return best
}

/** Of the delays near one. */
function spreadAbout(centre: number, delays: readonly number[]): { readonly median: number; readonly range: number; readonly count: number } {
  const own = delays.filter((delay) => Math.abs(delay - centre) <= nearestOther)
  const at = (part: number): number => own[Math.round(part * (own.length - 1))]
  return { median: at(0.5), range: at(0.75) - at(0.25), count: own.length }
}
