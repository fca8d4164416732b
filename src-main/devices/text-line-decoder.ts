import { noValue } from '../contract/index.ts'
import { RowFlag, type Decoder, type RowBlock, type SkipReason } from './decoder.ts'
import { RowBuffer } from './row-buffer.ts'
import type { TextLineFormat } from './text-line-format.ts'
import { TextLineParser } from './text-line-parser.ts'

/** Boards print shorter lines; a longer one is another baud rate's noise. */
const longestLine = 512
const lineFeed = 0x0a

/** What `#row` made of a numeric line. */
type Verdict = 'row' | 'status' | 'torn'

/**
 * Rows out of text lines. A numeric line is a frame; any other line is a message and its bytes are skipped as `text`; a line with too few or too many
 * columns, or a value outside its lane's range, is `torn`; unprintable lines are `noise`. The first line after opening is a fragment and never a row.
 */
export class TextLineDecoder implements Decoder {
  bytesIn = 0
  bytesInFrames = 0
  bytesSkipped = 0
  readonly #format: TextLineFormat
  readonly #minimum: number
  readonly #maximum: number
  readonly #rows: RowBuffer
  readonly #parser = new TextLineParser()
  readonly #line = new Uint8Array(longestLine)
  #lineLength = 0
  /** Stream offset of the next line's first byte. */
  #offset = 0
  /** The rest of an overlong line is skipped up to its end. */
  #overlong = false
  #fragment = true
  #flags = 0
  #anyRow = false
  #counter = 0
  #lastMillis = -1
  readonly #statuses: number[]
  readonly #pendingLanes: Int32Array
  #pendingMask = 0

  /** `minimum`, `maximum`: the range of all lanes in counts. */
  constructor(format: TextLineFormat, minimum: number, maximum: number) {
    this.#format = format
    this.#minimum = minimum
    this.#maximum = maximum
    this.#rows = new RowBuffer(format.columns.length)
    this.#statuses = format.statusColumns.map(() => NaN)
    this.#pendingLanes = new Int32Array(format.columns.length)
  }

  get bytesPending(): number {
    return this.bytesIn - this.bytesInFrames - this.bytesSkipped
  }

  feed(bytes: Uint8Array, hostNs: number): RowBlock {
    this.#rows.begin(hostNs)
    this.bytesIn += bytes.length
    let at = 0
    while (at < bytes.length) {
      // Lines are short: a loop finds their end sooner than a call of indexOf begins.
      let end = at
      while (end < bytes.length && bytes[end] !== lineFeed) end += 1
      const found = end < bytes.length
      if (found) end += 1
      if (this.#overlong) this.#drop(end - at, 'noise')
      else if (this.#lineLength + end - at > longestLine) this.#tooLong(end - at)
      else if (found && this.#lineLength === 0) this.#wholeLine(bytes, at, end)
      else this.#keep(bytes, at, end, found)
      if (found) this.#overlong = false
      at = end
    }
    return this.#rows
  }

  end(): RowBlock {
    this.#rows.begin(this.#rows.hostNs)
    const length = this.#lineLength
    this.#lineLength = 0
    if (length > 0) this.#drop(length, 'unfinished')
    return this.#rows
  }

  #keep(bytes: Uint8Array, at: number, end: number, complete: boolean): void {
    this.#line.set(bytes.subarray(at, end), this.#lineLength)
    this.#lineLength += end - at
    if (!complete) return
    const length = this.#lineLength
    this.#lineLength = 0
    this.#wholeLine(this.#line, 0, length)
  }

  #tooLong(more: number): void {
    const length = this.#lineLength + more
    this.#lineLength = 0
    this.#overlong = true
    this.#fragment = false
    this.#drop(length, 'noise')
  }

  #drop(length: number, reason: SkipReason): void {
    this.#rows.skip(this.#offset, length, reason)
    this.bytesSkipped += length
    this.#offset += length
    if (this.#anyRow && reason !== 'text') this.#flags |= RowFlag.resync
  }

  /** `data[at..end)` ends with its line feed. */
  #wholeLine(data: Uint8Array, at: number, end: number): void {
    let textEnd = end - 1
    while (textEnd > at && data[textEnd - 1] === 0x0d) textEnd -= 1
    const length = end - at
    const fragment = this.#fragment
    this.#fragment = false
    const { style, leadOffText } = this.#format
    if (style === 'processing' && isLettered(data, at, textEnd)) {
      this.#finishLine(fragment ? 'torn' : this.#lettered(data, at, textEnd), length)
      return
    }
    if (leadOffText !== '' && !fragment && equals(data, at, textEnd, leadOffText)) {
      this.#leadOff()
      this.#finishLine('row', length)
      return
    }
    const kind = this.#parser.parse(data, at, textEnd)
    if (kind === 'fields') {
      this.#finishLine(fragment || style === 'processing' ? 'torn' : this.#row(data), length)
    } else if (kind === 'binary') {
      this.#drop(length, 'noise')
    } else {
      if (kind === 'words') this.#text(String.fromCharCode(...data.subarray(at, textEnd)).trim())
      this.#drop(length, 'text')
    }
  }

