/** Fewer neighbours than this tell nothing; a whole recording that holds fewer makes do with what it has. */
const fewest = 4

/** Medians of the last and of the next few of a sequence of numbers, for every place in it; all found in one pass. */
export class RunningMedian {
  private readonly medians: Float64Array
  private readonly around: number

  /** Windows hold up to `around` numbers; the upper of two middle ones counts. */
  constructor(values: Float64Array, around: number) {
    this.around = around
    this.medians = new Float64Array(values.length + 1).fill(Number.POSITIVE_INFINITY)
    const sorted = new Float64Array(around)
    let held = 0
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      // The new number moves from the place of the one that leaves to its own.
      let place = held < around ? held++ : sorted.indexOf(values[i - around])
      for (; place > 0 && sorted[place - 1] > value; place--) sorted[place] = sorted[place - 1]
      for (; place < held - 1 && sorted[place + 1] < value; place++) sorted[place] = sorted[place + 1]
      sorted[place] = value
      this.medians[i + 1] = sorted[held >> 1]
    }
  }

  /** Median of the numbers before place `k`; infinite where there are too few. */
  before(k: number): number {
    return k >= Math.min(fewest, this.medians.length - 1) ? this.medians[k] : Number.POSITIVE_INFINITY
  }

  /** Median of the numbers from place `k` on; infinite where there are too few. */
  after(k: number): number {
    const n = this.medians.length - 1
    return n - k >= Math.min(fewest, n) ? this.medians[Math.min(n, k + this.around)] : Number.POSITIVE_INFINITY
  }

  /** The lower of both sides: after a change of gain one side knows better. */
  lower(before: number, after: number, otherwise: number): number {
    const lower = Math.min(this.before(before), this.after(after))
    return Number.isFinite(lower) ? lower : otherwise
  }

  /** The higher of both sides, as far as they are known. */
  higher(before: number, after: number, otherwise: number): number {
    const lower = this.lower(before, after, otherwise)
    const higher = Math.max(this.before(before), this.after(after))
    return Number.isFinite(higher) ? higher : lower
  }
}
