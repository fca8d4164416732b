import { join } from 'node:path'
import { EngineChoice, Recipe, type DatasetSplit, type ModelName, type NetworkOptions, type RunRecord } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { PcaLda } from '../../src-main/learning/baselines/pca-lda.ts'
import { loadEngine } from '../../src-main/learning/engine/load-engine.ts'
import { samplesOf } from '../../src-main/learning/data/window-rows.ts'
import { initialStatistics, initialWeights } from '../../src-main/learning/networks/parameter-layout.ts'
import { answerLayout, type ModelShape } from '../../src-main/learning/recipes/answers.ts'
import { recipeOf } from '../../src-main/learning/recipes/recipe-presets.ts'
import { packModel, type ModelUse, type StoredModel } from '../../src-main/runs/embedding-models.ts'
import { newRun } from '../../src-main/runs/new-run.ts'
import type { TaskWorld } from '../../src-main/runs/open-run.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { encodeArrays } from '../../src-main/dataset/array-file.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { trainingData, type TrainingData } from '../../src-main/runs/training-data.ts'
import { windowOptionsOf } from '../../src-main/runs/window-options.ts'
import { buildWindowSet } from '../../src-main/runs/window-sets.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from '../exchange/a-lab.ts'
import { normals } from '../learning/evaluation/synthetic-people.ts'

const rate = 250
const seconds = 40
const people = ['S001', 'S002', 'S003']

export interface FinishedRun {
  readonly dataset: Dataset
  readonly split: DatasetSplit
  readonly record: RunRecord
  readonly data: TrainingData
  readonly stored: Readonly<Partial<Record<ModelName, StoredModel>>>
}

/** A model as training leaves it, but with weights that nobody trained: running statistics away from their first values, so that they matter. */
export function untrainedModel(name: ModelName, network: NetworkOptions, use: ModelUse, heads: 1 | 2): StoredModel {
  const shape: ModelShape = { network, heads, people: use.people.length, length: use.length, channels: use.channels }
  const layout = answerLayout(shape)
  const normal = normals(7)
  const state = { weights: initialWeights(layout, 3).map((value) => value + 0.01 * normal()), statistics: initialStatistics(layout).map((value) => value + 0.2 * Math.abs(normal())) }
  return { kind: 'network', name, use, model: { shape, layout, state } }
}

/** Three people, two recordings each; a ResNet, a DeiT, LDA and the mean beat on their windows, as a run that is over. */
export async function finishedRun(folder: string, name = 'A run'): Promise<FinishedRun> {
  const dataset = await Dataset.create(join(folder, 'lab'), { name: 'Lab' })
  for (let id = 1; id <= 2 * people.length; id++) {
    const person = Math.ceil(id / 2)
    const shape = spikes(seconds * rate, rate, person).map((count, row) => count + Math.round(60 * Math.sin((row % rate) * 0.05 * person) + 25 * Math.sin(row * id)))
    await addRecording(dataset, { id: recordingId(id), subject: people[person - 1], startedAt: `2026-03-0${id}T10:00:00.000Z`, counts: [shape], beats: spikeRows(seconds * rate, rate) })
  }
  await freeze(dataset)
  await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
  const split = await dataset.splits.get('s1')
  const plain = recipeOf('thkd', 'quick')
  if (plain.recipe !== 'thkd') throw new Error('another recipe')
  const small = { people: 2, windowsPerPerson: 2 }
  const recipe = Recipe.parse({
    ...plain, holdOut: 0.25, windows: { minimumCorrelation: null }, teacher: { ...plain.teacher, fit: { ...plain.teacher.fit, ...small } }, student: { ...plain.student, fit: { ...plain.student.fit, ...small } },
  })
  if (recipe.recipe !== 'thkd') throw new Error('another recipe')
  const { set } = await buildWindowSet(dataset, split, windowOptionsOf(recipe.windows))
  const data = trainingData(set, split, recipe)
  const use: ModelUse = { windows: recipe.windows, rateHz: set.rateHz, length: set.length, channels: set.channels, people, scale: 32 }
  const labels = Int32Array.from(data.training, (row) => data.classes.classOf[set.subject[row]])
  const stored = {
    teacher: untrainedModel('teacher', recipe.teacher.network, use, 1), student: untrainedModel('student', recipe.student.network, use, 2),
    lda: { kind: 'lda', name: 'lda', use, model: PcaLda.fit({ values: samplesOf(set, data.training), length: set.length, labels }, { components: 20, shrinkage: 0.1 }) }, template: { kind: 'template', name: 'template', use },
  } as const satisfies Partial<Record<ModelName, StoredModel>>
  const begun = newRun({ split, recipe, preset: 'quick', seed: 1, name, engine: EngineChoice.parse({}), wallMs: Date.UTC(2026, 2, 9) })
  const models = Object.values(stored).map((model) => ({ name: model.name, network: model.kind, parameters: 0, macs: null, epochs: 1, bestEpoch: 1, stoppedEarly: false, seconds: 1, hash: sha256(encodeArrays(packModel(model))) }))
  const windows = { contentHash: set.contentHash, rateHz: set.rateHz, length: set.length, channels: set.channels, byRole: { test: data.test.length }, subjects: people.length, recordings: 6, dropped: {} }
  const record: RunRecord = { ...begun, state: 'finished', models, windows }
  const run = await new RunStore(dataset.files, dataset.path).create(record)
  for (const model of Object.values(stored)) await run.writeModel(model.name, packModel(model))
  return { dataset, split, record, data, stored }
}

/** A computer with one core, where nothing is cancelled. */
export function quietWorld(more: Partial<TaskWorld> = {}): TaskWorld {
  return {
    program: '1.2.3-test', signal: new AbortController().signal, now: () => 0, wallMs: () => 0, onDone: () => undefined,
    chooseEngine: async () => ({ engine: await loadEngine('onnx', { threads: 1, provider: 'cpu' }), reasons: [] }), ...more,
  }
}

