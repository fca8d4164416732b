import { LabError, type SembridgeRecipe } from '../../contract/index.ts'
import type { WindowSet } from '../../learning/data/window-set.ts'
import type { FittedModel } from '../../learning/recipes/answers.ts'
import { matcherPhase } from '../../learning/recipes/matcher.ts'
import type { Rematch } from '../../learning/recipes/phase.ts'
import { bridgedStudentPhase, guidanceOf, type Bridge } from '../../learning/recipes/sembridge.ts'
import { Answering } from '../../learning/training/answering.ts'
import { makeEmbedder, type StoredModel } from '../embedding-models.ts'
import { answersTo, fittedAmong } from '../frozen-answers.ts'
import { honestTraining } from '../honest-training.ts'
import { partOf, type Pace } from '../pace.ts'
import { settingOf, type PlanContext, type PlannedModel } from '../planned-models.ts'
import type { RunData, TeachingModality } from '../run-data.ts'
import type { TrainingData } from '../training-data.ts'
import { joinedData, samplesAsRows } from './joined-data.ts'
import { pairsWithout } from './refusals.ts'
import { cheapest, cosineCost, divergenceCost, offersOf, posteriors, rematchEpochs, windowTimes, type Matched } from './matching.ts'
import { teacherFeatures, type TaughtArray } from './teacher-features.ts'
import { heartCost, pseudoPulses, windowHearts } from './window-hearts.ts'

/** Of both posteriors when windows are matched anew (recognition.md A3). */
const matchingTemperature = 3
/** Pairs that are laid end to end, and embedded, before anybody is heard. */
const chunk = 256

/** The matcher and the windows that it learns from. @throws LabError `pairs-missing`, `recipe-invalid` where no pulse can be made of the teacher's windows, `cancelled`. */
export async function planMatcher(recipe: SembridgeRecipe, { run, pace }: PlanContext): Promise<PlannedModel> {
  const teacher = teachingOf(run)
  const lengths = { teacher: teacher.data.set.length, student: run.data.set.length }
  const data = recipe.matcher.pairs === 'synchronous' ? joinedData(run.data, teacher.pairs, samplesAsRows(teacher.data.set), samplesAsRows(run.data.set)).data : await withPulses(recipe, teacher, pace)
  const people = new Set(Array.from(data.training, (row) => data.set.subject[row])).size
  if (people < 2) {
    const instead = pairsWithout(recipe)
    throw new LabError('pairs-missing', `The matcher would learn from pairs of ${people} ${people === 1 ? 'person' : 'people'}; it needs two at the least. Let it learn from ${instead === 'pseudo' && recipe.matcher.pairs === 'synchronous' ? '"pseudo" pairs, or from "none"' : '"none"'}.`, {
      recipe: recipe.recipe, teacher: recipe.teacherWindows.lane, student: recipe.windows.lane, pairs: data.training.length,
    })
  }
  const phase = matcherPhase(recipe, settingOf(data), lengths)
  return { phase: { ...phase, fit: { ...phase.fit, people: Math.min(phase.fit.people, people) } }, data, windows: run.windows }
}

/** The teacher's windows, each with the pulse that might have been recorded with it. */
async function withPulses({ teacherWindows, windows }: SembridgeRecipe, { data }: TeachingModality, pace: Pace): Promise<TrainingData> {
  if (teacherWindows.lane !== 'ecg' || windows.lane !== 'ppg') {
    throw new LabError('recipe-invalid', 'Pseudo pairs are pulses made of an ECG: with other modalities let the matcher learn from "synchronous" pairs or from "none".', { path: 'matcher.pairs', teacher: teacherWindows.lane, student: windows.lane })
  }
  const { pulses, known } = await pseudoPulses(data.set, teacherWindows, windows, pace)
  const pairs = new Int32Array(data.set.row.length).fill(-1)
  for (const row of known) pairs[row] = row
  return joinedData(data, pairs, samplesAsRows(data.set), pulses).data
}

