/** The last samples of one signal at the working rate, addressed by their absolute index. */
export class SampleRing {
  private readonly values: Float64Array
  private readonly mask: number

  /** Holds at least `samples` samples. */
  constructor(samples: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, samples)))
    this.values = new Float64Array(size)
    this.mask = size - 1
  }

  set(index: number, value: number): void {
    this.values[index & this.mask] = value
  }

  at(index: number): number {
    return this.values[index & this.mask]
  }

  /** True when the sample is above everything within `reach` samples on both sides (of equals the first counts). */
  isPeak(index: number, reach: number): boolean {
    const { values, mask } = this
    const height = values[index & mask]
    if (!(height > values[(index - 1) & mask] && height >= values[(index + 1) & mask])) return false
    for (let k = 2; k <= reach; k++) {
      if (values[(index - k) & mask] >= height || values[(index + k) & mask] > height) return false
    }
    return height > 0
  }

  /** Index of the largest value in from..to (both included), times `sign`. */
  highest(from: number, to: number, sign: number): number {
    let best = from
    for (let k = from + 1; k <= to; k++) if (sign * this.at(k) > sign * this.at(best)) best = k
    return best
  }

  clear(): void {
    this.values.fill(0)
  }
}
