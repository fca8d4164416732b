const bins = 1000

/** Median of ratios 0..1 to a thousandth, in constant memory however long the recording is. */
export class RatioMedian {
  private readonly counts = new Uint32Array(bins + 1)
  private total = 0

  add(ratio: number): void {
    this.counts[Math.round(Math.min(1, Math.max(0, ratio)) * bins)]++
    this.total++
  }

  /** `null` without any ratio; 0.042 for {0.01, 0.0421, 0.3}. */
  median(): number | null {
    if (this.total === 0) return null
    let below = 0
    for (let bin = 0; bin <= bins; bin++) {
      below += this.counts[bin]
      if (2 * below >= this.total) return bin / bins
    }
    return 1
  }
}
