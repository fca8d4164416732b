import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RecordingId } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { enrolPeople } from '../../../src-main/runs/enrol.ts'
import { exportModel } from '../../../src-main/runs/export-model.ts'
import { identifyRecording } from '../../../src-main/runs/identify-recording.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { recordingId as idOf } from '../../dataset/a-recording.ts'
import { begin, execute, hashes } from '../a-small-lab.ts'
import { taskWorld } from '../an-identity-lab.ts'
import { pairedLab, pairedRecipe } from './a-paired-lab.ts'

const recordingId = (n: number): RecordingId => RecordingId.parse(idOf(n))

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

  // One lane's windows in a gate over two encoders' embeddings would be numbers without a meaning.
  const out = join(folder, 'fusion.onnx')
  const recording = recordingId(1)
  for (const use of [
    enrolPeople(dataset, { run: id, model: 'fusion', recordings: [recording] }, taskWorld), identifyRecording(dataset, { run: id, model: 'fusion', source: { recording }, claim: null, beats: 0 }, taskWorld),
    exportModel(dataset, { run: id, model: 'fusion', out, quantised: false }, taskWorld),
  ]) await expect(use).rejects.toMatchObject({ code: 'model-not-found', message: expect.stringContaining('both signals') as unknown })
  expect(await dataset.files.stat(out)).toBeNull()
  expect(await enrolPeople(dataset, { run: id, model: 'student', recordings: [recording] }, taskWorld)).toMatchObject({ templates: [{ subject: 'S001' }] })
})

it('with every weight 0 the student is its twin from scratch, bit for bit', { timeout: 120_000 }, async () => {
  const id = await begin(dataset, pairedRecipe('fusion', { distillation: { kl: { weight: 0 }, mmd: { weight: 0 }, cosine: { weight: 0 } } }))
  const { models } = await execute(dataset, id)
  const of = (name: string) => new RunStore(dataset.files, dataset.path).folder(id).model(name as 'student', models)
  expect((await of('student')).arrays).toEqual((await of('scratch')).arrays)
})
