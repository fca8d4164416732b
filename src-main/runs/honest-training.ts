import { LabError } from '../contract/index.ts'
import type { RunData } from './run-data.ts'
import type { TrainingData } from './training-data.ts'

type Judged = Pick<TrainingData, 'set' | 'training' | 'validation' | 'enrolment' | 'test' | 'closedSet'>

/** Windows that a model is tested or chosen by, or enrols people with whom it must not know. */
const judging = ({ validation, enrolment, test, closedSet }: Judged): Set<number> => new Set([...test, ...validation, ...(closedSet ? [] : enrolment)])

function leak({ set }: Judged, leaked: Int32Array, what: string): LabError {
  const recordings = [...new Set(Array.from(leaked, (row) => set.recordings[set.recording[row]].id))]
  return new LabError('split-leaks', `${leaked.length} windows that a model is tested or chosen by are among those that ${what}.`, { windows: leaked.length, recordings })
}

/**
 * The windows that a model learns from: nothing of the test part may be among them, whether they train a teacher, are joined to pairs, or stand in a gallery (recognition.md C4, checks 2, 3 and 9).
 * @throws LabError `split-leaks` with how many, and of which recordings.
 */
export function honestTraining(data: Judged): Int32Array {
  const { set, training } = data
  const forbidden = judging(data)
  const leaked = training.filter((row) => forbidden.has(row) || set.roles[set.role[row]] === 'test')
  if (leaked.length > 0) throw leak(data, leaked, 'are to teach')
  return training
}

/** The same for the partners of the windows that the student learns from. @throws LabError `split-leaks`. */
export function requireHonestPairs({ data, teacher }: RunData): void {
  if (teacher === null) return
  const { set, test } = teacher.data
  const tested = new Set(test)
  const leaked = data.training.map((row) => teacher.pairs[row]).filter((row) => row >= 0 && (tested.has(row) || set.roles[set.role[row]] === 'test'))
  if (leaked.length > 0) throw leak(teacher.data, leaked, 'are paired with windows that are learnt')
}
