/**
 * Lowers the rate by a whole factor with a moving average (its zeros fall on the multiples of the new rate, so what would
 * alias onto 0 Hz is removed exactly). 4000 Hz with factor 16 gives 250 Hz; output k is the mean of rows 16k .. 16k + 15.
 */
export class Decimator {
  readonly factor: number
  private sum = 0
  private present = 0
  private filled = 0

  constructor(factor: number) {
    if (!Number.isInteger(factor) || factor < 1) throw new RangeError(`A decimation factor of ${factor} is not a whole number >= 1.`)
    this.factor = factor
  }

  /** True when `value` completed an output sample; then `take()` returns it. */
  push(value: number): boolean {
    if (Number.isFinite(value)) {
      this.sum += value
      this.present++
    }
    return ++this.filled === this.factor
  }

  /** Mean of the rows that had a value; NaN when none had. */
  take(): number {
    const mean = this.present === 0 ? Number.NaN : this.sum / this.present
    this.sum = 0
    this.present = 0
    this.filled = 0
    return mean
  }

  /** Drops a started output sample. */
  reset(): void {
    this.take()
  }
}
