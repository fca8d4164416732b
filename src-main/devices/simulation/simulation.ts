import type { DeviceConfiguration } from '../../contract/index.ts'
import type { Board } from '../protocol.ts'
import { deviceProtocol } from '../registry.ts'
import { ConverterInput } from './converter-input.ts'
import { DeviceClock } from './device-clock.ts'
import type { Fault, FaultKind } from './faults.ts'
import { FrameDamage } from './frame-damage.ts'
import { Line, type Delivery } from './line.ts'
import { Random } from './random.ts'
import type { SignalSource } from './signal-source.ts'
import { TruthRecorder, type SimulationEvent, type Truth } from './truth.ts'

export interface SimulationOptions {
  readonly configuration: DeviceConfiguration
  readonly source: SignalSource
  readonly faults?: readonly Fault[]
  readonly seed?: number
  /** Stream from time 0 without a command; the host counts as asserting DTR. */
  readonly autostart?: boolean
  /** Keep the truth (grows with every row); true when left out. */
  readonly keepTruth?: boolean
  /** Made by the configuration's protocol when left out. */
  readonly board?: Board
}

/** Batching where no fault asks for more: a high-speed USB microframe. */
const usbMicroframeMs = 0.125

interface Planned {
  readonly atMs: number
  readonly run: () => void
}

/**
 * A board, what it measures, its clock, its cable and all that goes wrong, in simulated time (ms from power-up). It has no clock of its own:
 * `advance(toMs)` computes what the host receives up to then. Same options, same commands at the same times: same bytes, in whatever steps
 * it is advanced.
 */
export class Simulation {
  private readonly board: Board
  private readonly faults: readonly Fault[]
  private readonly autostart: boolean
  private readonly clock: DeviceClock
  private readonly line: Line
  private readonly damage: FrameDamage
  private readonly recorder: TruthRecorder
  private readonly input: ConverterInput
  private readonly events: SimulationEvent[] = []
  private planned: Planned[] = []
  private nowMs = 0
  private firstStreamMs = Number.NaN
  private nextRowMs = Infinity
  private rowsInRun = 0
  private epoch = -1
  private isStreaming = false
  private powered = true
  private isPlugged = true
  private dtr: boolean
  private silentUntilMs = -Infinity
  private offset = 0
  /** First row whose bytes the board still holds back (frames of several rows). */
  private frameFromRow = 0
  private frameDropped = false

  constructor(options: SimulationOptions) {
    const { configuration, source, faults = [], seed = 1, autostart = false, keepTruth = true } = options
    const board = options.board ?? deviceProtocol(configuration.protocol).createBoard(configuration, seed)
    this.board = board
    this.faults = faults
    this.autostart = autostart
    this.clock = new DeviceClock(configuration.rateHz, this.setting('ppm', 0), this.setting('drift', 0))
    this.recorder = new TruthRecorder(configuration.lanes.length, keepTruth)
    this.line = new Line({
      batchMs: this.setting('batch', usbMicroframeMs),
      jitterMs: this.setting('jitter', 0),
      random: Random.named(seed, 'jitter'),
      delivered: (delivery) => this.recorder.delivered(delivery),
    })
    this.damage = new FrameDamage(seed, faults)
    this.input = new ConverterInput(configuration.lanes, configuration.rateHz, source, this.setting('held', 0))
    this.dtr = autostart || !faults.some((fault) => fault.kind === 'dtr')
    if (faults.some((fault) => fault.kind === 'boot')) this.say(board.boot(), 'boot')
    if (autostart) {
      board.startStreaming()
      this.begin()
    } else if (board.streaming) this.begin()
  }

  /** False between an unplug and the replug after it. */
  get plugged(): boolean {
    return this.isPlugged
  }

  /** Rows are being sampled now. */
  get streaming(): boolean {
    return this.isStreaming
  }

  /** Rows sampled so far. */
  get rows(): number {
    return this.recorder.rows
  }

  /** Rows that arrived unaltered so far. */
  get sent(): number {
    return this.recorder.sent
  }

  /** A replayed record has been sent to its end. */
  get ended(): boolean {
    return this.input.ended
  }

