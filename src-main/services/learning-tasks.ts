import { resolve } from 'node:path'
import {
  EngineChoice, LabError, type Decision, type EngineStatus, type Gallery, type ModelExport, type ModelName, type Recipe, type RecipeName, type RecipePreset, type RecordingId, type RunEpoch, type RunId, type RunRecord,
  type RunReport, type SubjectCode,
} from '../contract/index.ts'
import { nodeFiles, type Files } from '../dataset/files.ts'
import { fileURLToPath } from 'node:url'
import { recipeOf } from '../learning/recipes/recipe-presets.ts'
import { newRun, recipeForSplit } from '../runs/new-run.ts'
import { parseRecipeText } from '../runs/recipe-text.ts'
import { RunStore, type RunListing } from '../runs/run-store.ts'
import { forkTrainer, startTrainerJob, type TrainerListener } from './trainer-process.ts'
import type { TrainerResults, TrainerTask } from './trainer-task.ts'
import { withDataset } from './with-dataset.ts'

/** What a command that trains, or uses what was trained, needs: the built workers/trainer.ts, and how to be stopped. */
export interface LearningCommand {
  readonly trainer: URL
  readonly signal: AbortSignal
  readonly listener?: TrainerListener
}

/** In a process of its own. Ctrl-C saves where a run is, and ends it. @throws LabError of the task. */
async function inTrainer<T extends TrainerTask>(task: T, { trainer, signal, listener }: LearningCommand): Promise<TrainerResults[T['kind']]> {
  if ((await nodeFiles.stat(fileURLToPath(trainer))) === null) throw new LabError('file-not-found', `The trainer ${fileURLToPath(trainer)} was not built: run npm run build.`, { path: fileURLToPath(trainer) })
  const job = startTrainerJob(() => forkTrainer(trainer), task, listener)
  const cancel = (): void => job.request('cancel')
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  try {
    return await job.result
  } catch (thrown) {
    throw stoppedBefore(thrown, signal)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Ctrl-C reaches the trainer itself as well; in its first moments it cannot say yet that it heard. */
function stoppedBefore(thrown: unknown, { aborted }: AbortSignal): unknown {
  const isSignal = thrown instanceof LabError && thrown.code === 'trainer-ended' && (thrown.data.signal === 'SIGINT' || thrown.data.signal === 'SIGTERM')
  return aborted && isSignal ? new LabError('cancelled', 'It was stopped before it had begun; nothing of it is lost.', {}) : thrown
}

export const enginesAt = (command: LearningCommand): Promise<EngineStatus[]> => inTrainer({ kind: 'engines' }, command)

export interface TrainOptions {
  readonly path: string
  readonly split: string
  /** By name and preset, or a file. */
  readonly recipe: { readonly name: RecipeName; readonly preset: RecipePreset } | { readonly file: string }
  readonly seed: number
  readonly name: string
  readonly engine: EngineChoice
}

/** A recipe is a page of JSON: what is larger is another file, or none that ends. */
const mostRecipeBytes = 1 << 20

/** A page of JSON that a person wrote. @throws LabError `tooLarge` for more than 1 MiB, and those of reading. */
export async function textFileAt(files: Files, path: string, tooLarge: 'recipe-invalid' | 'grid-invalid'): Promise<string> {
  const file = await files.open(path, 'read')
  try {
    const bytes = new Uint8Array(mostRecipeBytes + 1)
    let length = 0
    for (let got = -1; got !== 0 && length < bytes.length; length += got) got = await file.read(bytes.subarray(length), length)
    if (length > mostRecipeBytes) throw new LabError(tooLarge, `${path} is larger than ${mostRecipeBytes} bytes: it is no ${tooLarge === 'grid-invalid' ? 'grid' : 'recipe'}.`, { path, reason: 'too large' })
    return new TextDecoder().decode(bytes.subarray(0, length))
  } finally {
    await file.close()
  }
}

/** Makes a run and does it, here and now. @throws LabError as `executeRun`, `recipe-invalid`, `split-not-found`. */
export async function trainAt({ path, split: splitName, recipe: wanted, seed, name, engine }: TrainOptions, command: LearningCommand): Promise<{ record: RunRecord; report: RunReport }> {
  const id = await withDataset(path, 'write', async (dataset) => {
    const split = await dataset.splits.get(splitName)
    const recipe: Recipe = 'file' in wanted ? parseRecipeText(await textFileAt(dataset.files, resolve(wanted.file), 'recipe-invalid')) : recipeForSplit(recipeOf(wanted.name, wanted.preset), split, await dataset.versions.get(split.version))
    const record = newRun({ split, recipe, preset: 'file' in wanted ? null : wanted.preset, seed, name, engine, wallMs: Date.now() })
    await new RunStore(dataset.files, dataset.path).create(record)
    await dataset.note('run.created', { run: record.id, split: splitName, recipe: recipe.recipe, seed })
    return record.id
  })
  return resumeAt(path, id, command)
}

/** Goes on with a run that was paused, stopped or interrupted. @throws LabError as `executeRun`. */
export async function resumeAt(path: string, id: RunId, command: LearningCommand): Promise<{ record: RunRecord; report: RunReport }> {
  const record = await inTrainer({ kind: 'train', path, run: id }, command)
  return withDataset(path, 'read', async (dataset) => ({ record, report: await new RunStore(dataset.files, dataset.path).folder(id).report() }))
}

export const findRunAt = (path: string, text: string): Promise<RunId> => withDataset(path, 'read', (dataset) => new RunStore(dataset.files, dataset.path).find(text))
export const listRunsAt = (path: string): Promise<RunListing> => withDataset(path, 'read', (dataset) => new RunStore(dataset.files, dataset.path).list())

export const runRecordAt = (path: string, id: RunId): Promise<RunRecord> => withDataset(path, 'read', (dataset) => new RunStore(dataset.files, dataset.path).folder(id).record())

/** @throws LabError `report-not-found`, `run-invalid`. */
export function reportAt(path: string, id: RunId): Promise<{ record: RunRecord; report: RunReport; folder: string }> {
  return withDataset(path, 'read', async (dataset) => {
    const folder = new RunStore(dataset.files, dataset.path).folder(id)
    return { record: await folder.record(), report: await folder.report(), folder: folder.path }
  })
}

export function showRunAt(path: string, id: RunId): Promise<{ record: RunRecord; epochs: RunEpoch[]; report: RunReport | null; folder: string }> {
  return withDataset(path, 'read', async (dataset) => {
    const folder = new RunStore(dataset.files, dataset.path).folder(id)
    return { record: await folder.record(), epochs: await folder.epochs(), folder: folder.path, report: await folder.report().catch((thrown: unknown) => noReport(thrown)) }
  })
}

function noReport(thrown: unknown): null {
  if (thrown instanceof LabError && thrown.code === 'report-not-found') return null
  throw thrown
}

export const removeRunAt = (path: string, id: RunId): Promise<void> =>
  withDataset(path, 'write', async (dataset) => {
    await new RunStore(dataset.files, dataset.path).remove(id)
    await dataset.note('run.removed', { run: id })
  })

export const evaluateRunAt = (path: string, run: RunId, command: LearningCommand): Promise<RunReport> => inTrainer({ kind: 'evaluate', path, run }, command)

export const exportModelAt = (path: string, options: { run: RunId; model: ModelName; out: string; quantised: boolean }, command: LearningCommand): Promise<ModelExport> =>
  inTrainer({ kind: 'export-model', path, ...options, out: resolve(options.out) }, command)

/** `recordings`: ids, beginnings of ids, or subject codes (all recordings of theirs). */
export async function enrolAt(path: string, options: { run: RunId; model: ModelName; recordings: readonly string[] }, command: LearningCommand): Promise<Gallery> {
  const recordings = await withDataset(path, 'read', async (dataset) => {
    const all = await dataset.recordings.list()
    const found: RecordingId[] = []
    for (const wanted of options.recordings) {
      const own = all.filter(({ subject, state }) => subject === wanted && state !== 'discarded').map(({ id }) => id)
      found.push(...(own.length > 0 ? own : [await dataset.recordings.find(wanted)]))
    }
    return found
  })
  return inTrainer({ kind: 'enrol', path, run: options.run, model: options.model, recordings }, command)
}

/** `record`: a recording of the dataset (id or its beginning), or the path of a file. */
export async function identifyAt(path: string, options: { run: RunId; model: ModelName; record: string; claim: SubjectCode | null; beats: number }, command: LearningCommand): Promise<Decision> {
  const { record, ...others } = options
  const recording = await withDataset(path, 'read', (dataset) => dataset.recordings.find(record).catch((thrown: unknown) => noRecording(thrown)))
  return inTrainer({ kind: 'identify', path, ...others, source: recording === null ? { path: resolve(record) } : { recording } }, command)
}

/** Not a recording of the dataset: a path. @throws what was thrown for anything else, also for a beginning that fits several. */
function noRecording(thrown: unknown): null {
  if (!(thrown instanceof LabError) || thrown.code !== 'recording-not-found') throw thrown
  if (Array.isArray(thrown.data.matches) && thrown.data.matches.length > 1) throw thrown
  return null
}

/** The model that stands for a run when none is named: the student, else what it has. */
export function usualModel(record: RunRecord): ModelName {
  const order: readonly ModelName[] = ['student', 'scratch', 'teacher', 'lda', 'template']
  const found = order.find((name) => record.models.some((model) => model.name === name))
  if (!found) throw new LabError('run-not-finished', `The run ${record.id} has no finished model.`, { run: record.id })
  return found
}
