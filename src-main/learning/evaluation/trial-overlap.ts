import type { OverlapByKind, OverlapCell } from '../../contract/index.ts'
import { overDraws, percentileInterval, type SubjectDraws } from './bootstrap.ts'
import { mcnemarExact } from './mcnemar.ts'
import type { ScoreMatrix } from './scores.ts'
import { significant } from './significant.ts'

/** One system's scores of the trials, and from which score on it takes two for one person. */
export interface Judge {
  readonly scores: ScoreMatrix
  readonly threshold: number
}

export interface Judges {
  /** The student alone, and the taught one. */
  readonly scratch: Judge
  readonly student: Judge
  readonly other: Judge | null
}

type Kind = OverlapByKind['kind']

/**
 * Who judged which trials rightly (a genuine one accepted, an impostor's refused), genuine and impostor apart: what teaching fixed and broke, and what of it the other modality had right (recognition.md A2).
 * The difference is drawn over subjects as all figures are: a genuine trial weighs w[subject], an impostor trial w[probe] x w[template].
 * @param placeOf a subject's place in the draws.
 * @throws RangeError when the judges did not see the same trials, or a subject has no place.
 * @example trialOverlap(judges, draws, placeOf)[0]: { kind: 'genuine', trials: 900, fixed: { trials: 41, otherRight: 35 }, broken: { trials: 12, otherRight: 5 }, ... }
 */
export function trialOverlap({ scratch, student, other }: Judges, draws: SubjectDraws, placeOf: ReadonlyMap<number, number>): OverlapByKind[] {
  const { probeSubject, templateSubject } = scratch.scores
  for (const judge of [student, other]) if (judge && !sameTrials(judge.scores, scratch.scores)) throw new RangeError('the systems did not judge the same trials')
  const place = (subject: number): number => {
    const found = placeOf.get(subject)
    if (found === undefined) throw new RangeError(`subject ${subject} has no place`)
    return found
  }
  const [probePlace, templatePlace] = [Uint32Array.from(probeSubject, place), Uint32Array.from(templateSubject, place)]
  const columns = templatePlace.length
  const counts: Record<Kind, Float64Array> = { genuine: new Float64Array(8), impostor: new Float64Array(8) }
  const gains: Record<Kind, Gains> = { genuine: new Gains(draws.subjects), impostor: new Gains(draws.subjects) }
  for (let i = 0; i < probePlace.length * columns; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns]
    const genuine = probeSubject[row] === templateSubject[column]
    const right = (judge: Judge): boolean => judge.scores.scores[i] >= judge.threshold === genuine
    const [alone, taught] = [right(scratch), right(student)]
    const kind = genuine ? 'genuine' : 'impostor'
    counts[kind][cellOf(alone, taught, other !== null && right(other))]++
    if (taught !== alone) gains[kind].add(probePlace[row], templatePlace[column], taught ? 1 : -1)
  }
  const perPlace = (of: Uint32Array): Float64Array => of.reduce((count, at) => {
    count[at]++
    return count
  }, new Float64Array(draws.subjects))
  const crowd = { probes: perPlace(probePlace), templates: perPlace(templatePlace) }
  return (['genuine', 'impostor'] as const).map((kind) => ofKind(kind, counts[kind], other !== null, drawn(gains[kind], crowd, kind, draws), draws.subjects))
}

function sameTrials(a: ScoreMatrix, b: ScoreMatrix): boolean {
  const same = (left: Int32Array, right: Int32Array): boolean => left.length === right.length && left.every((subject, i) => subject === right[i])
  return same(a.probeSubject, b.probeSubject) && same(a.templateSubject, b.templateSubject)
}

const cellOf = (scratch: boolean, student: boolean, other: boolean): number => 4 * Number(scratch) + 2 * Number(student) + Number(other)
const truths = [true, false] as const

function ofKind(kind: Kind, counts: Float64Array, three: boolean, draws: Float64Array, subjects: number): OverlapByKind {
  const trials = counts.reduce((sum, count) => sum + count, 0)
  const both = (scratch: boolean, student: boolean): { trials: number; otherRight: number | null } => {
    const [wrong, right] = [counts[cellOf(scratch, student, false)], counts[cellOf(scratch, student, true)]]
    return { trials: wrong + right, otherRight: three ? right : null }
  }
  const cells: OverlapCell[] = truths.flatMap((scratch) =>
    truths.flatMap((student): OverlapCell[] =>
      three ? truths.map((other) => ({ scratch, student, other, trials: counts[cellOf(scratch, student, other)] })) : [{ scratch, student, other: null, trials: both(scratch, student).trials }]))
  const [fixed, broken] = [both(false, true), both(true, false)]
  return {
    kind, trials, cells, fixed, broken,
    difference: trials === 0 ? { value: null, interval: null } : { value: significant((fixed.trials - broken.trials) / trials), interval: percentileInterval(draws, subjects) },
    mcnemarP: significant(mcnemarExact(fixed.trials, broken.trials)),
  }
}

/** How many more trials were fixed than broken between two people, where any was either. */
class Gains {
  readonly #places: number
  readonly #at = new Map<number, number>()
  readonly left: number[] = []
  readonly right: number[] = []
  readonly gain: number[] = []

  constructor(places: number) {
    this.#places = places
  }

  add(left: number, right: number, gain: number): void {
    const key = left * this.#places + right
    const at = this.#at.get(key)
    if (at !== undefined) {
      this.gain[at] += gain
      return
    }
    this.#at.set(key, this.gain.length)
    this.left.push(left)
    this.right.push(right)
    this.gain.push(gain)
  }
}

/** Probes and templates of every place. */
interface Crowd {
  readonly probes: Float64Array
  readonly templates: Float64Array
}

/** The difference on every draw of subjects; not a number where a draw has no such trial. Every probe meets every template, so the weight of all trials needs no walk over them. */
function drawn({ left, right, gain }: Gains, { probes, templates }: Crowd, kind: Kind, draws: SubjectDraws): Float64Array {
  const values = new Float64Array(draws.replicates)
  overDraws(draws, (weights, replicate) => {
    let [own, every, theirs, same] = [0, 0, 0, 0]
    for (let a = 0; a < draws.subjects; a++) {
      own += weights[a] * probes[a] * templates[a]
      every += weights[a] * probes[a]
      theirs += weights[a] * templates[a]
      same += weights[a] * weights[a] * probes[a] * templates[a]
    }
    let sum = 0
    if (kind === 'genuine') for (let i = 0; i < gain.length; i++) sum += weights[left[i]] * gain[i]
    else for (let i = 0; i < gain.length; i++) sum += weights[left[i]] * weights[right[i]] * gain[i]
    values[replicate] = sum / (kind === 'genuine' ? own : every * theirs - same)
  })
  return values
}
