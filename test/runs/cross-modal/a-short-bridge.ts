import { expect } from 'vitest'
import type { RunEpoch, RunRecord, SembridgeRecipe } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import type { RunFolder } from '../../../src-main/runs/run-folder.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { begin, execute } from '../a-small-lab.ts'
import { pairedRecipe } from './a-paired-lab.ts'

/** What teaches and what matches are fitted for one epoch: that they learn is not the question here. */
const { matcher: usualMatcher, teacher, student } = pairedRecipe('sembridge') as SembridgeRecipe
const shortly = { ...teacher.fit, epochs: 1, minimumSteps: 1, people: 3 }
export const matcher = { ...usualMatcher, fit: shortly }
export const learner = student
export const shortRecipe = (change: object = {}) => pairedRecipe('sembridge', { teacher: { ...teacher, network: learner.network, fit: shortly }, scratch: false, ...change })

export const folderOf = (dataset: Dataset, { id }: Pick<RunRecord, 'id'>): RunFolder => new RunStore(dataset.files, dataset.path).folder(id)
export const studentEpochs = async (dataset: Dataset, record: Pick<RunRecord, 'id'>): Promise<RunEpoch[]> => (await folderOf(dataset, record).epochs()).filter(({ phase }) => phase === 'student')
export const termsOf = ({ terms }: RunEpoch): string[] => Object.keys(terms).sort()
/** What is told with the epoch that a matching comes before. */
export const told = ['comparisons', 'matching seconds', 'similarity']

export async function shortRun(dataset: Dataset, change: object = {}): Promise<{ record: RunRecord; student: RunEpoch[] }> {
  const record = await execute(dataset, await begin(dataset, shortRecipe(change)))
  expect(record).toMatchObject({ state: 'finished', error: null })
  return { record, student: await studentEpochs(dataset, record) }
}
