import { noValue } from '../contract/index.ts'
import { asciiBytes } from './dialogue.ts'
import { FreeRunningBoard } from './free-running-board.ts'
import type { BoardStatus } from './protocol.ts'
import type { TextLineFormat } from './text-line-format.ts'

/** A sketch that prints a line per sample from power-up on and takes no commands. */
export class TextLineBoard extends FreeRunningBoard {
  readonly #format: TextLineFormat
  #row = 0

  constructor(format: TextLineFormat) {
    super()
    this.#format = format
  }

  boot(): Uint8Array {
    this.#row = 0
    return this.#format.banner === '' ? new Uint8Array(0) : asciiBytes(`${this.#format.banner}\r\n`)
  }

  row(counts: Int32Array, status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const { counterColumn, millisColumn, modulus, leadOffText } = this.#format
    const counter = counterColumn || millisColumn ? this.#row % modulus : -1
    const silent = status.leadOff && leadOffText !== ''
    if (silent) counts.fill(noValue)
    const text = silent ? `${leadOffText}\r\n` : this.#lines(counts, status)
    this.#row += 1
    return { bytes: asciiBytes(text), counter }
  }

  #lines(counts: Int32Array, status: BoardStatus): string {
    const { style, columns, statusColumns, statusNames, scale, separator } = this.#format
    const values = columns.map((_, lane) => String(counts[lane] / scale))
    const told = statusColumns.map((_, index) => String(statusValue(statusNames[index], status)))
    if (style === 'processing') {
      const lines = columns.map((letter, lane) => `${letter}${values[lane]}`)
      // Beats print their lines as they happen; once a second is enough for a simulation.
      if (this.#row % Math.round(this.#format.rateHz) === 0) lines.push(...statusColumns.map((letter, index) => `${letter}${told[index]}`))
      return `${lines.join('\r\n')}\r\n`
    }
    if (style === 'brackets') return ` ${columns.map((label, lane) => `${label}[${values[lane]}]`).join(' ')}\r\n`
    if (style === 'pairs') return `${columns.map((label, lane) => `${label}:${values[lane]}`).join(separator)}\r\n`
    return `${this.#columns(values, told).join(separator)}\r\n`
  }

  #columns(values: readonly string[], told: readonly string[]): string[] {
    const { columns, columnCount, statusColumns, counterColumn, millisColumn, modulus, rateHz } = this.#format
    const numbered = (list: readonly (number | string)[]): number[] => list.map((column, index) => (typeof column === 'number' ? column : index + 1))
    const lanes = numbered(columns)
    const statuses = numbered(statusColumns)
    const line = new Array<string>(Math.max(columnCount, counterColumn, millisColumn, ...lanes, ...statuses)).fill('0')
    lanes.forEach((column, lane) => { line[column - 1] = values[lane] })
    statuses.forEach((column, index) => { line[column - 1] = told[index] })
    if (counterColumn > 0) line[counterColumn - 1] = String(this.#row % modulus)
    if (millisColumn > 0) line[millisColumn - 1] = String(Math.round((this.#row * 1000) / rateHz))
    return line
  }
}

function statusValue(name: string, status: BoardStatus): number {
  if (name === 'heartRateBpm') return Math.round(status.heartRateBpm)
  if (name === 'intervalMs') return status.heartRateBpm > 0 ? Math.round(60000 / status.heartRateBpm) : 0
  if (name === 'spo2Percent') return Math.round(status.spo2Percent)
  return 0
}