  /** Host bytes that reach the board at `atMs`; its replies come with a later `advance`. Lost while unplugged. */
  receive(bytes: Uint8Array, atMs: number): void {
    this.produce(atMs)
    if (!this.isPlugged || !this.powered) return
    for (const byte of bytes) {
      const reply = this.board.receive(Uint8Array.of(byte))
      if (reply.length > 0) this.transmit(reply)
      if (this.board.streaming && !this.isStreaming) this.begin()
      else if (!this.board.streaming && this.isStreaming) this.pause('stop')
    }
  }

  /** The host raises or drops DTR. Boards that watch it (fault `dtr`) send only while it is up and forget what they held when it changes. */
  setDtr(asserted: boolean, atMs: number): void {
    this.produce(atMs)
    if (asserted === this.dtr || !this.faults.some((fault) => fault.kind === 'dtr')) return
    this.dtr = asserted
    this.offset -= this.line.cut(this.nowMs)
    this.note('dtr', { asserted: asserted ? 1 : 0 })
  }

  /** What arrives at the host up to and including `toMs`. */
  advance(toMs: number): Delivery[] {
    this.produce(toMs)
    return this.line.take(toMs)
  }

  /** What is still on its way, when nothing more will be sampled. */
  finish(): Delivery[] {
    return this.line.take(Infinity)
  }

  /** The host could not take a delivery (nobody has the port open, its buffers are full): its rows were not sent. */
  lose(delivery: Delivery): void {
    this.recorder.lost(delivery)
    this.note('overrun', { bytes: delivery.bytes.length })
  }

  /** Events since the last call, for a host that must act on `unplugged` and `replugged`. */
  takeEvents(): SimulationEvent[] {
    return this.events.splice(0)
  }

  truth(): Truth {
    return this.recorder.truth()
  }

  private setting(kind: FaultKind, fallback: number): number {
    return this.faults.findLast((fault) => fault.kind === kind)?.value ?? fallback
  }

  private note(kind: string, details: Record<string, string | number> = {}): void {
    const event = { kind, seconds: this.nowMs / 1000, row: this.recorder.rows, ...details }
    this.events.push(event)
    this.recorder.event(event)
  }

  private produce(toMs: number): void {
    for (;;) {
      const plannedMs = this.planned.length > 0 ? this.planned[0].atMs : Infinity
      if (plannedMs <= this.nextRowMs) {
        if (plannedMs > toMs) break
        this.nowMs = Math.max(this.nowMs, plannedMs)
        this.planned.shift()?.run()
      } else {
        if (this.nextRowMs > toMs) break
        this.nowMs = this.nextRowMs
        if (this.sample()) this.nextRowMs = this.clock.rowMs(++this.rowsInRun)
      }
    }
    this.nowMs = Math.max(this.nowMs, toMs)
  }

  private plan(atMs: number, run: () => void): void {
    // Stable: of two at the same time the one planned first runs first.
    const later = this.planned.findIndex((other) => other.atMs > atMs)
    this.planned.splice(later < 0 ? this.planned.length : later, 0, { atMs, run })
  }

  /** Streaming begins now: a new epoch. */
  private begin(): void {
    const first = Number.isNaN(this.firstStreamMs)
    if (first) this.firstStreamMs = this.nowMs
    this.isStreaming = true
    this.epoch++
    this.rowsInRun = 1
    this.frameFromRow = this.recorder.rows
    this.frameDropped = false
    this.clock.begin(this.nowMs, this.nowMs - this.firstStreamMs)
    this.nextRowMs = this.clock.rowMs(1)
    this.note('start', { epoch: this.epoch })
    if (!first) return
    for (const fault of this.faults) if (fault.atSeconds !== null) this.planFault(fault, this.nowMs + fault.atSeconds * 1000)
  }

  private pause(kind: string): void {
    this.isStreaming = false
    this.nextRowMs = Infinity
    this.note(kind)
  }

  private planFault(fault: Fault, atMs: number): void {
    this.plan(atMs, () => {
      this.trigger(fault)
      if (fault.everySeconds !== null) this.planFault(fault, atMs + fault.everySeconds * 1000)
    })
  }

