import { LabError, type DatasetSplit, type Recipe, type SplitRole } from '../contract/index.ts'
import { isSubjectDisjoint, sideOf } from '../curation/split-roles.ts'
import { TrainingBatches } from '../learning/data/batches.ts'
import { IdentitySampler } from '../learning/data/identity-sampler.ts'
import { requireTrainable } from '../learning/data/training-needs.ts'
import { classesOf, windowsOf, type Classes } from '../learning/data/window-rows.ts'
import type { WindowSet } from '../learning/data/window-set.ts'
import type { EmbeddingSet } from '../learning/evaluation/embedding-set.ts'
import type { BatchSource } from '../learning/training/fit.ts'
import type { WindowSetReport } from './window-cache.ts'
import type { FitOptions, WindowOptions } from '../contract/index.ts'

/** The windows of a split by what a run does with them: rows of `set`. */
export interface TrainingData {
  readonly set: WindowSet
  /** Learnt; chosen by; templates; looked at once. */
  readonly training: Int32Array
  readonly validation: Int32Array
  readonly enrolment: Int32Array
  readonly test: Int32Array
  readonly classes: Classes
  /** The model knows the people that are tested. */
  readonly closedSet: boolean
  /** Validation is, or has beside the split's own part, the end of the training recordings. */
  readonly heldOut: boolean
}

const allRoles: readonly SplitRole[] = ['train', 'validation', 'enrol', 'test']

/**
 * Who learns and who judges. In a closed set the enrolment recordings are learnt too (curation/split-roles.ts).
 * `report`: why windows were left out, so that a refusal can say it. `side`: whose windows these are in a recipe for two modalities; a teacher may have nothing to be tested with.
 * @throws LabError `training-impossible` with counts and what would do.
 */
export function trainingData(set: WindowSet, split: Pick<DatasetSplit, 'options'>, recipe: Recipe, report: WindowSetReport | null = null, side: RecipeSide = 'student'): TrainingData {
  const closedSet = !isSubjectDisjoint(split.options)
  const roles = allRoles.filter((role) => sideOf(role, split.options) === 'train')
  const fits = fitsOf(recipe, side)
  const given = windowsOf(set, ['validation'])
  const heldOut = recipe.holdOut !== null
  const learnable = windowsOf(set, roles)
  const held = heldOut ? endsOf(set, learnable, recipe.holdOut ?? 0) : new Set<number>()
  const keep = (rows: Int32Array): Int32Array => rows.filter((row) => !held.has(row))
  const training = keep(learnable)
  const validation = [...given, ...learnable.filter((row) => held.has(row))]
  const enrolment = keep(windowsOf(set, ['enrol']))
  const test = windowsOf(set, ['test'])
  if (side === 'student' && (enrolment.length === 0 || test.length === 0)) {
    throw new LabError('training-impossible', `The split has ${enrolment.length} windows to enrol with and ${test.length} to test: nothing could be said of a model. ${report ? whyFew(report, recipe.windows) : ''}Choose another split, lane or segmentation.`, {
      enrolment: enrolment.length, test: test.length, ...(report ? { ...report.total } : {}),
    })
  }
  // Classical baselines choose nothing by validation.
  for (const { people, windowsPerPerson } of fits) requireTrainable(heldOut ? relabelled(set, held) : set, { roles, identities: people, perIdentity: windowsPerPerson })
  const classes = classesOf(set, training)
  if (recipe.recipe !== 'template' && classes.subjects.length < 2) {
    throw new LabError('training-impossible', `Only ${classes.subjects.length} person has windows to learn from: recognition needs two at the least. Choose a version or split with more.`, { subjects: classes.subjects.length, needed: 2 })
  }
  return { set, training, validation: Int32Array.from(validation).sort(), enrolment, test, classes, closedSet, heldOut }
}

/** Recording finds the beats of one ECG lane; those of other lanes, and of pulses, the offline detectors find. `null`: they are known. @example 'In 270 of 270 recordings no beats of PPG are known: analyse them first (...).' */
export function beatsUnknown({ recordings }: Pick<WindowSetReport, 'recordings'>, { lane }: Pick<WindowOptions, 'lane'>): string | null {
  const [unknown, all] = [recordings.filter(({ beatless }) => beatless), recordings].map((some) => new Set(some.map(({ recording }) => recording)).size)
  return unknown === 0 ? null : `In ${unknown} of ${all} recordings no beats of ${lane.toUpperCase()} are known: analyse them first (pulseprint analyse, or Beats and quality on the Dataset page), or take windows of one length.`
}

