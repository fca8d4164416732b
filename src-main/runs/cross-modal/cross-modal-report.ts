import { matchingMeasures, type CrossModalReport, type MatchingRound, type ModelName, type OverlapThreshold, type RunEpoch, type RunRecord, type Teachability, type TransitSummary, type TrialOverlap } from '../../contract/index.ts'
import { drawSubjects } from '../../learning/evaluation/bootstrap.ts'
import { selectRows, type EmbeddingSet } from '../../learning/evaluation/embedding-set.ts'
import { equalErrorRate } from '../../learning/evaluation/equal-error-rate.ts'
import { errorCurve } from '../../learning/evaluation/error-rates.ts'
import type { EvaluationInput } from '../../learning/evaluation/evaluate.ts'
import { makeProbes } from '../../learning/evaluation/probes.ts'
import { cosineScores, scoreLists } from '../../learning/evaluation/scores.ts'
import { significant } from '../../learning/evaluation/significant.ts'
import { embeddingLikeness } from '../../learning/evaluation/teachability.ts'
import { makeTemplates } from '../../learning/evaluation/templates.ts'
import { trialOverlap, type Judge } from '../../learning/evaluation/trial-overlap.ts'
import { fixThresholds, someOf } from '../fixed-thresholds.ts'
import type { RunData, TeachingModality } from '../run-data.ts'

/** What a model made of the windows of the parts, in the parts' order. */
export type ModelInput = Pick<EvaluationInput, 'enrol' | 'test' | 'validation' | 'recordings'>

export interface CrossModalSetting {
  readonly record: Pick<RunRecord, 'recipe' | 'seed'>
  readonly run: RunData
  /** Of those of `crossModalModels` that were evaluated. */
  readonly inputs: ReadonlyMap<ModelName, ModelInput>
  readonly epochs: readonly RunEpoch[]
}

/** Whose embeddings are looked at. */
export const crossModalModels: ReadonlySet<ModelName> = new Set(['teacher', 'fusion', 'student', 'scratch'])

/** MMD looks at every pair of windows: of more, every n-th. */
const mostWindows = 500
/** Columns of a curve in a report. */
const mostPoints = 200

type Part = 'test' | 'validation'

/** What a recipe for two modalities has to tell beside its figures (recognition.md A2, A3, A4); `undefined` for the others. */
export function crossModalReport(setting: CrossModalSetting): CrossModalReport | undefined {
  const { run, record, epochs } = setting
  if (run.teacher === null) return undefined
  const beats = [...new Set([1, record.recipe.evaluation.beatsPerProbe[0]])]
  return {
    lanes: { teacher: run.teacher.windows.lane, student: run.windows.lane },
    teachability: teachability(setting, run.teacher),
    overlaps: beats.flatMap((count) => overlap(setting, run.teacher, count)),
    matching: spread(matchingRounds(epochs)),
    ...(run.teacher.transits.length > 0 && { transit: transitSummary(run.teacher) }),
  }
}

/** @example transitSummary({ transits, pairs }).seconds // { lowest: 0.45, median: 0.49, highest: 0.55 } */
export function transitSummary({ transits, pairs }: Pick<TeachingModality, 'transits' | 'pairs'>): TransitSummary {
  const told = transits.flatMap(({ seconds }) => seconds ?? []).sort((a, b) => a - b)
  const at = (place: number): number => significant(told[place]) ?? 0
  return {
    recordings: transits.length, told: told.length, seconds: told.length === 0 ? null : { lowest: at(0), median: at(told.length >> 1), highest: at(told.length - 1) },
    windows: pairs.length, paired: pairs.reduce((sum, pair) => sum + (pair >= 0 ? 1 : 0), 0),
  }
}

/** Places, within a part, of the windows that both modalities have: in the student's part, in the teacher's, and among the student's alone (what a fusion was given). */
interface PairedPlaces {
  readonly student: readonly number[]
  readonly teacher: readonly number[]
  readonly fusion: readonly number[]
}

function pairedPlaces({ data }: RunData, { pairs, data: teaching }: TeachingModality, part: Part): PairedPlaces {
  const placeOf = new Map(Array.from(teaching[part], (row, place) => [row, place]))
  const places = { student: [] as number[], teacher: [] as number[], fusion: [] as number[] }
  let joined = 0
  data[part].forEach((row, place) => {
    if (pairs[row] < 0) return
    const partner = placeOf.get(pairs[row])
    // A partner may be in another part: the ends of recordings that were held out need not end together.
    if (partner !== undefined) {
      places.student.push(place)
      places.teacher.push(partner)
      places.fusion.push(joined)
    }
    joined++
  })
  return places
}

function teachability({ record, run, inputs, epochs }: CrossModalSetting, teaching: TeachingModality): Teachability {
  const fused = record.recipe.recipe === 'fusion' && inputs.has('fusion')
  const teacher: ModelName = fused ? 'fusion' : 'teacher'
  const parts = (['test', 'validation'] as const).flatMap((part): Teachability['parts'] => {
    const all = pairedPlaces(run, teaching, part)
    const chosen = spread([...all.student.keys()], mostWindows)
    const of = (name: ModelName, places: readonly number[]): EmbeddingSet | null => {
      const set = inputs.get(name)?.[part]
      return set ? selectRows(set, chosen.map((i) => places[i])) : null
    }
    const taught = of(teacher, fused ? all.fusion : all.teacher)
    const [start, end] = [of('scratch', all.student), of('student', all.student)]
    if (chosen.length === 0 || taught === null || (start === null && end === null)) return []
    return [{
      part, windows: chosen.length, paired: all.student.length, dimensions: { teacher: taught.dimension, student: (end ?? start)?.dimension ?? 0 },
      start: start && embeddingLikeness(taught, start), end: end && embeddingLikeness(taught, end),
    }]
  })
  const assessed = epochs.filter(({ phase, terms }) => phase === 'student' && 'assessed' in terms).map(({ epoch, terms }) => ({ epoch, rate: terms.assessed }))
  return { teacher, parts, assessment: spread(inOrder(assessed)) }
}

