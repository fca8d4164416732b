import { ulid } from 'ulid'
import { RunId, type DatasetSplit, type DatasetVersion, type EngineChoice, type Recipe, type RecipePreset, type RunRecord } from '../contract/index.ts'
import { isSubjectDisjoint, sideOf } from '../curation/split-roles.ts'
import { fittedTo } from '../learning/recipes/recipe-presets.ts'

export interface NewRun {
  readonly split: DatasetSplit
  readonly recipe: Recipe
  readonly preset: RecipePreset | null
  readonly seed: number
  readonly name: string
  readonly engine: EngineChoice
  readonly wallMs: number
}

/** The record of a run that has not begun. */
export function newRun({ split, recipe, preset, seed, name, engine, wallMs }: NewRun): RunRecord {
  return {
    formatVersion: 1, id: RunId.parse(ulid(wallMs)), name, state: 'queued', recipe, preset, seed, engine, ran: null, environment: null, windows: null, models: [],
    split: { name: split.name, hash: split.hash, version: split.version, versionHash: split.versionHash, strategy: split.options.strategy },
    createdAt: new Date(wallMs).toISOString(), startedAt: null, endedAt: null, seconds: 0, error: null, containsWithdrawn: false,
  }
}

/**
 * A preset's recipe for what a split holds: no more people in a batch than there are, and the ends of the training recordings for validation where the split's own part for it shows few of the
 * people. Who writes a recipe by hand gets it as written, or is told what is wrong. `version`: the split's, which knows who has the signals that the recipe looks at; without it everybody counts.
 */
export function recipeForSplit<R extends Recipe>(recipe: R, split: Pick<DatasetSplit, 'assignments' | 'options'>, version: Pick<DatasetVersion, 'entries'> | null = null): R {
  const { assignments, options } = split
  const peopleOf = (side: string): number => new Set(assignments.filter(({ role }) => sideOf(role, options) === side).map(({ subject }) => subject)).size
  const people = peopleOf('train')
  // Unseen people have a validation part of their own kind, whose size is the split's matter; in a closed set a few recordings would choose the epoch by chance.
  const enough = isSubjectDisjoint(options) ? peopleOf('validation') >= 2 : peopleOf('validation') >= people / 2
  const able = version === null ? [] : learners(recipe, split, version).filter((count) => count >= 2)
  return { ...fittedTo(recipe, Math.min(people, ...able)), holdOut: enough ? recipe.holdOut : (recipe.holdOut ?? 0.2) }
}

/** People of the training part whom each of a recipe's networks can learn from: by one signal, by the other, by both at once. */
function learners(recipe: Recipe, { assignments, options }: Pick<DatasetSplit, 'assignments' | 'options'>, { entries }: Pick<DatasetVersion, 'entries'>): number[] {
  const lanes = new Map<string, readonly string[]>(entries.map((entry) => [entry.recording, entry.lanes.map(({ kind }) => kind)]))
  const training = assignments.filter(({ role }) => sideOf(role, options) === 'train')
  const having = (...wanted: string[]): number => new Set(training.filter(({ recording }) => wanted.every((lane) => lanes.get(recording)?.includes(lane))).map(({ subject }) => subject)).size
  const student = recipe.windows.lane
  if (!('teacherWindows' in recipe)) return [having(student)]
  const teacher = recipe.teacherWindows.lane
  return [having(student), having(teacher), ...(recipe.recipe === 'sembridge' ? [] : [having(student, teacher)])]
}
