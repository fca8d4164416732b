/** Columns of one line at most; what follows is not looked at. */
const mostColumns = 64

/** What a line is. `fields`: values separated by comma, semicolon, tab or spaces; `words`: anything else that is printable. */
export type LineKind = 'fields' | 'words' | 'empty' | 'binary'

/**
 * Reads one line of the Arduino Serial Plotter grammar without allocating: numbers separated by commas, semicolons, tabs or spaces, each optionally
 * labelled as `label:12` or `label[12]` (SparkFun's MAX3010x sketches). `nan` is a field without a value.
 * @example
 * parser.parse(asciiBytes(' R[123] IR[456]'), 0, 16) // 'fields'
 * parser.values[1] // 456
 */
export class TextLineParser {
  columns = 0
  readonly values = new Float64Array(mostColumns)
  /** Start and end of each column's label in the parsed bytes; both 0 where it has none. */
  readonly labelStarts = new Int32Array(mostColumns)
  readonly labelEnds = new Int32Array(mostColumns)
  /** Where the number that `#number` read ended. */
  #numberEnd = 0

  parse(data: Uint8Array, from: number, to: number): LineKind {
    this.columns = 0
    let at = from
    while (at < to) {
      if (isSeparator(data[at])) {
        at += 1
        continue
      }
      if (this.columns === mostColumns || !this.#field(data, at, to)) return plainOrBinary(data, from, to)
      at = this.#numberEnd
    }
    return this.columns > 0 ? 'fields' : 'empty'
  }

  /** Whether column `index` carries this label in the bytes just parsed. */
  hasLabel(data: Uint8Array, index: number, label: string): boolean {
    const start = this.labelStarts[index]
    if (this.labelEnds[index] - start !== label.length || label.length === 0) return false
    for (let place = 0; place < label.length; place += 1) if (data[start + place] !== label.charCodeAt(place)) return false
    return true
  }

  /** One value with its optional label. Leaves `#numberEnd` behind it. */
  #field(data: Uint8Array, at: number, to: number): boolean {
    const column = this.columns
    let start = at
    let labelStart = 0
    let labelEnd = 0
    let closing = false
    if (!startsNumber(data[at]) && !isNotANumber(data, at, to)) {
      let mark = at
      while (mark < to && data[mark] !== 0x3a && data[mark] !== 0x5b && !isSeparator(data[mark])) mark += 1
      if (mark >= to || isSeparator(data[mark])) return false
      labelStart = at
      labelEnd = mark
      closing = data[mark] === 0x5b
      start = mark + 1
      while (start < to && data[start] === 0x20) start += 1
    }
    if (isNotANumber(data, start, to)) {
      this.values[column] = NaN
      this.#numberEnd = start + 3
    } else if (!this.#number(data, start, to, column)) {
      return false
    }
    if (closing) {
      if (this.#numberEnd >= to || data[this.#numberEnd] !== 0x5d) return false
      this.#numberEnd += 1
    }
    if (this.#numberEnd < to && !isSeparator(data[this.#numberEnd])) return false
    this.labelStarts[column] = labelStart
    this.labelEnds[column] = labelEnd
    this.columns = column + 1
    return true
  }

  /** Sign, digits, fraction; exponents are not printed by `Serial.print`. */
  #number(data: Uint8Array, from: number, to: number, column: number): boolean {
    let at = from
    const negative = data[at] === 0x2d
    if (negative || data[at] === 0x2b) at += 1
    let value = 0
    let digits = 0
    for (; at < to && data[at] >= 0x30 && data[at] <= 0x39; at += 1, digits += 1) value = value * 10 + (data[at] - 0x30)
    if (at < to && data[at] === 0x2e) {
      let scale = 1
      for (at += 1; at < to && data[at] >= 0x30 && data[at] <= 0x39; at += 1, digits += 1) {
        value = value * 10 + (data[at] - 0x30)
        scale *= 10
      }
      value /= scale
    }
    if (digits === 0) return false
    this.values[column] = negative ? -value : value
    this.#numberEnd = at
    return true
  }
}

function isSeparator(byte: number): boolean {
  return byte === 0x20 || byte === 0x2c || byte === 0x09 || byte === 0x3b
}

function startsNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e
}

/** `nan` in any case as a whole field. */
function isNotANumber(data: Uint8Array, at: number, to: number): boolean {
  return at + 3 <= to && (data[at] | 32) === 0x6e && (data[at + 1] | 32) === 0x61 && (data[at + 2] | 32) === 0x6e
    && (at + 3 === to || isSeparator(data[at + 3]) || data[at + 3] === 0x5d)
}

function plainOrBinary(data: Uint8Array, from: number, to: number): LineKind {
  for (let at = from; at < to; at += 1) {
    const byte = data[at]
    if ((byte < 0x20 && byte !== 0x09 && byte !== 0x0d) || byte >= 0x7f) return 'binary'
  }
  return 'words'
}