/** The three models on the same trials: those of windows that both modalities have, and of people whom both have enrolled. Without such, the two students on all. */
function overlap({ record, run, inputs }: CrossModalSetting, teaching: TeachingModality | null, beats: number): TrialOverlap[] {
  const [scratch, student, teacher] = (['scratch', 'student', 'teacher'] as const).map((name) => inputs.get(name))
  if (!scratch || !student || !teaching) return []
  const places = pairedPlaces(run, teaching, 'test')
  const three = teacher ? trialsOf({ scratch, student, other: teacher }, beats, places) : null
  const trials = three ?? trialsOf({ scratch, student, other: null }, beats, null)
  if (trials === null) return []
  const { judges, thresholds, probes, templates, subjects } = trials
  const placeOf = new Map(subjects.map((subject, place) => [subject, place]))
  return [{
    beats, other: judges.other === null ? null : 'teacher', probes, templates, thresholds,
    kinds: trialOverlap(judges, drawSubjects(subjects.length, record.recipe.evaluation.replicates, record.seed), placeOf),
  }]
}

interface Inputs {
  readonly scratch: ModelInput
  readonly student: ModelInput
  readonly other: ModelInput | null
}

interface Trials {
  readonly judges: { readonly scratch: Judge; readonly student: Judge; readonly other: Judge | null }
  readonly thresholds: TrialOverlap['thresholds']
  readonly probes: number
  readonly templates: number
  readonly subjects: readonly number[]
}

/** `null` where these windows give no genuine or no impostor trial. */
function trialsOf({ scratch, student, other }: Inputs, beats: number, places: PairedPlaces | null): Trials | null {
  const known = new Set(other?.enrol.subject ?? student.enrol.subject)
  const common = new Set(student.enrol.subject.filter((subject) => known.has(subject)))
  const judge = (input: ModelInput, rows: readonly number[] | null): (Judge & { readonly rule: OverlapThreshold['rule'] }) | null => {
    const enrol = selectRows(input.enrol, [...input.enrol.subject.keys()].filter((row) => common.has(input.enrol.subject[row])))
    const templates = makeTemplates(enrol, (recording) => input.recordings[recording].session)
    const scores = cosineScores(someOf(makeProbes(rows ? selectRows(input.test, rows) : input.test, beats).probes, templates.subject.length), templates)
    const curve = errorCurve(scoreLists(scores))
    if (curve === null) return null
    const fixed = fixThresholds(input.validation, input.enrol, input.recordings, [beats])?.find(({ rule }) => rule === 'validation-eer')
    return { scores, threshold: fixed?.threshold ?? equalErrorRate(curve).threshold, rule: fixed ? 'validation-eer' : 'own-eer' }
  }
  const [alone, taught, across] = [judge(scratch, places?.student ?? null), judge(student, places?.student ?? null), other && judge(other, places?.teacher ?? null)]
  if (!alone || !taught || (other && !across)) return null
  const told = ({ threshold, rule }: OverlapThreshold): OverlapThreshold => ({ threshold: significant(threshold), rule })
  const { probeSubject, templateSubject } = taught.scores
  return {
    judges: { scratch: alone, student: taught, other: across },
    thresholds: { scratch: told(alone), student: told(taught), other: across && told(across) },
    probes: probeSubject.length, templates: templateSubject.length, subjects: [...new Set([...probeSubject, ...templateSubject])].sort((a, b) => a - b),
  }
}

/** Told of no epoch but those; the transmission cost is part of every epoch's loss. */
const matchings = ['changed', 'comparisons', 'seconds'] as const

function matchingRounds(epochs: readonly RunEpoch[]): MatchingRound[] {
  return inOrder(epochs.filter(({ phase, terms }) => phase === 'student' && matchings.some((measure) => matchingMeasures[measure] in terms)).map(({ epoch, terms }) => {
    const told = (name: keyof typeof matchingMeasures): number | null => (matchingMeasures[name] in terms ? significant(terms[matchingMeasures[name]]) : null)
    return { epoch, partners: told('partners'), changed: told('changed'), similarity: told('similarity'), comparisons: told('comparisons'), seconds: told('seconds'), transmissionCost: told('transmissionCost') }
  }))
}

/** By epoch; one that was told twice (by a run that was ended in between) counts as it was told last. */
const inOrder = <Told extends { readonly epoch: number }>(told: readonly Told[]): Told[] => [...new Map(told.map((each) => [each.epoch, each])).values()].sort((a, b) => a.epoch - b.epoch)

/** So many at most, spread evenly. */
const spread = <Item>(items: readonly Item[], most = mostPoints): Item[] => (items.length <= most ? [...items] : Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]))
