import type { SkipReason } from './decoder.ts'
import type { RowBuffer } from './row-buffer.ts'

/** Damaged frames hold short printable runs by chance (a random byte is printable with 0.38: 8 in a row 0.04 %); boot text is longer. */
const shortestText = 8
const lineFeed = 0x0a
/** 1 for printable ASCII, tab, line feed and carriage return. */
const textBytes = Uint8Array.from({ length: 256 }, (_, byte) => ((byte >= 0x20 && byte < 0x7f) || byte === lineFeed || byte === 0x0d || byte === 0x09 ? 1 : 0))
/** Longer lines are reported in pieces, so that text never holds back more than this many bytes. */
const longestText = 512

export interface SkipOptions {
  /** Command replies end so (Cyton: `$$$`) and may have several lines; `null`: text ends with its line. */
  readonly replyEnd: string | null
  /** Tells from a line (with its line end) or whole reply that the device has (re)started. */
  readonly restartText: (text: string) => boolean
}

/**
 * Sorts the bytes that are in no frame: printable runs become text or replies with a message, the rest keeps the reason
 * that the scanner gives. A printable run is held back until it ends, so that its reason does not depend on chunk boundaries.
 */
export class FrameSkips {
  /** Bytes reported so far. */
  bytesSkipped = 0
  /** Set by a restart text; the scanner takes it back with the next row. */
  restarted = false
  readonly #rows: RowBuffer
  readonly #options: SkipOptions
  readonly #text = new Uint8Array(longestText)
  #textLength = 0
  #textOffset = 0
  #textReason: SkipReason = 'noise'
  /** Where the last text or reply ended: a short line right behind text is text too. */
  #textEnd = -1

  constructor(rows: RowBuffer, options: SkipOptions) {
    this.#rows = rows
    this.#options = options
  }

  /** `data[from..to)` is in no frame, all for one reason; `offset`: of its first byte in the stream. */
  add(offset: number, data: Uint8Array, from: number, to: number, reason: SkipReason): void {
    let at = from
    while (at < to) {
      if (this.#textLength > 0 && textBytes[data[at]] === 0) this.flush()
      const end = this.#textLength > 0 ? at : this.#endOfNoise(offset - from, data, at, to)
      if (end > at) {
        this.#rows.skip(offset - from + at, end - at, reason)
        this.bytesSkipped += end - at
        at = end
      } else {
        this.#addText(offset - from + at, data[at], reason)
        at += 1
      }
    }
  }

  /** How far `data[at..to)` is no text for certain: unprintable bytes, and printable ones that too soon end before `to`. `base`: stream offset of `data[0]`. */
  #endOfNoise(base: number, data: Uint8Array, at: number, to: number): number {
    let end = at
    if (this.#options.replyEnd !== null || base + at === this.#textEnd) {
      while (end < to && textBytes[data[end]] === 0) end += 1
      return end
    }
    for (let place = at; place < to && place - end < shortestText; place += 1) if (textBytes[data[place]] === 0) end = place + 1
    return end
  }

  #addText(offset: number, byte: number, reason: SkipReason): void {
    if (this.#textLength === 0) {
      this.#textOffset = offset
      this.#textReason = reason
    }
    this.#text[this.#textLength++] = byte
    const { replyEnd } = this.#options
    if (replyEnd === null ? byte === lineFeed : this.#endsWith(replyEnd)) this.flush()
    else if (this.#textLength === longestText) this.flush()
  }

  /** A frame begins or the stream is over: what was held back is reported. */
  flush(): void {
    const length = this.#textLength
    if (length === 0) return
    this.#textLength = 0
    this.bytesSkipped += length
    const { replyEnd, restartText } = this.#options
    const isReply = replyEnd !== null && this.#endsWith(replyEnd, length)
    if (!isReply && length < shortestText && this.#textEnd !== this.#textOffset) {
      this.#rows.skip(this.#textOffset, length, this.#textReason)
      return
    }
    const text = String.fromCharCode(...this.#text.subarray(0, length))
    const shown = text.trim()
    const kind = isReply ? 'reply' : 'text'
    this.#rows.skip(this.#textOffset, length, kind)
    this.#textEnd = this.#textOffset + length
    if (shown.length > 0) this.#rows.message(this.#textOffset, kind, shown)
    if (restartText(text)) this.restarted = true
  }

  get holding(): boolean {
    return this.#textLength > 0
  }

  #endsWith(ending: string, length = this.#textLength): boolean {
    if (length < ending.length) return false
    for (let i = 0; i < ending.length; i++) {
      if (this.#text[length - ending.length + i] !== ending.charCodeAt(i)) return false
    }
    return true
  }
}
