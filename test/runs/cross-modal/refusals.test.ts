import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LabError, type Recipe } from '../../../src-main/contract/index.ts'
import { checkRun } from '../../../src-main/runs/check-run.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { temporaryFolder } from '../../dataset/temporary-folder.ts'
import { divide } from '../../exchange/a-lab.ts'
import { begin, execute } from '../a-small-lab.ts'
import { pairedLab, pairedRecipe, type PairedLabOptions } from './a-paired-lab.ts'

const folder = temporaryFolder()
let labs = 0
const errorOf = (work: Promise<unknown>): Promise<LabError> => work.then(() => Promise.reject(new Error('It did not fail.')), (thrown: unknown) => LabError.from(thrown))

/** Said by the check, and by the run itself, which is failed then. */
async function refused(recipe: Recipe, has: PairedLabOptions['has']): Promise<LabError> {
  const dataset = await pairedLab(join(folder.path, String(labs++)), has ? { has } : {})
  const before = await errorOf(checkRun(dataset, 's1', recipe, { signal: new AbortController().signal }))
  const id = await begin(dataset, recipe)
  const during = await errorOf(execute(dataset, id))
  expect([during.code, during.message]).toEqual([before.code, before.message])
  expect(await new RunStore(dataset.files, dataset.path).folder(id).record()).toMatchObject({ state: 'failed', error: { code: before.code } })
  await dataset.close()
  return before
}

it('a modality that nobody has, with the number of recordings and what would do', async () => {
  const noEcg = await refused(pairedRecipe('fusion'), () => ['ppg'])
  expect(noEcg).toMatchObject({ code: 'lane-missing', data: { lane: 'ecg', side: 'teacher', recordings: 8 } })
  expect(noEcg.message).toContain('"scratch" learns from PPG alone')
  expect(await refused(pairedRecipe('sembridge'), () => ['ecg'])).toMatchObject({ code: 'lane-missing', data: { lane: 'ppg', side: 'student' } })
})

it('nothing of one moment in the training part: who could be taught without, before too few people for a batch', async () => {
  // The second visits test. Two people have ECG in the first, two PPG.
  const nobody = await refused(pairedRecipe('fusion'), (person, visit) => (visit === 2 ? ['ecg', 'ppg'] : person <= 2 ? ['ecg'] : ['ppg']))
  expect(nobody).toMatchObject({ code: 'pairs-missing', data: { recipe: 'fusion', teacher: 'ecg', student: 'ppg', both: 0 } })
  expect(nobody.data.pairs).toBeGreaterThan(0)
  expect(nobody.message).toContain('only "scratch" is left')

  // Everybody has both, never at once.
  const dataset = await pairedLab(join(folder.path, 'apart'), { has: (_, visit) => (visit === 1 ? ['ecg'] : ['ppg']) })
  await divide(dataset, { strategy: 'subject-disjoint', validation: 0, test: 0.5 }, 'v1', 's2')
  for (const [recipe, words] of [[pairedRecipe('clip'), '"sembridge" works with recordings that were never made together; 2 people have both'], [synchronous(), 'Let it learn from pseudo pairs']] as const) {
    const error = await errorOf(checkRun(dataset, 's2', recipe, { signal: new AbortController().signal }))
    expect(error).toMatchObject({ code: 'pairs-missing', message: expect.stringContaining(words) as unknown, data: { pairs: 0, both: 2 } })
  }
  await dataset.close()
})

it('SemBridge without a person whom it knows by both', async () => {
  const error = await refused(pairedRecipe('sembridge'), (person, visit) => (visit === 2 ? ['ecg', 'ppg'] : person <= 2 ? ['ecg'] : ['ppg']))
  expect(error).toMatchObject({ code: 'training-impossible', data: { teacher: 2, student: 2, both: 0 } })
})

it('windows that begin elsewhere have no partners', async () => {
  // Recipes are checked where they are written; one that got past it finds no pair.
  const recipe = pairedRecipe('fusion', { teacherWindows: { lane: 'ecg', mode: 'window', seconds: 2, strideSeconds: 1, rateHz: 100, dropFirstSeconds: 1.7 } })
  expect(await refused(recipe, undefined)).toMatchObject({ code: 'pairs-missing', data: { pairs: 0, both: 4 } })
})

function synchronous(): Recipe {
  const recipe = pairedRecipe('sembridge')
  return recipe.recipe === 'sembridge' ? { ...recipe, matcher: { ...recipe.matcher, pairs: 'synchronous' } } : recipe
}
