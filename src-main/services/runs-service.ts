import { availableParallelism } from 'node:os'
import { LabError, type EngineStatus, type JobStatus, type LabEmitter, type LabHandlers, type MethodRequest, type RunId, type RunRecord } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { recipeOf } from '../learning/recipes/recipe-presets.ts'
import { compareRuns } from '../runs/compare-runs.ts'
import { parseRecipe } from '../runs/recipe-text.ts'
import { newRun, recipeForSplit } from '../runs/new-run.ts'
import { reportPageOf } from '../runs/report-files.ts'
import { RunStore } from '../runs/run-store.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobsService } from './jobs-service.ts'
import { RunQueue } from './run-queue.ts'
import { startTrainerJob, type StartTrainer } from './trainer-process.ts'
import type { TrainerTask } from './trainer-task.ts'

export interface RunsServiceParts {
  readonly holder: DatasetHolder
  readonly emitter: LabEmitter
  readonly jobs: JobsService
  readonly startTrainer: StartTrainer
  readonly wallMs: () => number
  /** A recording goes on: training leaves it a core. */
  readonly isRecording: () => boolean
}

type Handlers = Pick<
  LabHandlers,
  | 'learning.engines' | 'learning.recipe' | 'runs.list' | 'runs.damaged' | 'runs.get' | 'runs.check' | 'runs.start' | 'runs.pause' | 'runs.resume' | 'runs.stop' | 'runs.rename' | 'runs.remove' | 'runs.report' | 'runs.reportPage'
  | 'runs.evaluate' | 'runs.compare' | 'runs.exportModel'
>

/** `learning.*` and `runs.*`: training in a process of its own, one run after the other, and what came of it. */
export class RunsService {
  readonly #parts: RunsServiceParts
  readonly #queue: RunQueue
  #engines: Promise<EngineStatus[]> | null = null

  constructor(parts: RunsServiceParts) {
    this.#parts = parts
    this.#queue = new RunQueue({ emitter: parts.emitter, startTrainer: parts.startTrainer, cores: () => this.#cores() })
    parts.holder.onChange(() => this.#queue.leave())
  }

  #cores(): number {
    return Math.max(1, availableParallelism() - (this.#parts.isRecording() ? 1 : 0))
  }

  #dataset(): Dataset {
    return this.#parts.holder.current()
  }

  #store(): RunStore {
    const { files, path } = this.#dataset()
    return new RunStore(files, path)
  }

