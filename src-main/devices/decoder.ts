/** Flags of a decoded row. */
export const RowFlag = {
  /** The device itself reports an electrode off. */
  leadOff: 1,
  /** Bytes were skipped between this row's frame and the one before it. */
  resync: 2,
  /** Part of the row was lost (half of a Daisy pair); those lanes hold `noValue`. */
  incomplete: 4,
  /** First row after the device told that it (re)started: counter begins anew. */
  restart: 8,
} as const

/** Why bytes are not in any frame. */
export type SkipReason = 'noise' | 'checksum' | 'text' | 'reply' | 'torn' | 'unfinished'

export interface SkippedSpan {
  /** Offset in the stream since the decoder began. */
  readonly offset: number
  readonly length: number
  readonly reason: SkipReason
}

export interface DeviceMessage {
  readonly offset: number
  readonly kind: 'text' | 'reply' | 'status' | 'battery' | 'marker'
  readonly text: string
  readonly values: Readonly<Record<string, number>>
}

/**
 * What one `feed` found. Columns are reused: valid until the next call on the same decoder; only the first `rows` entries count.
 * `counts` is row-major: row r, lane l is `counts[r * lanes + l]`; `noValue` where this row has none.
 */
export interface RowBlock {
  readonly rows: number
  readonly lanes: number
  readonly counts: Int32Array
  /** The device's counter or timestamp as sent, in 0..modulus-1; all -1 for devices without one. */
  readonly counters: Int32Array
  /** Stream offset of the first byte of the frame that completed this row. */
  readonly offsets: Float64Array
  readonly flags: Uint8Array
  /** Host monotonic time of the chunk, ns. */
  readonly hostNs: number
  readonly skips: readonly SkippedSpan[]
  readonly messages: readonly DeviceMessage[]
}

/**
 * A push machine without I/O, clock or randomness. Invariant at every chunking and under any corruption, after `end()`:
 * `bytesIn === bytesInFrames + bytesSkipped`, and the rows do not depend on where the chunks were cut.
 * It never throws for any bytes.
 */
export interface Decoder {
  /** `hostNs`: host monotonic time at which the chunk was read, ns. */
  feed(bytes: Uint8Array, hostNs: number): RowBlock
  /** The stream is over: what is still pending is reported as skipped (`unfinished`). */
  end(): RowBlock
  readonly bytesIn: number
  readonly bytesInFrames: number
  readonly bytesSkipped: number
  /** Bytes held back until the rest of a possible frame arrives. */
  readonly bytesPending: number
}
