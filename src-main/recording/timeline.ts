import type { DeviceConfiguration, Gap, GapCause } from '../contract/index.ts'
import { RowFlag, type RowBlock, type SkippedSpan } from '../devices/decoder.ts'
import { ClockFit } from './clock-fit.ts'
import { CounterChain, type ChainRow, type IncomingRow } from './counter-chain.ts'
import { GapResolver, type PlacedRow } from './gap-resolver.ts'
import { RowQueue, type TimelineRows } from './row-queue.ts'

export type { TimelineRows } from './row-queue.ts'

export interface TimelineOptions {
  /** Host times mean nothing (bytes from a file): only the counter places rows, and no loss is ever `certain`. */
  readonly untimed?: boolean
}

/**
 * Places decoded rows on the recording's row axis: nothing twice, nothing shifted, nothing invented. A sample's identity is (device epoch,
 * unwrapped counter); what is missing becomes `noValue` rows and a `Gap`. Deterministic in the rows and their host times, however
 * they are cut into blocks; memory is bounded by the hold of a second or so (see gap-resolver.ts).
 *
 * @example
 * const timeline = new Timeline(configuration)
 * timeline.push(decoder.feed(bytes, hostNs))
 * for (let rows = timeline.take(); rows; rows = timeline.take()) draw(rows)
 */
export class Timeline {
  readonly gaps: Gap[] = []
  /** Rows that are missing so far. */
  lostRows = 0
  private readonly configuration: DeviceConfiguration
  private readonly untimed: boolean
  private readonly clock: ClockFit
  private readonly chain: CounterChain | null
  private readonly resolver: GapResolver
  private readonly queue: RowQueue
  /** Newest row of the newest host time: it joins the fit when time has moved on, so that cutting a chunk in two changes nothing. */
  private arrival: { row: number; hostNs: number } | null = null
  private reconnected: GapCause | null = null
  private skippedBytes = 0

  constructor(configuration: DeviceConfiguration, options: TimelineOptions = {}) {
    this.configuration = configuration
    this.untimed = options.untimed ?? false
    this.clock = new ClockFit(configuration.rateHz)
    this.queue = new RowQueue(configuration.lanes.length)
    this.resolver = new GapResolver(this.clock, configuration.counter, {
      place: (row) => this.place(row),
      newEpoch: () => {
        this.commitArrival()
        this.clock.newEpoch()
      },
    })
    const { counter } = configuration
    const halfWrap = counter ? counter.modulus / counter.step / 2 : 0
    const judge = this.untimed
      ? { possible: (advance: number) => advance <= halfWrap, wrapPossible: () => false }
      : this.resolver
    this.chain = counter ? new CounterChain(counter, judge) : null
  }

  /** Rows placed so far, missing ones included. */
  get rows(): number {
    return this.queue.rows
  }

  /** Rows that were received but not placed, because another row holds their place (duplicates, corrupted counters). */
  get droppedRows(): number {
    return this.chain?.dropped ?? 0
  }

  /** `certain` only for a device with a counter and without an estimated gap; without a counter a loss can stay unseen. */
  get lossCertainty(): 'certain' | 'estimated' | 'unknown' {
    if (this.gaps.some((gap) => gap.certainty === 'estimated')) return 'estimated'
    return this.chain ? 'certain' : 'unknown'
  }

  push(block: RowBlock): void {
    if (this.arrival && this.arrival.hostNs !== block.hostNs) this.commitArrival()
    const skips = this.chain ? [] : block.skips
    let skip = 0
    for (let row = 0; row < block.rows; ) {
      while (skip < skips.length && skips[skip].offset < block.offsets[row]) this.noteSkip(skips[skip++])
      const nextSkip = skip < skips.length ? skips[skip].offset : Infinity
      const run = this.run(block, row, nextSkip)
      if (run > 0) {
        this.queue.append(block.counts, block.flags, row, run)
        this.settle(block.hostNs)
        this.chain?.follow(block.counters[row + run - 1])
        row += run
      } else {
        this.pushRow(block, row)
        row += 1
      }
    }
    for (; skip < skips.length; skip += 1) this.noteSkip(skips[skip])
  }

  /** The connection was lost or opened anew: the next row begins a new epoch, and the host's clock tells how long the gap is. */
  reconnect(cause: GapCause = 'unplugged'): void {
    this.flush()
    this.chain?.forget()
    this.skippedBytes = 0
    this.reconnected = cause
  }

  /** The stream is over (for now): decides on everything that is held. */
  flush(): void {
    for (const row of this.chain?.flush() ?? []) this.resolve(row)
    this.resolver.flush()
  }

