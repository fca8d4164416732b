import type { NShotEvaluation, NShotResult } from '../../contract/index.ts'
import { Random } from '../../curation/random.ts'
import { drawSubjects, overDraws, percentileInterval, type SubjectDraws } from './bootstrap.ts'
import { selectRows, type EmbeddingSet } from './embedding-set.ts'
import { rankProbes } from './identification.ts'
import { makeProbes } from './probes.ts'
import { cosineScores } from './scores.ts'
import { significant } from './significant.ts'
import { sortTrials, type SortedTrials } from './sorted-trials.ts'
import { makeTemplates } from './templates.ts'
import { weightedRates } from './weighted-rates.ts'

/** Enrolment windows per person. Source: recognition.md A4. */
export const usualShots: readonly number[] = [1, 3, 5, 10]
/** Each draw is a whole test of its own. Where that would be more trials, it takes every n-th probe, and the next draw others. */
const mostScores = 25_000

export interface NShotInput {
  readonly enrol: EmbeddingSet
  readonly test: EmbeddingSet
  /** Subjects, by the sets' index, that the model had learnt from. */
  readonly seen: ReadonlySet<number>
}

export interface NShotChoices {
  readonly shots: readonly number[]
  /** Windows of a decision; 0: all of a recording. */
  readonly beats: readonly number[]
  /** How often enrolment windows are drawn; replicate r of the bootstrap sees draw r modulo this. */
  readonly draws: number
  readonly replicates: number
  readonly seed: number
}

/**
 * Rank-1 and EER of people who enrolled with N windows, which are drawn at random of all that they have: N windows of one draw are the first N of one order, so that more shots are the same windows and
 * more. The template is the mean of their embeddings; people whom the model has seen, and those it has not, each stand in a gallery of their own. The draws depend on seed and person alone: systems that were
 * asked for the same see the same enrolments.
 * @throws RangeError for no draws, fewer than 100 replicates, or shots and beats that are no counts.
 * @example nShot(input, { shots: [1, 3], beats: [1], draws: 20, replicates: 200, seed: 1 }).results[0]: { people: 'unseen', shots: 1, rank1: { value: 0.61, interval: { low: 0.5, high: 0.72 } }, ... }
 */
export function nShot({ enrol, test, seen }: NShotInput, choices: NShotChoices): NShotEvaluation {
  const { shots, beats, draws, replicates, seed } = choices
  if (!(draws >= 1) || !shots.every((count) => Number.isInteger(count) && count >= 1)) throw new RangeError(`${draws} draws of ${shots.join(', ')} windows are no enrolment`)
  const tested = new Set(test.subject)
  const both = [...new Set(enrol.subject)].filter((subject) => tested.has(subject)).sort((a, b) => a - b)
  const results = (['seen', 'unseen'] as const).flatMap((people) => {
    const group = both.filter((subject) => seen.has(subject) === (people === 'seen'))
    // Of one person alone nobody is an impostor.
    if (group.length < 2) return []
    const subjects = drawSubjects(group.length, replicates, seed)
    const own = new Set(group)
    const probes = selectRows(test, rowsOf(test, own))
    const orders = Array.from({ length: draws }, (_, draw) => enrolmentOrders(enrol, own, draw, seed))
    return beats.flatMap((count) => {
      const { probes: fused } = makeProbes(probes, count)
      const most = Math.max(1, Math.floor(mostScores / group.length))
      const shown = orders.map((_, draw) => selectRows(fused, partOf(fused.subject.length, most, draw / draws)))
      return shots.map((each): NShotResult => ({ people, shots: each, beats: count, ...figures(enrol, shown, group, orders, each, subjects) }))
    })
  })
  return { draws, replicates, seed, results }
}

/** Each person's enrolment windows in the order in which a draw takes them. */
type Orders = ReadonlyMap<number, readonly number[]>

