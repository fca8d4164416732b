import type { WindowOptions } from '../../contract/index.ts'
import { unaugmented, withoutTime } from '../../learning/recipes/joined.ts'
import { needsPairs, type CrossModalRecipe } from '../run-data.ts'

/** A field of a recipe, and why its value cannot be. */
export interface Contradiction {
  readonly path: string
  readonly reason: string
}

/** Values of a recipe for two modalities that are each allowed, and together make no sense; the first that is found. */
export function crossModalContradiction(recipe: CrossModalRecipe): Contradiction | null {
  return sameSignal(recipe) ?? (needsPairs(recipe) ? unpairable(recipe) : null) ?? unusedAugmentation(recipe) ?? (recipe.recipe === 'fusion' ? unequalWidths(recipe) : recipe.recipe === 'sembridge' ? (impossiblePulse(recipe) ?? nothingToLearn(recipe)) : null)
}

/** A lane that teaches itself teaches nothing; a channel that is not named may turn out to be the other one. */
function sameSignal({ windows, teacherWindows }: CrossModalRecipe): Contradiction | null {
  if (teacherWindows.lane !== windows.lane) return null
  const lane = windows.lane.toUpperCase()
  if (teacherWindows.channel === windows.channel) return { path: 'teacherWindows', reason: `teacher and student would both see the ${lane} lane, ${windows.channel === null ? 'the one with the most usable seconds' : `number ${windows.channel}`}. Take another lane or channel` }
  if (teacherWindows.channel !== null && windows.channel !== null) return null
  return { path: teacherWindows.channel === null ? 'teacherWindows.channel' : 'windows.channel', reason: `both modalities are ${lane}, so each needs a channel of its own by number` }
}

const modeWords: Readonly<Record<WindowOptions['mode'], string>> = { beat: 'single beats', 'summary-beat': 'groups of beats', window: 'fixed windows' }

/** Windows of one moment: cut in the same way, fixed ones from the same places. */
function unpairable({ windows, teacherWindows }: CrossModalRecipe): Contradiction | null {
  if (teacherWindows.mode !== windows.mode) return { path: 'teacherWindows.mode', reason: `${modeWords[teacherWindows.mode]} have no partners among ${modeWords[windows.mode]}. Cut both alike` }
  const needed = { beat: [], 'summary-beat': ['beatsPerGroup'], window: ['seconds', 'strideSeconds', 'dropFirstSeconds'] } as const
  for (const field of needed[windows.mode]) {
    if (teacherWindows[field] !== windows[field]) return { path: `teacherWindows.${field}`, reason: `${teacherWindows[field]} where the student has ${windows[field]}: the windows would not be of the same moments` }
  }
  return null
}

/** What the presets of an earlier version filled in where it had no effect: such a recipe can be run again. */
const filledIn: Readonly<Record<string, number>> = { shiftMs: 16, amplitude: 0.1, noise: 0.05 }

/** Of what lies end to end nothing is moved in time, and of embeddings nothing is changed at all: a value there would be believed, and do nothing. */
function unusedAugmentation(recipe: CrossModalRecipe): Contradiction | null {
  const [path, { augmentation }, unused] =
    recipe.recipe === 'fusion' ? (['fusion', recipe.fusion.fit, unaugmented] as const) : recipe.recipe === 'clip' ? (['alignment', recipe.alignment.fit, unaugmented] as const) : (['matcher', recipe.matcher.fit, withoutTime] as const)
  const [field, value] = Object.entries(augmentation).find(([name, of]) => name in unused && of !== 0 && of !== filledIn[name]) ?? []
  if (field === undefined) return null
  const why = recipe.recipe === 'sembridge' ? 'windows of both signals lie end to end, and are not changed in time' : 'what is learnt from begins with an embedding, and is not augmented'
  return { path: `${path}.fit.augmentation.${field}`, reason: `${value} would have no effect: ${why}. Set 0` }
}

/** The student's embedding stands beside the fusion's, and is judged by its classifier. */
function unequalWidths({ fusion, student: { network } }: Extract<CrossModalRecipe, { recipe: 'fusion' }>): Contradiction | null {
  if (fusion.embedding === network.embedding) return null
  return { path: 'fusion.embedding', reason: `${fusion.embedding} dimensions cannot be compared with the student's ${network.embedding}, nor can its classifier judge them. Make both equal` }
}

/** A pulse can be made of an ECG, not the other way round. */
function impossiblePulse({ matcher, windows, teacherWindows }: Extract<CrossModalRecipe, { recipe: 'sembridge' }>): Contradiction | null {
  if (matcher.pairs !== 'pseudo' || (teacherWindows.lane === 'ecg' && windows.lane === 'ppg')) return null
  return { path: 'matcher.pairs', reason: `a pseudo pulse is made of ECG to look like PPG; here ${teacherWindows.lane.toUpperCase()} teaches ${windows.lane.toUpperCase()}. Take "synchronous" or "none"` }
}

/** The only recipe whose labels have a weight of their own. */
function nothingToLearn({ weights, alignment }: Extract<CrossModalRecipe, { recipe: 'sembridge' }>): Contradiction | null {
  if (weights.task > 0 || weights.base > 0 || weights.alignment * alignment.weight > 0) return null
  return { path: 'weights', reason: 'neither labels nor teacher have a weight above 0: the student would learn nothing' }
}
