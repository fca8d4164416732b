import type { MethodOutput } from '../../src-main/contract/lab-api.ts'
import type { DatasetInfo, DatasetSummary } from '../../src-main/contract/schemas/dataset.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'

export type LabInfo = MethodOutput<'lab.info'>
export type RecentDataset = MethodOutput<'dataset.recent'>[number]

/** The open dataset, the recent ones, and making new ones. */
export class DatasetState {
  current = $state.raw<DatasetSummary | null>(null)
  recent = $state.raw<RecentDataset[]>([])
  info = $state.raw<LabInfo | null>(null)
  /** False until the lab has said once whether a dataset is open. */
  known = $state(false)
  demoJob = $state<string | null>(null)
  readonly #connection: Connection
  readonly #jobs: Jobs

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection
    this.#jobs = jobs
    connection.on('dataset.changed', (summary) => {
      this.current = summary
      this.known = true
    })
  }

  get id(): string {
    return this.current?.info.id ?? ''
  }

  async refresh(): Promise<void> {
    this.info = await this.#connection.call('lab.info', {})
    this.current = await this.#connection.call('dataset.current', {})
    this.known = true
    if (this.current === null) await this.refreshRecent()
  }

  async refreshRecent(): Promise<void> {
    this.recent = await this.#connection.call('dataset.recent', {})
  }

  async open(path: string): Promise<void> {
    this.current = await this.#connection.call('dataset.open', { path })
  }

  async create(path: string, name: string): Promise<void> {
    this.current = await this.#connection.call('dataset.create', { path, name })
  }

  /** Generates synthetic people at `path` and opens the dataset when it is complete. */
  async createDemo(path: string, seed: number, subjects: number): Promise<void> {
    const started = await this.#connection.call('dataset.createDemo', { path, seed, subjects })
    this.demoJob = started.id
    try {
      await this.#jobs.finished(started)
      await this.open(path)
    } finally {
      this.demoJob = null
    }
  }

  async close(): Promise<void> {
    await this.#connection.call('dataset.close', {})
    this.current = null
    await this.refreshRecent()
  }

  async update(change: Partial<Pick<DatasetInfo, 'name' | 'licence' | 'ethics'>>): Promise<void> {
    this.current = await this.#connection.call('dataset.updateInfo', change)
  }

  async verify(): Promise<JobStatus> {
    return this.#jobs.finished(await this.#connection.call('dataset.verify', {}))
  }

  async recover(): Promise<JobStatus> {
    return this.#jobs.finished(await this.#connection.call('dataset.recover', {}))
  }

  /** Runs the offline detectors on whatever has no analysis yet. */
  async analyse(): Promise<JobStatus> {
    return this.#jobs.finished(await this.#connection.call('library.analyse', { ids: null }))
  }

  /** The host's folder dialog, where it has one. */
  async pickFolder(): Promise<string | null> {
    return (await this.#connection.call('lab.pickFolder', {})).path
  }
}
