import { join } from 'node:path'
import { EngineChoice, Recipe, SplitOptions, type RecordingId, type RunRecord, type SplitOptionsInput, type SubjectCode } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { chooseEngine } from '../../src-main/learning/engine/choose-engine.ts'
import { executeRun } from '../../src-main/runs/execute-run.ts'
import { newRun } from '../../src-main/runs/new-run.ts'
import type { TaskWorld } from '../../src-main/runs/open-run.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { analyseAt } from '../../src-main/services/analyse.ts'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'
import { freeze } from '../exchange/a-lab.ts'

const context = { signal: new AbortController().signal, onProgress: () => undefined }

export const taskWorld: TaskWorld = {
  program: 'test', signal: context.signal, now: () => performance.now(), wallMs: () => Date.now(), onDone: () => undefined, chooseEngine: () => chooseEngine(EngineChoice.parse({ engine: 'cpu' }), { cores: 1 }),
}

export interface IdentityLab {
  readonly path: string
  readonly dataset: Dataset
  /** Finished. */
  readonly run: RunRecord
}

/** The demo dataset, seed 1: person k of it is the demo device's seed 1000 + k. Analysed, frozen, divided by day, and with a run of a recipe that trains nothing, or a moment. */
export async function identityLab(folder: string, options: { readonly subjects?: number; readonly recipe?: object; readonly split?: SplitOptionsInput; readonly seconds?: number } = {}): Promise<IdentityLab> {
  const path = join(folder, 'demo')
  await createDemoDataset(path, { seed: 1, subjects: options.subjects ?? 6, secondsPerRecording: options.seconds ?? 30, ...context })
  const dataset = await Dataset.open(path, { access: 'write' })
  await analyseAt(path, await dataset.recordings.ids(), context)
  await freeze(dataset)
  await dataset.splits.create('v1', 's1', SplitOptions.parse(options.split ?? { strategy: 'leave-last-day-out', validation: 0 }))
  return { path, dataset, run: await finishedRun(dataset, options.recipe) }
}

/** One more run of the dataset's split s1. */
export async function finishedRun(dataset: Dataset, recipe: object = {}): Promise<RunRecord> {
  const record = newRun({
    split: await dataset.splits.get('s1'), recipe: Recipe.parse({ recipe: 'template', holdOut: 0.2, evaluation: { replicates: 100 }, ...recipe }), preset: null, seed: 1, name: '',
    engine: EngineChoice.parse({ engine: 'cpu' }), wallMs: Date.now(),
  })
  await new RunStore(dataset.files, dataset.path).create(record)
  return executeRun(dataset, record.id, {
    ...taskWorld, environment: { program: 'test', node: '', platform: '', processor: '', memoryBytes: 0 }, request: () => 'go', memoryBytes: () => 0, onProgress: () => undefined, onEpoch: () => undefined,
  })
}

/** Recordings by person, oldest first. */
export async function recordingsOf(dataset: Dataset): Promise<Map<SubjectCode, RecordingId[]>> {
  const people = new Map<SubjectCode, RecordingId[]>()
  for (const { id, subject } of [...(await dataset.recordings.list())].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1))) people.set(subject, [...(people.get(subject) ?? []), id])
  return people
}
