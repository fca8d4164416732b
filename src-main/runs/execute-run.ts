import { setTimeout as sleep } from 'node:timers/promises'
import { LabError, type EngineName, type ModelName, type RunEpoch, type RunId, type RunModel, type RunProgress, type RunRecord } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { ChosenEngine } from '../learning/engine/choose-engine.ts'
import type { Engine } from '../learning/engine/engine.ts'
import { modelKey } from './ablation/model-key.ts'
import { takeOver } from './ablation/take-over.ts'
import { trainingTurn } from './ablation/training-turn.ts'
import { writeDraws } from './draws-file.ts'
import { evaluateRun } from './evaluate-run.ts'
import { fitModels, type ModelTurn } from './fit-models.ts'
import { FrozenAnswers } from './frozen-answers.ts'
import { writeThresholds, type Thresholds } from './fixed-thresholds.ts'
import { modelsOf } from './planned-models.ts'
import { runData, type Modality, type RunData } from './run-data.ts'
import type { RunFolder } from './run-folder.ts'
import { splitOf } from './open-run.ts'
import { RunStore } from './run-store.ts'
import type { BuiltWindowSet } from './window-sets.ts'
import { writeReportFiles } from './report-files.ts'

/** Facts of this computer, and what comes from outside while a run goes on. */
export interface RunWorld {
  readonly program: string
  readonly environment: NonNullable<RunRecord['environment']>
  /** Finds the engine: the run's choice, or the first that works. */
  chooseEngine(record: RunRecord): Promise<ChosenEngine>
  request(): 'go' | 'pause' | 'stop'
  readonly signal: AbortSignal
  /** ms: monotonic, and since 1970. */
  now(): number
  wallMs(): number
  memoryBytes(): number
  onProgress(progress: RunProgress): void
  onEpoch(epoch: RunEpoch): void
}

/**
 * Does a run, or goes on with it: windows, models, evaluation, report. run.json says at every moment how far it is; whatever ends it, what was finished stays.
 * @throws LabError `run-busy`, `run-not-found`, `state-conflict` (finished), `training-impossible`, `training-diverged`, `engine-unavailable`, `cancelled` (paused), and those of the dataset, the engine and the disk. What happened after it began is in
 *   run.json too, if that can be written.
 */
export async function executeRun(dataset: Dataset, id: RunId, world: RunWorld): Promise<RunRecord> {
  const folder = new RunStore(dataset.files, dataset.path).folder(id)
  const lock = await folder.lock()
  try {
    const record = await folder.record()
    if (record.state === 'finished') throw new LabError('state-conflict', `The run ${id} is finished.`, { run: id, state: record.state })
    return await new Execution(dataset, folder, record, world).run()
  } finally {
    await lock.release()
  }
}

/** Shares of the whole that windows and evaluation take; the rest is training, in which a classical model takes this part of a network's time. */
const shares = { windows: 0.05, evaluation: 0.1, classical: 0.05 }

/** A step may take milliseconds; windows are told of progress at most this often. */
const progressIntervalMs = 100
/** A model that another program trains is looked for so often; a request is heard as soon. */
const lookAgainMs = 500

class Execution {
  #record: RunRecord
  #stage: RunProgress['stage'] = 'windows'
  #latest: RunEpoch | null = null
  #told: Pick<RunProgress, 'state' | 'latest'> | null = null
  #toldAt = 0
  #done = 0
  /** Of every model of this run, once windows and engine are known. */
  #keyOf: (model: ModelName) => string | null = () => null
  readonly #began: number
  readonly #secondsBefore: number
  /** Where this sitting's training began: what an earlier one did says nothing of the time that is left. */
  #trainingFrom: { readonly done: number; readonly at: number } | null = null

  constructor(
    readonly dataset: Dataset,
    readonly folder: RunFolder,
    record: RunRecord,
    readonly world: RunWorld,
  ) {
    this.#record = record
    this.#began = world.now()
    this.#secondsBefore = record.seconds
  }