/** The student, with the windows that teach it and how they are found anew. @throws LabError those of the engine, `split-leaks`, `out-of-memory`, `cancelled`. */
export async function planBridgedStudent(recipe: SembridgeRecipe, context: PlanContext): Promise<PlannedModel> {
  const { run } = context
  const wanted = guidanceOf(recipe)
  return { phase: bridgedStudentPhase(recipe, settingOf(run.data), wanted.length > 0 ? await bridgeOf(recipe, context, wanted) : null), data: run.data, windows: run.windows }
}

async function bridgeOf(recipe: SembridgeRecipe, { run, before, engine, pace }: PlanContext, wanted: readonly TaughtArray[]): Promise<Bridge> {
  const { teacher, student, learners, gallery, offers } = sidesOf(recipe, run)
  const { model } = fittedAmong(before, 'teacher')
  const made = await teacherFeatures({ model, set: teacher.data.set, rows: gallery, scale: recipe.base.scale, wanted: [...new Set<TaughtArray>(['logits', ...wanted])], engine, pace: partOf(pace, 0, 0.4) })
  const taught = posteriors(made.logits.values, model.shape.people, matchingTemperature)
  const began = performance.now()
  const { cost, similarity } = await firstMatching(recipe, run, { before, engine, gallery, pace: partOf(pace, 0.4, 0.8) })
  const first = await cheapest(learners.length, offers, cost, partOf(pace, 0.8, 1))
  const firstSeconds = (performance.now() - began) / 1000
  // In the set's order, as guidance is asked for: whoever does not learn has no partner.
  const asPairs = ({ partners }: Matched): Int32Array => {
    const pairs = new Int32Array(student.set.row.length).fill(-1)
    for (const [place, row] of learners.entries()) pairs[row] = partners[place]
    return pairs
  }
  const rematch: Rematch = {
    before: (epoch, epochs) => epoch === 0 || rematchEpochs(recipe.rematch, epochs).includes(epoch),
    async match(fitted, epoch): ReturnType<Rematch['match']> {
      if (epoch === 0) return { pairs: asPairs(first), measures: { partners: share(first.partners, (other) => other >= 0), similarity: similarity(first.cost), comparisons: first.comparisons, 'matching seconds': firstSeconds } }
      const started = performance.now()
      const logits = await logitsOf(fitted, student.set, learners, recipe.base.scale, { engine, pace })
      const found = await cheapest(learners.length, offers, divergenceCost(posteriors(logits, fitted.shape.people, matchingTemperature), taught), pace)
      const changed = share(found.partners, (other, place) => other !== first.partners[place])
      return { pairs: asPairs(found), measures: { 'pairs changed': changed, similarity: Math.exp(-found.cost), comparisons: found.comparisons, 'matching seconds': (performance.now() - started) / 1000 } }
    },
  }
  return { guidance: { pairs: asPairs(first), arrays: Object.fromEntries(wanted.map((name) => [name, made[name]])) }, rematch }
}

/** Who learns, who may teach, and who is offered to whom. */
function sidesOf({ excludeSynchronous, windows, teacherWindows }: SembridgeRecipe, run: RunData) {
  const teacher = teachingOf(run)
  const student = run.data
  const gallery = honestTraining(teacher.data)
  const learners = student.training
  const offers = offersOf({
    student: { set: student.set, rows: learners, times: windowTimes(student.set, windows) }, gallery: { set: teacher.data.set, rows: gallery, times: windowTimes(teacher.data.set, teacherWindows) }, excludeSynchronous,
  })
  return { teacher, student, learners, gallery, offers }
}

function teachingOf({ teacher }: RunData): TeachingModality {
  if (teacher === null) throw new LabError('recipe-invalid', 'This recipe needs two modalities.', { path: 'teacherWindows' })
  return teacher
}

interface Matching {
  readonly cost: (place: number, other: number) => number
  /** A mean cost as a likeness, at most 1. */
  readonly similarity: (cost: number) => number
}

