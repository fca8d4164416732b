import type { ConfidenceCalibration, SystemEvaluation } from '../../contract/index.ts'
import { drawSubjects } from './bootstrap.ts'
import { calibrate } from './calibration.ts'
import { checkEmbeddings, selectRows, type EmbeddingSet, type EvaluatedRecording } from './embedding-set.ts'
import { evaluateProbes, type ProbeReplicates } from './evaluate-probes.ts'
import { permutedLabels } from './label-permutation.ts'
import { perSubject } from './per-subject.ts'
import { makeProbes } from './probes.ts'
import { cohortTop, fewestCohort, makeCohort, normaliseScores, subtractMean, type Cohort, type NormalisationKind } from './score-normalisation.ts'
import { cosineScores, scoreLists, type ScoreMatrix } from './scores.ts'
import { significant } from './significant.ts'
import { makeTemplates, type TemplateSet } from './templates.ts'
import type { ClassScores } from './temperature.ts'
import { failureRate, type FailureToAcquire } from './transaction-rates.ts'
import { validationSides } from './validation-sides.ts'

/** More scores than this take seconds and hundreds of megabytes: of so many probes every n-th is taken. */
const mostScores = 4_000_000

export interface EvaluationInput {
  /** Codes by index of the embedding sets' `subject`; recordings by index of their `recording`. */
  readonly subjects: readonly string[]
  readonly recordings: readonly EvaluatedRecording[]
  readonly enrol: EmbeddingSet
  readonly test: EmbeddingSet
  /** Thresholds, temperature and score calibration are fixed on it; `null`: the report has none. */
  readonly validation: EmbeddingSet | null
  /** Training windows of people who are in no trial, for score normalisation. */
  readonly cohort: EmbeddingSet | null
  /** Cosines of the classifier head, where the test's people are its classes; `null`: confidence is looked at over the enrolled templates. */
  readonly logits: { readonly test: ClassScores; readonly validation: ClassScores | null } | null
  /** What cosines are multiplied with before a softmax: the margin loss's s. */
  readonly scale: number
  readonly normalisation: { readonly kind: NormalisationKind; readonly subtractMean: boolean }
  readonly failureToAcquire: FailureToAcquire | null
}

export interface EvaluationChoices {
  /** Windows of a decision, the headline first; 0: all of a recording. */
  readonly beats: readonly number[]
  readonly replicates: number
  readonly seed: number
}

/** Values on every draw of subjects, for comparing systems that were evaluated with the same choices on the same test. Not part of the report. */
export interface SystemReplicates {
  readonly seed: number
  readonly replicates: number
  /** Codes in the order of the draws. */
  readonly subjects: readonly string[]
  readonly byBeats: readonly ProbeReplicates[]
}

export interface EvaluatedSystem {
  readonly evaluation: SystemEvaluation
  readonly replicates: SystemReplicates
}

/**
 * One model on the test part: verification, identification, calibration and how well each is known. Figures that the data cannot give are `null`.
 * @throws RangeError on embeddings that are not of length 1 or not numbers (a model that diverged), without enrolment or test, and on choices out of range.
 * @example evaluate(input, { beats: [1, 5, 0], replicates: 1000, seed: 1 }).evaluation.byBeats[0].eer: { value: 0.043, interval: { low: 0.021, high: 0.085 } }
 */
export function evaluate(input: EvaluationInput, choices: EvaluationChoices): EvaluatedSystem {
  for (const set of [input.enrol, input.test, input.validation, input.cohort]) if (set) checkEmbeddings(set)
  if (input.enrol.subject.length === 0 || input.test.subject.length === 0) throw new RangeError('there is nobody to enrol, or nothing to test')
  if (choices.beats.length === 0) throw new RangeError('no number of beats is asked for')
  const cohort = input.cohort && input.cohort.subject.length > 0 ? makeCohort(input.cohort) : null
  const people = cohort?.subjects.subject.length ?? 0
  const asked = input.normalisation.kind !== 'none' || input.normalisation.subtractMean
  const plainly = (off: SystemEvaluation['normalisation']['off']): EvaluatedSystem => {
    const plain = evaluateWith(input, choices, null, 'none', people, off)
    if (!plain) throw new RangeError('plain cosines need no cohort')
    return plain
  }
  if (!asked) return plainly(null)
  if (!cohort || people < fewestCohort) return plainly('cohort-too-small')
  return evaluateWith(input, choices, cohort, input.normalisation.kind, people, null) ?? plainly('cohort-without-spread')
}

