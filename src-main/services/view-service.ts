import { encodeViewFrame, LabError, type Caller, type DisplayFilters, type LabHandlers, type ViewFrame } from '../contract/index.ts'
import type { LiveLanes } from './live-lanes.ts'

/** Frames that a client may have received and not yet drawn: two in flight hide the wire's delay, the third its jitter. */
export const creditFrames = 3
/** A display refreshes 60 times a second. */
const frameMs = 16
/** A wire with more than this waiting is not read from, whatever was acknowledged. */
const bufferedLimitBytes = 4 << 20
/** A late frame timer alone (64 ms at 4 kHz) is no reason to decimate. */
const plainRows = 256

/** One window's place in the live signal. */
interface Subscription {
  readonly caller: Caller
  readonly stream: number
  columns: number
  lanes: LiveLanes | null
  nextRow: number
  beatCursor: number
  sequence: number
  acknowledged: number
  dropped: number
}

/**
 * `view.*`: sends each subscribed window one message per drawn frame while it keeps up, and one decimated message for everything pending once
 * it has credit again. Its memory does not depend on how long a window stalls: pending rows are in the ring already.
 */
export class ViewService {
  readonly #subscriptions = new Map<number, Subscription>()
  #streams = 0
  #timer: ReturnType<typeof setInterval> | null = null
  #lanes: LiveLanes | null = null
  filters: DisplayFilters = { baseline: true, lowPassHz: 40, notchHz: 50 }

  /** The live signal to show; `null` when no device is connected. */
  show(lanes: LiveLanes | null): void {
    this.#lanes = lanes
    this.#schedule()
  }

  handlers(): Pick<LabHandlers, 'view.subscribe' | 'view.unsubscribe' | 'view.acknowledge' | 'view.filters' | 'view.history'> {
    return {
      'view.subscribe': ({ columns }, { caller }) => ({ stream: this.#subscribe(caller, columns) }),
      'view.unsubscribe': (_input, { caller }) => this.#unsubscribe(caller.id),
      'view.acknowledge': ({ sequence }, { caller }) => this.#acknowledge(caller.id, sequence),
      'view.filters': (filters) => {
        this.filters = filters
        this.#lanes?.setFilters(filters)
        return filters
      },
      'view.history': ({ fromRow, toRow, columns }) => {
        if (!this.#lanes) throw new LabError('device-not-connected', 'No device is connected.')
        return this.#lanes.ring.envelope(fromRow, Math.max(fromRow, toRow), columns)
      },
    }
  }

  #subscribe(caller: Caller, columns: number): number {
    const known = this.#subscriptions.get(caller.id)
    const stream = ++this.#streams
    this.#subscriptions.set(caller.id, {
      caller,
      stream,
      columns,
      // A window that asks anew (another width) goes on where it was: a row left out would look like a row lost.
      lanes: known?.lanes ?? null,
      nextRow: known?.nextRow ?? 0,
      beatCursor: known?.beatCursor ?? 0,
      // The sequence never goes back for a caller: an acknowledgement of an earlier subscription must not grant credit.
      sequence: known?.sequence ?? 0,
      acknowledged: known?.sequence ?? 0,
      dropped: 0,
    })
    if (!known) caller.onClose(() => this.#unsubscribe(caller.id))
    this.#schedule()
    return stream
  }

  #unsubscribe(id: number): Record<string, never> {
    this.#subscriptions.delete(id)
    this.#schedule()
    return {}
  }

  #acknowledge(id: number, sequence: number): Record<string, never> {
    const subscription = this.#subscriptions.get(id)
    if (subscription) subscription.acknowledged = Math.max(subscription.acknowledged, Math.min(sequence, subscription.sequence))
    return {}
  }

  /** The frame timer runs only while there is something to show and somebody to show it to. */
  #schedule(): void {
    const needed = this.#lanes !== null && this.#subscriptions.size > 0
    if (needed && !this.#timer) this.#timer = setInterval(() => this.#tick(), frameMs)
    if (!needed && this.#timer) {
      clearInterval(this.#timer)
      this.#timer = null
    }
  }

  #tick(): void {
    const lanes = this.#lanes
    if (!lanes) return
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.lanes !== lanes) {
        subscription.lanes = lanes
        subscription.nextRow = lanes.ring.end
        subscription.beatCursor = lanes.beatCount
      }
      if (lanes.ring.end === subscription.nextRow) continue
      const outOfCredit = subscription.sequence - subscription.acknowledged >= creditFrames
      if (outOfCredit || subscription.caller.bufferedBytes() > bufferedLimitBytes) {
        subscription.dropped++
        continue
      }
      const frame = nextFrame(lanes, subscription)
      subscription.sequence = frame.sequence
      subscription.nextRow = frame.firstRow + frame.rows
      subscription.beatCursor = lanes.beatCount
      subscription.caller.emit('view.frame', encodeViewFrame(frame))
    }
  }
}

/** Everything from `nextRow` to the newest row as one frame: plain rows, or min/max pairs where that would be more than `columns` can show. */
function nextFrame(lanes: LiveLanes, at: { nextRow: number; sequence: number; dropped: number; columns: number; beatCursor: number }): ViewFrame {
  const { ring } = lanes
  const firstRow = Math.max(at.nextRow, ring.first)
  const rows = ring.end - firstRow
  const stride = rows <= Math.max(plainRows, at.columns) ? 1 : Math.ceil(rows / at.columns)
  const columns = Math.ceil(rows / stride)
  const values = new Float32Array(ring.lanes * columns * (stride > 1 ? 2 : 1))
  for (let lane = 0; lane < ring.lanes; lane++) {
    if (stride === 1) {
      ring.copy(lane, firstRow, rows, values, lane * columns)
      continue
    }
    for (let column = 0; column < columns; column++) {
      const from = firstRow + column * stride
      ring.extremes(lane, from, Math.min(from + stride, ring.end), values, 2 * (lane * columns + column))
    }
  }
  return {
    sequence: at.sequence + 1,
    epoch: lanes.epoch,
    firstRow,
    rows,
    stride,
    lanes: ring.lanes,
    columns,
    droppedFrames: at.dropped,
    rateHz: lanes.configuration.rateHz,
    newestAtMs: lanes.newestAtMs,
    values,
    beats: lanes.beatsSince(at.beatCursor).map(({ lane, row }) => [lane, row] as const),
  }
}
