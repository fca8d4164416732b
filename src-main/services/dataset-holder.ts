import { LabError } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'

/** The one dataset that this program has open, shared by all services. */
export class DatasetHolder {
  #open: Dataset | null = null
  readonly #listeners = new Set<(dataset: Dataset | null) => void>()
  readonly #guards = new Set<() => void>()

  get open(): Dataset | null {
    return this.#open
  }

  /** @throws LabError `dataset-not-open`. */
  current(): Dataset {
    if (!this.#open) throw new LabError('dataset-not-open', 'Open a dataset first.')
    return this.#open
  }

  /** Called with the new dataset, or `null`, after every opening and closing. Returns the function that ends it. */
  onChange(listener: (dataset: Dataset | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** `guard` runs before the open dataset is closed and throws when that must not be (a recording runs: `recording-in-progress`). */
  guardClose(guard: () => void): () => void {
    this.#guards.add(guard)
    return () => this.#guards.delete(guard)
  }

  /** @throws LabError whatever a guard throws; nothing has happened then. */
  requireClosable(): void {
    for (const guard of this.#guards) guard()
  }

  /** Replaces the open dataset, closing the one before. @throws LabError from a guard; `dataset` is then not taken. */
  async replace(dataset: Dataset | null): Promise<void> {
    if (this.#open) {
      this.requireClosable()
      const before = this.#open
      this.#open = null
      await before.close()
    }
    this.#open = dataset
    for (const listener of this.#listeners) listener(dataset)
  }
}
