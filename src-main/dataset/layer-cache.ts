/** Small objects that all layers in memory may hold together: some 100 MB. */
const budget = 400_000

/** The layers that were used last, as many as the budget holds and at least one. */
export class LayerCache<T> {
  /** Oldest use first. */
  readonly #entries = new Map<string, { value: T; weight: number }>()
  #weight = 0

  get(key: string): T | null {
    const entry = this.#entries.get(key)
    if (!entry) return null
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: string, value: T, weight: number): void {
    this.delete(key)
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= budget || oldest === key) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }

  deleteWhere(matches: (key: string) => boolean): void {
    for (const key of [...this.#entries.keys()]) if (matches(key)) this.delete(key)
  }
}
