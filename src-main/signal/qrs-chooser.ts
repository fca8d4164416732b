import { bestSequence } from './beat-sequence.ts'
import type { SequenceCandidates, SequenceRules } from './beat-sequence.ts'
import type { LeadFusion } from './lead-fusion.ts'
import { localPeaks } from './local-peaks.ts'
import { RunningMedian } from './running-median.ts'

/*
 * The constants below are physiology first; where it leaves a choice, they were chosen on both leads of the six MIT-BIH records and on the planted hearts of
 * test/signal/stress-heart.ts. Most stand on a plateau (10 % more or less moves a handful of beats); `earlyFrom` and `threshold` matter more:
 * they trade missed beats for invented ones.
 */

/** Half of the refractory time: nothing real is hidden behind a higher neighbour. */
const reachSeconds = 0.1
const refractorySeconds = 0.2
/** T waves come up to 0.36 s after a QRS (Pan and Tompkins 1985) and are less than half as steep. */
const echoSeconds = 0.36
const costs = { echoSlope: 0.55, echoCost: 2.5, missedFrom: 1.4, missedCost: 0.75, earlyFrom: 0.75, earlyCost: 0.65, steadyFactor: 3 }
/** Intervals that scatter by 12 % (median) or more are no steady rhythm. */
const steadyScatter = 0.12
/** Between the height of the humps that are no beats (0) and that of the beats (1): here looks decide. */
const threshold = 0.27
/** T waves of extrasystoles can be as high as beats; they must not close the gate. */
const highestNoise = 0.5
/** Height counts by its logarithm within these bounds: twice as high is not twice as much a beat. */
const lowest = -1.5
const highest = 1.2
/** Correlation with known shapes beyond this speaks for a beat, below against it. */
const alike = 0.72
const alikeWeight = 1.5
/** A shape is known when three beats had it. */
const trustedBeats = 3
/** Levels, noise and intervals follow the eight beats to either side. */
const around = 8
/** The first rounds know no shapes: only heights. Clear beats tell the rhythm, which is 75/min or faster for a start. */
const clearHeight = 0.55
const firstHeight = 0.4
const firstAround = 16
const firstSeconds = 0.8
const rounds = 3

/** Candidates before the hopeless ones are left out; what only the hopeful need (slopes) comes later. */
interface Humps extends Omit<SequenceCandidates, 'slope'> {
  /** Joined envelope, in beat heights. */
  readonly height: Float64Array
}

/** Working samples of the beats, by heights alone first, then in up to three rounds by height, shape and rhythm as the round before left them. */
export function chooseBeats(fusion: LeadFusion, rateHz: number): Int32Array {
  const rules: SequenceRules = { ...costs, refractory: refractorySeconds * rateHz, echo: echoSeconds * rateHz }
  let humps = findHumps(fusion, rateHz)
  let beats = firstBeats(fusion, humps, rules, rateHz)
  let others = without(humps.at, beats, reachSeconds * rateHz)
  for (let round = 0; round < rounds; round++) {
    fusion.learn(beats, others, Math.min(trustedBeats, Math.max(1, beats.length >> 2)))
    humps = findHumps(fusion, rateHz)
    judge(fusion, humps, beats, rateHz)
    const found = pick(fusion, humps, rules)
    const rest = without(humps.at, found, reachSeconds * rateHz)
    // What was learnt from would be learnt again.
    if (equal(found, beats) && equal(rest, others)) break
    beats = found
    others = rest
  }
  return beats
}

function findHumps(fusion: LeadFusion, rateHz: number): Humps {
  const at = localPeaks(fusion.fusedRoot, Math.max(1, Math.round(reachSeconds * rateHz)))
  return { at, height: fusion.heights(at), score: column(at.length), usual: column(at.length).fill(Number.NaN), steady: column(at.length) }
}

/** The best sequence of those that are not hopeless: most humps are far too low, and no pause is so long that one of them would be a beat. */
function pick(fusion: LeadFusion, { at, score, usual, steady }: Humps, rules: SequenceRules): Int32Array {
  const hopeful = (_: number, i: number) => score[i] > lowest
  const rows = at.filter(hopeful)
  const best = bestSequence({ at: rows, score: score.filter(hopeful), slope: fusion.slopes(rows), usual: usual.filter(hopeful), steady: steady.filter(hopeful) }, rules)
  return new Int32Array(best.map((i) => rows[i]))
}

const column = (length: number) => new Float64Array(length)
const bounded = (value: number) => Math.max(lowest, Math.min(highest, value))

function firstBeats(fusion: LeadFusion, humps: Humps, rules: SequenceRules, rateHz: number): Int32Array {
  const { at, height, score, usual } = humps
  const pickAgainst = (usualHeight: number) => {
    for (let i = 0; i < score.length; i++) score[i] = bounded(Math.log(height[i] / usualHeight))
    return pick(fusion, humps, rules)
  }
  const clear = pickAgainst(clearHeight)
  const intervals = new RunningMedian(intervalsOf(clear), firstAround)
  let before = 0
  for (let i = 0; i < at.length; i++) {
    while (before < clear.length && clear[before] < at[i]) before++
    usual[i] = Math.min(firstSeconds * rateHz, intervals.higher(before, before, firstSeconds * rateHz))
  }
  return pickAgainst(firstHeight)
}

/** Fills score, usual interval and steadiness from the beats found so far. */
function judge(fusion: LeadFusion, { at, height, score, usual, steady }: Humps, beats: Int32Array, rateHz: number): void {
  const near = reachSeconds * rateHz
  const heights = new RunningMedian(fusion.heights(beats), around)
  const noises = new RunningMedian(fusion.heights(without(at, beats, near)), around)
  const distances = intervalsOf(beats)
  const intervals = new RunningMedian(distances, around)
  const scatter = new RunningMedian(distances.map((distance, k) => Math.abs(Math.log(distance / intervals.lower(k + 1, k, distance)))), around)
  let b = 0
  let others = 0
  for (let i = 0; i < at.length; i++) {
    while (b < beats.length && beats[b] < at[i] - near) b++
    // A beat's own height says nothing about how high its neighbours are.
    const own = b < beats.length && beats[b] <= at[i] + near ? 1 : 0
    const beatHeight = heights.lower(b, b + own, 1)
    const noise = Math.min(highestNoise * beatHeight, noises.lower(others, others + 1 - own, 0))
    if (own === 0) others++
    const size = bounded(Math.log(height[i] / (noise + threshold * (beatHeight - noise))))
    score[i] = size > lowest ? size + alikeWeight * (fusion.similarity(at[i]) - alike) : lowest
    usual[i] = intervals.lower(b, b, firstSeconds * rateHz)
    const scattered = Math.max(scatter.before(b), scatter.after(b))
    steady[i] = Number.isFinite(scattered) ? Math.max(0, 1 - scattered / steadyScatter) : 0
  }
}

function intervalsOf(beats: Int32Array): Float64Array {
  const intervals = new Float64Array(Math.max(0, beats.length - 1))
  for (let k = 0; k < intervals.length; k++) intervals[k] = beats[k + 1] - beats[k]
  return intervals
}

const equal = (a: Int32Array, b: Int32Array) => a.length === b.length && a.every((row, i) => row === b[i])

/** Candidates farther than `near` from every beat. */
function without(at: Int32Array, beats: Int32Array, near: number): Int32Array {
  let b = 0
  return at.filter((row) => {
    while (b < beats.length && beats[b] < row - near) b++
    return b === beats.length || beats[b] > row + near
  })
}
