import type { DeviceMessage, RowBlock, SkipReason, SkippedSpan } from './decoder.ts'

/**
 * The one `RowBlock` a decoder fills again and again: columns grow when a chunk brings more rows than any before and are never freed, so
 * that decoding allocates nothing per frame.
 * @example
 * rows.begin(hostNs)
 * const base = rows.row(frameOffset, sequence, 0)
 * rows.counts[base] = ecg
 * rows.counts[base + 1] = noValue
 */
export class RowBuffer implements RowBlock {
  readonly lanes: number
  rows = 0
  counts: Int32Array
  counters: Int32Array
  offsets: Float64Array
  flags: Uint8Array
  hostNs = 0
  skips: SkippedSpan[] = []
  messages: DeviceMessage[] = []
  #capacity: number
  #lastSkip: { offset: number; length: number; reason: SkipReason } | null = null

  constructor(lanes: number, capacity = 256) {
    this.lanes = lanes
    this.#capacity = capacity
    this.counts = new Int32Array(capacity * lanes)
    this.counters = new Int32Array(capacity)
    this.offsets = new Float64Array(capacity)
    this.flags = new Uint8Array(capacity)
  }

  /** Empties the block for the next chunk, read at `hostNs` (host monotonic, ns). */
  begin(hostNs: number): void {
    this.rows = 0
    this.hostNs = hostNs
    // Fresh lists, not emptied ones: who keeps a block's skips or messages must not see them change.
    if (this.skips.length > 0) this.skips = []
    if (this.messages.length > 0) this.messages = []
    this.#lastSkip = null
  }

  /**
   * Adds a row and returns the index in `counts` of its first lane. Every lane must be written: columns hold old rows.
   * `counts` may be replaced by growth, so read `rows.counts` after this call, not before.
   * `offset`: stream offset of the frame's first byte; `counter`: as sent, -1 for none; `flags`: `RowFlag` bits.
   */
  row(offset: number, counter: number, flags: number): number {
    const row = this.rows
    if (row === this.#capacity) this.#grow()
    this.counters[row] = counter
    this.offsets[row] = offset
    this.flags[row] = flags
    this.rows = row + 1
    return row * this.lanes
  }

  /** Reports bytes that are in no frame; adjacent spans of one reason become one. */
  skip(offset: number, length: number, reason: SkipReason): void {
    const last = this.#lastSkip
    if (last && last.reason === reason && last.offset + last.length === offset) {
      last.length += length
      return
    }
    const span = { offset, length, reason }
    this.#lastSkip = span
    this.skips.push(span)
  }

  message(offset: number, kind: DeviceMessage['kind'], text: string, values: Readonly<Record<string, number>> = {}): void {
    this.messages.push({ offset, kind, text, values })
  }

  #grow(): void {
    const capacity = this.#capacity * 2
    const counts = new Int32Array(capacity * this.lanes)
    counts.set(this.counts)
    const counters = new Int32Array(capacity)
    counters.set(this.counters)
    const offsets = new Float64Array(capacity)
    offsets.set(this.offsets)
    const flags = new Uint8Array(capacity)
    flags.set(this.flags)
    this.counts = counts
    this.counters = counters
    this.offsets = offsets
    this.flags = flags
    this.#capacity = capacity
  }
}