/** @example 'Of 15 recordings 15 have no such lane. ', 'Of 341 windows 300 reach beyond the kept rows, 41 miss samples. ' */
function whyFew(report: WindowSetReport, windows: WindowOptions): string {
  const { recordings, total: { wanted, edge, missing, flat, lowQuality, moved, outliers, tooFew } } = report
  const without = new Set(recordings.filter(({ lane }) => lane === null).map(({ recording }) => recording)).size
  const all = new Set(recordings.map(({ recording }) => recording)).size
  const reasons = ([[edge, 'reach beyond the kept rows'], [missing, 'miss samples'], [flat, 'are flat'], [lowQuality, 'are below the quality gate'], [moved, 'were moved more than the limit'], [outliers, 'are unlike the median beat'], [tooFew, 'fill no group']] as const).filter(([count]) => count > 0)
  const unknown = beatsUnknown(report, windows)
  if (wanted === 0 && unknown !== null) return `${unknown} `
  if (wanted === 0 && without === 0) return 'No recording is long enough for one window after what is left out at its beginning. '
  return `${without > 0 ? `Of ${all} recordings ${without} have no such lane. ` : ''}${reasons.length > 0 ? `Of ${wanted} windows ${reasons.map(([count, words]) => `${count} ${words}`).join(', ')}. ` : ''}`
}

/** Whose windows: those of the teacher's modality, or the student's; in a recipe with one modality all are the student's. */
export type RecipeSide = 'teacher' | 'student'

/** Every network that a recipe fits to windows of one modality. */
export function fitsOf(recipe: Recipe, side: RecipeSide = 'student'): FitOptions[] {
  const teacher = 'teacher' in recipe ? [recipe.teacher.fit] : []
  if (side === 'teacher') return teacher
  return [...('teacherWindows' in recipe ? [] : teacher), ...('encoder' in recipe ? [recipe.encoder.fit] : []), ...('student' in recipe ? [recipe.student.fit] : [])]
}

/** The set as it would be if the split had had a validation part. */
function relabelled(set: WindowSet, held: ReadonlySet<number>): WindowSet {
  const validation = set.roles.indexOf('validation')
  return { ...set, role: set.role.map((role, row) => (held.has(row) ? validation : role)) }
}

/** The last windows of every recording. Windows of a recording stand in the order of time. */
function endsOf({ recording }: WindowSet, rows: Int32Array, part: number): Set<number> {
  const byRecording = new Map<number, number[]>()
  for (const row of rows) {
    const own = byRecording.get(recording[row])
    if (own) own.push(row)
    else byRecording.set(recording[row], [row])
  }
  return new Set([...byRecording.values()].flatMap((own) => (own.length < 4 ? [] : own.slice(own.length - Math.max(1, Math.round(part * own.length))))))
}

/** Little data is gone through several times before it is judged again: else validation would take longer than training. */
const fewestSteps = 25

/** Batches of one fit, in the order that its seed and epoch give. */
export function batchSource({ set, training, classes }: TrainingData, { people, windowsPerPerson, augmentation }: FitOptions, seed: number): BatchSource {
  const options = { identities: people, perIdentity: windowsPerPerson, seed }
  const { shiftMs, ...others } = augmentation
  const changes = { shiftSeconds: shiftMs / 1000, ...others }
  const from = (epoch: number, batch: number) => {
    const sampler = new IdentitySampler(set, training, options, { epoch, batch })
    return { sampler, batches: new TrainingBatches(set, classes, sampler, { augmentation: changes, seed }) }
  }
  let { sampler, batches } = from(0, 0)
  const perPass = sampler.batchesPerEpoch
  const passes = Math.ceil(fewestSteps / perPass)
  return {
    stepsPerEpoch: perPass * passes,
    passesPerEpoch: passes,
    fill(epoch, step, x, labels) {
      const { state } = sampler
      const pass = epoch * passes + Math.floor(step / perPass)
      if (state.epoch !== pass || state.batch !== step % perPass) ({ sampler, batches } = from(pass, step % perPass))
      const batch = batches.next()
      x.set(batch.samples)
      labels.set(batch.labels)
      return batch.rows
    },
  }
}

/** Embeddings of rows of the set, for evaluation. `vectors`: one unit-length row each. */
export function embeddingSet({ subject, recording }: WindowSet, rows: Int32Array, vectors: Float32Array, role: SplitRole): EmbeddingSet {
  return {
    dimension: rows.length === 0 ? 1 : vectors.length / rows.length, vectors, role,
    subject: Int32Array.from(rows, (row) => subject[row]), recording: Int32Array.from(rows, (row) => recording[row]),
  }
}

/** So many rows at most, spread evenly. */
export function thinnedRows(rows: Int32Array, most: number): Int32Array {
  return rows.length <= most ? rows : Int32Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)])
}

