import { ExportFormat, ExportOptions, ExportReport } from '../../src-main/contract/schemas/export.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'

export const exportFormats = ExportFormat.options

/** Formats of windows, ready for training; the others hold whole signals. */
export const windowFormats: readonly ExportFormat[] = ['npz', 'parquet']

/** What is to be handed out, and what became of it. */
export class ExportsState {
  options = $state.raw<ExportOptions>(ExportOptions.parse({ version: '-', format: 'edf', out: '-' }))
  report = $state.raw<ExportReport | null>(null)
  /** Rises when all of it was forgotten for another dataset: views read it and load again. */
  generation = $state(0)
  readonly #connection: Connection
  readonly #jobs: Jobs

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection
    this.#jobs = jobs
    this.options = { ...this.options, version: '', out: '' }
  }

  get job(): JobStatus | null {
    return this.#jobs.running('export')
  }

  get windows(): boolean {
    return windowFormats.includes(this.options.format)
  }

  choose(change: Partial<ExportOptions>): void {
    this.options = { ...this.options, ...change }
    this.report = null
  }

  chooseWindow(change: Partial<ExportOptions['window']>): void {
    this.choose({ window: { ...this.options.window, ...change } })
  }

  clear(): void {
    this.generation++
    this.choose({ version: '', split: null, out: '' })
  }

  /** @throws LabError whatever the job ends with. */
  async start(): Promise<ExportReport> {
    this.report = null
    const job = await this.#jobs.finished(await this.#connection.call('export.start', this.options))
    this.report = ExportReport.parse(job.result)
    return this.report
  }
}
