import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { begin, execute } from '../a-small-lab.ts'
import { pairedLab } from './a-paired-lab.ts'
import { folderOf, matcher, shortRecipe, shortRun, termsOf, told } from './a-short-bridge.ts'

let folder: string
let dataset: Dataset

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-unpaired-'))
  // Nobody was ever recorded with both, and the last person has no ECG that may be learnt.
  dataset = await pairedLab(folder, { visits: 3, has: (person, visit) => (visit === 1 && person < 4 ? ['ecg'] : ['ppg']) })
})
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

const slow = { timeout: 120_000 }

it.each(['pseudo', 'none'] as const)('where nobody has both modalities in one recording the matcher learns from %s pairs, and whoever has no ECG learns from the label alone', slow, async (pairs) => {
  const { record, student } = await shortRun(dataset, { matcher: { ...matcher, pairs }, alignment: { plan: 'sinkhorn' } })
  expect(record.models.map(({ name }) => name)).toEqual(['teacher', ...(pairs === 'none' ? [] : ['matcher']), 'student', 'lda', 'template'])
  expect(termsOf(student[0])).toEqual(['base', 'identity', 'second head', 'total', 'transmission cost', ...told, 'partners'].sort())
  // Three of four people: the fourth has twice as many windows of PPG.
  expect(student[0].terms.partners).toBeCloseTo(3 / 5, 5)
  expect((await folderOf(dataset, record).report()).leaks).toEqual([])
})

it('synchronous pairs, which nobody has, are refused before anything is trained', slow, async () => {
  const id = await begin(dataset, shortRecipe({ matcher: { ...matcher, pairs: 'synchronous' } }))
  await expect(execute(dataset, id)).rejects.toMatchObject({ code: 'pairs-missing' })
})
