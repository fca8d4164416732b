import type { CounterSpec, GapCause } from '../contract/index.ts'
import { RowFlag } from '../devices/decoder.ts'

/** A row as decoded, on its way to its place. */
export interface IncomingRow {
  readonly counts: Int32Array
  /** -1: the device sends none. */
  readonly counter: number
  readonly flags: number
  readonly hostNs: number
}

/** A row whose distance to the row before it is known up to a multiple of the counter's wrap. */
export interface ChainRow extends IncomingRow {
  /** Rows since the one before: 1 = next, n = n-1 lost, 0 = same counter (a duplicate, unless a whole wrap was lost). */
  readonly advance: number
  /** `null`: follows by its counter. Otherwise a new epoch: only the host's clock tells how many rows are missing. */
  readonly anchor: GapCause | null
  readonly cause: GapCause
  /** Without a counter: how many rows the bytes skipped before this one make, by their number alone; a fraction for torn frames and noise. */
  readonly skippedRows: number
}

/** What the host's clock says about the chain; asked before a row is believed. */
export interface HostJudge {
  /** May `advance` rows have passed by `hostNs`? */
  possible(advance: number, hostNs: number): boolean
  /** Is `hostNs` so late that a whole wrap may be missing? */
  wrapPossible(hostNs: number): boolean
}

/** Rows off the chain that are kept while waiting for the one that explains them. */
const maximumSuspects = 8

/**
 * Follows a modular counter. A row whose counter does not follow is a suspect until the next one explains it: contiguous to it (rows
 * were lost, or the counter began anew), or contiguous to the chain (the suspect was a duplicate, out of order, or its counter was
 * corrupted). So a flipped bit in a counter without checksum neither invents rows nor shifts one.
 */
export class CounterChain {
  /** Rows thrown away because another row holds their place. */
  dropped = 0
  private readonly stepTicks: number
  private readonly modulus: number
  private readonly judge: HostJudge
  private previous: number | null = null
  private suspects: IncomingRow[] = []
  private corrupted = false

  constructor(counter: CounterSpec, judge: HostJudge) {
    this.stepTicks = counter.step
    this.modulus = counter.modulus
    this.judge = judge
  }

  /** Rows after which the counter repeats; a fraction where the step does not divide the modulus. */
  get wrapRows(): number {
    return this.modulus / this.stepTicks
  }

  /** True when a contiguous row may simply follow. */
  get settled(): boolean {
    return this.previous !== null && this.suspects.length === 0 && !this.corrupted
  }

  /** The counter that the next row of a loss-free stream carries. */
  get expected(): number {
    return ((this.previous ?? 0) + this.stepTicks) % this.modulus
  }

  /** Takes note of rows that followed by themselves; `counter` is the last one's. */
  follow(counter: number): void {
    this.previous = counter
  }

  push(row: IncomingRow): ChainRow[] {
    if (this.previous === null) return [this.append(row, 1, null)]
    if (row.flags & RowFlag.restart) {
      return [...this.flush(), this.append(row, 1, 'restart')]
    }
    if (this.rows(this.previous, row.counter) === 1) return this.followed(row)
    return this.explain(row)
  }

  /** The stream ended: suspects that nothing explained are placed where the host's clock allows it, or dropped. */
  flush(): ChainRow[] {
    const placed: ChainRow[] = []
    for (const row of this.suspects.splice(0)) {
      const advance = this.rows(this.previous ?? 0, row.counter)
      if (advance > 1 && this.judge.possible(advance, row.hostNs)) placed.push(this.append(row, advance, null))
      else this.dropped += 1
    }
    return placed
  }

  /** The next row begins a new epoch (another connection). */
  forget(): void {
    this.previous = null
    this.corrupted = false
  }

  private followed(row: IncomingRow): ChainRow[] {
    const out = [this.append(row, 1, null)]
    // A row that overtook this one is next in line now.
    for (let found = true; found; ) {
      const next = this.suspects.findIndex((suspect) => this.rows(this.previous ?? 0, suspect.counter) === 1)
      found = next >= 0
      if (found) out.push(this.append(this.suspects.splice(next, 1)[0], 1, null))
    }
    this.dropped += this.suspects.splice(0).length
    return out
  }

  private explain(row: IncomingRow): ChainRow[] {
    const previous = this.previous ?? 0
    const total = this.rows(previous, row.counter)
    const suspect = this.suspects[this.suspects.length - 1]
    if (!suspect) {
      // The same counter again after a long pause: a whole wrap may be missing. The resolver drops the row if none is.
      if (total === 0 && this.judge.wrapPossible(row.hostNs)) return [this.append(row, 0, null)]
      this.suspects.push(row)
      return []
    }
    const toSuspect = this.rows(previous, suspect.counter)
    const between = this.rows(suspect.counter, row.counter)
    const consistent = toSuspect > 1 && between > 0 && toSuspect + between === total
    if (between === 1 || (consistent && this.judge.possible(toSuspect, suspect.hostNs))) {
      const dropped = this.suspects.splice(0).length - 1
      this.dropped += dropped
      // What was dropped most likely is what is missing now.
      if (dropped > 0) this.corrupted = true
      const placed = this.place(suspect, toSuspect)
      return between === 1 ? [...placed, this.append(row, 1, null)] : [...placed, ...this.push(row)]
    }
    this.suspects.push(row)
    if (this.suspects.length <= maximumSuspects) return []
    // Nothing explains anything: the counter is not what the profile says. Keep the data, on the host's clock.
    const rows = this.suspects.splice(0)
    return rows.map((kept) => this.append(kept, 1, 'unknown'))
  }

  /** Two rows in a row agree on `advance`; a step that the clock excludes is a counter that began anew. */
  private place(row: IncomingRow, advance: number): ChainRow[] {
    if (advance > 1 && this.judge.possible(advance, row.hostNs)) return [this.append(row, advance, null)]
    return [this.append(row, 1, 'restart')]
  }

  private append(row: IncomingRow, advance: number, anchor: GapCause | null): ChainRow {
    const damaged = this.corrupted || (row.flags & RowFlag.resync) !== 0
    this.previous = row.counter
    this.corrupted = false
    return { ...row, advance, anchor, cause: anchor ?? (damaged ? 'corrupted' : 'lost'), skippedRows: 0 }
  }

  /** Rows from counter `a` to counter `b`, going forward; NaN where that is no whole number of rows (within an eighth, for time stamps). */
  private rows(a: number, b: number): number {
    const ticks = b - a + (b < a ? this.modulus : 0)
    const rows = Math.round(ticks / this.stepTicks)
    return Math.abs(ticks - rows * this.stepTicks) <= this.stepTicks / 8 ? rows : Number.NaN
  }
}