  private trigger(fault: Fault): void {
    const until = this.nowMs + fault.value
    switch (fault.kind) {
      case 'drop':
        this.damage.dropRows += fault.value
        return this.note('drop', { rows: fault.value })
      case 'torn':
        this.damage.tornFrames += fault.value
        return
      case 'noise':
        this.note('noise', { bytes: fault.value, offset: this.offset })
        this.transmit(this.damage.noise(fault.value))
        return
      case 'flip':
        return this.damage.flip(fault.value, this.nowMs, fault.more === '' ? Infinity : Number(fault.more))
      case 'stall':
        this.line.stall(this.nowMs, until)
        return this.note('stall', { milliseconds: fault.value })
      case 'silence':
        this.silentUntilMs = Math.max(this.silentUntilMs, until)
        return this.note('silence', { milliseconds: fault.value })
      case 'rails':
        this.input.railsUntilMs = Math.max(this.input.railsUntilMs, until)
        return this.note('rails', { milliseconds: fault.value })
      case 'leadoff':
        this.input.leadOffUntilMs = Math.max(this.input.leadOffUntilMs, until)
        return this.note('leadoff', { milliseconds: fault.value })
      case 'dtr':
        this.setDtr(false, this.nowMs)
        return this.plan(until, () => this.setDtr(true, this.nowMs))
      case 'restart':
        return this.restart(fault, until)
      case 'unplug':
        return this.unplug(fault, until)
    }
  }

  private restart(fault: Fault, untilMs: number): void {
    if (!this.powered) return
    const wasStreaming = this.isStreaming
    this.pause('restart')
    this.powered = false
    this.plan(untilMs, () => {
      this.powered = true
      this.say(this.board.restart(), 'boot')
      if (wasStreaming && fault.more !== 'stays' && !this.board.streaming) this.board.startStreaming()
      if (this.board.streaming) this.begin()
    })
  }

  private unplug(fault: Fault, untilMs: number): void {
    if (!this.isPlugged) return
    const losesPower = fault.more === 'power'
    const lostBytes = this.line.cut(this.nowMs)
    this.offset -= lostBytes
    this.isPlugged = false
    this.note('unplugged', { milliseconds: fault.value, lostBytes })
    if (losesPower) {
      this.powered = false
      if (this.isStreaming) this.pause('power-off')
    }
    this.plan(untilMs, () => {
      this.isPlugged = true
      this.note('replugged')
      if (!losesPower) return
      this.powered = true
      this.say(this.board.boot(), 'boot')
      if (this.autostart && !this.board.streaming) this.board.startStreaming()
      if (this.board.streaming) this.begin()
    })
  }

  /** Text or a reply. */
  private say(bytes: Uint8Array, kind: string): void {
    this.note(kind, { bytes: bytes.length, offset: this.offset })
    this.transmit(bytes)
  }

  /** Bytes leave the board; unplugged or without DTR they reach nobody. */
  private transmit(bytes: Uint8Array, fromRow = 0, toRow = 0, intact = true): void {
    if (!this.isPlugged || !this.dtr || bytes.length === 0) return
    this.line.send(bytes, this.nowMs, fromRow, toRow, intact)
    this.offset += bytes.length
  }

  /** One sampling instant; false when the source has ended. */
  private sample(): boolean {
    if (!this.input.next(this.nowMs, (row, kind) => this.recorder.beat(row, kind))) {
      this.pause('source-ended')
      return false
    }
    const frame = this.board.row(this.input.counts, this.input.status(this.nowMs))
    const row = this.recorder.add(this.input.counts, this.nowMs / 1000, frame.counter, this.epoch)
    const dropped = this.damage.drops() || this.nowMs < this.silentUntilMs
    this.frameDropped ||= dropped
    if (frame.bytes.length === 0) return true
    if (!this.frameDropped) this.emit(frame.bytes, row)
    this.frameFromRow = row + 1
    this.frameDropped = false
    return true
  }

  private emit(frame: Uint8Array, row: number): void {
    if (!this.isPlugged || !this.dtr) return
    const damaged = this.damage.apply(frame, this.nowMs)
    for (const event of damaged.events) this.note(event.kind, { ...event.details, offset: this.offset + event.at, frame: row })
    const intact = damaged.events.length === 0
    if (intact) this.recorder.unaltered(this.frameFromRow, row + 1)
    this.transmit(damaged.bytes, this.frameFromRow, row + 1, intact)
  }
}
