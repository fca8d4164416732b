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

/** Working samples of the beats, by heights alone first, then in three rounds by height, shape and rhythm as the round before left them. */
export function chooseBeats(fusion: LeadFusion, rateHz: number): Int32Array {
  const rules: SequenceRules = { ...costs, refractory: refractorySeconds * rateHz, echo: echoSeconds * rateHz }
  let candidates = findCandidates(fusion, rateHz)
  let beats = firstBeats(fusion, candidates, rules, rateHz)
  for (let round = 0; round < rounds; round++) {
    const trusted = Math.min(trustedBeats, Math.max(1, beats.length >> 2))
    fusion.learn(beats, without(candidates.at, beats, reachSeconds * rateHz), trusted)
    candidates = findCandidates(fusion, rateHz)
    judge(fusion, candidates, beats, trusted, rateHz)
    beats = pick(candidates, rules)
  }
  return beats
}

function findCandidates(fusion: LeadFusion, rateHz: number): SequenceCandidates {
  const at = localPeaks(fusion.fused, Math.max(1, Math.round(reachSeconds * rateHz)))
  return { at, slope: Float64Array.from(at, (i) => fusion.slope(i)), score: column(at.length), usual: column(at.length).fill(Number.NaN), steady: column(at.length) }
}

/** The best sequence of those that are not hopeless: most humps are far too low, and no pause is so long that one of them would be a beat. */
function pick({ at, score, slope, usual, steady }: SequenceCandidates, rules: SequenceRules): Int32Array {
  const hopeful: number[] = []
  for (let i = 0; i < at.length; i++) if (score[i] > lowest) hopeful.push(i)
  const kept = { at: new Int32Array(hopeful.length), score: column(hopeful.length), slope: column(hopeful.length), usual: column(hopeful.length), steady: column(hopeful.length) }
  for (let k = 0; k < hopeful.length; k++) {
    const i = hopeful[k]
    kept.at[k] = at[i]
    kept.score[k] = score[i]
    kept.slope[k] = slope[i]
    kept.usual[k] = usual[i]
    kept.steady[k] = steady[i]
  }
  return Int32Array.from(bestSequence(kept, rules), (i) => kept.at[i])
}

const column = (length: number) => new Float64Array(length)
const bounded = (value: number) => Math.max(lowest, Math.min(highest, value))

function firstBeats({ fused }: LeadFusion, candidates: SequenceCandidates, rules: SequenceRules, rateHz: number): Int32Array {
  const { at, score, usual } = candidates
  const scoreAgainst = (height: number) => at.forEach((row, i) => (score[i] = bounded(Math.log(fused[row] / height))))
  scoreAgainst(clearHeight)
  const clear = pick(candidates, rules)
  const intervals = new RunningMedian(intervalsOf(clear), firstAround)
  let before = 0
  for (let i = 0; i < at.length; i++) {
    while (before < clear.length && clear[before] < at[i]) before++
    const slower = Math.max(...[intervals.before(before), intervals.after(before)].filter(Number.isFinite))
    usual[i] = slower > 0 ? Math.min(firstSeconds * rateHz, slower) : firstSeconds * rateHz
  }
  scoreAgainst(firstHeight)
  return pick(candidates, rules)
}

/** Fills score, usual interval and steadiness from the beats found so far. */
function judge(fusion: LeadFusion, { at, score, usual, steady }: SequenceCandidates, beats: Int32Array, trusted: number, rateHz: number): void {
  const { fused } = fusion
  const near = reachSeconds * rateHz
  const others = without(at, beats, near)
  const heights = new RunningMedian(Float64Array.from(beats, (row) => fused[row]), around)
  const noises = new RunningMedian(Float64Array.from(others, (row) => fused[row]), around)
  const distances = intervalsOf(beats)
  const intervals = new RunningMedian(distances, around)
  const scatter = new RunningMedian(distances.map((distance, k) => Math.abs(Math.log(distance / intervals.lower(k + 1, k, distance)))), around)
  let b = 0
  let o = 0
  for (let i = 0; i < at.length; i++) {
    while (b < beats.length && beats[b] < at[i] - near) b++
    while (o < others.length && others[o] < at[i]) o++
    // A beat's own height says nothing about how high its neighbours are.
    const own = b < beats.length && beats[b] <= at[i] + near ? 1 : 0
    const height = heights.lower(b, b + own, 1)
    const noise = Math.min(highestNoise * height, noises.lower(o, own === 1 ? o : o + 1, 0))
    const size = bounded(Math.log(fused[at[i]] / (noise + threshold * (height - noise))))
    score[i] = size > lowest ? size + alikeWeight * (fusion.similarity(at[i], trusted) - alike) : lowest
    usual[i] = intervals.lower(b, b, firstSeconds * rateHz)
    const scattered = Math.max(scatter.before(b), scatter.after(b))
    steady[i] = Number.isFinite(scattered) ? Math.max(0, 1 - scattered / steadyScatter) : 0
  }
}

const intervalsOf = (beats: Int32Array) => Float64Array.from(beats.subarray(1), (row, k) => row - beats[k])

/** Candidates farther than `near` from every beat. */
function without(at: Int32Array, beats: Int32Array, near: number): Int32Array {
  let b = 0
  return at.filter((row) => {
    while (b < beats.length && beats[b] < row - near) b++
    return b === beats.length || beats[b] > row + near
  })
}
