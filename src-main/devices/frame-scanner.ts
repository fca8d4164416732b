import { RowFlag, type Decoder, type RowBlock, type SkipReason } from './decoder.ts'
import { FrameSkips } from './frame-skips.ts'
import { RowBuffer } from './row-buffer.ts'

/** `probe`: more bytes are needed to tell. */
export const needMore = 0
/** `probe`: no frame begins here. */
export const notFrame = -1
/** `probe`: it has a frame's shape but its checksum is wrong. */
export const badChecksum = -2

/** What the scanner must know of a byte protocol; the rest of the protocol is `accept`. */
export interface FrameRule {
  readonly lanes: number
  /** The value every frame begins with, -1 where frames have no start byte. */
  readonly firstByte: number
  /** `probe` is called with at least so many bytes. */
  readonly shortest: number
  readonly longest: number
  /** Good frames in a row that establish sync the first time, and after a loss (1: a frame proves itself). */
  readonly lockRun: number
  readonly relockRun: number
  readonly replyEnd: string | null
  restartText(text: string): boolean
  /** Length of the whole, good frame at `data[at..end)`, or `needMore`, `notFrame`, `badChecksum`. Never reads at or past `end`. */
  probe(data: Uint8Array, at: number, end: number): number
  /** The counter of the good frame at `at`, -1 where the protocol has none. */
  counter(data: Uint8Array, at: number): number
  /** The counter is exactly the one after `previous`: nothing was lost between. True without a counter. */
  isNext(previous: number, counter: number): boolean
  /** The counter may come after `previous`, frames lost between allowed: judges a run while sync is being established. True without a counter. */
  follows(previous: number, counter: number): boolean
  /** Adds the frame's rows and messages. `offset`: of its first byte in the stream; `flags`: for its first row. */
  accept(rows: RowBuffer, data: Uint8Array, at: number, length: number, offset: number, flags: number): void
  /** The stream is over: emits what is half done. */
  finish?(rows: RowBuffer): void
}

/** Big chunks are decoded in slices that stay in the processor's cache. */
const sliceBytes = 1 << 16

/**
 * Finds frames in a byte stream for any `FrameRule`.
 *
 * A frame is accepted when it follows an accepted frame directly with the next counter, or when the frames after it continue it
 * (`lockRun` the first time, `relockRun` after a loss, at least 2 where the counter jumps). Accepting the first of a run before the
 * others means that a lock costs no rows. Otherwise its first byte alone is skipped, so that a true frame inside is found.
 * Every byte is looked at a bounded number of times.
 */
export class FrameScanner implements Decoder {
  bytesIn = 0
  bytesInFrames = 0
  readonly #rule: FrameRule
  readonly #rows: RowBuffer
  readonly #skips: FrameSkips
  #data = new Uint8Array(4096)
  #start = 0
  #end = 0
  /** Stream offset of `#data[0]`. */
  #base = 0
  /** The byte at `#start` directly follows an accepted frame. */
  #locked = false
  #wasLocked = false
  #lastCounter = -1
  #lastEnd = 0
  #anyFrame = false
  #reason: SkipReason = 'noise'

  constructor(rule: FrameRule, rows = new RowBuffer(rule.lanes)) {
    this.#rule = rule
    this.#rows = rows
    this.#skips = new FrameSkips(rows, { replyEnd: rule.replyEnd, restartText: (text) => rule.restartText(text) })
  }

  get bytesSkipped(): number {
    return this.#skips.bytesSkipped
  }

  get bytesPending(): number {
    return this.bytesIn - this.bytesInFrames - this.bytesSkipped
  }

  feed(bytes: Uint8Array, hostNs: number): RowBlock {
    this.#rows.begin(hostNs)
    for (let from = 0; from < bytes.length; from += sliceBytes) {
      this.#append(bytes.length <= sliceBytes ? bytes : bytes.subarray(from, from + sliceBytes))
      this.#scan(false)
    }
    return this.#rows
  }

  end(): RowBlock {
    this.#rows.begin(this.#rows.hostNs)
    this.#scan(true)
    this.#skips.flush()
    this.#rule.finish?.(this.#rows)
    return this.#rows
  }

