import type { CounterSpec, GapCause } from '../contract/index.ts'
import type { ClockFit } from './clock-fit.ts'
import type { ChainRow } from './counter-chain.ts'
import { skippedRows, stepBehind } from './loss-estimates.ts'

/** A row with its final place: `lostBefore` rows are missing between it and the one before. */
export interface PlacedRow extends ChainRow {
  readonly lostBefore: number
  readonly certainty: 'certain' | 'estimated'
}

export interface PlacedSink {
  place(row: PlacedRow): void
  /** The rows placed from now on lie on another line than those before: only the rate is the same. */
  newEpoch(): void
}

/** A hold ends when the lowest arrivals of two spans of this length agree: the burst has drained, and nothing is lost any more. */
const spanNs = 0.5e9
/** ... or after this long in any case, or this many rows. */
const maximumHoldNs = 10e9
const maximumHoldRows = 1 << 16
/** Delays of the line blur by about this much where within a burst rows went missing. */
const soonNs = 100e6
/** Rows that stay late for no longer than this (FTDI's latency timer is 16 ms), until far more is missing, are late and not behind a loss. */
const briefNs = 30e6
/** Wraps of this length cannot be miscounted. */
const exactWrapNs = 80e6
/** The rate of a board without a counter is a guess for this long, and so much lateness says nothing. */
const guessingNs = 2e9
const guessingLateNs = 100e6
/** Damage upon damage does not keep rows waiting for longer than this. */
const damagedHoldNs = 1.5e9
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
  /** Bytes were skipped within it: frames may be missing one by one. */
  damaged: boolean
  /** Lowest lateness of every span of 0.5 s since the beginning, ns. */
  floors: number[]
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
  private readonly sink: PlacedSink
  private hold: Hold | null = null
  /** Place of the newest row, held or released, as far as known. */
  private at = -1
  private previousHostNs = 0
  /** Lowest lateness of the present and of the last span of 0.5 s, ns: what is left of the delays that come and go. */
  private lateNs = { untilNs: 0, before: Number.POSITIVE_INFINITY, now: Number.POSITIVE_INFINITY }

  constructor(fit: ClockFit, counter: CounterSpec | null, sink: PlacedSink) {
    this.fit = fit
    this.quantum = counter ? counter.modulus / counter.step : 1
    this.counted = counter !== null
    this.freshCounter = counter ? 4 * counter.step : 0
    this.sink = sink
  }

  /** True when nothing is held. */
  get settled(): boolean {
    return this.hold === null
  }

  /** Takes note of rows placed without this resolver's help: the newest is row `at`. */
  follow(at: number, hostNs: number): void {
    this.at = at
    this.previousHostNs = hostNs
    this.noteLateness(hostNs, this.fit.empty ? 0 : hostNs - this.fit.hostNsAt(at))
  }

  private noteLateness(hostNs: number, lateNs: number): void {
    const { untilNs, now } = this.lateNs
    if (hostNs >= untilNs) this.lateNs = { untilNs: hostNs + spanNs, before: now, now: lateNs }
    else this.lateNs.now = Math.min(now, lateNs)
  }

  /** Arrivals later than this may hide a loss, ns. */
  get toleranceNs(): number {
    const quantumNs = this.quantum * this.fit.periodNs
    if (this.counted) return quantumNs / 2
    const guessing = this.fit.spanNs < guessingNs ? guessingLateNs : 0
    return Math.max(1.5 * quantumNs, 4 * this.fit.spreadNs(), guessing)
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
    else if (this.hold && row.skippedRows > 0 && row.hostNs - this.hold.startedNs >= damagedHoldNs) this.resolve(this.hold)
    const fresh = this.fit.empty && !this.hold
    const pauseNs = fresh ? 0 : row.hostNs - this.previousHostNs
    const lateNs = fresh ? 0 : row.hostNs - this.fit.hostNsAt(this.at + row.advance)
    this.at += row.advance
    this.previousHostNs = row.hostNs
    const anchor = row.anchor !== null && !fresh
    if (!this.hold) {
      const checked = row.skippedRows > 0 && this.mature && lateNs >= this.fit.periodNs / 2
      if (!anchor && !checked && lateNs < this.toleranceNs) {
        const skipped = this.mature ? 0 : this.skippedThen(row)
        this.at += skipped
        this.emit(row, skipped, this.certainty)
        return
      }
      const lowest = Math.min(this.lateNs.before, this.lateNs.now)
      const beforeNs = Number.isFinite(lowest) ? Math.max(0, lowest) : 0
      this.hold = { anchor, startedNs: row.hostNs, beforeNs, rows: [], floors: [], damaged: false }
    }
    this.extend(this.hold, { row, lateNs, pauseNs })
  }

  /** Decides on what is held with what is known now: rows that were late for a moment only are taken as late, not as lost. */
  flush(): void {
    const { hold } = this
    if (hold && !hold.anchor && !hold.damaged && hold.floors.length < 2) this.releaseHeld(hold, hold.rows.map(() => 0), 'estimated')
    else if (hold) this.resolve(hold, true)
  }

  /** Of a loss that the counter tells and the clock does not contradict. */
  private get certainty(): PlacedRow['certainty'] {
    return this.counted && this.mature ? 'certain' : 'estimated'
  }

  private get mature(): boolean {
    return this.fit.spanNs >= 1e9 || this.quantum * this.fit.periodNs >= 10e9
  }

  private extend(hold: Hold, held: HeldRow): void {
    const { hostNs } = held.row
    const span = Math.floor((hostNs - hold.startedNs) / spanNs)
    const rise = this.rise(hold, span)
    // Closer than this is jitter, not a burst that is still draining.
    const jitter = Math.max(1e6, this.fit.periodNs / 2)
    if (!this.counted && !hold.anchor && !hold.damaged && rise >= jitter) {
      const step = stepBehind(hold.rows.map(({ pauseNs }) => pauseNs), rise)
      // The hold began with a row that was only late; what is missing is missing further on and is judged from there.
      const rest = step > 0 ? hold.rows.splice(step) : []
      if (step > 0) this.releaseHeld(hold, hold.rows.map(() => 0), 'estimated')
      else this.followDrift(hold)
      for (const { row } of [...rest, held]) this.push({ ...row })
      return
    }
    if (Math.abs(rise) < jitter || hostNs - hold.startedNs >= maximumHoldNs || hold.rows.length >= maximumHoldRows) {
      this.resolve(hold)
      this.push({ ...held.row })
      return
    }
    hold.rows.push(held)
    hold.damaged ||= held.row.skippedRows > 0
    while (hold.floors.length <= span) hold.floors.push(Number.POSITIVE_INFINITY)
    hold.floors[span] = Math.min(hold.floors[span], held.lateNs)
    const arrived = hold.anchor || hold.damaged ? held.lateNs < this.fit.periodNs / 2 : held.lateNs < this.toleranceNs
    if (arrived) this.releaseHeld(hold, hold.rows.map(() => 0), hold.anchor ? 'estimated' : this.certainty)
  }

  /** When span `now` begins, how much higher the floor of the span before it is than that of the one before that, ns; NaN: not yet known. */
  private rise(hold: Hold, now: number): number {
    if (now < 2 || now < hold.floors.length) return Number.NaN
    const rise = (hold.floors[now - 1] ?? Number.POSITIVE_INFINITY) - (hold.floors[now - 2] ?? Number.POSITIVE_INFINITY)
    return Number.isFinite(rise) ? rise : Number.NaN
  }

  /** `final`: nothing more will come that could tell more. */
  private resolve(hold: Hold, final = false): void {
    const { rows } = hold
    const period = this.fit.periodNs
    const damagedAt = hold.damaged ? rows.findLastIndex(({ row }) => row.skippedRows > 0) : 0
    const newestNs = rows[rows.length - 1].row.hostNs
    if (!final && damagedAt > 0 && newestNs - rows[damagedAt].row.hostNs < soonNs) {
      // The latest damage is too young to tell: decide on what was before it.
      const rest = rows.splice(damagedAt)
      this.resolve({ ...hold, rows, damaged: rows.some(({ row }) => row.skippedRows > 0) }, true)
      for (const { row } of rest) this.push(row)
      return
    }
    const extra = rows.map(() => 0)
    // No row can lie later than the lowest arrival at or after it allows.
    const ceiling = rows.map((held) => held.lateNs)
    const last = damagedAt > 0 ? Math.min(...ceiling.slice(damagedAt)) : Math.min(...hold.floors.slice(-2))
    ceiling[ceiling.length - 1] = Math.min(last, ceiling[ceiling.length - 1])
    for (let index = rows.length - 2; index >= 0; index -= 1) ceiling[index] = Math.min(ceiling[index], ceiling[index + 1])
    if (hold.anchor) {
      extra[0] = Math.max(0, Math.round(ceiling[0] / period))
      this.releaseHeld(hold, extra, 'estimated')
      return
    }
    const quantumNs = this.quantum * period
    const wraps = Math.round(last / quantumNs)
    const remainderNs = Math.abs(last - wraps * quantumNs)
    const broken = this.counted && remainderNs > Math.max(3 * period, 10e6) && remainderNs > 0.02 * last && quantumNs > exactWrapNs
    if (broken) {
      // Time passed that is no multiple of the wrap: the device was silent or began anew, and its counter says nothing about it.
      const at = this.likeliest(rows, 0, rows.length - 1)
      const restarted = rows[at].row.counter < this.freshCounter && rows[at].row.advance !== 1
      extra[at] = Math.max(1 - rows[at].row.advance, Math.round(last / period))
      this.releaseHeld({ ...hold, anchor: true }, extra, 'estimated', restarted ? 'restart' : 'silence')
      return
    }
    const drift = this.counted ? 0 : hold.beforeNs
    const accounted = hold.damaged ? this.accountSkipped(rows, ceiling, extra) : 0
    let level = 0
    for (let index = 0; index < rows.length; index += 1) {
      if (Math.round((ceiling[index] - drift) / quantumNs) <= level) continue
      // One loss, not one for every step by which the delays of the line let it show.
      let soon = index
      while (soon < rows.length - 1 && rows[soon + 1].row.hostNs <= rows[index].row.hostNs + soonNs) soon += 1
      const next = Math.round((ceiling[soon] - drift) / quantumNs)
      if (!this.counted && next - level < 2) continue
      // No row can be earlier than the line: not the first ones that come close to the level, but the first that are there.
      const there = Math.min(next * quantumNs, ceiling[rows.length - 1] - drift) - Math.min(5e6, quantumNs / 8)
      while (index < rows.length - 1 && ceiling[index] - drift < there) index += 1
      let step = index
      while (step < rows.length && Math.round((ceiling[step] - drift) / quantumNs) <= next) step += 1
      const brief = quantumNs < exactWrapNs && step < rows.length && rows[step - 1].row.hostNs - rows[index].row.hostNs < briefNs
      if (index > soon || brief) {
        // These rows were late and nothing more; what is lost is lost later, and that much is to be judged there.
        index = Math.max(index, brief ? step : index) - 1
        continue
      }
      let end = index
      while (end < rows.length - 1 && rows[end].lateNs - drift >= (next + 0.5) * quantumNs) end += 1
      extra[this.likeliest(rows, index, end)] += Math.round((next - level) * this.quantum)
      level = next
    }
    if (level === 0 && accounted === 0 && !this.counted) this.followDrift(hold)
    else this.releaseHeld(hold, extra, 'estimated')
  }

  /** Skipped bytes were frames as far as the clock has room for them. Lowers `ceiling` by what is found, and returns how many rows that is. */
  private accountSkipped(rows: readonly HeldRow[], ceiling: number[], extra: number[]): number {
    const period = this.fit.periodNs
    let accounted = 0
    for (const [index, { row }] of rows.entries()) {
      ceiling[index] -= accounted * period
      const found = skippedRows(row.skippedRows, ceiling[index] / period)
      extra[index] += found
      ceiling[index] -= found * period
      accounted += found
    }
    return accounted
  }

  /** While the line is young: as many of the skipped rows as can have been sent by then. */
  private skippedThen(row: ChainRow): number {
    let rows = Math.round(row.skippedRows)
    while (rows > 0 && !this.possible(rows, row.hostNs)) rows -= 1
    return rows
  }

  /** Not a step of the arrivals but another rate: nothing is missing, and the line begins where the rows are now. */
  private followDrift(hold: Hold): void {
    this.fit.forgetDelays()
    this.releaseHeld(hold, hold.rows.map(() => 0), 'estimated')
  }

  /** Where rows `from`..`to` are most likely missing: at a jump of the counter, also one that follows soon, else at the longest pause. */
  private likeliest(rows: readonly HeldRow[], from: number, to: number): number {
    const until = rows[to].row.hostNs + soonNs
    let jump = -1
    const size = ({ row }: HeldRow): number => (row.advance === 0 ? this.quantum : row.advance)
    for (let index = from; this.counted && index < rows.length && rows[index].row.hostNs <= until; index += 1) {
      if (rows[index].row.advance !== 1 && (jump < 0 || size(rows[index]) > size(rows[jump]))) jump = index
    }
    if (jump >= 0) return jump
    let pause = from
    for (let index = from + 1; index <= to; index += 1) if (rows[index].pauseNs > rows[pause].pauseNs) pause = index
    return pause
  }

  private releaseHeld(hold: Hold, extra: readonly number[], certainty: PlacedRow['certainty'], cause?: GapCause): void {
    this.hold = null
    const shifted = extra.reduce((sum, count) => sum + count, 0)
    this.at += shifted
    // Behind a loss that the clock alone tells there is another line.
    if (hold.anchor || shifted > 0) this.lateNs = { untilNs: 0, before: Number.POSITIVE_INFINITY, now: Number.POSITIVE_INFINITY }
    for (const [index, { row, pauseNs }] of hold.rows.entries()) {
      // A length that the clock alone tells is right to a row or so, and would bend the line.
      const guessed = extra[index] > row.skippedRows
      if (hold.anchor ? index === 0 : guessed && this.quantum * this.fit.periodNs < exactWrapNs) this.sink.newEpoch()
      const silent = extra[index] > 0 && row.cause === 'lost' && pauseNs >= silenceNs
      this.emit({ ...row, cause: cause ?? (silent ? 'silence' : row.cause) }, extra[index], certainty)
    }
  }

  private emit(row: ChainRow, extra: number, certainty: PlacedRow['certainty']): void {
    const advance = row.advance + extra
    // The same counter again and no wrap missing: a duplicate.
    if (advance > 0) this.sink.place({ ...row, lostBefore: advance - 1, certainty })
  }
}
