import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { version } from '../../package.json'
import { LabError, RecipePreset, type Ablation, type AblationGrid, type AblationProgress, type AblationResult, type AblationStatus, type TableFormat } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { nodeFiles, writeAtomically } from '../dataset/files.ts'
import { ablationResult, tableOfRuns } from '../runs/ablation/ablation-result.ts'
import { AblationStore } from '../runs/ablation/ablation-store.ts'
import { builtInGrid, builtInGrids } from '../runs/ablation/built-in-grids.ts'
import { statusOf } from '../runs/ablation/cells.ts'
import { parseGridText, planAblation } from '../runs/ablation/grid.ts'
import { tableText } from '../runs/ablation/table-text.ts'
import { RunStore } from '../runs/run-store.ts'
import { localQueue, sharedQueue } from './ablation-queue.ts'
import { workOnAblation } from './ablation-work.ts'
import { resumeAt, textFileAt, type LearningCommand } from './learning-tasks.ts'
import { withDataset } from './with-dataset.ts'

export interface AblateOptions {
  readonly path: string
  /** A file, or the name of a grid that comes with the program, `NAME` or `NAME:PRESET`. */
  readonly grid: string
  /** Instead of the grid's own. */
  readonly split: string | null
  readonly redis: string | null
  readonly threads: number | null
  onProgress(progress: AblationProgress): void
  onNote(text: string): void
}

/** Another command writes for a moment: to make a run takes no longer. */
const patienceMs = 20_000

/** @throws LabError as `withDataset`; `dataset-locked` when that lasts. */
async function withPatience<T>(path: string, work: (dataset: Dataset) => Promise<T>): Promise<T> {
  for (const began = performance.now(); ; await sleep(100 + 200 * Math.random())) {
    try {
      return await withDataset(path, 'write', work)
    } catch (thrown) {
      if (LabError.from(thrown).code !== 'dataset-locked' || performance.now() - began > patienceMs) throw thrown
    }
  }
}

/** @throws LabError `grid-invalid`, and those of reading. */
async function gridOf(text: string): Promise<AblationGrid> {
  const [name, preset = 'quick'] = text.split(':')
  const known = RecipePreset.safeParse(preset)
  const builtIn = known.success ? builtInGrid(name, known.data) : null
  return builtIn ?? parseGridText(await textFileAt(nodeFiles, resolve(text), 'grid-invalid'))
}

/** The split that a grid is for. @throws LabError `grid-invalid` when neither says one. */
export function splitOfGrid(grid: AblationGrid, split: string | null): string {
  const name = split ?? grid.split
  if (name === undefined) throw new LabError('grid-invalid', 'split: the grid names none, and none was given.', { path: 'split', reason: 'missing' })
  return name
}

/** Does a grid, or what is left of it, here and now. @throws LabError `grid-invalid`, `split-not-found`, `queue-unreachable`, `worker-mismatch` before anything is made; `cancelled`. */
export async function ablateAt({ path, grid: wanted, split, redis, threads, onProgress, onNote }: AblateOptions, command: LearningCommand): Promise<{ status: AblationStatus; result: AblationResult }> {
  const grid = await gridOf(wanted)
  const { ablation, dataset } = await withDataset(path, 'read', async (open) => {
    const found = await open.splits.get(splitOfGrid(grid, split))
    return { ablation: planAblation(grid, { split: found, version: await open.versions.get(found.version), program: version, wallMs: Date.now() }), dataset: open.info.id }
  })
  const { signal } = command
  const queue = redis === null ? localQueue(signal) : await sharedQueue({ url: redis, ablation, dataset, path: resolve(path), signal, onNote })
  try {
    await withPatience(path, (open) => createAblation(open, ablation))
    await workOnAblation(ablation, queue, {
      signal, threads, wallMs: () => Date.now(), onProgress, read: (work) => withDataset(path, 'read', work), write: (work) => withPatience(path, work),
      train: async (id) => void (await resumeAt(path, id, command)),
    })
  } finally {
    await queue.close()
  }
  return withDataset(path, 'read', async (open) => ({ status: await statusIn(open, ablation), result: await ablationResult(open, ablation) }))
}

/** Written once: the same grid has the same id. @throws LabError of writing. */
export async function createAblation(dataset: Dataset, ablation: Ablation): Promise<void> {
  const store = new AblationStore(dataset.files, dataset.path)
  if (await store.has(ablation.id)) return
  await store.create(ablation)
  await dataset.note('ablation.created', { ablation: ablation.id, split: ablation.split.name, variants: ablation.variants.length, seeds: ablation.seeds.length })
}

async function statusIn({ files, path }: Dataset, ablation: Ablation): Promise<AblationStatus> {
  return statusOf(ablation, (await new RunStore(files, path).list()).records)
}

export const builtInGridNames = (): string[] => builtInGrids().map(({ name }) => name)

export function listAblationsAt(path: string): Promise<{ ablations: AblationStatus[]; problems: { id: string; error: LabError }[] }> {
  return withDataset(path, 'read', async (dataset) => {
    const { ablations, problems } = await new AblationStore(dataset.files, dataset.path).list()
    const { records } = await new RunStore(dataset.files, dataset.path).list()
    return { ablations: ablations.map((ablation) => statusOf(ablation, records)), problems }
  })
}

/** `text`: an id, its beginning, or a name. @throws LabError `ablation-not-found`. */
export function ablationResultAt(path: string, text: string): Promise<AblationResult> {
  return withDataset(path, 'read', async (dataset) => ablationResult(dataset, await new AblationStore(dataset.files, dataset.path).find(text)))
}

/** `runs`: ids, their beginnings, or names. @throws LabError `run-not-found`, `report-not-found`, `request-invalid`. */
export function tableOfRunsAt(path: string, runs: readonly string[]): Promise<AblationResult> {
  return withDataset(path, 'read', async (dataset) => {
    const store = new RunStore(dataset.files, dataset.path)
    return tableOfRuns(dataset, await Promise.all(runs.map((run) => store.find(run))))
  })
}

/** The table's text, written to `out` where that is given. @throws LabError `export-folder-not-empty` when there is a file already, and those of writing. */
export async function printTable(result: AblationResult, format: TableFormat, out: string | null): Promise<{ text: string; out: string | null }> {
  const text = tableText(result, format)
  const path = out === null ? null : resolve(out)
  if (path !== null) {
    if ((await nodeFiles.stat(path)) !== null) throw new LabError('export-folder-not-empty', `${path} exists already: a table never overwrites. Choose another name.`, { path })
    await nodeFiles.makeFolder(dirname(path))
    await writeAtomically(nodeFiles, path, text)
  }
  return { text, out: path }
}
