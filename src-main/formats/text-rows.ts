import { LabError } from '../contract/index.ts'
import type { TextDelimiter } from '../contract/schemas/delimited.ts'
import type { ByteSource } from './signal-source.ts'
import { describeDialect } from './text-dialect.ts'
import type { LineBlock } from './text-lines.ts'

/** How a file's lines are cut into cells. */
export interface TextLayout {
  readonly delimiter: TextDelimiter
  readonly decimal: 'point' | 'comma'
  /** Lines that begin so are no rows; '' when there are none. */
  readonly commentPrefix: string
  /** Lines of the file's head, comments and all, that are passed over. */
  readonly skipLines: number
  /** Cells of every row; `null`: as many as the first has. */
  readonly cells: number | null
}

/** More columns than any recorder writes. */
export const mostCells = 4096

const delimiterBytes: Readonly<Record<TextDelimiter, number>> = { comma: 0x2c, semicolon: 0x3b, tab: 0x09, space: 0x20 }
const blank = 0x20
const tab = 0x09

/**
 * Walks the rows of a text: `read` a line, then take cell c from `bytes[starts[c]..ends[c])`, blanks and quotation marks around it left out. One cursor per pass.
 * Every row must have as many cells as the first: a line that was torn apart never passes for one.
 */
export class RowCursor {
  bytes: Uint8Array = new Uint8Array(0)
  readonly starts = new Int32Array(mostCells + 1)
  readonly ends = new Int32Array(mostCells + 1)
  /** Of the line that was read last. */
  line = 0
  offset = 0
  /** Cells per row; 0 before the first. */
  cells: number
  rows = 0
  /** The file's last line was cut off and left out. */
  torn = false
  readonly #source: ByteSource
  readonly #layout: TextLayout
  readonly #delimiter: number
  readonly #comment: Uint8Array

  constructor(source: ByteSource, layout: TextLayout) {
    this.#source = source
    this.#layout = layout
    this.#delimiter = delimiterBytes[layout.delimiter]
    this.#comment = new TextEncoder().encode(layout.commentPrefix)
    this.cells = layout.cells ?? 0
  }

  /** Takes line `index` of the block; false when it is no row: head, comment, empty or cut off. @throws LabError `text-signal-invalid` */
  read(block: LineBlock, index: number): boolean {
    this.line = block.firstLine + index
    if (this.line <= this.#layout.skipLines) return false
    const { bytes } = block
    let from = block.starts[index]
    let to = block.ends[index]
    this.offset = block.offset + from
    while (from < to && (bytes[from] === blank || (bytes[from] === tab && this.#delimiter !== tab))) from += 1
    while (to > from && bytes[to - 1] === blank) to -= 1
    if (from === to || this.#isComment(bytes, from, to)) return false
    this.bytes = bytes
    const found = this.#delimiter === blank ? this.#splitAtBlanks(from, to) : this.#split(from, to)
    if (this.cells === 0) this.cells = found
    // A delimiter at the line's end makes no cell.
    const fits = found === this.cells || (found === this.cells + 1 && this.starts[found - 1] === this.ends[found - 1])
    if (!fits && block.unterminated && index === block.count - 1 && found < this.cells) {
      this.torn = true
      return false
    }
    if (!fits) throw this.invalid(null, `it has ${found} ${found === 1 ? 'cell' : 'cells'}, ${this.cells} are expected`)
    this.rows += 1
    return true
  }

  text(cell: number): string {
    return new TextDecoder().decode(this.bytes.subarray(this.starts[cell], this.ends[cell]))
  }

  /** An error about a cell (from 0) of the row that was read last, or about the whole line; says what the line looks like when that is another dialect, or `otherwise`. */
  invalid(cell: number | null, reason: string, { otherwise = null, ...data }: { otherwise?: string | null; [field: string]: unknown } = {}): LabError {
    const column = cell === null ? null : cell + 1
    const text = new TextDecoder().decode(this.bytes.subarray(this.starts[0], Math.min(this.bytes.length, this.starts[0] + 200))).split(/[\r\n]/)[0]
    const looksLike = describeDialect(text, this.#layout) ?? otherwise
    const where = `Line ${this.line}${column === null ? '' : `, column ${column}`} of ${this.#source.name}`
    return new LabError('text-signal-invalid', `${where} cannot be read: ${reason}.${looksLike === null ? '' : ` It looks like ${looksLike}.`}`, {
      file: this.#source.name, line: this.line, column, offset: this.offset, field: column === null ? 'line' : `column ${column}`, reason, text, looksLike, ...data,
    })
  }

  #isComment(bytes: Uint8Array, from: number, to: number): boolean {
    const { length } = this.#comment
    if (length === 0 || to - from < length) return false
    for (let i = 0; i < length; i++) if (bytes[from + i] !== this.#comment[i]) return false
    return true
  }

  #split(from: number, to: number): number {
    const { bytes, starts, ends } = this
    const delimiter = this.#delimiter
    let cell = 0
    let at = from
    for (;;) {
      while (at < to && bytes[at] === blank) at += 1
      const quote = bytes[at]
      const quoted = at < to && (quote === 0x22 || quote === 0x27)
      if (quoted) at += 1
      const start = at
      while (at < to && bytes[at] !== (quoted ? quote : delimiter)) at += 1
      let end = at
      if (quoted) while (at < to && bytes[at] !== delimiter) at += 1
      else while (end > start && (bytes[end - 1] === blank || bytes[end - 1] === tab)) end -= 1
      if (cell > mostCells) throw this.invalid(null, `it has more than ${mostCells} cells`)
      starts[cell] = start
      ends[cell] = end
      cell += 1
      if (at >= to) return cell
      at += 1
    }
  }

  #splitAtBlanks(from: number, to: number): number {
    const { bytes, starts, ends } = this
    let cell = 0
    let at = from
    while (at < to) {
      if (cell > mostCells) throw this.invalid(null, `it has more than ${mostCells} cells`)
      starts[cell] = at
      while (at < to && bytes[at] !== blank && bytes[at] !== tab) at += 1
      ends[cell] = at
      cell += 1
      while (at < to && (bytes[at] === blank || bytes[at] === tab)) at += 1
    }
    return cell
  }
}
