import type { CounterSpec, DeviceConfiguration } from '../../src-main/contract/index.ts'
import { RowFlag, type RowBlock, type SkippedSpan } from '../../src-main/devices/decoder.ts'
import { Timeline } from '../../src-main/recording/timeline.ts'

/** Something that happens to a stream; times in seconds of the device's clock. */
export type Planted =
  | { kind: 'drop'; at: number; rows: number }
  | { kind: 'stall'; at: number; seconds: number }
  | { kind: 'restart'; at: number; seconds: number; flagged: boolean }
  | { kind: 'unplug'; at: number; seconds: number }
  | { kind: 'corrupt'; at: number; rows: number }
  | { kind: 'counter-flip'; at: number; mask: number }
  | { kind: 'duplicate'; at: number }

export interface StreamOptions {
  readonly seconds: number
  readonly rateHz: number
  readonly counter: CounterSpec | null
  readonly ppm?: number
  /** ppm per second, on top of `ppm`. */
  readonly driftPpm?: number
  readonly batchMs?: number
  /** Mean of the exponentially distributed delivery delay. */
  readonly jitterMs?: number
  readonly seed?: number
  readonly firstCounter?: number
  readonly events?: readonly Planted[]
}

export const frameBytes = 20

export function configuration(rateHz: number, counter: CounterSpec | null): DeviceConfiguration {
  const lane = { id: 'a', label: 'A', kind: 'ecg', unit: 'count', gainCountsPerUnit: 1, baseline: 0, bits: 24, minimum: -8388607, maximum: 8388607, sparse: false, held: false } as const
  return { profile: 'planted', protocol: 'planted', settings: {}, rateHz, counter, lanes: [lane, { ...lane, id: 'b' }], frameBytes, rowsPerFrame: 1 }
}

/** Mulberry32: any generator will do, as long as it is not the product's. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

interface Sent {
  /** Sampling instant number since the beginning, which time alone decides: the truth of where the row belongs. */
  readonly instant: number
  readonly counter: number
  readonly sentMs: number
  readonly flags: number
  readonly offset: number
  readonly event: 'unplugged' | null
  readonly skipped: number
}

/** All rows that the device sends and the line delivers, with their true instants. */
export function plantRows(options: StreamOptions): Sent[] {
  const { seconds, rateHz, counter, ppm = 0, driftPpm = 0, events = [] } = options
  const modulus = counter?.modulus ?? 1
  let counted = options.firstCounter ?? 0
  let offset = 0
  const sent: Sent[] = []
  let flags = 0
  let event: Sent['event'] = null
  let skipped = 0
  const total = Math.round(seconds * rateHz)
  for (let instant = 0; instant < total; instant += 1) {
    const at = instant / rateHz
    const rate = rateHz * (1 + (ppm + (driftPpm * at) / 2) * 1e-6)
    const sentMs = (instant / rate) * 1000 + 1000
    const within = (planted: { at: number; rows: number }) => instant >= Math.round(planted.at * rateHz) && instant < Math.round(planted.at * rateHz) + planted.rows
    const off = events.find((one) => (one.kind === 'restart' || one.kind === 'unplug') && at >= one.at && at < one.at + one.seconds)
    if (off?.kind === 'restart') {
      counted = 0
      flags = off.flagged ? RowFlag.restart : 0
      continue
    }
    const value = counter ? ((counted * counter.step) % modulus + modulus) % modulus : -1
    counted += 1
    if (off) {
      event = 'unplugged'
      continue
    }
    if (events.some((one) => one.kind === 'drop' && within(one))) continue
    if (events.some((one) => one.kind === 'corrupt' && within(one))) {
      offset += frameBytes
      skipped += frameBytes
      continue
    }
    const flip = events.find((one) => one.kind === 'counter-flip' && instant === Math.round(one.at * rateHz))
    const told = flip?.kind === 'counter-flip' ? value ^ flip.mask : value
    sent.push({ instant, counter: told, sentMs, flags: flags | (skipped ? RowFlag.resync : 0), offset, event, skipped })
    offset += frameBytes
    ;[flags, event, skipped] = [0, null, 0]
    if (events.some((one) => one.kind === 'duplicate' && instant === Math.round(one.at * rateHz))) {
      sent.push({ instant, counter: told, sentMs, flags: 0, offset, event: null, skipped: 0 })
      offset += frameBytes
    }
  }
  return sent
}