  async run(): Promise<RunRecord> {
    const { world } = this
    const startedAt = this.#record.startedAt ?? this.#at()
    await this.#change({ state: 'running', startedAt, endedAt: null, error: null, environment: world.environment })
    try {
      await this.#work()
      const stopped = world.request() === 'stop' && this.#record.models.length < modelsOf(this.#record.recipe).length
      await this.#change({ state: stopped ? 'stopped' : 'finished', endedAt: this.#at() })
      // A checkpoint that stays takes room and nothing else: the run is finished.
      if (!stopped) await this.folder.removeCheckpoints().catch(() => undefined)
    } catch (thrown) {
      const error = LabError.from(thrown)
      const paused = error.code === 'cancelled'
      // A disk that is full may not take this either. What ended the run is what counts; run.json then reads as interrupted.
      await this.#change({ state: paused ? 'paused' : 'failed', endedAt: paused ? null : this.#at(), error: paused ? null : { code: error.code, message: error.message } }).catch(() => undefined)
      this.#tell('done')
      throw error
    }
    this.#done = 1
    this.#tell('done')
    return this.#record
  }

  async #work(): Promise<void> {
    const { dataset, world, folder } = this
    this.#tell('windows')
    const split = await splitOf(dataset, this.#record)
    const run = await runData(dataset, split, this.#record.recipe, { signal: world.signal, onDone: (done) => this.#advance(shares.windows * done) })
    await this.#change({ windows: windowFacts(run) })
    const { engine, reasons } = await world.chooseEngine(this.#record)
    try {
      await this.#change({ ran: ranOn(engine, reasons) })
      this.#keyOf = (model) => modelKey(model, this.#record.recipe, this.#originOf(engine, run))
      const frozen = new FrozenAnswers(engine)
      const models = await this.#fit(engine, run, frozen)
      if (models.length === 0) return
      this.#tell('evaluating')
      const thresholds = new Map<ModelName, Thresholds | null>()
      const report = await evaluateRun({
        record: this.#record, split, run, models, engine, frozen, program: world.program, evaluatedAt: this.#at(), failureToAcquire: failuresToAcquire(run.built), now: () => world.now(), epochs: await folder.epochs(),
        onProgress: (done) => {
          // All models are there: what is left is done in one go later on.
          if (world.request() === 'pause') throw new LabError('cancelled', 'The run was paused while it was evaluated.', { run: this.#record.id })
          this.#advance(1 - shares.evaluation + done * shares.evaluation)
        },
        onThresholds: (model, fixed) => void thresholds.set(model, fixed),
        onReplicates: (draws) => writeDraws(dataset.files, folder.path, draws),
      })
      await writeThresholds(folder, this.#record, thresholds)
      await writeReportFiles(folder, this.#record, report)
    } finally {
      engine.dispose()
    }
  }

  #fit(engine: Engine, run: RunData, frozen: FrozenAnswers) {
    const { world, folder } = this
    const { recipe, seed } = this.#record
    const names = modelsOf(recipe)
    return fitModels({
      folder, run, recipe, seed, frozen, known: this.#record.models,
      world: { engine, request: () => world.request(), now: () => world.now(), memoryBytes: () => world.memoryBytes() },
      turn: (name) => this.#turn(name),
      onEpoch: (epoch) => this.#epoch(epoch),
      // One that was stopped is not what its key says.
      onModel: (model) => this.#model(model, world.request() === 'stop' ? null : this.#keyOf(model.name)),
      onDamaged: (damaged) => this.#change({ notes: [...(this.#record.notes ?? []), ...damaged.map(({ code, message }) => ({ code, message }))] }),
      onProgress: (name, done) => {
        this.#stage = name
        this.#advance(shares.windows + (1 - shares.windows - shares.evaluation) * partDone(names, name, done))
      },
    })
  }

  async #epoch(epoch: RunEpoch): Promise<void> {
    this.#latest = epoch
    await (await this.folder.metrics()).append(epoch)
    await this.#change({})
    this.world.onEpoch(epoch)
    this.#tell(epoch.phase)
  }

  /** A shared model of a cell is taken over from another, or waited for while another program trains it: a model at a time is waited for, and none is held meanwhile, so that nobody waits in a circle. */
  async #turn(name: ModelName): Promise<ModelTurn> {
    const key = this.#keyOf(name)
    if (this.#record.cell === undefined || key === null) return { taken: null, end: () => Promise.resolve() }
    for (;;) {
      const before = await this.#takeOver(name, key)
      if (before) return { taken: before, end: () => Promise.resolve() }
      const turn = await trainingTurn(this.dataset, key)
      if (turn) {
        const taken = await this.#takeOver(name, key).catch(async (thrown: unknown) => {
          // A full disk: a turn that stays taken would let every program wait for this one, itself too.
          await turn.end(false)
          throw thrown
        })
        if (taken) await turn.end(true)
        return taken ? { taken, end: () => Promise.resolve() } : { taken: null, end: (isMade) => turn.end(isMade) }
      }
      const request = this.world.request()
      if (request === 'pause') throw new LabError('cancelled', `The run was paused while another program trained its model "${name}".`, { run: this.#record.id, phase: name })
      if (request === 'stop') return { taken: null, end: () => Promise.resolve() }
      this.#tell('waiting')
      await sleep(lookAgainMs)
    }
  }

  async #takeOver(name: ModelName, key: string): Promise<RunModel | null> {
    const taken = await takeOver(this.dataset, this.folder, this.#record, name, key)
    if (taken) await this.#model(taken, key)
    return taken
  }

  #model(made: RunModel, key: string | null): Promise<void> {
    const model = key === null ? made : { ...made, key }
    const others = this.#record.models.filter(({ name }) => name !== model.name)
    const order = modelsOf(this.#record.recipe)
    return this.#change({ models: [...others, model].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)) })
  }

  #originOf({ name, provider, version }: Engine, { built, teacher }: RunData) {
    const windows = [built.set.contentHash, ...(teacher ? [teacher.built.set.contentHash] : [])]
    return { program: this.world.program, splitHash: this.#record.split.hash, seed: this.#record.seed, windows, engine: { name, provider, version } }
  }

  async #change(change: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change, seconds: this.#secondsBefore + (this.world.now() - this.#began) / 1000 }
    await this.folder.writeRecord(this.#record)
  }

  #at(): string {
    return new Date(this.world.wallMs()).toISOString()
  }

  #advance(done: number): void {
    this.#done = done
    this.#tell(this.#stage)
  }

  #eta(): number | null {
    if (this.#done < shares.windows || this.#done >= 1) return null
    const now = this.world.now()
    this.#trainingFrom ??= { done: this.#done, at: now }
    const { done, at } = this.#trainingFrom
    // After a twentieth of the whole; before it, an estimate would only jump about.
    return this.#done - done > 0.05 ? ((now - at) / 1000) * ((1 - this.#done) / (this.#done - done)) : null
  }

  #tell(stage: RunProgress['stage']): void {
    const now = this.world.now()
    const news = stage !== this.#stage || this.#told?.state !== this.#record.state || this.#told.latest !== this.#latest
    if (!news && now - this.#toldAt < progressIntervalMs) return
    this.#stage = stage
    this.#toldAt = now
    this.#told = { state: this.#record.state, latest: this.#latest }
    const etaSeconds = this.#eta()
    this.world.onProgress({ id: this.#record.id, state: this.#record.state, stage, done: this.#done, etaSeconds, latest: this.#latest })
  }
}

/** Of all training, how much is done when `done` of the model `name` is. @example partDone(['teacher', 'lda'], 'teacher', 0.5) // 0.476 */
function partDone(names: readonly ModelName[], name: ModelName, done: number): number {
  const costs = names.map((each) => (each === 'lda' || each === 'template' ? shares.classical : 1))
  const sum = (until: number): number => costs.slice(0, until).reduce((total, cost) => total + cost, 0)
  const at = names.indexOf(name)
  return (sum(at) + done * costs[at]) / sum(names.length)
}

function ranOn(engine: Engine, reasons: readonly { engine: EngineName; reason: string }[]): RunRecord['ran'] {
  return { engine: engine.name, provider: engine.provider, threads: engine.threads, version: engine.version, reasons: [...reasons] }
}

/** Of the windows that everything is judged on, what a run record says. */
export function windowFacts({ built: { set, report }, data }: Modality): NonNullable<RunRecord['windows']> {
  const { missing, flat, lowQuality, moved, outliers, tooFew, edge } = report.total
  const unmeasured = report.recordings.reduce((sum, one) => sum + one.unmeasured, 0)
  return {
    contentHash: set.contentHash, rateHz: set.rateHz, length: set.length, channels: set.channels, subjects: set.subjects.length, recordings: set.recordings.length,
    byRole: { train: data.training.length, validation: data.validation.length, enrol: data.enrolment.length, test: data.test.length },
    dropped: { missing, flat, ...(lowQuality > 0 ? { lowQuality } : {}), ...(moved > 0 ? { moved } : {}), outliers, tooFew, edge },
    ...(unmeasured > 0 ? { unmeasured } : {}),
  }
}

/** Test recordings that gave no window count as refused, never as if they had not been there. */
export function failuresToAcquire({ report }: BuiltWindowSet): { attempts: number; refused: number } | null {
  const test = report.failedToAcquire.find(({ role }) => role === 'test')
  return test ? { attempts: test.of, refused: test.recordings } : null
}

