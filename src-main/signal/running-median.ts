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
    const sorted: number[] = []
    for (let i = 0; i < values.length; i++) {
      if (sorted.length === around) sorted.splice(sorted.indexOf(values[i - around]), 1)
      let place = sorted.length
      while (place > 0 && sorted[place - 1] > values[i]) place--
      sorted.splice(place, 0, values[i])
      this.medians[i + 1] = sorted[sorted.length >> 1]
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
}
