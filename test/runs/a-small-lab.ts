import { join } from 'node:path'
import { EngineChoice, Recipe, type RunId, type RunRecord, type SplitOptionsInput } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { chooseEngine } from '../../src-main/learning/engine/choose-engine.ts'
import { loadEngine } from '../../src-main/learning/engine/load-engine.ts'
import { executeRun, type RunWorld } from '../../src-main/runs/execute-run.ts'
import { newRun } from '../../src-main/runs/new-run.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from '../exchange/a-lab.ts'

const rate = 250
const seconds = 24

/** Three people, two recordings each of some twenty beats, frozen as v1 and divided as s1. `flat`: people whose electrodes were off. */
export async function smallLab(folder: string, options: { readonly people?: number; readonly split?: SplitOptionsInput; readonly flat?: readonly number[]; readonly oneDay?: boolean; readonly files?: Files } = {}): Promise<Dataset> {
  const { people = 3, split = { strategy: 'leave-last-recording-out', validation: 0 }, flat = [], oneDay = false, files = nodeFiles } = options
  const dataset = await Dataset.create(join(folder, 'lab'), { name: 'Lab', files })
  for (let id = 1; id <= 2 * people; id++) {
    const person = Math.ceil(id / 2)
    const shape = spikes(seconds * rate, rate, person).map((count, row) => (flat.includes(person) ? 7 * id : count + Math.round(60 * Math.sin((row % rate) * 0.05 * person) + 25 * Math.sin(row * id))))
    await addRecording(dataset, { id: recordingId(id), subject: `S00${person}`, startedAt: oneDay ? `2026-03-01T1${id}:00:00.000Z` : `2026-03-0${id}T10:00:00.000Z`, counts: [shape], beats: spikeRows(seconds * rate, rate) })
  }
  await freeze(dataset)
  await divide(dataset, split)
  return dataset
}

/** Two epochs: one has 25 steps at the least. */
const fit = { epochs: 2, minimumSteps: 50, people: 3, windowsPerPerson: 4, rate: 2e-3, weightDecay: 0.01, schedule: { kind: 'cosine', warmUp: 0.1, floor: 0.1 }, augmentation: {} }
const learner = (preset: string) => ({ network: { preset, embedding: 16 }, fit, margin: {} })
const common = { holdOut: 0.25, windows: { minimumCorrelation: null, rateHz: 100 }, evaluation: { replicates: 100, beatsPerProbe: [1] } }

/** The smallest networks there are, for two epochs. */
export const smallRecipe = (change: object = {}): Recipe =>
  Recipe.parse({ recipe: 'thkd', ...common, teacher: { ...learner('resnet18-w16'), triplet: {} }, student: { ...learner('deit-micro'), distillation: { logit: {}, stage: {}, embedding: {}, relation: {} } }, ...change })

export const scratchRecipe = (changes: object = {}, more: object = {}): Recipe => {
  const { network, margin } = learner('deit-micro')
  return Recipe.parse({ recipe: 'scratch', ...common, student: { network, margin, fit: { ...fit, ...changes } }, ...more })
}

/** A run that is to be done. */
export async function begin(dataset: Dataset, recipe: Recipe, engine: object = {}, split = 's1'): Promise<RunId> {
  const record = newRun({ split: await dataset.splits.get(split), recipe, preset: null, seed: 7, name: '', engine: EngineChoice.parse({ engine: 'onnx', threads: 1, ...engine }), wallMs: Date.now() })
  await new RunStore(dataset.files, dataset.path).create(record)
  return record.id
}

export const onnx = () => loadEngine('onnx', { threads: 1, provider: 'cpu' })

/** A computer where nothing is asked. */
export function runWorld(more: Partial<RunWorld> = {}): RunWorld {
  return {
    program: 'test', environment: { program: 'test', node: '', platform: '', processor: '', memoryBytes: 0 }, signal: new AbortController().signal, now: () => performance.now(), wallMs: () => Date.now(), memoryBytes: () => 0,
    request: () => 'go', onProgress: () => undefined, onEpoch: () => undefined, chooseEngine: ({ engine }) => chooseEngine(engine, { cores: 1 }), ...more,
  }
}

/** Asks for a pause after so many steps. */
export function pausing(after: number): Pick<RunWorld, 'request'> {
  let asked = 0
  return { request: () => (++asked >= after ? 'pause' : 'go') }
}

export const execute = (dataset: Dataset, id: RunId, more: Partial<RunWorld> = {}): Promise<RunRecord> => executeRun(dataset, id, runWorld(more))

/** SHA-256 of every model's file. */
export const hashes = ({ models }: RunRecord): Record<string, string> => Object.fromEntries(models.map(({ name, hash }) => [name, hash]))
