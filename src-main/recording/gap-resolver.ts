import type { CounterSpec, GapCause } from '../contract/index.ts'
import type { ClockFit } from './clock-fit.ts'
import type { ChainRow } from './counter-chain.ts'

/** A row with its final place: `lostBefore` rows are missing between it and the one before. */
export interface PlacedRow extends ChainRow {
  readonly lostBefore: number
  readonly certainty: 'certain' | 'estimated'
}

/** A hold ends when arrivals have not come closer to the line for this long: the burst has drained. */
const plateauNs = 1e9
/** ... or after this long in any case, or this many rows. */
const maximumHoldNs = 10e9
const maximumHoldRows = 1 << 16
/** A pause without a byte that is silence of the device rather than loss on the way. */
const silenceNs = 2e9

interface HeldRow {
  readonly row: ChainRow
  /** Arrival after the line, ns, if nothing beyond what the counter tells is missing. */
  readonly lateNs: number
  /** Host time since the row before, ns. */
  readonly pauseNs: number
}

interface Hold {
  /** An anchor's first row begins a new epoch; otherwise a multiple of the wrap may be missing. */
  readonly anchor: boolean
  readonly startedNs: number
  /** How late arrivals already were just before, ns: a slow drift is not a loss. */
  readonly beforeNs: number
  rows: HeldRow[]
  lowestNs: number
  loweredAtNs: number
}

/**
 * Decides how many rows are missing where the counter alone cannot: a wrap may hide in a pause, a counter may begin anew, or there is no
 * counter. A byte can be late but never early, so the lowest arrival after a pause, against the line of the rows before it, tells
 * how much time really passed. Rows are held until that is settled (about a second); a stall that delivers everything late ends
 * at the line again and is no gap.
 */
export class GapResolver {
  private readonly fit: ClockFit
  /** Rows that can go missing unseen: the counter's wrap, or 1 without a counter. */
  private readonly quantum: number
  private readonly counted: boolean
  /** A counter below this has just begun anew. */
  private readonly freshCounter: number
  private readonly release: (row: PlacedRow) => void
  private hold: Hold | null = null
  /** Place of the newest row, held or released, as far as known. */
  private at = -1
  private previousHostNs = 0
  private lastLateNs = 0

  constructor(fit: ClockFit, counter: CounterSpec | null, release: (row: PlacedRow) => void) {
    this.fit = fit
    this.quantum = counter ? counter.modulus / counter.step : 1
    this.counted = counter !== null
    this.freshCounter = counter ? 4 * counter.step : 0
    this.release = release
  }

  /** True when nothing is held. */
  get settled(): boolean {
    return this.hold === null
  }

  /** Takes note of rows placed without this resolver's help: the newest is row `at`. */
  follow(at: number, hostNs: number): void {
    this.at = at
    this.previousHostNs = hostNs
    this.lastLateNs = this.fit.empty ? 0 : hostNs - this.fit.hostNsAt(at)
  }

  /** Arrivals later than this may hide a loss, ns. */
  get toleranceNs(): number {
    const quantumNs = this.quantum * this.fit.periodNs
    return this.counted ? quantumNs / 2 : Math.max(1.5 * quantumNs, 4 * this.fit.spreadNs())
  }

  /** May a row that is `advance` rows on have arrived by `hostNs`? Generous while the line is young and for long jumps. */
  possible(advance: number, hostNs: number): boolean {
    if (this.fit.empty) return true
    const period = this.fit.periodNs
    const early = this.fit.hostNsAt(this.at + advance) - hostNs
    const slack = 2 * period + 5e6 + 0.02 * advance * period
    return early <= slack || (!this.mature && advance <= this.quantum / 2)
  }

  wrapPossible(hostNs: number): boolean {
    return !this.fit.empty && hostNs - this.fit.hostNsAt(this.at) >= this.toleranceNs
  }

  push(row: ChainRow): void {
    if (row.anchor) this.flush()
    const fresh = this.fit.empty && !this.hold
    const pauseNs = fresh ? 0 : row.hostNs - this.previousHostNs
    const lateNs = fresh ? 0 : row.hostNs - this.fit.hostNsAt(this.at + row.advance)
    this.at += row.advance
    this.previousHostNs = row.hostNs
    const anchor = row.anchor !== null && !fresh
    if (!this.hold) {
      if (!anchor && lateNs < this.toleranceNs) {
        this.lastLateNs = lateNs
        this.emit(row, 0, this.mature ? 'certain' : 'estimated')
        return
      }
      const beforeNs = Math.max(0, this.lastLateNs)
      this.hold = { anchor, startedNs: row.hostNs, beforeNs, rows: [], lowestNs: Infinity, loweredAtNs: row.hostNs }
    }
    this.extend(this.hold, { row, lateNs, pauseNs })
  }

  /** Decides on what is held with what is known now. */
  flush(): void {
    if (this.hold) this.resolve(this.hold)
  }

