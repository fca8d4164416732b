import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LabError, SplitOptions, type ClipRecipe, type DatasetSplit, type Recipe, type SembridgeRecipe } from '../../../src-main/contract/index.ts'
import { checkRun } from '../../../src-main/runs/check-run.ts'
import { noPairs, refuseUnteachable } from '../../../src-main/runs/cross-modal/refusals.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { beatsUnknown } from '../../../src-main/runs/training-data.ts'
import type { WindowSetReport } from '../../../src-main/runs/window-cache.ts'
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
  expect(noEcg.message).toContain('"thkd" and "scratch" learn from PPG alone')
  const noPpg = await refused(pairedRecipe('sembridge'), () => ['ecg'])
  expect(noPpg).toMatchObject({ code: 'lane-missing', data: { lane: 'ppg', side: 'student', instead: 'teacher-alone' } })
  expect(noPpg.message).toContain('"thkd" and "scratch" learn from ECG alone')
})

it('nothing of one moment in the training part: who could be taught without, before too few people for a batch', async () => {
  // The second visits test. Two people have ECG in the first, two PPG.
  const nobody = await refused(pairedRecipe('fusion'), (person, visit) => (visit === 2 ? ['ecg', 'ppg'] : person <= 2 ? ['ecg'] : ['ppg']))
  expect(nobody).toMatchObject({ code: 'pairs-missing', data: { recipe: 'fusion', teacher: 'ecg', student: 'ppg', both: 0, instead: 'student-alone' } })
  expect(nobody.data.pairs).toBeGreaterThan(0)
  expect(nobody.message).toContain('No one has both, so that only recipes for one signal are left: "thkd" and "scratch" learn from PPG alone.')

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

it('the hint is what would work: nothing for one person, the other signal, SemBridge; a matcher that learns from pulses only where ECG teaches PPG', () => {
  const options = { strategy: 'leave-last-recording-out', validation: 0 } as unknown as DatasetSplit['options']
  const reportOf = (people: readonly string[]): WindowSetReport => ({
    recordings: people.map((subject, at) => ({ recording: `R${at}`, subject, role: 'train', lane: 0, wanted: 5, kept: 5 })), total: {}, failedToAcquire: [],
  }) as unknown as WindowSetReport
  const hint = (teacher: string[], student: string[], recipe = pairedRecipe('fusion')): LabError => noPairs(recipe as Parameters<typeof noPairs>[0], { options }, { teacher: reportOf(teacher), student: reportOf(student) }, 0)
  const known: [string[], string[], string, string][] = [
    [['A', 'B'], ['A', 'B'], 'sembridge', '2 people have both'], [['A'], ['A', 'B'], 'sembridge', '1 person has both'], [['C'], ['A', 'B'], 'student-alone', '"scratch" learn from PPG alone'],
    [['A', 'B'], ['C'], 'teacher-alone', '"scratch" learn from ECG alone'], [['A', 'B'], ['A'], 'teacher-alone', 'Here only recipes for one signal'], [['A'], ['A'], 'nothing', 'record more'],
  ]
  for (const [teacher, student, instead, words] of known) expect(hint(teacher, student)).toMatchObject({ data: { instead }, message: expect.stringContaining(words) as unknown })
  const turned = synchronous() as SembridgeRecipe
  expect(hint(['A', 'B'], ['A', 'B'], turned).data.instead).toBe('pseudo')
  expect(hint(['A', 'B'], ['A', 'B'], { ...turned, windows: turned.teacherWindows, teacherWindows: turned.windows })).toMatchObject({ data: { instead: 'none' }, message: expect.stringMatching(/Let it learn from none\.$/) as unknown })
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

it('windows around beats that nobody has looked for, with what would find them', () => {
  const one = { recording: 'a', subject: 'S001', role: 'train', lane: 'ppg', unmeasured: 0, wanted: 0, kept: 0, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0 } as const
  const recordings = [{ ...one, beatless: true }, { ...one, recording: 'b', beatless: false }, { ...one, recording: 'b', role: 'test' as const, beatless: false }]
  expect(beatsUnknown({ recordings }, { lane: 'ppg' })).toMatch(/^In 1 of 2 recordings no beats of PPG are known: analyse them first \(pulseprint analyse/)
  expect(beatsUnknown({ recordings: recordings.slice(1) }, { lane: 'ppg' })).toBeNull()
  const reports = { teacher: { recordings, total: { ...one, wanted: 9 }, failedToAcquire: [] }, student: { recordings, total: one, failedToAcquire: [] } }
  const recipe = pairedRecipe('clip') as ClipRecipe
  expect(() => refuseUnteachable(recipe, { options: SplitOptions.parse({ strategy: 'subject-disjoint' }) }, reports)).toThrow(expect.objectContaining({ code: 'training-impossible', message: expect.stringMatching(/^The student has no windows\. In 1 of 2/) as unknown }))
})
