import type { DatasetSplit, Recipe, WindowOptions } from '../contract/index.ts'
import { sideOf } from '../curation/split-roles.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { pairWindows, type PairedColumns, type PairRule } from '../learning/data/pair-windows.ts'
import { transitsOf, type Transit } from '../learning/data/pulse-transit.ts'
import { windowsOf, type Classes } from '../learning/data/window-rows.ts'
import { noPairs, refuseUnteachable } from './cross-modal/refusals.ts'
import { trainingData, type TrainingData } from './training-data.ts'
import { windowOptionsOf } from './window-options.ts'
import { buildWindowSet, type BuiltWindowSet } from './window-sets.ts'

/** The windows of one modality, and what a run does with which of them. */
export interface Modality {
  readonly windows: WindowOptions
  readonly built: BuiltWindowSet
  readonly data: TrainingData
}

/** The modality that teaches, in a recipe for two. */
export interface TeachingModality extends Modality {
  /** For every window of the student's set the one of this set that was recorded at the same time, -1: none. */
  readonly pairs: Int32Array
  /** Of beats of two lanes: the delay between them, by recording and role. */
  readonly transits: readonly Transit[]
}

/** All windows of a run. The student's modality is what everything is judged on. Both know the same people under the same numbers. */
export interface RunData extends Modality {
  readonly teacher: TeachingModality | null
}

export type CrossModalRecipe = Extract<Recipe, { teacherWindows: WindowOptions }>

export interface RunDataContext {
  readonly signal: AbortSignal
  /** 0-1. */
  readonly onDone?: (done: number) => void
}

/**
 * Cuts the windows of a run, or finds them in the cache.
 * @throws LabError those of `buildWindowSet`, `refuseUnteachable` and `trainingData`; `pairs-missing` where the recipe needs windows of two modalities recorded together and there are none.
 */
export async function runData(dataset: Dataset, split: DatasetSplit, recipe: Recipe, { signal, onDone }: RunDataContext): Promise<RunData> {
  const parts = 'teacherWindows' in recipe ? 2 : 1
  const build = (windows: WindowOptions, part: number): Promise<BuiltWindowSet> =>
    buildWindowSet(dataset, split, windowOptionsOf(windows), { signal, onProgress: (done, total) => onDone?.((part + done / Math.max(1, total)) / parts) })
  const built = await build(recipe.windows, 0)
  if (!('teacherWindows' in recipe)) return { windows: recipe.windows, built, data: trainingData(built.set, split, recipe, built.report), teacher: null }
  const teaching = await build(recipe.teacherWindows, 1)
  const reports = { teacher: teaching.report, student: built.report }
  refuseUnteachable(recipe, split, reports)
  const { pairs, transits } = pairing(recipe, teaching.set, built.set)
  const requirePairs = (rows: Int32Array): void => {
    if (needsPairs(recipe) && !rows.some((row) => pairs[row] >= 0)) throw noPairs(recipe, split, reports, pairs.reduce((sum, pair) => sum + (pair >= 0 ? 1 : 0), 0))
  }
  // Before what else may be wrong: more people a batch would not make pairs.
  requirePairs(windowsOf(built.set, built.set.roles.filter((role) => sideOf(role, split.options) === 'train')))
  const data = trainingData(built.set, split, recipe, built.report)
  const teacher = trainingData(teaching.set, split, recipe, teaching.report, 'teacher')
  requirePairs(data.training)
  const classes = allPeople(data.classes, teacher.classes)
  return { windows: recipe.windows, built, data: { ...data, classes }, teacher: { windows: recipe.teacherWindows, built: teaching, data: { ...teacher, classes }, pairs, transits } }
}

/** Only SemBridge can do without any two windows of one moment, unless its matcher is to learn from such. */
export const needsPairs = (recipe: CrossModalRecipe): boolean => recipe.recipe !== 'sembridge' || recipe.matcher.pairs === 'synchronous'

/** Fixed windows begin together; a pulse comes after the R peak that made it: by the recording's own delay where it tells one, else by what is usual, 276 ms, 92 to 448 ms for nine in ten (recognition.md A4). */
export function pairing({ windows, teacherWindows }: Pick<CrossModalRecipe, 'windows' | 'teacherWindows'>, first: PairedColumns, second: PairedColumns): Pick<TeachingModality, 'pairs' | 'transits'> {
  const rule = pairRule(teacherWindows, windows)
  const transits = windows.mode !== 'window' && teacherWindows.lane !== windows.lane ? transitsOf(first, second, rule) : []
  return { pairs: pairWindows(first, second, rule, transits), transits }
}

/** @example pairRule({ mode: 'window', ... }, { mode: 'window', ... }) // { from: 0, usual: 0, to: 0 } */
export function pairRule(first: Pick<WindowOptions, 'lane' | 'mode'>, second: Pick<WindowOptions, 'lane' | 'mode'>): PairRule {
  if (first.mode === 'window') return { from: 0, usual: 0, to: 0 }
  if (first.lane === second.lane) return { from: -0.03, usual: 0, to: 0.03 }
  const transit = { from: 0.05, usual: 0.28, to: 0.6 }
  return second.lane === 'ppg' ? transit : { from: -transit.to, usual: -transit.usual, to: -transit.from }
}

/** Whoever has windows of either modality to learn from. */
function allPeople(a: Classes, b: Classes): Classes {
  const subjects = Int32Array.from(new Set([...a.subjects, ...b.subjects])).sort()
  const classOf = new Int32Array(a.classOf.length).fill(-1)
  for (const [place, subject] of subjects.entries()) classOf[subject] = place
  return { subjects, classOf }
}