/** `null`: the normalisation cannot be computed. */
function evaluateWith(
  input: EvaluationInput, choices: EvaluationChoices, cohort: Cohort | null, kind: NormalisationKind, people: number, off: SystemEvaluation['normalisation']['off'],
): EvaluatedSystem | null {
  const { subjects } = input
  const shift = cohort && input.normalisation.subtractMean ? cohort.mean : null
  const moved = (set: EmbeddingSet): EmbeddingSet => (shift ? subtractMean(set, shift) : set)
  const [enrol, test] = [moved(input.enrol), moved(input.test)]
  const strangers = cohort && input.cohort && shift ? makeTemplates(moved(input.cohort), () => '') : (cohort?.subjects ?? null)
  const top = strangers && cohortTop(kind, strangers.subject.length)
  const normalised = (plain: ScoreMatrix, probes: EmbeddingSet, templates: TemplateSet): ScoreMatrix | null =>
    strangers && top !== null ? normaliseScores(plain, probes, templates, strangers, top) : plain
  const sessionOf = (recording: number): string => input.recordings[recording].session
  const templates = makeTemplates(enrol, sessionOf)
  const sides = input.validation && validationSides(moved(input.validation), enrol, input.recordings)
  const validation = sides && { probe: sides.probe, templates: makeTemplates(sides.enrol, sessionOf) }

  const indices = [...new Set([...enrol.subject, ...test.subject])].sort((a, b) => a - b)
  const placeOf = new Map(indices.map((subject, place) => [subject, place]))
  const draws = drawSubjects(indices.length, choices.replicates, choices.seed)
  let headline: { matrix: ScoreMatrix; permutation: SystemEvaluation['permutation']; calibration: ConfidenceCalibration | null } | null = null
  const evaluated = []
  for (const beats of choices.beats) {
    const { probes, unusedWindows } = thinned(makeProbes(test, beats), templates.subject.length)
    const cosines = cosineScores(probes, templates)
    const matrix = normalised(cosines, probes, templates)
    const held = validation && thinned(makeProbes(validation.probe, beats), validation.templates.subject.length).probes
    const heldCosines = validation && held && cosineScores(held, validation.templates)
    const heldMatrix = validation && held && heldCosines && normalised(heldCosines, held, validation.templates)
    if (!matrix || (heldCosines && !heldMatrix)) return null
    const result = evaluateProbes(
      { beats, unusedWindows, test: matrix, validation: heldMatrix && scoreLists(heldMatrix), failureToAcquire: input.failureToAcquire }, draws, placeOf,
    )
    evaluated.push(result)
    headline ??= {
      matrix, permutation: permutedLabels(result.trials, choices.seed),
      calibration: input.logits
        ? calibrate('head', input.logits.test, input.logits.validation, input.scale)
        : calibrate('gallery', galleryScores(cosines), heldCosines && galleryScores(heldCosines), input.scale),
    }
  }
  const neverEnrolled = new Set(test.subject)
  for (const subject of templates.subject) neverEnrolled.delete(subject)
  const evaluation: SystemEvaluation = {
    subjects: { enrolled: templates.subject.length, tested: new Set(test.subject).size, neverEnrolled: neverEnrolled.size },
    enrolment: { windows: spreadOf(templates.windows), sessions: spreadOf(templates.sessions) },
    normalisation: { kind, meanSubtracted: shift !== null, cohort: people, top, off },
    bootstrap: { replicates: choices.replicates, seed: choices.seed, subjects: indices.length },
    byBeats: evaluated.map((result) => result.evaluation),
    calibration: headline?.calibration ?? null,
    perSubject: headline ? perSubject(headline.matrix, (subject) => subjects[subject]) : [],
    permutation: headline?.permutation ?? null,
    failureToAcquire: input.failureToAcquire && { ...input.failureToAcquire, rate: significant(failureRate(input.failureToAcquire)) },
  }
  return { evaluation, replicates: { seed: choices.seed, replicates: choices.replicates, subjects: indices.map((subject) => subjects[subject]), byBeats: evaluated.map((result) => result.replicates) } }
}

/** Every n-th probe (n need not be whole), spread over all people alike. */
function thinned({ probes, unusedWindows }: ReturnType<typeof makeProbes>, templates: number): ReturnType<typeof makeProbes> {
  const all = probes.subject.length
  const most = Math.max(1, Math.floor(mostScores / Math.max(1, templates)))
  if (all <= most) return { probes, unusedWindows }
  const kept = Array.from({ length: most }, (_, i) => Math.floor((i * all) / most))
  return { probes: selectRows(probes, kept), unusedWindows: unusedWindows + all - most }
}

/** Enrolled people's probes as samples of a classifier whose classes are the templates. */
function galleryScores({ scores, probeSubject, templateSubject }: ScoreMatrix): ClassScores {
  const classes = templateSubject.length
  const classOf = new Map(Array.from(templateSubject, (subject, column) => [subject, column]))
  const rows = Array.from(probeSubject.keys()).filter((row) => classOf.has(probeSubject[row]))
  const cosines = new Float32Array(rows.length * classes)
  rows.forEach((row, to) => cosines.set(scores.subarray(row * classes, (row + 1) * classes), to * classes))
  return { cosines, classes, label: Int32Array.from(rows, (row) => classOf.get(probeSubject[row]) ?? 0) }
}

function spreadOf(counts: Int32Array): { minimum: number; median: number; maximum: number } {
  const sorted = Int32Array.from(counts).sort()
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { minimum: sorted[0], median, maximum: sorted[sorted.length - 1] }
}
