import { LabError, type AcquisitionStatus, type DeviceConfiguration } from '../contract/index.ts'
import type { Decoder, DeviceMessage, RowBlock } from '../devices/decoder.ts'
import { describeBytes } from '../devices/detection.ts'
import type { Protocol } from '../devices/protocol.ts'
import type { Clock } from './clock.ts'
import type { DeviceLink } from './device-link.ts'
import { LinkIo } from './link-io.ts'
import { Timeline, type TimelineRows } from './timeline.ts'

/** What happened to the connection; goes into the journal so that a later decoding starts anew where this one did. */
export type ConnectionEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'streaming'; readonly identity: string; readonly configuration: DeviceConfiguration }
  | { readonly kind: 'closed'; readonly unplugged: boolean }

/** Listens to an acquisition. The record lane and the view lane are two taps that know nothing of each other. */
export interface AcquisitionTap {
  /** Every chunk exactly as it was read, once and in order, also while commands are being answered. */
  bytes?(chunk: Uint8Array, hostNs: number): void
  connection?(event: ConnectionEvent, hostNs: number): void
  /** Decoded rows in order, lost ones filled with `noValue`; valid during the call only. */
  rows?(rows: TimelineRows): void
  messages?(messages: readonly DeviceMessage[]): void
  /** State or error changed. */
  changed?(): void
}

export interface AcquisitionOptions {
  readonly link: DeviceLink
  readonly protocol: Protocol
  readonly configuration: DeviceConfiguration
  /** Normal silence after opening (Arduino reset), ms. */
  readonly bootMs: number
  readonly clock: Clock
}

/** Rows are handed to the taps in groups, at most this often: a chunk per millisecond would cost more in calls than in work. */
const pumpMs = 16
/** `Timeline.take` gives out at most so many rows; fewer mean that there are no more. */
const fullGroup = 8192
/** Waits between attempts to find an unplugged board again, ms; the last one repeats. */
const reconnectDelaysMs = [250, 500, 1000, 2000]
/** Beside the boot time and the rows that a decoder needs for its lock. */
const firstRowsMs = 5000
/** BITalino needs six good frames in a row before it emits any: the slowest lock of all. */
const lockRows = 8
/** More bytes than any command's reply: what came was a stream of another kind. */
const streamBytes = 256
const headBytes = 4096

/**
 * A live board: opens its link, starts the device, decodes what arrives, and finds the board again when it was unplugged, until
 * `disconnect` is called.
 */
export class Acquisition {
  readonly #options: AcquisitionOptions
  readonly #taps = new Set<AcquisitionTap>()
  #timeline: Timeline
  #configuration: DeviceConfiguration
  #state: AcquisitionStatus['connection'] = 'disconnected'
  #error: LabError | null = null
  #identity = ''
  #io: LinkIo | null = null
  #decoder: Decoder | null = null
  /** Chunks of this connection that wait for its decoder: the device may yet say which configuration it has. */
  #undecoded: { bytes: Uint8Array; hostNs: number }[] = []
  #bytesSkippedBefore = 0
  #pump: ReturnType<typeof setTimeout> | null = null
  #head: Uint8Array = new Uint8Array(0)
  #stopping = false
  #wake: () => void = () => undefined
  #reconnecting: Promise<void> | null = null
  #rowsArrived: () => void = () => undefined

  bytesReceived = 0
  rowsReceived = 0
  /** Of the newest chunk that completed a row; `null` before the first. */
  lastRowNs: number | null = null
  /** Since when rows are expected: start of the present connection's stream; `null` while there is none. */
  streamingSinceNs: number | null = null