/** What the first pairs are chosen by: nearness in the matcher's space, or what two hearts have in common. */
async function firstMatching(recipe: SembridgeRecipe, run: RunData, { before, engine, gallery, pace }: Pick<PlanContext, 'before' | 'engine' | 'pace'> & { readonly gallery: Int32Array }): Promise<Matching> {
  const [student, teacher] = [run.data, teachingOf(run).data]
  if (recipe.matcher.pairs === 'none') {
    const cost = heartCost(await windowHearts(student.set, student.training, recipe.windows, partOf(pace, 0, 0.5)), await windowHearts(teacher.set, gallery, recipe.teacherWindows, partOf(pace, 0.5, 1)))
    return { cost, similarity: (mean) => Math.exp(-mean) }
  }
  const { first, second, dimensions } = await inSharedSpace(fittedAmong(before, 'matcher'), { set: teacher.set, rows: gallery }, { set: student.set, rows: student.training }, { engine, pace })
  return { cost: cosineCost(second, first, dimensions), similarity: (mean) => 1 - mean }
}

interface Some {
  readonly set: WindowSet
  readonly rows: Int32Array
}

/** Windows of both modalities by the matcher's towers, unit length. Each window is seen with some window of the other modality beside it, which says nothing of it: both towers are run at once. */
async function inSharedSpace(matcher: StoredModel, teacher: Some, student: Some, { engine, pace }: Pick<PlanContext, 'engine' | 'pace'>): Promise<{ readonly first: Float32Array; readonly second: Float32Array; readonly dimensions: number }> {
  const embedder = await makeEmbedder(matcher, engine)
  const most = Math.max(teacher.rows.length, student.rows.length)
  const each = { teacher: teacher.set.length * teacher.set.channels, student: student.set.length * student.set.channels }
  let [dimensions, first, second] = [1, new Float32Array(0), new Float32Array(0)]
  try {
    for (let from = 0; from < most && teacher.rows.length > 0; from += chunk) {
      const count = Math.min(chunk, most - from)
      const x = new Float32Array(count * (each.teacher + each.student))
      for (let k = 0; k < count; k++) {
        const [t, s] = [teacher.rows[(from + k) % teacher.rows.length], student.rows[(from + k) % student.rows.length]]
        x.set(teacher.set.samples.subarray(t * each.teacher, (t + 1) * each.teacher), k * (each.teacher + each.student))
        x.set(student.set.samples.subarray(s * each.student, (s + 1) * each.student), k * (each.teacher + each.student) + each.teacher)
      }
      const answers = await embedder.embed(x)
      if (from === 0) {
        dimensions = answers.dimensions / 2
        ;[first, second] = [new Float32Array(teacher.rows.length * dimensions), new Float32Array(student.rows.length * dimensions)]
      }
      for (let k = 0; k < count; k++) {
        const row = answers.embeddings.subarray(k * 2 * dimensions, (k + 1) * 2 * dimensions)
        if (from + k < teacher.rows.length) first.set(row.subarray(0, dimensions), (from + k) * dimensions)
        if (from + k < student.rows.length) second.set(row.subarray(dimensions), (from + k) * dimensions)
      }
      await pace((from + count) / most)
    }
    return { first, second, dimensions }
  } finally {
    embedder.dispose()
  }
}

/** [rows, people]: what a student under way says of its windows. */
async function logitsOf(student: FittedModel, set: WindowSet, rows: Int32Array, scale: number, { engine, pace }: Pick<PlanContext, 'engine' | 'pace'>): Promise<Float32Array> {
  const answering = await Answering.compile(engine, student.shape, 64)
  try {
    const { cosines } = await answersTo({ embed: (samples) => answering.answer(samples, student.state) }, set, rows, pace)
    return cosines.map((cosine) => cosine * scale)
  } finally {
    answering.dispose()
  }
}

const share = (partners: Int32Array, counts: (other: number, place: number) => boolean): number => partners.reduce((sum, other, place) => sum + (counts(other, place) ? 1 : 0), 0) / Math.max(1, partners.length)
