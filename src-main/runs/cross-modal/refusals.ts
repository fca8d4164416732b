import { LabError, type DatasetSplit } from '../../contract/index.ts'
import { sideOf } from '../../curation/split-roles.ts'
import type { CrossModalRecipe } from '../run-data.ts'
import type { WindowSetReport } from '../window-cache.ts'

type Reports = { readonly teacher: WindowSetReport; readonly student: WindowSetReport }

/**
 * What both modalities' windows show before anything is trained.
 * @throws LabError `lane-missing` where no recording of the split has a lane of one side; `training-impossible` where SemBridge has nobody with windows of both to learn from.
 */
export function refuseUnteachable(recipe: CrossModalRecipe, split: Pick<DatasetSplit, 'options'>, reports: Reports): void {
  for (const side of ['student', 'teacher'] as const) {
    const { lane } = side === 'student' ? recipe.windows : recipe.teacherWindows
    const recordings = new Set(reports[side].recordings.map(({ recording }) => recording)).size
    if (reports[side].recordings.some((one) => one.lane !== null)) continue
    const instead = side === 'teacher' ? ` "scratch" learns from ${recipe.windows.lane.toUpperCase()} alone.` : ''
    throw new LabError('lane-missing', `None of the ${recordings} recordings of the split has the ${lane.toUpperCase()} lane that the ${side}'s windows are cut from.${instead}`, { lane, side, recordings })
  }
  if (recipe.recipe !== 'sembridge') return
  const people = bothSides(split, reports)
  if (people.both > 0) return
  throw new LabError('training-impossible', `${people.teacher} people of the training part have ${recipe.teacherWindows.lane.toUpperCase()}, ${people.student} have ${recipe.windows.lane.toUpperCase()}, and nobody has both: "sembridge" needs people whom it knows by both, if not at the same time. ${recipe.windows.lane.toUpperCase()} alone is what "scratch" learns from.`, { ...people })
}

/** For fusion, CLIP and a matcher that is to learn from what was recorded together. `known`: pairs outside the training part. */
export function noPairs({ recipe, windows, teacherWindows }: CrossModalRecipe, split: Pick<DatasetSplit, 'options'>, reports: Reports, known: number): LabError {
  const [teacher, student] = [teacherWindows.lane.toUpperCase(), windows.lane.toUpperCase()]
  const { both } = bothSides(split, reports)
  const others = both > 0 ? `"sembridge" works with recordings that were never made together; ${both} people have both` : `no one has both, so that only "scratch" is left, which learns from ${student} alone`
  const what = recipe === 'sembridge' ? 'the matcher cannot learn from synchronous pairs. Let it learn from pseudo pairs' : `the recipe "${recipe}" needs them. Instead: ${others}`
  return new LabError('pairs-missing', `No window of the training part has ${teacher} and ${student} of the same moment${known > 0 ? `, only ${known} of the other parts have` : ''}: ${what}.`, { recipe, teacher: teacherWindows.lane, student: windows.lane, pairs: known, both })
}

/** People of the training part who have windows of one side, and of both. */
function bothSides({ options }: Pick<DatasetSplit, 'options'>, { teacher, student }: Reports): { teacher: number; student: number; both: number } {
  const people = ({ recordings }: WindowSetReport): Set<string> => new Set(recordings.filter(({ role, kept }) => kept > 0 && sideOf(role, options) === 'train').map(({ subject }) => subject))
  const [taught, learning] = [people(teacher), people(student)]
  return { teacher: taught.size, student: learning.size, both: [...learning].filter((one) => taught.has(one)).length }
}