  constructor(options: AcquisitionOptions) {
    this.#options = options
    this.#configuration = options.configuration
    this.#timeline = new Timeline(options.configuration)
    options.link.onData((bytes, hostNs) => this.#receive(bytes, hostNs))
    options.link.onClose((error) => this.#closed(error))
  }

  get state(): AcquisitionStatus['connection'] {
    return this.#state
  }
  get error(): LabError | null {
    return this.#error
  }
  get identity(): string {
    return this.#identity
  }
  get configuration(): DeviceConfiguration {
    return this.#configuration
  }
  get timeline(): Timeline {
    return this.#timeline
  }
  get bytesSkipped(): number {
    return this.#bytesSkippedBefore + (this.#decoder?.bytesSkipped ?? 0)
  }

  /** Adds a listener; the returned function removes it. */
  tap(tap: AcquisitionTap): () => void {
    this.#taps.add(tap)
    return () => this.#taps.delete(tap)
  }

  /**
   * Opens, starts and waits for the first rows. On failure everything is closed again.
   * @throws LabError `port-*`, `device-silent` (nothing came), `device-mismatch` (bytes came that are not this board's; `data.looksLike`),
   * `device-command-failed`, `cancelled`.
   */
  async connect(signal?: AbortSignal): Promise<void> {
    if (this.#state !== 'disconnected') throw new LabError('state-conflict', 'This device is connected already.', { state: this.#state })
    const abort = (): void => void this.disconnect()
    signal?.addEventListener('abort', abort, { once: true })
    this.#become('connecting', null)
    try {
      await this.#session(true)
      await this.#firstRows()
      this.#become('streaming', null)
    } catch (thrown) {
      const cancelled = this.#stopping
      const error = cancelled ? new LabError('cancelled', 'Connecting was cancelled.') : LabError.from(thrown)
      this.#stopping = true
      await this.#options.link.close()
      this.#become(cancelled ? 'disconnected' : 'failed', cancelled ? null : error)
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Stops the device where it can be stopped, closes the link. Never throws for a board that is gone. */
  async disconnect(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    this.#wake()
    if (this.#io && this.#state === 'streaming') {
      // A board that was pulled out while it was being asked to stop is a board that stopped.
      await this.#options.protocol.stop(this.#io, this.#configuration).catch(() => undefined)
    }
    await this.#options.link.close()
    await this.#reconnecting
    if (this.#pump) clearTimeout(this.#pump)
    this.#pump = null
    this.#become('disconnected', null)
  }

  /** One connection: from opening the link to a running stream with a decoder. */
  async #session(first: boolean): Promise<void> {
    const { link, protocol, clock } = this.#options
    if (!first) this.#timeline.reconnect('unplugged')
    this.#io = new LinkIo(link)
    this.#undecoded = []
    this.#decoder = null
    this.#head = new Uint8Array(0)
    const before = this.bytesReceived
    await link.open()
    if (this.#stopping) throw new LabError('cancelled', 'Connecting was cancelled.')
    this.#event({ kind: 'opened' })
    let started
    try {
      started = await protocol.start(this.#io, this.#options.configuration)
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (error.code !== 'device-silent' && error.code !== 'device-command-failed') throw error
      throw this.bytesReceived - before >= streamBytes ? this.#mismatch(error) : error
    }
    if (!first && JSON.stringify(started.configuration) !== JSON.stringify(this.#configuration)) {
      throw new LabError('device-mismatch', `The board on ${link.name} is not the one that was there before.`, {
        path: link.name,
        identity: started.identity,
        permanent: true,
      })
    }
    if (first) {
      this.#configuration = started.configuration
      this.#timeline = new Timeline(started.configuration)
    }
    this.#identity = started.identity
    this.#decoder = protocol.createDecoder(this.#configuration)
    this.streamingSinceNs = clock.monotonicNs()
    this.#event({ kind: 'streaming', identity: started.identity, configuration: this.#configuration })
    for (const { bytes, hostNs } of this.#undecoded.splice(0)) this.#decoded(this.#decoder.feed(bytes, hostNs))
  }

  async #firstRows(): Promise<void> {
    const { bootMs, link } = this.#options
    const timeoutMs = bootMs + firstRowsMs + (lockRows / this.#configuration.rateHz) * 1000
    const bytesAtStart = this.bytesReceived
    if (this.rowsReceived === 0 && !this.#stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#rowsArrived = () => {
          clearTimeout(timer)
          resolve()
        }
        this.#wake = this.#rowsArrived
      })
    }
    if (this.#error) throw this.#error
    if (this.rowsReceived > 0) return
    if (this.bytesReceived - bytesAtStart > 0 || this.#head.length >= streamBytes) throw this.#mismatch(undefined)
    throw new LabError('device-silent', `Nothing arrives from ${link.name}. Is the board switched on, and is it the right port?`, {
      path: link.name,
      waitedSeconds: timeoutMs / 1000,
    })
  }

  #mismatch(cause: unknown): LabError {
    const looksLike = describeBytes(this.#head)
    return new LabError(
      'device-mismatch',
      `What arrives from ${this.#options.link.name} is not what a ${this.#configuration.profile} sends: ${looksLike}`,
      { path: this.#options.link.name, profile: this.#configuration.profile, looksLike },
      { cause },
    )
  }

  #receive(bytes: Uint8Array, hostNs: number): void {
    this.bytesReceived += bytes.length
    for (const tap of this.#taps) tap.bytes?.(bytes, hostNs)
    if (this.#head.length < headBytes) {
      const head = new Uint8Array(Math.min(headBytes, this.#head.length + bytes.length))
      head.set(this.#head)
      head.set(bytes.subarray(0, head.length - this.#head.length), this.#head.length)
      this.#head = head
    }
    if (this.#decoder) {
      this.#decoded(this.#decoder.feed(bytes, hostNs))
      // While the device is asked to stop, the session waits for its replies and for silence.
      if (this.#stopping) this.#io?.received(bytes)
    } else {
      this.#undecoded.push({ bytes, hostNs })
      this.#io?.received(bytes)
    }
  }

  #decoded(block: RowBlock): void {
    if (block.messages.length > 0) for (const tap of this.#taps) tap.messages?.(block.messages)
    this.#timeline.push(block)
    if (block.rows === 0) return
    this.rowsReceived += block.rows
    this.lastRowNs = block.hostNs
    this.#rowsArrived()
    this.#pump ??= setTimeout(() => this.#emitRows(), pumpMs)
  }

  /** One group per turn of the event loop: the rows of an hour-long gap must not hold up the record lane. */
  #emitRows(): void {
    if (this.#pump) clearTimeout(this.#pump)
    this.#pump = null
    const rows = this.#timeline.take()
    if (!rows) return
    for (const tap of this.#taps) tap.rows?.(rows)
    this.#pump = setTimeout(() => this.#emitRows(), rows.rows < fullGroup ? pumpMs : 0)
  }

  #closed(error: LabError | null): void {
    const reason = error ?? new LabError('port-failed', `The port ${this.#options.link.name} was closed.`, { unplugged: false })
    this.#io?.closed(reason)
    this.#io = null
    if (this.#decoder) {
      this.#decoded(this.#decoder.end())
      this.#bytesSkippedBefore += this.#decoder.bytesSkipped
      this.#decoder = null
    }
    this.#timeline.flush()
    this.streamingSinceNs = null
    this.#event({ kind: 'closed', unplugged: error !== null })
    this.#emitRows()
    if (this.#stopping) return
    if (this.#state === 'streaming') {
      this.#become('reconnecting', reason)
      this.#reconnecting = this.#reconnect()
    } else if (this.#state === 'connecting') {
      this.#error = reason
      this.#wake()
    }
  }

  /** Tries to find the board again until it streams, is another one, or somebody disconnects. */
  async #reconnect(): Promise<void> {
    for (let attempt = 0; !this.#stopping; attempt++) {
      await this.#pause(reconnectDelaysMs[Math.min(attempt, reconnectDelaysMs.length - 1)])
      if (this.#stopping) return
      try {
        await this.#session(false)
        this.#become('streaming', null)
        return
      } catch (thrown) {
        const error = LabError.from(thrown)
        await this.#options.link.close()
        if (error.data.permanent === true) {
          this.#become('failed', error)
          return
        }
        this.#become('reconnecting', error)
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #event(event: ConnectionEvent): void {
    const hostNs = this.#options.clock.monotonicNs()
    for (const tap of this.#taps) tap.connection?.(event, hostNs)
  }

  #become(state: AcquisitionStatus['connection'], error: LabError | null): void {
    this.#state = state
    this.#error = error
    for (const tap of this.#taps) tap.changed?.()
  }
}
