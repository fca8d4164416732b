/** How often two annotators said what of the same things: counts by pair of values. */
export class ConfusionCounts {
  readonly #first = new Map<string, number>()
  readonly #second = new Map<string, number>()
  #same = 0
  #all = 0

  /** `items` things of which the first said `first` and the second `second`. */
  add(first: string, second: string, items: number): void {
    this.#first.set(first, (this.#first.get(first) ?? 0) + items)
    this.#second.set(second, (this.#second.get(second) ?? 0) + items)
    if (first === second) this.#same += items
    this.#all += items
  }

  get items(): number {
    return this.#all
  }

  /**
   * Cohen's kappa: (observed - expected) / (1 - expected), `expected` being the agreement of two who answer at random with these frequencies. `null` without items and where
   * both only ever gave one and the same answer. Source: J. Cohen, Educational and Psychological Measurement 20 (1960), 37-46.
   * @example 20 both yes, 15 both no, 5 only the first yes, 10 only the second yes: observed 0.7, expected 0.5, kappa 0.4
   */
  result(): { kappa: number | null; observed: number; expected: number } {
    if (this.#all === 0) return { kappa: null, observed: 0, expected: 0 }
    const observed = this.#same / this.#all
    let chance = 0
    for (const [value, items] of this.#first) chance += (items / this.#all) * ((this.#second.get(value) ?? 0) / this.#all)
    const certain = this.#first.size === 1 && this.#second.size === 1 && this.#same === this.#all
    return certain ? { kappa: null, observed, expected: 1 } : { kappa: (observed - chance) / (1 - chance), observed, expected: chance }
  }
}
