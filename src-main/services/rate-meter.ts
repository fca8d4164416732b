interface Counts {
  readonly rows: number
  readonly bytes: number
  readonly lost: number
}

/** History that is looked back on, seconds. */
const keptSeconds = 12
/** Window of the speeds shown. */
const speedSeconds = 2

/** Remembers running totals over the last seconds, to say what happened recently. */
export class RateMeter {
  #history: { atMs: number; counts: Counts }[] = []

  /** `counts`: totals since the connection began, at a monotonic time in ms. */
  add(atMs: number, counts: Counts): void {
    this.#history.push({ atMs, counts })
    while (this.#history.length > 2 && atMs - this.#history[1].atMs > keptSeconds * 1000) this.#history.shift()
  }

  /** What was added within the last `seconds`, and over how many seconds that was measured. */
  during(seconds: number): Counts & { seconds: number } {
    const last = this.#history.at(-1)
    if (!last) return { rows: 0, bytes: 0, lost: 0, seconds: 0 }
    let first = last
    for (const entry of this.#history) {
      if (last.atMs - entry.atMs <= seconds * 1000) {
        first = entry
        break
      }
    }
    return {
      rows: last.counts.rows - first.counts.rows,
      bytes: last.counts.bytes - first.counts.bytes,
      lost: last.counts.lost - first.counts.lost,
      seconds: (last.atMs - first.atMs) / 1000,
    }
  }

  perSecond(): { rows: number; bytes: number } {
    const recent = this.during(speedSeconds)
    if (recent.seconds === 0) return { rows: 0, bytes: 0 }
    return { rows: recent.rows / recent.seconds, bytes: recent.bytes / recent.seconds }
  }
}