  #append(bytes: Uint8Array): void {
    const pending = this.#end - this.#start
    if (pending + bytes.length > this.#data.length) {
      const grown = new Uint8Array(Math.max(this.#data.length * 2, pending + bytes.length))
      grown.set(this.#data.subarray(this.#start, this.#end))
      this.#data = grown
    } else {
      this.#data.copyWithin(0, this.#start, this.#end)
    }
    this.#data.set(bytes, pending)
    this.#base += this.#start
    this.#start = 0
    this.#end = pending + bytes.length
    this.bytesIn += bytes.length
  }

  #scan(final: boolean): void {
    const rule = this.#rule
    const data = this.#data
    const end = this.#end
    const base = this.#base
    const firstByte = rule.firstByte
    let at = this.#start
    while (at < end) {
      let length = notFrame
      if (firstByte < 0 || data[at] === firstByte) {
        length = end - at < rule.shortest ? needMore : rule.probe(data, at, end)
        if (length > 0) {
          const counter = rule.counter(data, at)
          const verdict = this.#locked && rule.isNext(this.#lastCounter, counter) ? 1 : this.#confirm(at, length, counter)
          if (verdict > 0) {
            const flags = this.#locked ? 0 : this.#lock(base + at)
            this.#lastCounter = counter
            this.#lastEnd = base + at + length
            this.bytesInFrames += length
            rule.accept(this.#rows, data, at, length, base + at, flags)
            at += length
            continue
          }
          length = verdict
        }
      }
      if (length === needMore && !final) break
      let next = at + 1
      if (firstByte >= 0) while (next < end && data[next] !== firstByte) next += 1
      this.#skip(at, next, length)
      at = next
    }
    this.#start = at
  }

  /** 1: accept the good frame at `at`; `needMore`: the frames that would confirm it are not here yet; `notFrame`: they contradict it. */
  #confirm(at: number, length: number, counter: number): number {
    const rule = this.#rule
    const run = this.#wasLocked ? rule.relockRun : rule.lockRun
    for (let good = 1; good < run; good++) {
      at += length
      if (at >= this.#end) return needMore
      if (rule.firstByte >= 0 && this.#data[at] !== rule.firstByte) return notFrame
      length = this.#end - at < rule.shortest ? needMore : rule.probe(this.#data, at, this.#end)
      if (length === needMore) return needMore
      if (length < 0) return notFrame
      const next = rule.counter(this.#data, at)
      if (!rule.follows(counter, next)) return notFrame
      counter = next
    }
    return 1
  }

  /** Sync is (again) established by the frame at `offset`. Returns the flags of its first row. */
  #lock(offset: number): number {
    this.#skips.flush()
    let flags = 0
    if (this.#anyFrame && offset !== this.#lastEnd) flags |= RowFlag.resync
    if (this.#skips.restarted) flags |= RowFlag.restart
    this.#skips.restarted = false
    this.#locked = true
    this.#wasLocked = true
    this.#anyFrame = true
    this.#reason = 'noise'
    return flags
  }

  /** Skips `at` because of `verdict` and with it the bytes up to `to`, where no frame can begin. */
  #skip(at: number, to: number, verdict: number): void {
    const data = this.#data
    const base = this.#base
    const { longest } = this.#rule
    if (this.#locked) {
      this.#locked = false
      this.#reason = 'torn'
    }
    if (verdict === badChecksum) this.#reason = 'checksum'
    else if (verdict === needMore) this.#reason = 'unfinished'
    // Further from the last frame than this nothing of a torn one is left.
    const tornEnd = Math.max(at, this.#lastEnd + 2 * longest + 1 - base)
    if (this.#reason === 'torn' && to > tornEnd) {
      this.#skips.add(base + at, data, at, tornEnd, 'torn')
      this.#reason = 'noise'
      at = tornEnd
    }
    this.#skips.add(base + at, data, at, to, this.#reason)
    // After so long a loss what comes may be anything: ask for as much proof as at the beginning.
    if (base + to - 1 - this.#lastEnd > 16 * longest) this.#wasLocked = false
  }
}