  #finishLine(verdict: Verdict, length: number): void {
    if (verdict === 'torn') {
      this.#drop(length, 'torn')
      return
    }
    this.bytesInFrames += length
    this.#offset += length
  }

  #text(text: string): void {
    if (text.length === 0) return
    this.#rows.message(this.#offset, 'text', text)
    const { banner } = this.#format
    if (banner !== '' && text.startsWith(banner) && this.#anyRow) this.#flags |= RowFlag.restart
  }

  #row(data: Uint8Array): Verdict {
    const { columns, columnCount, statusColumns, scale } = this.#format
    if (columnCount > 0 && this.#parser.columns !== columnCount) return 'torn'
    for (let lane = 0; lane < columns.length; lane += 1) {
      const place = this.#place(data, columns[lane])
      if (place < 0) return 'torn'
      const value = this.#parser.values[place]
      const count = Math.round(value * scale)
      if (count < this.#minimum || count > this.#maximum) return 'torn'
      this.#pendingLanes[lane] = Number.isNaN(value) ? noValue : count
    }
    const counter = this.#nextCounter()
    if (counter === null) return 'torn'
    for (let index = 0; index < statusColumns.length; index += 1) {
      const place = this.#place(data, statusColumns[index])
      if (place >= 0) this.#tell(index, this.#parser.values[place])
    }
    this.#emit(counter, 0)
    return 'row'
  }

  /** `S512`, `B72`, `Q833`: a row is complete with the last lane's letter. */
  #lettered(data: Uint8Array, at: number, textEnd: number): Verdict {
    const { columns, statusColumns, scale } = this.#format
    const letter = String.fromCharCode(data[at])
    if (this.#parser.parse(data, at + 1, textEnd) !== 'fields' || this.#parser.columns !== 1) return 'torn'
    const value = this.#parser.values[0]
    const status = statusColumns.indexOf(letter)
    if (status >= 0) {
      this.#tell(status, value)
      return 'status'
    }
    const lane = columns.indexOf(letter)
    const count = Math.round(value * scale)
    if (lane < 0 || !(count >= this.#minimum && count <= this.#maximum)) return 'torn'
    this.#pendingLanes[lane] = count
    this.#pendingMask |= 1 << lane
    if (lane === columns.length - 1) {
      let flags = 0
      for (let other = 0; other < lane; other += 1) {
        if ((this.#pendingMask >> other) & 1) continue
        this.#pendingLanes[other] = noValue
        flags = RowFlag.incomplete
      }
      this.#pendingMask = 0
      this.#emit(-1, flags)
    }
    return 'row'
  }

  #leadOff(): void {
    this.#pendingLanes.fill(noValue)
    this.#emit(-1, RowFlag.leadOff)
  }

  #emit(counter: number, flags: number): void {
    const base = this.#rows.row(this.#offset, counter, this.#flags | flags)
    const lanes = this.#pendingLanes
    const { counts } = this.#rows
    for (let lane = 0; lane < lanes.length; lane += 1) counts[base + lane] = lanes[lane]
    this.#flags = 0
    this.#anyRow = true
  }

  /** -1 without a counter column, `null` when the column is missing. */
  #nextCounter(): number | null {
    const { counterColumn, millisColumn, modulus, rateHz } = this.#format
    const column = counterColumn || millisColumn
    if (column === 0) return -1
    const value = column <= this.#parser.columns ? this.#parser.values[column - 1] : NaN
    if (!(value >= 0)) return null
    if (counterColumn > 0) return Math.round(value) % modulus
    // millis() jitters by a millisecond and its period is never quite 1/rate: whole periods since the last row are counted, so that no drift adds up.
    if (this.#lastMillis >= 0) {
      const elapsed = (value - this.#lastMillis) * (rateHz / 1000)
      this.#counter = (this.#counter + Math.max(1, Math.round(elapsed))) % modulus
    }
    this.#lastMillis = value
    return this.#counter
  }

  /** Index of a column by number or label, -1 where the line has none. */
  #place(data: Uint8Array, column: number | string): number {
    if (typeof column === 'number') return column <= this.#parser.columns ? column - 1 : -1
    for (let index = 0; index < this.#parser.columns; index += 1) if (this.#parser.hasLabel(data, index, column)) return index
    return -1
  }

  #tell(index: number, value: number): void {
    if (value === this.#statuses[index] || Number.isNaN(value)) return
    this.#statuses[index] = value
    const name = this.#format.statusNames[index] ?? String(this.#format.statusColumns[index])
    this.#rows.message(this.#offset, 'status', `${name} ${value}`, { [name]: value })
  }
}

function equals(data: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false
  for (let place = 0; place < text.length; place += 1) if (data[from + place] !== text.charCodeAt(place)) return false
  return true
}

/** A letter directly followed by a digit. */
function isLettered(data: Uint8Array, from: number, to: number): boolean {
  const letter = data[from] | 32
  return to - from >= 2 && letter >= 0x61 && letter <= 0x7a && data[from + 1] >= 0x30 && data[from + 1] <= 0x39
}
