import { LabError } from '../contract/index.ts'
import type { DelimitedColumn, DelimitedMapping, DelimitedTime } from '../contract/schemas/delimited.ts'
import type { ByteSource } from './signal-source.ts'
import { cutLine, isNumberText, isValueText, rankDialects, type TextDialect } from './text-dialect.ts'
import { readHead } from './text-head.ts'
import { parseIso } from './text-time.ts'

const sampledLines = 300
const mostHeaderRows = 20
const commentPrefixes = ['#', '%', '//']
const timeLabel = /^(?:elapsed ?time|time ?stamps?|time|zeit|temps|tiempo|t|date ?time|datum|date|secs?|seconds|ms|milliseconds)(?:\b|_|$)/i
const countLabel = /^(?:nseq|sample ?(?:index|number|#|no\.?|n)?|index|counter|count|frame|row|#|n)$/i
const unitInLabel = /^(.*?)\s*[[(]\s*([^\])]{1,20})\s*[\])]\s*$/
const unitCell = /^[[(']*(?:[mµunk]?V|mmHg|%|g|m\/s\^?2|°C|degC|uS|µS|bpm|adu?|counts?|hh:mm:ss\.mmm|s|sec|seconds|ms|a\.?u\.?|NU|nu)[\])']*$/i
const rateComment = /(?:sampling|sample)[ _-]*(?:rate|frequency)[^\d]{0,20}(\d+(?:\.\d+)?)/i

/** A mapping to begin with, and what a person should look at. */
export interface DelimitedSuggestion {
  readonly mapping: DelimitedMapping
  /** First rows as cut by the suggestion, header rows included. */
  readonly preview: readonly (readonly string[])[]
  /** Nothing in the file tells the rate: `mapping.rateHz` must be filled in. */
  readonly rateMissing: boolean
}

/**
 * Proposes how to read a delimited text from its first 300 lines: delimiter, decimal mark, header rows, labels and units, the time column, the rate.
 * @throws LabError `text-signal-invalid` when no line holds numbers in columns.
 * @example (await suggestMapping(file)).mapping // { delimiter: 'comma', headerRows: 1, time: { column: 1, unit: 'seconds' }, columns: [{ column: 2, label: 'ECG', unit: 'mV' }], ... }
 */
export async function suggestMapping(file: ByteSource): Promise<DelimitedSuggestion> {
  const lines = (await readHead(file, (_, index) => index < sampledLines)).filter((line) => line.trim() !== '')
  const commentPrefix = commentPrefixes.find((prefix) => lines.some((line) => line.trim().startsWith(prefix))) ?? '#'
  const comments = lines.filter((line) => line.trim().startsWith(commentPrefix))
  const rows = lines.filter((line) => !line.trim().startsWith(commentPrefix))
  const best = chooseDialect(rows)
  if (best === null) {
    throw new LabError('text-signal-invalid', `${file.name} holds no columns of numbers.`, { file: file.name, field: 'rows', reason: 'no columns of numbers', text: rows[0]?.slice(0, 200) ?? '' })
  }
  const { dialect, cells } = best
  const cut = rows.map((line) => cutLine(line, dialect.delimiter))
  const isRow = (row: readonly string[]): boolean =>
    row.some((cell) => isNumberText(cell, dialect.decimal)) && row.every((cell) => isValueText(cell, dialect.decimal))
  const headerRows = Math.min(mostHeaderRows, Math.max(0, cut.findIndex(isRow)))
  const data = cut.slice(headerRows).filter(isRow)
  const names = columnNames(cut.slice(0, headerRows), cells)
  const numbers = Array.from({ length: cells }, (_, c) => data.map((row) => toNumber(row[c] ?? '', dialect)))
  const time = findTime(names, data, numbers)
  const columns = names.flatMap(({ label, unit }, c): DelimitedColumn[] =>
    c + 1 === time?.column || !numbers[c].some((value) => !Number.isNaN(value)) ? [] : [{ column: c + 1, label, unit }],
  )
  const said = rateComment.exec(comments.join('\n'))?.[1]
  const rateHz = said !== undefined && Number(said) > 0 && Number(said) <= 1e6 ? Number(said) : null
  // A file whose only column looks like time is a file of one signal.
  const kept = columns.length > 0 ? { columns, time } : { columns: [{ column: 1, ...names[0] }], time: null }
  return {
    mapping: { ...dialect, headerRows, commentPrefix, ...kept, rateHz, missing: [] },
    preview: cut.slice(0, headerRows + 10),
    rateMissing: rateHz === null && (kept.time === null || kept.time.unit === 'samples'),
  }
}

function chooseDialect(rows: readonly string[]): { dialect: TextDialect; cells: number } | null {
  const ranked = rankDialects(rows)
  const [first] = ranked
  if (first === undefined) return null
  // `1,5` in every line is one column of decimals where the header names one column, or where the digits behind the comma are many.
  const single = ranked.find(({ dialect, cells }) => cells === 1 && dialect.decimal === 'comma')
  if (first.dialect.delimiter === 'comma' && first.cells === 2 && single !== undefined && single.rows === first.rows) {
    const header = rows.find((line) => !isValueText(cutLine(line, 'comma')[0], 'point'))
    if (header !== undefined && cutLine(header, 'comma').length === 1) return single
  }
  return first
}

function columnNames(header: readonly (readonly string[])[], cells: number): { label: string; unit: string }[] {
  const units = header.findLast((row) => row.length > 1 && row.filter((cell) => cell !== '').every((cell) => unitCell.test(cell)))
  const labels = header.findLast((row) => row !== units && row.length >= Math.min(2, cells)) ?? []
  return Array.from({ length: cells }, (_, c) => {
    const text = (labels[c] ?? '').slice(0, 120)
    const named = unitInLabel.exec(text)
    const label = (named?.[1] ?? text).trim() || `Column ${c + 1}`
    const unit = (units?.[c] ?? named?.[2] ?? '').replace(/^[[('\s]+|[\])'\s]+$/g, '')
    return { label: label.slice(0, 80), unit: unit.slice(0, 40) || 'count' }
  })
}

function findTime(names: readonly { label: string; unit: string }[], data: readonly (readonly string[])[], numbers: readonly (readonly number[])[]): DelimitedTime | null {
  const common = { modulus: null, tolerance: 0.25 } as const
  for (let c = 0; c < names.length; c++) {
    const { label, unit } = names[c]
    const cells = data.map((row) => row[c] ?? '')
    if (cells.every((cell) => parseIso(cell) !== null)) return { column: c + 1, unit: 'iso', ...common }
    if (cells.every((cell) => /^\d{1,4}(?::\d{1,2}){1,2}(?:[.,]\d+)?$/.test(cell))) return { column: c + 1, unit: 'clock', ...common }
    const values = numbers[c]
    const rising = values.length > 1 && values.every((value, i) => i === 0 || value > values[i - 1])
    if (!rising) continue
    const step = (values[values.length - 1] - values[0]) / (values.length - 1)
    if (countLabel.test(label) && values.every((value) => Number.isInteger(value) && value >= 0)) return { column: c + 1, unit: 'samples', ...common }
    if (timeLabel.test(label)) return { column: c + 1, unit: timeUnit(label, unit, step), ...common }
    // Without a name: numbers that rise by the same step are time; by one, rows are counted.
    const even = values.every((value, i) => i === 0 || Math.abs(value - values[i - 1] - step) <= 0.3 * step)
    if (names.length > 1 && c === 0 && even && values.length >= 8) return { column: 1, unit: step === 1 ? 'samples' : timeUnit(label, unit, step), ...common }
  }
  return null
}

function timeUnit(label: string, unit: string, step: number): 'seconds' | 'milliseconds' | 'microseconds' {
  const said = `${unit} ${label}`
  if (/[µu]s\b|micro/i.test(said)) return 'microseconds'
  if (/\bms\b|_ms\b|milli/i.test(said)) return 'milliseconds'
  if (/^(?:s|sec|secs|seconds)\b/i.test(unit) || /\b(?:s|secs?|seconds)$/i.test(label)) return 'seconds'
  // Nothing said: signals worth reading have 5 to 5000 rows per second.
  if (step >= 100) return 'microseconds'
  return step >= 0.5 ? 'milliseconds' : 'seconds'
}

function toNumber(cell: string, { decimal }: TextDialect): number {
  return isNumberText(cell, decimal) ? Number(decimal === 'comma' ? cell.replace(',', '.') : cell) : Number.NaN
}