  handlers(): Handlers {
    return {
      'learning.engines': () => this.#describeEngines(),
      'learning.recipe': async ({ recipe, preset, split }) => {
        const usual = recipeOf(recipe, preset)
        if (split === null) return usual
        const { splits, versions } = this.#dataset()
        const found = await splits.get(split)
        return recipeForSplit(usual, found, await versions.get(found.version))
      },
      'runs.list': () => this.records(),
      'runs.damaged': async () => (await this.#store().list()).problems.map(({ id, error: { code, message } }) => ({ id, code, message })),
      'runs.get': async ({ id }) => {
        const folder = this.#store().folder(id)
        return { record: this.#queue.seen(await folder.record()), epochs: await folder.epochs() }
      },
      'runs.check': ({ split, recipe }, { signal }) => this.#inTrainer({ kind: 'check', path: this.#dataset().path, split, recipe: parseRecipe(recipe) }, signal),
      'runs.start': (request) => this.#start(request),
      'runs.pause': ({ id }) => this.#ask(id, 'pause'),
      'runs.stop': ({ id }) => this.#ask(id, 'stop'),
      'runs.resume': ({ id }) => this.#resume(id),
      'runs.rename': ({ id, name }) => this.#rename(id, name),
      'runs.remove': ({ id, confirm }) => this.#remove(id, confirm),
      'runs.report': ({ id }) => this.#store().folder(id).report(),
      'runs.reportPage': async ({ id }) => ({ html: await reportPageOf(this.#store().folder(id)) }),
      'runs.evaluate': ({ id }) => this.#job('evaluate', { kind: 'evaluate', path: this.#dataset().path, run: id }),
      'runs.exportModel': ({ id, model, out, quantised }) => this.#job('export-model', { kind: 'export-model', path: this.#dataset().path, run: id, model, out, quantised }),
      'runs.compare': async ({ ids, beats }) => compareRuns(await Promise.all(ids.map(async (id) => this.#withReport(id))), beats),
    }
  }

  /** Every run as it is now. */
  async records(): Promise<RunRecord[]> {
    return (await this.#store().list()).records.map((record) => this.#queue.seen(record))
  }

  /** Does a run, or goes on with it, in its turn. @throws LabError `cancelled` when it was paused or taken out of the queue, also by `signal`, and what ended it. */
  async train(id: RunId, signal: AbortSignal): Promise<void> {
    this.#queue.add(this.#dataset().path, id)
    let pause = (): void => undefined
    // Whoever stops does not wait until it has saved itself: that is the queue's matter.
    const stopped = new Promise<'stopped'>((resolve) => {
      pause = () => {
        this.#queue.ask(id, 'pause')
        resolve('stopped')
      }
    })
    signal.addEventListener('abort', pause, { once: true })
    if (signal.aborted) pause()
    const end = await Promise.race([this.#queue.ended(id), stopped])
    signal.removeEventListener('abort', pause)
    if (end === 'stopped') throw new LabError('cancelled', `The run ${id} was stopped; it goes on from where it is.`, { run: id })
    const { state, error } = this.#queue.seen(await this.#store().folder(id).record())
    if (state === 'finished') return
    const failure = this.#queue.failureOf(id)
    if (failure) throw failure
    if (state === 'failed') throw new LabError('run-not-finished', `The run ${id} failed: ${error?.code ?? ''}: ${error?.message ?? ''}`, { run: id })
    throw new LabError('cancelled', `The run ${id} was interrupted; it goes on from where it is.`, { run: id })
  }

  /** Looked at once: what is installed does not change while the program runs. */
  #describeEngines(): Promise<EngineStatus[]> {
    this.#engines ??= this.#inTrainer({ kind: 'engines' }, new AbortController().signal).catch((thrown: unknown) => {
      this.#engines = null
      throw thrown
    })
    return this.#engines
  }

  #inTrainer<T extends TrainerTask>(task: T, signal: AbortSignal) {
    const job = startTrainerJob(this.#parts.startTrainer, task, {}, this.#cores())
    signal.addEventListener('abort', () => job.request('cancel'), { once: true })
    return job.result
  }

  #job(kind: JobStatus['kind'], task: TrainerTask): JobStatus {
    return this.#parts.jobs.start({
      kind,
      unit: 'parts',
      run: async ({ signal, onProgress }) => {
        const job = startTrainerJob(this.#parts.startTrainer, task, { onDone: (done) => onProgress(done, 1) }, this.#cores())
        signal.addEventListener('abort', () => job.request('cancel'), { once: true })
        const result = await job.result
        this.#parts.emitter.emit('runs.changed', { id: 'run' in task ? task.run : null })
        return result
      },
    })
  }

  async #start({ split, recipe, preset, seed, name, engine }: MethodRequest<'runs.start'>): Promise<RunRecord> {
    const dataset = this.#dataset()
    const record = newRun({ split: await dataset.splits.get(split), recipe: parseRecipe(recipe), preset, seed, name, engine, wallMs: this.#parts.wallMs() })
    await this.#store().create(record)
    await dataset.note('run.created', { run: record.id, split, recipe: recipe.recipe, seed })
    this.#parts.emitter.emit('runs.changed', { id: record.id })
    this.#queue.add(dataset.path, record.id)
    return record
  }

  /** @throws LabError `state-conflict` for a run that is neither under way nor waiting. */
  async #ask(id: RunId, what: 'pause' | 'stop'): Promise<RunRecord> {
    const folder = this.#store().folder(id)
    const record = await folder.record()
    // A finished one may still be there for a moment, while its process ends.
    if (record.state === 'finished' || !this.#queue.ask(id, what)) throw new LabError('state-conflict', `The run ${id} is not under way: it is ${record.state}.`, { run: id, state: record.state })
    // One that was waiting is paused at once; one under way says when it is.
    return this.#queue.seen(record)
  }

  async #resume(id: RunId): Promise<RunRecord> {
    const record = await this.#store().folder(id).record()
    if (record.state === 'finished') throw new LabError('state-conflict', `The run ${id} is finished.`, { run: id, state: record.state })
    if (record.state === 'running') throw new LabError('run-busy', `The run ${id} is being trained.`, { run: id })
    this.#queue.add(this.#dataset().path, id)
    return this.#queue.seen(record)
  }

  /** @throws LabError `run-busy`. */
  async #rename(id: RunId, name: string): Promise<RunRecord> {
    const folder = this.#store().folder(id)
    const lock = await folder.lock()
    try {
      const record = { ...(await folder.record()), name }
      await folder.writeRecord(record)
      this.#parts.emitter.emit('runs.changed', { id })
      return record
    } finally {
      await lock.release()
    }
  }

  /** @throws LabError `request-invalid` unless `confirm` repeats the id, `run-busy`. */
  async #remove(id: RunId, confirm: string): Promise<Record<string, never>> {
    if (confirm !== id) throw new LabError('request-invalid', 'Repeat the id of the run to remove it.', { path: 'confirm' })
    await this.#queue.drop(id)
    await this.#store().remove(id)
    await this.#dataset().note('run.removed', { run: id })
    this.#parts.emitter.emit('runs.changed', { id: null })
    return {}
  }

  async #withReport(id: RunId) {
    const folder = this.#store().folder(id)
    return { record: await folder.record(), report: await folder.report() }
  }

  /** A run under way saves where it is; returns when its process has ended. */
  close(): Promise<void> {
    return this.#queue.close()
  }
}
