import { setTimeout as sleep } from 'node:timers/promises'
import { LabError, type Ablation, type AblationProgress, type RunId, type RunRecord } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { isBetterLater } from '../runs/ablation/cell-order.ts'
import { cellsOf, runsByCell, statusOf, type PlannedCell } from '../runs/ablation/cells.ts'
import { newRun } from '../runs/new-run.ts'
import { RunStore } from '../runs/run-store.ts'
import { stopped, type CellEnd, type CellJob, type CellQueue } from './ablation-queue.ts'

/** What a grid needs of the program that works on it. */
export interface AblationHost {
  readonly signal: AbortSignal
  /** Of the engine; `null`: as the grid says. */
  readonly threads: number | null
  wallMs(): number
  /** The dataset, open for reading, or for writing for a moment. */
  read<T>(work: (dataset: Dataset) => Promise<T>): Promise<T>
  write<T>(work: (dataset: Dataset) => Promise<T>): Promise<T>
  /** Does a run, or goes on with it, until it has ended. @throws LabError `cancelled` when it was interrupted, and what ended it. */
  train(id: RunId): Promise<void>
  onProgress(progress: AblationProgress): void
}

/** A run that another program does is looked at so often. */
const lookAgainMs = 1000

/** Does what is left of a grid, cell by cell; a cell that fails is told of and the others go on. @throws LabError `cancelled`, `queue-unreachable`, and those of the dataset. */
export async function workOnAblation(ablation: Ablation, queue: CellQueue, host: AblationHost): Promise<void> {
  await new GridWork(ablation, host).run(queue)
}

class GridWork {
  readonly #ablation: Ablation
  readonly #host: AblationHost
  readonly #cells: Map<string, PlannedCell>

  constructor(ablation: Ablation, host: AblationHost) {
    this.#ablation = ablation
    this.#host = host
    this.#cells = new Map(cellsOf(ablation).map((cell) => [cell.key, cell]))
  }

  async run(queue: CellQueue): Promise<void> {
    const { cells } = statusOf(this.#ablation, await this.#records())
    const left = new Map(cells.flatMap(({ key, variant, seed, state }): [string, CellJob][] => (state === 'finished' ? [] : [[key, { key, variant, seed }]])))
    await this.#tell(null)
    await queue.work([...left.values()], (job) => this.#cell(job))
    await this.#tell(null)
  }

  #records(): Promise<RunRecord[]> {
    return this.#host.read(recordsOf)
  }

  async #tell(current: AblationProgress['current'], note: string | null = null): Promise<void> {
    const { id, cells, finished, failed } = statusOf(this.#ablation, await this.#records())
    this.#host.onProgress({ id, cells: cells.length, finished, failed, current, note })
  }

  async #cell({ key, variant, seed }: CellJob): Promise<CellEnd> {
    const { signal } = this.#host
    for (;;) {
      if (signal.aborted) throw stopped()
      const records = await this.#records()
      if (isBetterLater(key, [...this.#cells.values()], records)) return 'later'
      const record = runsByCell(records).get(key) ?? (await this.#create(key))
      if (record.state === 'finished') return 'finished'
      if (record.state === 'running') {
        await sleep(lookAgainMs)
        continue
      }
      await this.#tell({ variant, seed, run: record.id })
      const end = await this.#train(record, variant, seed)
      if (end !== 'busy') return end
    }
  }

  async #train({ id }: RunRecord, variant: string, seed: number): Promise<CellEnd | 'busy'> {
    try {
      await this.#host.train(id)
      return 'finished'
    } catch (thrown) {
      const { code, message } = LabError.from(thrown)
      if (code === 'cancelled') throw thrown
      // Another program has begun it, or has just finished it.
      if (code === 'run-busy' || code === 'state-conflict') return 'busy'
      await this.#tell({ variant, seed, run: id }, `${variant}, seed ${seed}: ${code}: ${message}`)
      return 'failed'
    }
  }

  /** Looked for again while the dataset is locked: whoever was quicker has made it. */
  #create(key: string): Promise<RunRecord> {
    const { name, engine, preset, split: { name: splitName, hash } } = this.#ablation
    const { threads, wallMs } = this.#host
    const cell = this.#cells.get(key)
    if (cell === undefined) throw new LabError('worker-mismatch', 'The queue has a cell that is not in this grid.', { cell: key })
    return this.#host.write(async (dataset) => {
      const found = runsByCell(await recordsOf(dataset)).get(key)
      if (found) return found
      const { recipe, seed, variant } = cell
      const split = await dataset.splits.get(splitName)
      // Beside cells of what it was, those of what it is now would stand in one table.
      if (split.hash !== hash) {
        throw new LabError('split-invalid', `The split "${splitName}" is not the one that this grid began with: its hash is ${split.hash}, it was ${hash}. It was made again since, or someone in it was erased. Finished cells stay; start the grid again.`, { split: splitName, hash: split.hash, expected: hash })
      }
      const record = { ...newRun({ split, recipe, preset, seed, name: `${name}/${variant}/${seed}`, engine: { ...engine, threads: threads ?? engine.threads }, wallMs: wallMs() }), cell: key }
      await new RunStore(dataset.files, dataset.path).create(record)
      await dataset.note('run.created', { run: record.id, split: splitName, recipe: recipe.recipe, seed, ablation: this.#ablation.id })
      return record
    })
  }
}

const recordsOf = async (dataset: Dataset): Promise<RunRecord[]> => (await new RunStore(dataset.files, dataset.path).list()).records
