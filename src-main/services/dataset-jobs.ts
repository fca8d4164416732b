import { resolve } from 'node:path'
import type { LabHandlers } from '../contract/index.ts'
import { recoverDataset } from '../recording/recover.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobContext, JobsService } from './jobs-service.ts'
import { runInWorker, runTask, type WorkerTask } from './worker-task.ts'

/** The long-running part of `dataset.*`: demo, verify, recover. */
export class DatasetJobs {
  readonly #holder: DatasetHolder
  readonly #jobs: JobsService
  readonly #workerUrl: URL | null

  /** `workerUrl`: the built workers/jobs.ts; `null` runs everything in this thread. */
  constructor(parts: { holder: DatasetHolder; jobs: JobsService; workerUrl: URL | null }) {
    this.#holder = parts.holder
    this.#jobs = parts.jobs
    this.#workerUrl = parts.workerUrl
  }

  #run(task: WorkerTask, context: JobContext): Promise<unknown> {
    return this.#workerUrl ? runInWorker(this.#workerUrl, task, context) : runTask(task, context)
  }

  handlers(): Pick<LabHandlers, 'dataset.createDemo' | 'dataset.verify' | 'dataset.recover'> {
    return {
      'dataset.createDemo': ({ path, seed, subjects, paired }) =>
        this.#jobs.start({ kind: 'demo', unit: 'recordings', run: (context) => this.#run({ kind: 'demo', path: resolve(path), seed, subjects, paired }, context) }),
      'dataset.verify': () => {
        const { path } = this.#holder.current()
        return this.#jobs.start({ kind: 'verify', unit: 'recordings', run: (context) => this.#run({ kind: 'verify', path }, context) })
      },
      // Recovery writes, and this thread holds the dataset's lock; it reads and writes in small pieces.
      'dataset.recover': () => {
        const dataset = this.#holder.current()
        return this.#jobs.start({ kind: 'recover', unit: 'recordings', run: (context) => recoverDataset(dataset, context) })
      },
    }
  }
}
