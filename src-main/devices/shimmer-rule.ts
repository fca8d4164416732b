import { needMore, type FrameRule } from './frame-scanner.ts'
import type { RowBuffer } from './row-buffer.ts'
import { shimmerChannel, shimmerHeaderBytes, shimmerTimestampModulus, shimmerTypeBytes } from './shimmer-channels.ts'

/** Packets that arrive out of order do so by a few places (pyshimmer PR 44): so many rows wait for a missing one. */
const reorderRows = 4
/** A timestamp so many periods ahead may still be a gap within sync; further is told apart by the run that confirms it. */
const aheadPeriods = 16
/** A packet so many periods behind the newest row is late, not a wrap. */
const latePeriods = 64
const timestampMask = shimmerTimestampModulus - 1

interface HeldRow {
  timestamp: number
  offset: number
  flags: number
  readonly counts: Int32Array
}

/**
 * Data packets `00, timestamp u24le, channels in inquiry order`: no checksum and no end, so the period of the `00` and timestamps that
 * advance by the clock divider are the proof. The counter is the timestamp itself.
 * Rows come out in order of time: behind a gap up to four rows wait for the packet that is missing. One that comes later still, or twice, is
 * dropped with a message.
 */
export class ShimmerRule implements FrameRule {
  readonly lanes: number
  readonly firstByte = 0x00
  readonly shortest: number
  readonly longest: number
  readonly lockRun = 3
  readonly relockRun = 2
  readonly replyEnd = null
  readonly #divider: number
  /** Per lane: place in the packet and type (2: u16le, 3: i24be). */
  readonly #places: number[] = []
  readonly #sizes: number[] = []
  readonly #statusPlaces: number[] = []
  readonly #statuses: number[] = []
  readonly #free: HeldRow[]
  /** Rows behind a gap, ascending in time. */
  readonly #held: HeldRow[] = []
  #last = -1

  /** `order`: channel ids of the inquiry; `divider`: ticks of 1/32768 s per row. */
  constructor(order: readonly number[], divider: number) {
    this.#divider = divider
    let place = shimmerHeaderBytes
    for (const id of order) {
      const channel = shimmerChannel(id)
      const size = shimmerTypeBytes[channel?.type ?? 'u8']
      if (channel?.lane) {
        this.#places.push(place)
        this.#sizes.push(size)
      } else {
        this.#statusPlaces.push(place)
        this.#statuses.push(-1)
      }
      place += size
    }
    this.shortest = place
    this.longest = place
    this.lanes = this.#places.length
    this.#free = Array.from({ length: reorderRows }, () => ({ timestamp: 0, offset: 0, flags: 0, counts: new Int32Array(this.lanes) }))
  }

  restartText(): boolean {
    return false
  }

  probe(_data: Uint8Array, at: number, end: number): number {
    return at + this.shortest > end ? needMore : this.shortest
  }

  counter(data: Uint8Array, at: number): number {
    return data[at + 1] | (data[at + 2] << 8) | (data[at + 3] << 16)
  }

  isNext(previous: number, counter: number): boolean {
    return ((counter - previous) & timestampMask) === this.#divider
  }

  follows(previous: number, counter: number): boolean {
    const ahead = (counter - previous) & timestampMask
    if (ahead === 0) return false
    const behind = shimmerTimestampModulus - ahead
    return (ahead <= aheadPeriods * this.#divider && ahead % this.#divider === 0)
      || (behind <= reorderRows * this.#divider && behind % this.#divider === 0)
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const timestamp = this.counter(data, at)
    for (let index = 0; index < this.#statusPlaces.length; index += 1) {
      const status = data[at + this.#statusPlaces[index]]
      if (status !== this.#statuses[index]) this.#tellStatus(rows, offset, index, status)
    }
    if (this.#held.length === 0) {
      const ahead = (timestamp - this.#last) & timestampMask
      if (ahead === this.#divider || this.#last < 0) {
        const base = rows.row(offset, timestamp, flags)
        this.#read(data, at, rows.counts, base)
        this.#last = timestamp
        return
      }
    }
    this.#unordered(rows, data, at, offset, flags, timestamp)
  }

  finish(rows: RowBuffer): void {
    while (this.#held.length > 0) this.#release(rows)
  }

  #read(data: Uint8Array, at: number, counts: Int32Array, base: number): void {
    for (let lane = 0; lane < this.lanes; lane += 1) {
      const place = at + this.#places[lane]
      counts[base + lane] = this.#sizes[lane] === 3
        ? ((data[place] << 24) >> 8) | (data[place + 1] << 8) | data[place + 2]
        : data[place] | (data[place + 1] << 8)
    }
  }

  #unordered(rows: RowBuffer, data: Uint8Array, at: number, offset: number, flags: number, timestamp: number): void {
    const ahead = (timestamp - this.#last) & timestampMask
    const repeated = ahead === 0 || this.#held.some((row) => row.timestamp === timestamp)
    if (repeated || shimmerTimestampModulus - ahead <= latePeriods * this.#divider) {
      rows.message(offset, 'status', `${repeated ? 'repeated' : 'late'} packet dropped`, { timestamp })
      return
    }
    if (ahead > aheadPeriods * this.#divider) {
      this.finish(rows)
      const base = rows.row(offset, timestamp, flags)
      this.#read(data, at, rows.counts, base)
      this.#last = timestamp
      return
    }
    // The oldest leaves before a new one takes its place, so a free one always exists.
    const row = this.#free.pop()
    if (!row) return
    row.timestamp = timestamp
    row.offset = offset
    row.flags = flags
    this.#read(data, at, row.counts, 0)
    let index = this.#held.length
    while (index > 0 && ((this.#held[index - 1].timestamp - this.#last) & timestampMask) > ahead) index -= 1
    this.#held.splice(index, 0, row)
    if (this.#held.length === reorderRows) this.finish(rows)
    while (this.#held.length > 0 && this.isNext(this.#last, this.#held[0].timestamp)) this.#release(rows)
  }

  #release(rows: RowBuffer): void {
    const row = this.#held.shift()
    if (!row) return
    const base = rows.row(row.offset, row.timestamp, row.flags)
    rows.counts.set(row.counts, base)
    this.#last = row.timestamp
    this.#free.push(row)
  }

  #tellStatus(rows: RowBuffer, offset: number, index: number, status: number): void {
    this.#statuses[index] = status
    rows.message(offset, 'status', `ExG status ${index + 1}: ${status.toString(16).padStart(2, '0')}`, { [`exgStatus${index + 1}`]: status })
  }
}
