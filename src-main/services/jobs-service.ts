import { LabError, type JobStatus, type LabEmitter, type LabHandlers } from '../contract/index.ts'

export interface JobContext {
  readonly signal: AbortSignal
  onProgress(done: number, total: number | null): void
}

export interface JobPlan {
  readonly kind: JobStatus['kind']
  /** What `done` and `total` count, for the screen: `recordings`, `bytes`. */
  readonly unit: string
  run(context: JobContext): Promise<unknown>
}

/** Windows are told of progress at most this often. */
const progressIntervalMs = 100
/** Ended jobs that stay listed. */
const keptJobs = 50

/** `jobs.*`: long work that shows progress and can be cancelled. */
export class JobsService {
  readonly #emitter: LabEmitter
  readonly #wallMs: () => number
  readonly #jobs = new Map<string, { status: JobStatus; controller: AbortController; ended: Promise<void> }>()
  #nextId = 1

  constructor(emitter: LabEmitter, wallMs: () => number) {
    this.#emitter = emitter
    this.#wallMs = wallMs
  }

  /** Starts `plan` and returns its first status at once; its end is told by `job.changed`. */
  start(plan: JobPlan): JobStatus {
    const id = `job-${this.#nextId++}`
    const controller = new AbortController()
    const status: JobStatus = { id, kind: plan.kind, state: 'running', done: 0, total: null, unit: plan.unit, startedAtMs: this.#wallMs() }
    const ended = this.#run(status, plan, controller)
    this.#jobs.set(id, { status, controller, ended })
    this.#forgetOldest()
    return { ...status }
  }

  async #run(status: JobStatus, plan: JobPlan, controller: AbortController): Promise<void> {
    let toldAtMs = 0
    const tell = (): void => this.#emitter.emit('job.changed', { ...status })
    try {
      status.result = await plan.run({
        signal: controller.signal,
        onProgress: (done, total) => {
          status.done = done
          status.total = total
          const now = this.#wallMs()
          if (now - toldAtMs < progressIntervalMs) return
          toldAtMs = now
          tell()
        },
      })
      status.state = 'done'
    } catch (thrown) {
      const error = LabError.from(thrown)
      status.state = error.code === 'cancelled' ? 'cancelled' : 'failed'
      status.error = error.toWire()
    }
    tell()
  }

  list(): JobStatus[] {
    return [...this.#jobs.values()].map(({ status }) => ({ ...status }))
  }

  cancel(id: string): void {
    this.#jobs.get(id)?.controller.abort()
  }

  /** Cancels everything and waits until it has ended: nothing runs after the program's end. */
  async close(): Promise<void> {
    for (const { controller } of this.#jobs.values()) controller.abort()
    await Promise.all([...this.#jobs.values()].map(({ ended }) => ended))
  }

  #forgetOldest(): void {
    for (const [id, { status }] of this.#jobs) {
      if (this.#jobs.size <= keptJobs) return
      if (status.state !== 'running') this.#jobs.delete(id)
    }
  }

  handlers(): Pick<LabHandlers, 'jobs.list' | 'jobs.cancel'> {
    return {
      'jobs.list': () => this.list(),
      'jobs.cancel': ({ id }) => {
        this.cancel(id)
        return {}
      },
    }
  }
}
