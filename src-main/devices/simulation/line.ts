import type { Random } from './random.ts'

/** Bytes that arrive at the host at `atMs` of simulated time. The receiver owns them. */
export interface Delivery {
  readonly atMs: number
  readonly bytes: Uint8Array
  /** Rows (half open) whose frames these are, and how many of them are unaltered. */
  readonly fromRow: number
  readonly toRow: number
  readonly intactRows: number
}

interface Parcel {
  readonly atMs: number
  bytes: Uint8Array
  length: number
  fromRow: number
  toRow: number
  intactRows: number
}

export interface LineOptions {
  /** Bytes arrive only at multiples of this, ms. */
  readonly batchMs: number
  readonly jitterMs: number
  readonly random: Random
  /** Called when a delivery has arrived. */
  delivered(delivery: Delivery): void
}

/**
 * The cable, radio and USB adapter between board and host: delays bytes (batching, jitter, stalls), keeps their order, and forgets those
 * on their way when it is cut. What arrives when does not depend on how often `take` is called.
 */
export class Line {
  private readonly options: LineOptions
  private readonly parcels: Parcel[] = []
  private stallFromMs = Infinity
  private stallUntilMs = -Infinity
  private slotMs = -Infinity
  private slotDelayMs = 0
  private lastMs = 0

  constructor(options: LineOptions) {
    this.options = options
  }

  /** Nothing arrives in `fromMs`..`untilMs`; what should have comes at its end. */
  stall(fromMs: number, untilMs: number): void {
    if (fromMs > this.stallUntilMs) this.stallFromMs = fromMs
    this.stallUntilMs = Math.max(this.stallUntilMs, untilMs)
  }

  /** `bytes` leave the board at `atMs`; they carry rows `fromRow`..`toRow` (half open; equal for text and replies), damaged or `intact`. */
  send(bytes: Uint8Array, atMs: number, fromRow: number, toRow: number, intact: boolean): void {
    const arrival = this.arrival(atMs)
    let parcel = this.parcels.at(-1)
    if (parcel?.atMs !== arrival) {
      parcel = { atMs: arrival, bytes: new Uint8Array(Math.max(64, bytes.length)), length: 0, fromRow, toRow: fromRow, intactRows: 0 }
      this.parcels.push(parcel)
    }
    if (parcel.length + bytes.length > parcel.bytes.length) {
      const larger = new Uint8Array(Math.max(parcel.bytes.length * 2, parcel.length + bytes.length))
      larger.set(parcel.bytes)
      parcel.bytes = larger
    }
    parcel.bytes.set(bytes, parcel.length)
    parcel.length += bytes.length
    if (intact) parcel.intactRows += toRow - fromRow
    if (toRow > fromRow) {
      if (parcel.toRow === parcel.fromRow) parcel.fromRow = fromRow
      parcel.toRow = toRow
    }
  }

  /** What is on its way and has not arrived by `atMs` is lost; returns how many bytes that are. */
  cut(atMs: number): number {
    let lost = 0
    while ((this.parcels.at(-1)?.atMs ?? -Infinity) > atMs) lost += this.parcels.pop()?.length ?? 0
    this.lastMs = Math.min(this.lastMs, atMs)
    return lost
  }

  /** What has arrived by `toMs`, in order. */
  take(toMs: number): Delivery[] {
    const arrived: Delivery[] = []
    let count = 0
    for (; count < this.parcels.length && this.parcels[count].atMs <= toMs; count++) {
      const { atMs, bytes, length, fromRow, toRow, intactRows } = this.parcels[count]
      const delivery = { atMs, bytes: bytes.slice(0, length), fromRow, toRow, intactRows }
      this.options.delivered(delivery)
      if (length > 0) arrived.push(delivery)
    }
    this.parcels.splice(0, count)
    return arrived
  }

  private arrival(atMs: number): number {
    const { batchMs, jitterMs, random } = this.options
    // The small number forgives rounding of a time that should be exactly on the grid.
    const slot = Math.ceil(atMs / batchMs - 1e-6) * batchMs
    if (slot !== this.slotMs) {
      this.slotMs = slot
      this.slotDelayMs = jitterMs > 0 ? random.uniform() * jitterMs : 0
    }
    let arrival = slot + this.slotDelayMs
    if (arrival >= this.stallFromMs && arrival < this.stallUntilMs) arrival = this.stallUntilMs
    this.lastMs = Math.max(this.lastMs, arrival)
    return this.lastMs
  }
}
