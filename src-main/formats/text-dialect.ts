import type { TextDelimiter } from '../contract/schemas/delimited.ts'

/** What tells one delimited text from another. */
export interface TextDialect {
  readonly delimiter: TextDelimiter
  readonly decimal: 'point' | 'comma'
}

/** The likelier first: where two fit a line equally well, the earlier one is meant. */
const dialects: readonly TextDialect[] = [
  { delimiter: 'semicolon', decimal: 'comma' },
  { delimiter: 'tab', decimal: 'point' },
  { delimiter: 'semicolon', decimal: 'point' },
  { delimiter: 'comma', decimal: 'point' },
  { delimiter: 'tab', decimal: 'comma' },
  { delimiter: 'space', decimal: 'point' },
  { delimiter: 'space', decimal: 'comma' },
]
const marks: Readonly<Record<TextDelimiter, string>> = { comma: ',', semicolon: ';', tab: '\t', space: ' ' }
const names: Readonly<Record<TextDelimiter, string>> = { comma: 'commas', semicolon: 'semicolons', tab: 'tabs', space: 'blanks' }

const numbers = {
  point: /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?$/,
  comma: /^[-+]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][-+]?\d{1,3})?$/,
}
const missing = /^(?:|nan|n\/?a|null|none)$/i
const time = /^(?:\d{4}-\d{1,2}-\d{1,2}(?:[T ].*)?|\d{1,4}(?::\d{1,2}){1,2}(?:[.,]\d+)?)$/

/** The cells of one line, blanks and quotation marks around each left out. @example cutLine('1;"a"', 'semicolon') // ['1', 'a'] */
export function cutLine(line: string, delimiter: TextDelimiter): string[] {
  if (delimiter === 'space') return line.trim() === '' ? [] : line.trim().split(/[ \t]+/)
  const cells: string[] = []
  const mark = marks[delimiter]
  let at = 0
  for (;;) {
    while (line[at] === ' ') at += 1
    const quote = line[at] === '"' || line[at] === "'" ? line[at] : null
    const closed = quote === null ? -1 : line.indexOf(quote, at + 1)
    const next = line.indexOf(mark, closed < 0 ? at : closed)
    const end = next < 0 ? line.length : next
    cells.push(closed < 0 ? line.slice(at, end).trim() : line.slice(at + 1, closed))
    if (next < 0) return cells
    at = next + 1
  }
}

export function isNumberText(cell: string, decimal: 'point' | 'comma'): boolean {
  return numbers[decimal].test(cell)
}

export function isValueText(cell: string, decimal: 'point' | 'comma'): boolean {
  return isNumberText(cell, decimal) || missing.test(cell) || time.test(cell)
}

/** Rows of numbers among `lines` that agree in how many cells they have, per dialect; the best first. */
export function rankDialects(lines: readonly string[]): { dialect: TextDialect; rows: number; cells: number }[] {
  const ranked = dialects.map((dialect) => {
    const widths = new Map<number, number>()
    for (const line of lines) {
      const cells = cutLine(line, dialect.delimiter)
      if (cells.at(-1) === '') cells.pop()
      if (!cells.some((cell) => isNumberText(cell, dialect.decimal)) || !cells.every((cell) => isValueText(cell, dialect.decimal))) continue
      widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1)
    }
    const [cells, rows] = [...widths].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])
    return { dialect, rows, cells }
  })
  // A whole line as one number fits every delimiter: more columns are better evidence, and a semicolon or tab is never a decimal mark.
  return ranked.filter(({ rows }) => rows > 0).sort((a, b) => b.rows - a.rows || Number(b.cells > 1) - Number(a.cells > 1))
}

/** What a line looks like when it is not what `expected` says; `null` when it is, or when nothing can be told. */
export function describeDialect(line: string, expected: TextDialect): string | null {
  const best = rankDialects([line])[0]
  if (best === undefined || (best.dialect.delimiter === expected.delimiter && best.dialect.decimal === expected.decimal)) return null
  const decimal = best.dialect.decimal === expected.decimal ? '' : ` with a decimal ${best.dialect.decimal}`
  if (best.cells === 1) return decimal === '' ? null : `numbers${decimal}`
  if (best.dialect.delimiter === expected.delimiter) return `numbers${decimal}`
  return `columns separated by ${names[best.dialect.delimiter]}${decimal}`
}
