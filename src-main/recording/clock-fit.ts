/** A point of the fit: device row index and the host time at which it had arrived, ns. */
interface Arrival {
  row: number
  hostNs: number
}

/** Hull vertices kept at most; random delays leave about ten, only a steadily bending clock leaves more. */
const maximumVertices = 512
/** The line's offset forgets delays older than this many seconds. */
const windowSeconds = 16
/** A span below this says nothing about a rate. */
const minimumSpanNs = 5e9
const bunchedNs = 1e9
/** Delay of a chunk that the shortest spans may not average out: FTDI's latency timer is 16 ms. */
const delayScaleNs = 4e6
/** Delays seen at the start tilt the line by less than 5 % once the span is this many times as long. */
const delaysPerSpan = 20

/**
 * Where rows lie on the host's clock: a line below all arrivals, since a byte can come late but never early.
 *
 * The slope is the edge of the lower convex hull of (row, arrival) above the mean row, which is the line below all points with the least
 * summed distance (Zhang, Liu, Xia 2002, "Clock synchronization algorithms for network measurements", INFOCOM; Moon, Skelly, Towsley 1999).
 * The offset comes from the last 16 s. Causal, deterministic, and bounded in memory.
 *
 * @example 250 rows a second read every 16 ms for 60 s: `rateHz()` is within a few ppm.
 */
export class ClockFit {
  readonly declaredRateHz: number
  private hull: Arrival[] = []
  private rowSum = 0
  private points = 0
  private first: Arrival | null = null
  private last: Arrival | null = null
  /** Lowest arrival of each of the last seconds. */
  private buckets: Arrival[] = []
  private bucketEndsNs = 0
  /** How much arrivals of one and the same second differed in lateness during the first seconds, ns. */
  private startDelayNs = 0
  private bucketRange = { low: Infinity, high: -Infinity }
  private best = { spanNs: 0, periodNs: 0 }
  private period: number
  private offset = 0

  constructor(declaredRateHz: number) {
    this.declaredRateHz = declaredRateHz
    this.period = 1e9 / declaredRateHz
  }

  /** ns from one row to the next, as known so far. */
  get periodNs(): number {
    return this.period
  }

  /** Host time covered since the epoch began, ns. */
  get spanNs(): number {
    return this.first && this.last ? this.last.hostNs - this.first.hostNs : 0
  }

  get empty(): boolean {
    return this.points === 0
  }

  /** `row` had arrived at `hostNs`. Rows ascend within an epoch. */
  add(row: number, hostNs: number): void {
    const point = { row, hostNs }
    this.first ??= point
    this.last = point
    this.points += 1
    this.rowSum += row - this.first.row
    this.extendHull(point)
    this.noteStartDelay(point)
    this.period = this.slope()
    this.addToBucket(point)
    this.offset = Math.min(...this.buckets.map((bucket) => bucket.hostNs - bucket.row * this.period))
  }

  /** Forgets the delays seen so far, keeps the rate: after a reconnect or a restart both the delays and the phase are new. */
  newEpoch(): void {
    if (this.spanNs > this.best.spanNs) this.best = { spanNs: this.spanNs, periodNs: this.period }
    this.hull = []
    this.buckets = []
    this.rowSum = this.points = 0
    this.startDelayNs = 0
    this.bucketRange = { low: Infinity, high: -Infinity }
    this.first = this.last = null
  }

  /** Forgets only how late arrivals were; the rate and its span go on. */
  forgetDelays(): void {
    this.buckets = []
  }

  /** Earliest host time at which `row` can have arrived, ns. */
  hostNsAt(row: number): number {
    return this.offset + row * this.period
  }

  /** Row (with its fraction) that the device sampled when the host's clock showed `hostNs`. */
  rowAt(hostNs: number): number {
    return (hostNs - this.offset) / this.period
  }