  /** The next placed rows, at most 8192, or `null`; call until `null`. The arrays belong to the caller. */
  take(): TimelineRows | null {
    return this.queue.take()
  }

  /** Measured rate, or `null` before 5 s of one connection. */
  fit(): { rateHz: number; ppm: number } | null {
    const rateHz = this.clock.rateHz()
    const ppm = this.clock.ppm()
    return this.untimed || rateHz === null || ppm === null ? null : { rateHz, ppm }
  }

  /** Row that was sampled when the host's clock showed `hostNs`, rounded; never negative, may lie beyond `rows`. */
  rowAt(hostNs: number): number {
    if (this.untimed) return this.queue.rows
    if (!this.clock.empty || this.rows > 1) return Math.max(0, Math.round(this.clock.rowAt(hostNs)))
    if (!this.arrival) return 0
    return Math.max(0, Math.round(this.arrival.row + (hostNs - this.arrival.hostNs) / this.clock.periodNs))
  }

  /** How many rows from `row` on follow each other so plainly that they can be copied as they are. */
  private run(block: RowBlock, row: number, nextSkip: number): number {
    if (this.reconnected || this.skippedBytes > 0 || !this.resolver.settled || this.rows === 0) return 0
    if (this.chain && !this.chain.settled) return 0
    if (!this.untimed && this.clock.empty) return 0
    let run = 0
    const { counters, flags, offsets, rows } = block
    const counter = this.configuration.counter
    let expected = this.chain?.expected ?? 0
    while (row + run < rows && !(flags[row + run] & RowFlag.restart) && offsets[row + run] <= nextSkip) {
      if (counter) {
        if (counters[row + run] !== expected) break
        expected = (expected + counter.step) % counter.modulus
      }
      run += 1
    }
    if (run === 0 || this.untimed) return run
    const late = block.hostNs - this.clock.hostNsAt(this.rows - 1 + run)
    return late < this.resolver.toleranceNs ? run : 0
  }

  private pushRow(block: RowBlock, row: number): void {
    const { lanes } = block
    const incoming: IncomingRow = {
      counts: block.counts.slice(row * lanes, (row + 1) * lanes),
      counter: block.counters[row],
      flags: block.flags[row],
      hostNs: block.hostNs,
    }
    const reconnected = this.reconnected
    this.reconnected = null
    if (!this.chain) {
      const restarted = (incoming.flags & RowFlag.restart) !== 0 && this.rows > 0
      const anchor = reconnected ?? (restarted ? 'restart' : null)
      const skippedRows = this.skippedRows()
      this.resolve({ ...incoming, advance: 1, anchor, cause: anchor ?? (skippedRows > 0 ? 'corrupted' : 'lost'), skippedRows })
      return
    }
    for (const found of this.chain.push(incoming)) {
      this.resolve(reconnected ? { ...found, anchor: reconnected, cause: reconnected } : found)
    }
  }

  private resolve(row: ChainRow): void {
    if (!this.untimed) this.resolver.push(row)
    else if (row.advance > 0) this.place({ ...row, lostBefore: row.advance - 1 + Math.round(row.skippedRows), certainty: 'estimated' })
  }

  private place(row: PlacedRow): void {
    if (row.lostBefore > 0) {
      const from = this.queue.rows
      this.queue.appendMissing(row.lostBefore)
      this.lostRows += row.lostBefore
      this.gaps.push({ from, to: from + row.lostBefore, certainty: row.certainty, cause: row.cause })
    }
    this.queue.append(row.counts, Uint8Array.of(row.flags), 0, 1)
    this.settle(row.hostNs)
  }

  private settle(hostNs: number): void {
    if (this.untimed) return
    if (this.arrival && this.arrival.hostNs !== hostNs) this.commitArrival()
    this.arrival = { row: this.queue.rows - 1, hostNs }
    if (this.resolver.settled) this.resolver.follow(this.queue.rows - 1, hostNs)
  }

  private commitArrival(): void {
    if (this.arrival) this.clock.add(this.arrival.row, this.arrival.hostNs)
    this.arrival = null
  }

  private noteSkip(skip: SkippedSpan): void {
    if (skip.reason !== 'text' && skip.reason !== 'reply') this.skippedBytes += skip.length
  }

  /** Frames that the bytes between two frames may have been; noise on an idle line is none, which the clock has to tell. */
  private skippedRows(): number {
    const { frameBytes, rowsPerFrame } = this.configuration
    const skipped = this.skippedBytes
    this.skippedBytes = 0
    return frameBytes === null || this.rows === 0 ? 0 : (skipped / frameBytes) * rowsPerFrame
  }
}
