import { LabError } from '../../src-main/contract/errors.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import type { Connection } from './connection.svelte.ts'

/** Long work at the lab's side, by id, newest state wins. */
export class Jobs {
  #byId = $state.raw<ReadonlyMap<string, JobStatus>>(new Map())
  readonly #connection: Connection
  readonly #waiting = new Map<string, ((job: JobStatus) => void)[]>()

  constructor(connection: Connection) {
    this.#connection = connection
    connection.on('job.changed', (job) => this.#store(job))
    connection.onReady(() => {
      void connection.call('jobs.list', {}).then(
        (jobs) => jobs.forEach((job) => this.#store(job)),
        (thrown: unknown) => console.warn('Pulseprint: the list of jobs could not be read', thrown),
      )
    })
  }

  get(id: string | null): JobStatus | null {
    return id === null ? null : (this.#byId.get(id) ?? null)
  }

  running(kind: JobStatus['kind']): JobStatus | null {
    for (const job of this.#byId.values()) if (job.kind === kind && job.state === 'running') return job
    return null
  }

  latest(kind: JobStatus['kind']): JobStatus | null {
    let found: JobStatus | null = null
    for (const job of this.#byId.values()) if (job.kind === kind && (found === null || job.startedAtMs >= found.startedAtMs)) found = job
    return found
  }

  /** Resolves with the finished job. @throws LabError the job's own error, or `cancelled`. */
  async finished(started: JobStatus): Promise<JobStatus> {
    const known = this.#byId.get(started.id)
    if (known === undefined) this.#store(started)
    const job =
      known !== undefined && known.state !== 'running'
        ? known
        : started.state !== 'running'
          ? started
          : await new Promise<JobStatus>((resolve) => {
              this.#waiting.set(started.id, [...(this.#waiting.get(started.id) ?? []), resolve])
            })
    if (job.state === 'cancelled') throw new LabError('cancelled', 'The work was cancelled.', { job: job.id })
    if (job.state === 'failed') throw job.error ? LabError.fromWire(job.error) : new LabError('internal-error', 'The work failed.', { job: job.id })
    return job
  }

  async cancel(id: string): Promise<void> {
    await this.#connection.call('jobs.cancel', { id })
  }

  #store(job: JobStatus): void {
    const known = this.#byId.get(job.id)
    // The answer to a request and the job's events travel together; an old answer must not undo a newer event.
    if (known !== undefined && known.state !== 'running' && job.state === 'running') return
    const next = new Map(this.#byId)
    next.set(job.id, job)
    this.#byId = next
    if (job.state === 'running') return
    for (const resolve of this.#waiting.get(job.id) ?? []) resolve(job)
    this.#waiting.delete(job.id)
  }
}
