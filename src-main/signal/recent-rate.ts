const remembered = 8
/** A pause longer than any heart's: the rate on screen would be stale. */
const staleSeconds = 5
/** 20..300 per minute; other intervals are missed or invented beats. */
const shortestSeconds = 0.2
const longestSeconds = 3

/** Heart or pulse rate as the median of the last 8 plausible intervals: one ectopic or missed beat does not move it. */
export class RecentRate {
  readonly rateHz: number
  private intervals: number[] = []
  private last = -1

  constructor(rateHz: number) {
    this.rateHz = rateHz
  }

  beat(row: number): void {
    const interval = row - this.last
    if (this.last >= 0 && interval >= shortestSeconds * this.rateHz && interval <= longestSeconds * this.rateHz) {
      this.intervals.push(interval)
      if (this.intervals.length > remembered) this.intervals.shift()
    }
    this.last = row
  }

  /** `null` until three intervals, or when the last beat is more than 5 s before `row`. 75 for beats 0.8 s apart. */
  bpm(row: number): number | null {
    if (this.intervals.length < 3 || row - this.last > staleSeconds * this.rateHz) return null
    return (60 * this.rateHz) / median(this.intervals)
  }

  reset(): void {
    this.intervals = []
    this.last = -1
  }
}

/** Median of at least one number; the mean of the middle two for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
