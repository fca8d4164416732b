import { version } from '../../package.json'
import { LabError, type Ablation, type AblationId, type AblationStatus, type LabEmitter, type LabHandlers, type RunId, type RunRecord } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { ablationResult } from '../runs/ablation/ablation-result.ts'
import { AblationStore } from '../runs/ablation/ablation-store.ts'
import { builtInGrids } from '../runs/ablation/built-in-grids.ts'
import { statusOf, summaryOf } from '../runs/ablation/cells.ts'
import { parseGrid, planAblation } from '../runs/ablation/grid.ts'
import { tableText } from '../runs/ablation/table-text.ts'
import { localQueue, sharedQueue, type CellQueue } from './ablation-queue.ts'
import { createAblation, splitOfGrid } from './ablation-tasks.ts'
import { workOnAblation } from './ablation-work.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobsService } from './jobs-service.ts'

export interface AblationServiceParts {
  readonly holder: DatasetHolder
  readonly emitter: LabEmitter
  readonly jobs: JobsService
  readonly wallMs: () => number
  /** Runs as they are now, and a run done in its turn: of runs-service.ts. */
  readonly runs: { records(): Promise<RunRecord[]>; train(id: RunId, signal: AbortSignal): Promise<void> }
}

type Handlers = Pick<LabHandlers, 'ablations.list' | 'ablations.grids' | 'ablations.get' | 'ablations.start' | 'ablations.resume' | 'ablations.stop' | 'ablations.result' | 'ablations.table'>

/** `ablations.*`: one grid at a time, its cells in turn with other runs. */
export class AblationService {
  readonly #parts: AblationServiceParts
  #current: { readonly id: AblationId; readonly controller: AbortController } | null = null

  constructor(parts: AblationServiceParts) {
    this.#parts = parts
    parts.holder.onChange(() => this.#current?.controller.abort())
  }

  #dataset(): Dataset {
    return this.#parts.holder.current()
  }

  #store(): AblationStore {
    const { files, path } = this.#dataset()
    return new AblationStore(files, path)
  }

  handlers(): Handlers {
    return {
      'ablations.list': async () => {
        const records = await this.#parts.runs.records()
        return (await this.#store().list()).ablations.map((ablation) => summaryOf(this.#seen(statusOf(ablation, records))))
      },
      'ablations.grids': () => builtInGrids(),
      'ablations.get': async ({ id }) => this.#status(await this.#store().get(id)),
      'ablations.start': async ({ grid: given, split, redis }) => {
        const grid = parseGrid(given)
        const { splits, versions } = this.#dataset()
        const found = await splits.get(splitOfGrid(grid, split))
        return this.#start(planAblation(grid, { split: found, version: await versions.get(found.version), program: version, wallMs: this.#parts.wallMs() }), redis)
      },
      'ablations.resume': async ({ id, redis }) => this.#start(await this.#resumable(id), redis),
      'ablations.stop': ({ id }) => this.#stop(id),
      'ablations.result': async ({ id }) => ablationResult(this.#dataset(), await this.#store().get(id)),
      'ablations.table': async ({ id, format }) => ({ text: tableText(await ablationResult(this.#dataset(), await this.#store().get(id)), format) }),
    }
  }

  async #status(ablation: Ablation): Promise<AblationStatus> {
    return this.#seen(statusOf(ablation, await this.#parts.runs.records()))
  }

  /** Between two cells none is running, and the ablation is all the same. */
  #seen(status: AblationStatus): AblationStatus {
    return this.#current?.id === status.id ? { ...status, state: 'running' } : status
  }

  /** @throws LabError `ablation-not-found`, `worker-mismatch`, `split-invalid`: its cells would not be comparable any more. */
  async #resumable(id: AblationId): Promise<Ablation> {
    const ablation = await this.#store().get(id)
    const { program, split: { name, hash } } = ablation
    if (program !== version) throw new LabError('worker-mismatch', `The ablation ${id} was begun by version ${program} of the program; this is ${version}.`, { field: 'program', found: program, expected: version })
    const split = await this.#dataset().splits.get(name)
    if (split.hash !== hash) throw new LabError('split-invalid', `The split "${name}" is not the one that this ablation began with. Start the grid anew.`, { split: name, hash: split.hash, expected: hash })
    return ablation
  }

  /** @throws LabError `state-conflict`, `queue-unreachable`, `worker-mismatch` before anything is made. */
  async #start(ablation: Ablation, redis: string | null): Promise<AblationStatus> {
    const { id } = ablation
    if (this.#current) throw new LabError('state-conflict', `The ablation ${this.#current.id} is worked on; stop it first.`, { ablation: this.#current.id })
    const controller = new AbortController()
    const { signal } = controller
    const own = (this.#current = { id, controller })
    const dataset = this.#dataset()
    let queue: CellQueue | null = null
    try {
      const made = (queue = redis === null ? localQueue(signal) : await sharedQueue({ url: redis, ablation, dataset: dataset.info.id, path: dataset.path, signal, onNote: (note) => void this.#note(dataset, ablation, note) }))
      await createAblation(dataset, ablation)
      this.#parts.jobs.start({
        kind: 'ablation',
        unit: 'cells',
        run: async (job) => {
          job.signal.addEventListener('abort', () => controller.abort(), { once: true })
          try {
            await workOnAblation(ablation, made, {
              signal, threads: null, wallMs: this.#parts.wallMs, read: (work) => work(dataset), write: (work) => work(dataset), train: (run) => this.#parts.runs.train(run, signal),
              onProgress: (progress) => {
                job.onProgress(progress.finished + progress.failed, progress.cells)
                this.#parts.emitter.emit('ablation.progress', progress)
              },
            })
          } finally {
            await made.close()
            if (this.#current === own) this.#current = null
            await this.#note(dataset, ablation, null)
          }
          return { ablation: id }
        },
      })
    } catch (thrown) {
      await queue?.close()
      if (this.#current === own) this.#current = null
      throw thrown
    }
    return this.#status(ablation)
  }

  /** Says how far it is, unless another dataset is open by now. */
  async #note({ path }: Dataset, ablation: Ablation, note: string | null): Promise<void> {
    if (this.#parts.holder.open?.path !== path) return
    const { cells, finished, failed } = statusOf(ablation, await this.#parts.runs.records())
    this.#parts.emitter.emit('ablation.progress', { id: ablation.id, cells: cells.length, finished, failed, current: null, note })
  }

  /** @throws LabError `state-conflict` for one that nobody works on. */
  async #stop(id: AblationId): Promise<AblationStatus> {
    const ablation = await this.#store().get(id)
    if (this.#current?.id !== id) throw new LabError('state-conflict', `The ablation ${id} is not worked on.`, { ablation: id })
    this.#current.controller.abort()
    return this.#status(ablation)
  }
}