  private get mature(): boolean {
    return this.fit.spanNs >= 1e9 || this.quantum * this.fit.periodNs >= 10e9
  }

  private extend(hold: Hold, held: HeldRow): void {
    hold.rows.push(held)
    const { hostNs } = held.row
    // Lower by less than this is jitter, not a burst that is still draining.
    const step = Math.max(1e6, this.fit.periodNs / 4)
    if (held.lateNs < hold.lowestNs - step) hold.loweredAtNs = hostNs
    hold.lowestNs = Math.min(hold.lowestNs, held.lateNs)
    const arrived = hold.anchor ? held.lateNs < this.fit.periodNs / 2 : held.lateNs < this.toleranceNs
    const drained = hostNs - hold.loweredAtNs >= plateauNs
    if (arrived) this.releaseHeld(hold, hold.rows.map(() => 0), !hold.anchor && this.mature ? 'certain' : 'estimated')
    else if (drained || hostNs - hold.startedNs >= maximumHoldNs || hold.rows.length >= maximumHoldRows) this.resolve(hold)
  }

  private resolve(hold: Hold): void {
    const { rows } = hold
    const period = this.fit.periodNs
    const extra = rows.map(() => 0)
    // No row can lie later than the lowest arrival at or after it allows.
    const ceiling = rows.map((held) => held.lateNs)
    for (let index = rows.length - 2; index >= 0; index -= 1) ceiling[index] = Math.min(ceiling[index], ceiling[index + 1])
    const last = ceiling[ceiling.length - 1]
    if (hold.anchor) {
      extra[0] = Math.max(0, Math.round(ceiling[0] / period))
      this.releaseHeld(hold, extra, 'estimated')
      return
    }
    const quantumNs = this.quantum * period
    const wraps = Math.round(last / quantumNs)
    const remainderNs = Math.abs(last - wraps * quantumNs)
    const broken = this.counted && remainderNs > Math.max(3 * period, 10e6) && remainderNs > 0.02 * last && quantumNs > 80e6
    if (broken) {
      // Time passed that is no multiple of the wrap: the device was silent or began anew, and its counter says nothing about it.
      const at = this.widest(rows, 0, rows.length - 1)
      const restarted = rows[at].row.counter < this.freshCounter && rows[at].row.advance !== 1
      extra[at] = Math.max(1 - rows[at].row.advance, Math.round(last / period))
      this.releaseHeld({ ...hold, anchor: true }, extra, 'estimated', restarted ? 'restart' : 'silence')
      return
    }
    const drift = this.counted ? 0 : hold.beforeNs
    let level = 0
    for (let index = 0; index < rows.length; index += 1) {
      const next = Math.max(level, Math.round((ceiling[index] - drift) / quantumNs))
      if (next === level || (!this.counted && next - level < 2)) continue
      let end = index
      while (end < rows.length - 1 && rows[end].lateNs - drift >= (next + 0.5) * quantumNs) end += 1
      extra[this.widest(rows, index, end)] += Math.round((next - level) * this.quantum)
      level = next
    }
    // Not a step but a drift of the rate: the line follows it.
    if (level === 0 && !this.counted) this.fit.forgetDelays()
    this.releaseHeld(hold, extra, 'estimated')
  }

  /** Where rows are most likely missing: at a jump of the counter if there is one, else at the longest pause. */
  private widest(rows: readonly HeldRow[], from: number, to: number): number {
    let best = from
    const weight = ({ row, pauseNs }: HeldRow): number =>
      (this.counted && row.advance !== 1 ? 1e15 * (1 + (row.advance === 0 ? this.quantum : row.advance)) : 0) + pauseNs
    for (let index = from + 1; index <= to; index += 1) if (weight(rows[index]) > weight(rows[best])) best = index
    return best
  }

  private releaseHeld(hold: Hold, extra: readonly number[], certainty: PlacedRow['certainty'], cause?: GapCause): void {
    this.hold = null
    const shifted = extra.reduce((sum, count) => sum + count, 0)
    this.at += shifted
    if (hold.anchor) this.fit.newEpoch()
    const last = hold.rows[hold.rows.length - 1]
    this.lastLateNs = hold.anchor ? 0 : last.lateNs - shifted * this.fit.periodNs
    for (const [index, { row, pauseNs }] of hold.rows.entries()) {
      const silent = extra[index] > 0 && row.cause === 'lost' && pauseNs >= silenceNs
      this.emit({ ...row, cause: cause ?? (silent ? 'silence' : row.cause) }, extra[index], certainty)
    }
  }

  private emit(row: ChainRow, extra: number, certainty: PlacedRow['certainty']): void {
    const advance = row.advance + extra
    // The same counter again and no wrap missing: a duplicate.
    if (advance > 0) this.release({ ...row, lostBefore: advance - 1, certainty })
  }
}