/** When the host reads each row, ms: batching, jitter and stalls; never before it was sent, never out of order. */
export function deliver(rows: readonly Sent[], options: StreamOptions): number[] {
  const { batchMs = 0, jitterMs = 0, events = [], seed = 1 } = options
  const next = random(seed)
  const times: number[] = []
  let last = 0
  let batchEnds = 0
  let batchTime = 0
  for (const row of rows) {
    if (row.sentMs > batchEnds || batchMs === 0) {
      // The latency timer starts anew with the first byte that waits.
      batchEnds = row.sentMs + batchMs
      batchTime = batchEnds - jitterMs * Math.log(1 - next())
      for (const stall of events) {
        const from = stall.at * 1000 + 1000
        if (stall.kind === 'stall' && batchTime >= from && batchTime < from + stall.seconds * 1000) batchTime = from + stall.seconds * 1000
      }
    }
    last = Math.max(last, batchTime)
    times.push(last)
  }
  return times
}

export function blocks(rows: readonly Sent[], times: readonly number[], maximumRows = Number.POSITIVE_INFINITY): { block: RowBlock; unplugged: boolean }[] {
  const out: { block: RowBlock; unplugged: boolean }[] = []
  for (let from = 0; from < rows.length; ) {
    let to = from + 1
    while (to < rows.length && times[to] === times[from] && rows[to].event === null && to - from < maximumRows) to += 1
    const part = rows.slice(from, to)
    const skips: SkippedSpan[] = part.filter((row) => row.skipped > 0).map((row) => ({ offset: row.offset - row.skipped, length: row.skipped, reason: 'checksum' }))
    const block: RowBlock = {
      rows: part.length,
      lanes: 2,
      counts: Int32Array.from(part.flatMap((row) => [row.instant, -row.instant])),
      counters: Int32Array.from(part.map((row) => row.counter)),
      offsets: Float64Array.from(part.map((row) => row.offset)),
      flags: Uint8Array.from(part.map((row) => row.flags)),
      hostNs: Math.round(times[from] * 1e6),
      skips,
      messages: [],
    }
    out.push({ block, unplugged: part[0].event !== null })
    from = to
  }
  return out
}

export interface Placed {
  readonly timeline: Timeline
  /** Per output row: the true instant of the row that is there, or `null` for a missing row. */
  readonly instants: (number | null)[]
  readonly sent: readonly Sent[]
}

/** Runs a planted stream through a Timeline. */
export function place(options: StreamOptions, maximumRows?: number): Placed {
  const sent = plantRows(options)
  const timeline = new Timeline(configuration(options.rateHz, options.counter))
  const instants: (number | null)[] = []
  const drain = (): void => {
    for (let rows = timeline.take(); rows; rows = timeline.take()) {
      for (let row = 0; row < rows.rows; row += 1) {
        const [a, b] = [rows.counts[row * 2], rows.counts[row * 2 + 1]]
        instants.push(a === -2147483648 && b === -2147483648 ? null : a)
      }
    }
  }
  for (const { block, unplugged } of blocks(sent, deliver(sent, options), maximumRows)) {
    if (unplugged) timeline.reconnect()
    timeline.push(block)
    drain()
  }
  timeline.flush()
  drain()
  return { timeline, instants, sent }
}

/** How far each placed row is from its true place (relative to the first row), and whether any row came twice or out of order. */
export function shifts({ instants }: Placed): { largest: number; ordered: boolean } {
  const first = instants.find((instant) => instant !== null) ?? 0
  let largest = 0
  let previous = -1
  let ordered = true
  for (const [row, instant] of instants.entries()) {
    if (instant === null) continue
    largest = Math.max(largest, Math.abs(row - (instant - first)))
    if (instant <= previous) ordered = false
    previous = instant
  }
  return { largest, ordered }
}