function enrolmentOrders(enrol: EmbeddingSet, own: ReadonlySet<number>, draw: number, seed: number): Orders {
  const rows = new Map<number, number[]>(Array.from(own, (subject) => [subject, []]))
  for (const row of rowsOf(enrol, own)) rows.get(enrol.subject[row])?.push(row)
  return new Map([...rows].map(([subject, of]) => [subject, Random.of(`enrolment draw ${draw} of ${subject}`, seed).shuffled(of)]))
}

/** `probes`: of each draw. */
function figures(enrol: EmbeddingSet, probes: readonly EmbeddingSet[], group: readonly number[], orders: readonly Orders[], shots: number, subjects: SubjectDraws): Omit<NShotResult, 'people' | 'shots' | 'beats'> {
  const placeOf = new Map(group.map((subject, place) => [subject, place]))
  const tests = orders.map((order, draw) => oneDraw(selectRows(enrol, [...order.values()].flatMap((rows) => rows.slice(0, shots))), probes[draw], placeOf))
  const all = new Float64Array(group.length + 1).fill(1)
  const drawn = { rank1: new Float64Array(subjects.replicates), eer: new Float64Array(subjects.replicates) }
  overDraws(subjects, (weights, replicate) => {
    const { rank1, eer } = ratesOf(tests[replicate % tests.length], weights)
    drawn.rank1[replicate] = rank1
    drawn.eer[replicate] = eer
  })
  const plain = tests.map((test) => ratesOf(test, all))
  const estimate = (name: 'rank1' | 'eer') => {
    const mean = plain.reduce((sum, rates) => sum + rates[name], 0) / plain.length
    return Number.isNaN(mean) ? { value: null, interval: null } : { value: significant(mean), interval: percentileInterval(drawn[name], group.length) }
  }
  return {
    subjects: group.length, short: [...orders[0].values()].filter((rows) => rows.length < shots).length, probes: probes[0].subject.length, rank1: estimate('rank1'), eer: estimate('eer'),
  }
}

/** One enrolment, tested. */
interface DrawnTest {
  readonly trials: SortedTrials
  /** Probes of each person by place, and how many of them were found first. */
  readonly asked: Float64Array
  readonly right: Float64Array
}

function oneDraw(enrolled: EmbeddingSet, probes: EmbeddingSet, placeOf: ReadonlyMap<number, number>): DrawnTest {
  const scores = cosineScores(probes, makeTemplates(enrolled, () => ''))
  const [asked, right] = [new Float64Array(placeOf.size), new Float64Array(placeOf.size)]
  const ranked = rankProbes(scores)
  ranked?.rank.forEach((rank, row) => {
    const place = placeOf.get(ranked.subject[row]) ?? 0
    asked[place]++
    if (rank === 1) right[place]++
  })
  return { trials: sortTrials(scores, placeOf, placeOf.size), asked, right }
}

/** Not a number where the draw has no such trials. People's probes are weighted, the gallery stands still for rank-1, as everywhere in the report. */
function ratesOf({ trials, asked, right }: DrawnTest, weights: Float64Array): { rank1: number; eer: number } {
  const sum = (counts: Float64Array): number => counts.reduce((total, count, place) => total + weights[place] * count, 0)
  return { rank1: sum(right) / sum(asked), eer: weightedRates(trials, weights, { fmrs: [], priors: [], thresholds: [] })?.eer ?? NaN }
}

const rowsOf = ({ subject }: EmbeddingSet, own: ReadonlySet<number>): number[] => [...subject.keys()].filter((row) => own.has(subject[row]))

/**
 * So many of 0 ... `count` - 1 at most, spread over all; `offset`, 0-1, moves them on by a part of the way to the next.
 * @example partOf(6, 3, 0) // [0, 2, 4]; partOf(6, 3, 0.5) // [1, 3, 5]
 */
const partOf = (count: number, most: number, offset: number): number[] => Array.from({ length: Math.min(count, most) }, (_, i) => (count <= most ? i : Math.floor(((i + offset) * count) / most)))
