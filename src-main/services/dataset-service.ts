import { resolve } from 'node:path'
import type { DatasetSummary, LabEmitter, LabHandlers } from '../contract/index.ts'
import { Dataset, type DatasetOptions } from '../dataset/dataset.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import { RecentDatasets } from './recent-datasets.ts'

export interface DatasetServiceOptions extends DatasetOptions {
  readonly holder: DatasetHolder
  readonly emitter: LabEmitter
  /** Where this machine's list of recent datasets is kept. */
  readonly configFolder: string
  /** Told of failures that concern no request: a summary for an event could not be made. */
  readonly onWarning?: (thrown: unknown) => void
}

/** `dataset.*`: which dataset is open. */
export class DatasetService {
  readonly #options: DatasetServiceOptions
  readonly #recent: RecentDatasets
  readonly #holder: DatasetHolder
  #announcing = false
  #announceAgain = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: DatasetServiceOptions) {
    this.#options = options
    this.#holder = options.holder
    this.#recent = new RecentDatasets(options.configFolder, options.files)
    this.#holder.onChange((dataset) => {
      dataset?.recordings.onChange(() => void this.#announceSoon())
      dataset?.subjects.onChange(() => void this.#announceSoon())
    })
  }

  handlers(): Pick<LabHandlers, 'dataset.recent' | 'dataset.create' | 'dataset.open' | 'dataset.close' | 'dataset.current' | 'dataset.updateInfo'> {
    return {
      'dataset.recent': () => this.#recent.list(),
      'dataset.create': ({ path, name }) => this.#exclusively(() => this.#take(() => Dataset.create(resolve(path), { ...this.#options, name }))),
      'dataset.open': ({ path }) => this.#exclusively(() => this.open(path)),
      'dataset.close': () => this.#exclusively(() => this.close()),
      'dataset.current': async () => (await this.#holder.open?.summary()) ?? null,
      'dataset.updateInfo': async (change) => {
        const dataset = this.#holder.current()
        await dataset.updateInfo(change)
        await this.#remember(dataset)
        return this.announce()
      },
    }
  }

  /** Opens for writing; opening the open one again just says how it is. @throws LabError as `Dataset.open`, or from a close guard. */
  async open(path: string): Promise<DatasetSummary> {
    if (this.#holder.open?.path === resolve(path)) return this.#holder.open.summary()
    return this.#take(() => Dataset.open(resolve(path), { ...this.#options, access: 'write' }))
  }

  async close(): Promise<Record<string, never>> {
    await this.#holder.replace(null)
    this.#options.emitter.emit('dataset.changed', null)
    return {}
  }

  /** The one before stays open until the new one is. */
  async #take(opening: () => Promise<Dataset>): Promise<DatasetSummary> {
    if (this.#holder.open) this.#holder.requireClosable()
    const dataset = await opening()
    try {
      await this.#holder.replace(dataset)
    } catch (thrown) {
      await dataset.close()
      throw thrown
    }
    await this.#remember(dataset)
    return this.announce()
  }

  #remember(dataset: Dataset): Promise<void> {
    const now = this.#options.now ?? (() => Date.now())
    return this.#recent.remember(dataset.path, dataset.info.name, new Date(now()).toISOString())
  }

  /** Sends `dataset.changed` with a fresh summary. @throws LabError `dataset-not-open`, `file-read-failed`. */
  async announce(): Promise<DatasetSummary> {
    const summary = await this.#holder.current().summary()
    this.#options.emitter.emit('dataset.changed', summary)
    return summary
  }

  /** After changes by other services: never two summaries at once, and one more when something changed meanwhile. */
  async #announceSoon(): Promise<void> {
    this.#announceAgain = true
    if (this.#announcing) return
    this.#announcing = true
    try {
      while (this.#announceAgain && this.#holder.open) {
        this.#announceAgain = false
        await this.announce().catch((thrown: unknown) => this.#options.onWarning?.(thrown))
      }
    } finally {
      this.#announcing = false
    }
  }

  /** Opening and closing one after the other: two windows may ask at once. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}
