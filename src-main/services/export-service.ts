import { LabError, type ExportOptions, type ExportReport, type JobStatus, type LabEmitter, type LabHandlers } from '../contract/index.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobsService } from './jobs-service.ts'
import { runWhere } from './worker-task.ts'

/** `export.*`: versions and splits as files for other programs. */
export class ExportService {
  readonly #holder: DatasetHolder
  readonly #jobs: JobsService
  readonly #workerUrl: URL | null

  /** `workerUrl`: the built workers/jobs.ts; `null` runs everything in this thread. */
  constructor(parts: { holder: DatasetHolder; emitter: LabEmitter; jobs: JobsService; workerUrl: URL | null }) {
    this.#holder = parts.holder
    this.#jobs = parts.jobs
    this.#workerUrl = parts.workerUrl
  }

  handlers(): Pick<LabHandlers, 'export.start'> {
    return { 'export.start': (options) => this.#start(options) }
  }

  /** The thread opens the dataset by itself, for reading; what is missing is found before the job begins. */
  async #start(options: ExportOptions): Promise<JobStatus> {
    const { path, versions, splits } = this.#holder.current()
    await versions.get(options.version)
    const split = options.split === null ? null : await splits.get(options.split)
    if (split && split.version !== options.version) {
      throw new LabError('split-invalid', `The split "${split.name}" divides the version "${split.version}", not "${options.version}".`, { split: split.name, field: 'version', reason: 'another version' })
    }
    return this.#jobs.start({
      kind: 'export',
      unit: 'recordings',
      run: (context) => runWhere(this.#workerUrl, { kind: 'export', path, options }, context) as Promise<ExportReport>,
    })
  }
}