  /** How far the lowest arrivals of the last seconds scatter above the line, ns: what a host-clock estimate may be wrong by. */
  spreadNs(): number {
    if (this.buckets.length < 2) return 0
    return Math.max(...this.buckets.map((bucket) => bucket.hostNs - this.hostNsAt(bucket.row)))
  }

  /** Measured rows per second, or `null` before 5 s of one connection. */
  rateHz(): number | null {
    const periodNs = this.spanNs >= this.best.spanNs ? this.period : this.best.periodNs
    return Math.max(this.spanNs, this.best.spanNs) >= minimumSpanNs ? 1e9 / periodNs : null
  }

  /** Measured against declared rate in parts per million: positive when the device is fast. */
  ppm(): number | null {
    const rateHz = this.rateHz()
    return rateHz === null ? null : (rateHz / this.declaredRateHz - 1) * 1e6
  }

  private extendHull(point: Arrival): void {
    const hull = this.hull
    while (hull.length > 0 && hull[hull.length - 1].row >= point.row) {
      if (hull[hull.length - 1].hostNs <= point.hostNs) return
      hull.pop()
    }
    while (hull.length >= 2 && !turnsLeft(hull[hull.length - 2], hull[hull.length - 1], point)) hull.pop()
    hull.push(point)
    if (hull.length > maximumVertices) this.hull = hull.filter((_, index) => index % 2 === 0 || index === hull.length - 1)
  }

  private slope(): number {
    const prior = this.best.spanNs > 0 ? this.best.periodNs : 1e9 / this.declaredRateHz
    if (this.hull.length < 2 || !this.first) return prior
    const meanRow = this.first.row + this.rowSum / this.points
    let right = this.hull.findIndex((vertex) => vertex.row >= meanRow)
    if (right < 1) right = 1
    const [a, b] = [this.hull[right - 1], this.hull[right]]
    const slope = (b.hostNs - a.hostNs) / (b.row - a.row)
    // Early on the prior is the better guess: believe the slope only where it differs by more than the delays can explain, and never from
    // the first second alone, whose arrivals may all be bunched on a computer that is busy.
    const span = this.spanNs
    const edgeNs = (b.row - a.row) * prior
    const early = span < Math.max(minimumSpanNs, delaysPerSpan * this.startDelayNs)
    if (span < bunchedNs || (early && Math.abs(slope / prior - 1) * edgeNs < delayScaleNs + prior + this.startDelayNs)) return prior
    return slope > 0 ? slope : prior
  }

  /** Against the prior's line: over one second a wrong rate of a few percent hardly shows, a delay does. */
  private noteStartDelay({ row, hostNs }: Arrival): void {
    if (this.spanNs >= minimumSpanNs) return
    if (hostNs >= this.bucketEndsNs) this.bucketRange = { low: Infinity, high: -Infinity }
    const prior = this.best.spanNs > 0 ? this.best.periodNs : 1e9 / this.declaredRateHz
    const lateNs = hostNs - row * prior
    const range = this.bucketRange
    range.low = Math.min(range.low, lateNs)
    range.high = Math.max(range.high, lateNs)
    this.startDelayNs = Math.max(this.startDelayNs, range.high - range.low)
  }

  private addToBucket(point: Arrival): void {
    const newest = this.buckets[this.buckets.length - 1]
    if (!newest || point.hostNs >= this.bucketEndsNs) {
      this.buckets.push(point)
      if (this.buckets.length > windowSeconds) this.buckets.shift()
      this.bucketEndsNs = point.hostNs + 1e9
    } else if (point.hostNs - point.row * this.period < newest.hostNs - newest.row * this.period) {
      this.buckets[this.buckets.length - 1] = point
    }
  }
}

/** True when the path a-b-c bends upwards: b stays on the lower hull. Offsets from a keep the products exact enough for days of ns. */
function turnsLeft(a: Arrival, b: Arrival, c: Arrival): boolean {
  return (b.row - a.row) * (c.hostNs - a.hostNs) - (b.hostNs - a.hostNs) * (c.row - a.row) > 0
}
