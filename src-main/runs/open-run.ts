import { LabError, type DatasetSplit, type RunId, type RunRecord } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { ChosenEngine } from '../learning/engine/choose-engine.ts'
import { unpackModel, type StoredModel } from './embedding-models.ts'
import { runData, type RunData } from './run-data.ts'
import { RunStore } from './run-store.ts'
import type { RunFolder } from './run-folder.ts'

/** What tasks on finished runs need of the world. */
export interface TaskWorld {
  readonly program: string
  readonly signal: AbortSignal
  now(): number
  wallMs(): number
  chooseEngine(record: Pick<RunRecord, 'engine'>): Promise<ChosenEngine>
  /** 0-1. */
  onDone(done: number): void
}

export interface OpenRun {
  readonly folder: RunFolder
  readonly record: RunRecord
  readonly models: StoredModel[]
}

/** A run with the models that it has. @throws LabError `run-not-found`, `run-invalid`, `run-format-newer`. */
export async function openRun(dataset: Dataset, id: RunId): Promise<OpenRun> {
  const folder = new RunStore(dataset.files, dataset.path).folder(id)
  const record = await folder.record()
  const models: StoredModel[] = []
  for (const { name } of record.models) models.push(unpackModel(await folder.model(name, record.models)))
  return { folder, record, models }
}

/** The split of a run. @throws LabError `split-not-found`, and `split-invalid` when it is another one by now: people whom the models learnt could be tested. */
export async function splitOf(dataset: Dataset, { split: { name, hash } }: Pick<RunRecord, 'split'>): Promise<DatasetSplit> {
  const split = await dataset.splits.get(name)
  if (split.hash === hash) return split
  throw new LabError('split-invalid', `The split "${name}" is not the one that this run began with: its hash is ${split.hash}, it was ${hash}. It was made again since, or someone in it was erased. Start a new run.`, { split: name, hash: split.hash, expected: hash })
}

/** The windows that a run was trained on, from the cache or cut again. @throws LabError as `splitOf` and `runData`. */
export async function runWindows(dataset: Dataset, record: Pick<RunRecord, 'recipe' | 'split'>, signal: AbortSignal): Promise<RunData> {
  return runData(dataset, await splitOf(dataset, record), record.recipe, { signal })
}
