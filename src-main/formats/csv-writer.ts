import { LabError } from '../contract/index.ts'
import type { ByteSink } from './byte-sink.ts'

export type CsvValue = string | number | bigint | boolean | null

const bufferedCharacters = 1 << 16

/**
 * Writes a table as CSV (RFC 4180: CRLF, quotation marks where a cell needs them, UTF-8) row by row.
 * @example
 * const file = new CsvWriter(sink, ['time_s', 'ECG_mV'])
 * await file.row([0.004, -0.125])
 * await file.finish()
 */
export class CsvWriter {
  rows = 0
  readonly #sink: ByteSink
  readonly #width: number
  readonly #encoder = new TextEncoder()
  #text = ''

  constructor(sink: ByteSink, columns: readonly string[]) {
    this.#sink = sink
    this.#width = columns.length
    this.#text = csvLine(columns)
  }

  /** One value per column; `null` and NaN are empty cells. @throws LabError `internal-error` for another number of values. */
  async row(values: readonly CsvValue[]): Promise<void> {
    if (values.length !== this.#width) throw new LabError('internal-error', `A row of ${values.length} values does not fit ${this.#width} columns.`, { values: values.length, columns: this.#width })
    this.#text += csvLine(values)
    this.rows += 1
    if (this.#text.length >= bufferedCharacters) await this.#flush()
  }

  /** Writes what is left. */
  async finish(): Promise<void> {
    if (this.#text !== '') await this.#flush()
  }

  async #flush(): Promise<void> {
    const bytes = this.#encoder.encode(this.#text)
    this.#text = ''
    await this.#sink(bytes)
  }
}

/** A line with its end. @example csvLine(['a,b', 1.5, null]) // '"a,b",1.5,\r\n' */
export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(csvCell).join(',')}\r\n`
}

/** How a text begins that a spreadsheet would compute, or fetch from somewhere, when the file is opened. Source: OWASP, CSV Injection. */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** With an apostrophe before it a text stays text. A lone sign (an annotation's symbol) and a number computes nothing. */
const defused = (text: string): string => (formula.test(text) && text.length > 1 && !number.test(text) ? `'${text}` : text)

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A number in the fewest digits that read back as the same double; text in quotation marks where it needs them, and as text whatever it begins with. @example csvCell('=1+1') // "'=1+1" */
export function csvCell(value: CsvValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return quoted(defused(value))
  if (typeof value !== 'number') return String(value)
  if (Number.isNaN(value)) return ''
  return Object.is(value, -0) ? '-0' : String(value)
}
