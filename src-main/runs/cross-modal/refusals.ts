import { LabError, type DatasetSplit } from '../../contract/index.ts'
import { sideOf } from '../../curation/split-roles.ts'
import type { CrossModalRecipe } from '../run-data.ts'
import { beatsUnknown } from '../training-data.ts'
import type { WindowSetReport } from '../window-cache.ts'

type Reports = { readonly teacher: WindowSetReport; readonly student: WindowSetReport }

/**
 * What both modalities' windows show before anything is trained.
 * @throws LabError `lane-missing` where no recording of the split has a lane of one side; `training-impossible` where nobody knows the beats that its windows are cut around, or where SemBridge has nobody with windows of both to learn from.
 */
export function refuseUnteachable(recipe: CrossModalRecipe, split: Pick<DatasetSplit, 'options'>, reports: Reports): void {
  for (const side of ['student', 'teacher'] as const) {
    const { lane } = side === 'student' ? recipe.windows : recipe.teacherWindows
    const recordings = new Set(reports[side].recordings.map(({ recording }) => recording)).size
    if (reports[side].recordings.some((one) => one.lane !== null)) continue
    const instead = insteadOf(bothSides(split, reports))
    throw new LabError('lane-missing', `None of the ${recordings} recordings of the split has the ${lane.toUpperCase()} lane that the ${side}'s windows are cut from: ${wordsOf(instead, recipe)}.`, { lane, side, recordings, instead })
  }
  for (const side of ['student', 'teacher'] as const) {
    const unknown = reports[side].total.wanted > 0 ? null : beatsUnknown(reports[side], side === 'student' ? recipe.windows : recipe.teacherWindows)
    if (unknown !== null) throw new LabError('training-impossible', `The ${side} has no windows. ${unknown}`, { side, windows: 0 })
  }
  if (recipe.recipe !== 'sembridge') return
  const people = bothSides(split, reports)
  if (people.both > 0) return
  throw new LabError('training-impossible', `${people.teacher} people of the training part have ${recipe.teacherWindows.lane.toUpperCase()}, ${people.student} have ${recipe.windows.lane.toUpperCase()}, and nobody has both: "sembridge" needs people whom it knows by both, if not at the same time. Here ${wordsOf(insteadOf(people), recipe)}.`, { ...people, instead: insteadOf(people) })
}

/** For fusion, CLIP and a matcher that is to learn from what was recorded together. `known`: pairs outside the training part. */
export function noPairs(wanted: CrossModalRecipe, split: Pick<DatasetSplit, 'options'>, reports: Reports, known: number): LabError {
  const { recipe, windows, teacherWindows } = wanted
  const [teacher, student] = [teacherWindows.lane.toUpperCase(), windows.lane.toUpperCase()]
  const people = bothSides(split, reports)
  const { both } = people
  const instead = insteadOf(people)
  const others = instead === 'sembridge' ? `Instead: ${wordsOf(instead, wanted)}; ${both} ${both === 1 ? 'person has' : 'people have'} both` : `${both === 0 ? 'No one has both, so that ' : 'Here '}${wordsOf(instead, wanted)}`
  const matcher = pairsWithout(wanted)
  const what = recipe === 'sembridge' ? `the matcher cannot learn from synchronous pairs. Let it learn from ${matcher === 'pseudo' ? 'pseudo pairs, or from none' : 'none'}` : `the recipe "${recipe}" needs them. ${others}`
  return new LabError('pairs-missing', `No window of the training part has ${teacher} and ${student} of the same moment${known > 0 ? `, only ${known} of the other parts have` : ''}: ${what}.`, { recipe, teacher: teacherWindows.lane, student: windows.lane, pairs: known, both, instead: recipe === 'sembridge' ? matcher : instead })
}

/** What else the training part allows: people known by both signals, if not at once; one signal of two people at the least; neither. */
export type Instead = 'sembridge' | 'student-alone' | 'teacher-alone' | 'nothing'

function insteadOf({ teacher, student, both }: { readonly teacher: number; readonly student: number; readonly both: number }): Instead {
  // Two must be told apart, whatever teaches them.
  if (student >= 2) return both > 0 ? 'sembridge' : 'student-alone'
  return teacher >= 2 ? 'teacher-alone' : 'nothing'
}

function wordsOf(instead: Instead, { windows, teacherWindows }: Pick<CrossModalRecipe, 'windows' | 'teacherWindows'>): string {
  if (instead === 'sembridge') return '"sembridge" works with recordings that were never made together'
  if (instead === 'nothing') return 'no recipe has two people to tell apart, neither by both signals nor by one of them: record more, or choose another split'
  const lane = (instead === 'student-alone' ? windows : teacherWindows).lane.toUpperCase()
  return `only recipes for one signal are left: "thkd" and "scratch" learn from ${lane} alone`
}

/** What a matcher can learn from where nothing was recorded together: a pulse can be made of an ECG, nothing else of anything. */
export const pairsWithout = ({ windows, teacherWindows }: Pick<CrossModalRecipe, 'windows' | 'teacherWindows'>): 'pseudo' | 'none' => (teacherWindows.lane === 'ecg' && windows.lane === 'ppg' ? 'pseudo' : 'none')

/** People of the training part who have windows of one side, and of both. */
function bothSides({ options }: Pick<DatasetSplit, 'options'>, { teacher, student }: Reports): { teacher: number; student: number; both: number } {
  const people = ({ recordings }: WindowSetReport): Set<string> => new Set(recordings.filter(({ role, kept }) => kept > 0 && sideOf(role, options) === 'train').map(({ subject }) => subject))
  const [taught, learning] = [people(teacher), people(student)]
  return { teacher: taught.size, student: learning.size, both: [...learning].filter((one) => taught.has(one)).length }
}
