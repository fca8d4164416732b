import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { begin, execute, hashes } from '../a-small-lab.ts'
import { pairedLab, pairedRecipe } from './a-paired-lab.ts'

let folder: string
let dataset: Dataset

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-fusion-'))
  dataset = await pairedLab(folder)
})
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

it('trains both encoders, the fusion, and a student that needs one modality and no more weights than its twin', { timeout: 120_000 }, async () => {
  const id = await begin(dataset, pairedRecipe('fusion', { distillation: { mmd: { weight: 1 }, cosine: { weight: 0.5 } } }))
  const record = await execute(dataset, id)
  expect(record).toMatchObject({ state: 'finished', error: null })
  expect(record.models.map(({ name }) => name)).toEqual(['teacher', 'encoder', 'fusion', 'student', 'scratch', 'lda', 'template'])
  const of = (name: string) => record.models.find((model) => model.name === name)
  expect(of('student')?.parameters).toBe(of('scratch')?.parameters)
  const epochs = await new RunStore(dataset.files, dataset.path).folder(id).epochs()
  expect(Object.keys(epochs.find(({ phase }) => phase === 'student')?.terms ?? {}).sort()).toEqual(['COS', 'KL', 'MMD', 'identity', 'second head', 'total'])
  const report = await new RunStore(dataset.files, dataset.path).folder(id).report()
  expect(report.leaks).toEqual([])
  expect(Object.keys(report.systems).sort()).toEqual(['encoder', 'fusion', 'lda', 'scratch', 'student', 'teacher', 'template'])
  expect(hashes(record).student).not.toBe(hashes(record).scratch)
})

it('with every weight 0 the student is its twin from scratch, bit for bit', { timeout: 120_000 }, async () => {
  const id = await begin(dataset, pairedRecipe('fusion', { distillation: { kl: { weight: 0 }, mmd: { weight: 0 }, cosine: { weight: 0 } } }))
  const { models } = await execute(dataset, id)
  const of = (name: string) => new RunStore(dataset.files, dataset.path).folder(id).model(name as 'student', models)
  expect((await of('student')).arrays).toEqual((await of('scratch')).arrays)
})
