import { LabError, type LabEmitter, type RunId, type RunProgress, type RunRecord } from '../contract/index.ts'
import { startTrainerJob, type StartTrainer, type TrainerJob } from './trainer-process.ts'

export interface RunQueueParts {
  readonly emitter: LabEmitter
  readonly startTrainer: StartTrainer
  readonly cores: () => number
}

/** The run that is being done. */
interface Current extends Waiting {
  readonly job: TrainerJob<'train'>
  readonly ended: Promise<void>
  /** It was asked to save itself: it is as good as over. */
  pausing: boolean
}

interface Waiting {
  readonly path: string
  readonly id: RunId
  /** It is to end with what it has. */
  readonly stop: boolean
}

/** A trainer that saves its state takes so long at most; then it is ended, and goes on from the checkpoint before. */
const patienceMs = 60_000

/** Runs, one after the other, each in a process of its own. */
export class RunQueue {
  readonly #parts: RunQueueParts
  #waiting: Waiting[] = []
  #current: Current | null = null
  /** Told since the windows may have asked. */
  readonly #progress = new Map<RunId, RunProgress>()
  /** What ended a run before it could write that down itself. */
  readonly #failures = new Map<RunId, LabError>()
  #awaited: { readonly id: RunId; readonly resolve: () => void }[] = []

  constructor(parts: RunQueueParts) {
    this.#parts = parts
  }

  /** `stop`: only to be content with what it has, and evaluate that. */
  add(path: string, id: RunId, { stop = false } = {}): void {
    // One that saves itself just now goes on when it has.
    if ((this.#current?.id === id && !this.#current.pausing) || this.#waiting.some((waiting) => waiting.id === id)) return
    this.#failures.delete(id)
    this.#waiting.push({ path, id, stop })
    this.#tell(id)
    this.#next()
  }

  /** When the run is neither under way nor waiting any more. */
  ended(id: RunId): Promise<void> {
    return this.#isHere(id) ? new Promise((resolve) => this.#awaited.push({ id, resolve })) : Promise.resolve()
  }

  #isHere(id: RunId): boolean {
    return this.#current?.id === id || this.#waiting.some((waiting) => waiting.id === id)
  }

  /** What ended a run that could not write that down itself. */
  failureOf(id: RunId): LabError | null {
    return this.#failures.get(id) ?? null
  }

  /** A record as it is now: one that waits is queued, whatever it was before. */
  seen(written: RunRecord): RunRecord {
    const failure = this.#failures.get(written.id)
    const record = failure && written.error === null && written.state !== 'finished' ? { ...written, error: { code: failure.code, message: failure.message } } : written
    if (record.state !== 'running' && this.#waiting.some(({ id }) => id === record.id)) return { ...record, state: 'queued' }
    // Its process may just be starting, and has not written that down.
    if (this.#current?.id === record.id) return this.#current.pausing || record.state === 'finished' ? record : { ...record, state: 'running' }
    // Nobody will begin it by itself: the program that had it in its queue is gone.
    return record.state === 'queued' ? { ...record, state: 'paused' } : record
  }

  /** Asks the run under way, or takes one that waits out of the queue; `false` when it is neither. */
  ask(id: RunId, what: 'pause' | 'stop'): boolean {
    if (this.#current?.id === id) {
      this.#current.job.request(what)
      this.#current.pausing ||= what === 'pause'
      return true
    }
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((waiting) => waiting.id !== id)
    this.#tell(id)
    return this.#waiting.length < before
  }

  /** Of a run that is about to be removed: takes it out, and lets it save itself if it is just doing that. @throws LabError `run-busy` while it is under way. */
  async drop(id: RunId): Promise<void> {
    const current = this.#current
    if (current?.id === id && !current.pausing) throw new LabError('run-busy', `The run ${id} is being trained.`, { run: id })
    this.#waiting = this.#waiting.filter((waiting) => waiting.id !== id)
    this.#settle()
    if (current?.id === id) await current.ended
  }

  /** Another dataset is opened: nothing of this one goes on. */
  leave(): void {
    this.#waiting = []
    this.#settle()
    if (this.#current) this.ask(this.#current.id, 'pause')
  }

  async close(): Promise<void> {
    this.leave()
    const current = this.#current
    if (!current) return
    const timer = setTimeout(() => current.job.kill(), patienceMs)
    await current.ended
    clearTimeout(timer)
  }

  #next(): void {
    if (this.#current) return
    const next = this.#waiting.shift()
    if (!next) return
    const { emitter, startTrainer, cores } = this.#parts
    const job = startTrainerJob(
      startTrainer,
      { kind: 'train', path: next.path, run: next.id },
      {
        onProgress: (progress) => {
          this.#progress.set(next.id, progress)
          emitter.emit('run.progress', progress)
        },
        onEpoch: (epoch) => emitter.emit('run.epoch', { id: next.id, epoch }),
      },
      cores(),
    )
    const ended = job.result.then(
      () => undefined,
      (thrown: unknown) => this.#failed(next.id, LabError.from(thrown)),
    ).then(() => {
      this.#current = null
      this.#tell(next.id)
      this.#next()
    })
    this.#current = { ...next, job, ended, pausing: false }
    this.#tell(next.id)
  }

  /** What the run itself could not write down: its process is gone. `run.json` says `running` without anybody holding its lock, which reads as `interrupted`. */
  #failed(id: RunId, error: LabError): void {
    if (error.code !== 'cancelled') this.#failures.set(id, error)
    const last = this.#progress.get(id)
    if (error.code !== 'trainer-ended' || !last) return
    this.#parts.emitter.emit('run.progress', { ...last, state: 'interrupted', etaSeconds: null })
  }

  #settle(): void {
    const over = this.#awaited.filter(({ id }) => !this.#isHere(id))
    this.#awaited = this.#awaited.filter(({ id }) => this.#isHere(id))
    for (const { resolve } of over) resolve()
  }

  #tell(id: RunId): void {
    this.#settle()
    this.#parts.emitter.emit('runs.changed', { id })
  }
}
