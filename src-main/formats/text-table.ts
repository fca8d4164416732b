import { LabError, noValue } from '../contract/index.ts'
import type { ByteSource, SourceFinding, SourceGap } from './signal-source.ts'
import type { RowClock } from './text-counter.ts'
import { ColumnScan, countOf, highestCount, type ValueGrid } from './text-grid.ts'
import { isNumberText } from './text-dialect.ts'
import { textLines } from './text-lines.ts'
import { NumberReader } from './text-numbers.ts'
import { RowCursor, type TextLayout } from './text-rows.ts'

/** A text of samples: how it is cut, and which cells (from 0) are signals. */
export interface TextTable {
  readonly layout: TextLayout
  readonly cells: readonly number[]
  /** Cells that mean "no value" besides empty ones and NaN. */
  readonly missing: readonly string[]
}

/** What one reading of the whole text tells. */
export interface TableScan {
  readonly rows: number
  /** Rows and the missing ones between them. */
  readonly frames: number
  readonly gaps: readonly SourceGap[]
  readonly columns: readonly ColumnScan[]
  /** The last line was cut off and left out. */
  readonly torn: boolean
}

/** A text with more breaks than this counts something else than its rows. */
const mostGaps = 100_000
/** Breaks add up to at most a day: what is longer are two recordings, or a clock that was set. */
const longestBreakSeconds = 86_400
const defaultFramesPerBlock = 16_384

/** Sees every row of the scan besides the signals' cells. */
export type RowVisitor = (cursor: RowCursor) => void

/** Reads one value; false when the cell means that there is none. */
class ValueReader extends NumberReader {
  readonly #missing: readonly string[]
  readonly #otherDecimal: 'point' | 'comma'

  constructor(table: TextTable) {
    super(table.layout.decimal === 'point' ? '.' : ',')
    this.#otherDecimal = table.layout.decimal === 'point' ? 'comma' : 'point'
    this.#missing = table.missing
  }

  /** @throws LabError `text-signal-invalid` when the cell is neither a number nor "no value". */
  take(cursor: RowCursor, cell: number): boolean {
    const from = cursor.starts[cell]
    const to = cursor.ends[cell]
    if (from === to) return false
    if (this.read(cursor.bytes, from, to)) return true
    const text = cursor.text(cell)
    if (/^[-+]?nan$/i.test(text) || this.#missing.includes(text)) return false
    throw cursor.invalid(cell, `"${text.slice(0, 40)}" is not a number`, { otherwise: isNumberText(text, this.#otherDecimal) ? `numbers with a decimal ${this.#otherDecimal}` : null })
  }
}

/** The first `rows` rows, each given to `visit`. @throws LabError `text-signal-invalid` */
export async function probeRows(source: ByteSource, layout: TextLayout, rows: number, visit: RowVisitor): Promise<RowCursor> {
  const cursor = new RowCursor(source, layout)
  for await (const block of textLines(source)) {
    for (let i = 0; i < block.count; i++) {
      if (!cursor.read(block, i)) continue
      visit(cursor)
      if (cursor.rows >= rows) return cursor
    }
  }
  return cursor
}

/**
 * Reads the whole text once: how many rows, what every column holds, where rows are missing. Memory does not grow with the file.
 * @throws LabError `text-signal-invalid` naming line and column.
 */
export async function scanTable(
  source: ByteSource, table: TextTable, options: { clock: RowClock | null; rateHz: number; visit?: (cursor: RowCursor, column: number, value: number) => void; signal?: AbortSignal },
): Promise<TableScan> {
  const cursor = new RowCursor(source, table.layout)
  const reader = new ValueReader(table)
  const columns = table.cells.map(() => new ColumnScan())
  const gaps: SourceGap[] = []
  const mostMissing = Math.ceil(longestBreakSeconds * options.rateHz)
  let frames = 0
  let missing = 0
  for await (const block of textLines(source)) {
    refuseWhenAborted(options.signal)
    for (let i = 0; i < block.count; i++) {
      if (!cursor.read(block, i)) continue
      if (cursor.rows === 1) refuseMissingCells(cursor, table)
      const lost = options.clock?.missing(cursor) ?? 0
      if (lost > 0) {
        missing += lost
        if (gaps.length === mostGaps) throw cursor.invalid(null, `rows are missing in more than ${mostGaps} places`)
        if (missing > mostMissing) throw cursor.invalid(null, `${missing} rows are missing up to here, more than a day of them`, { missing })
        gaps.push({ from: frames, to: frames + lost })
        frames += lost
      }
      for (let c = 0; c < columns.length; c++) {
        if (!reader.take(cursor, table.cells[c])) {
          columns[c].missing += 1
          continue
        }
        columns[c].add(reader)
        options.visit?.(cursor, c, reader.value)
      }
      frames += 1
    }
  }
  if (cursor.rows === 0) throw new LabError('text-signal-invalid', `${source.name} holds no row of numbers.`, { file: source.name, offset: cursor.offset, field: 'rows', reason: 'no rows' })
  return { rows: cursor.rows, frames, gaps, columns, torn: cursor.torn }
}

/**
 * The counts of a scanned text, frame by frame, missing rows and values as `noValue`: per column an `Int32Array` of the block's frames.
 * @throws LabError `text-signal-invalid` when the file is not what was scanned any more, `cancelled`.
 */
export async function* tableBlocks(
  source: ByteSource, table: TextTable, scan: TableScan, grids: readonly ValueGrid[], options: { readonly signal?: AbortSignal; readonly framesPerBlock?: number } = {},
): AsyncGenerator<readonly Int32Array[], void, void> {
  const cursor = new RowCursor(source, table.layout)
  const reader = new ValueReader(table)
  const framesPerBlock = Math.max(1, Math.min(options.framesPerBlock ?? defaultFramesPerBlock, 1 << 20))
  const size = (frame: number): number => Math.min(framesPerBlock, scan.frames - frame)
  const empty = (frame: number): Int32Array[] => grids.map(() => new Int32Array(size(frame)).fill(noValue))
  /** Of the block's first frame. */
  let first = 0
  let block = empty(0)
  let frame = 0
  let gap = 0
  for await (const lines of textLines(source)) {
    refuseWhenAborted(options.signal)
    for (let i = 0; i < lines.count; i++) {
      if (!cursor.read(lines, i)) continue
      if (gap < scan.gaps.length && scan.gaps[gap].from === frame) frame = scan.gaps[gap++].to
      while (frame - first >= block[0].length && first + block[0].length < scan.frames) {
        refuseWhenAborted(options.signal)
        yield block
        first += block[0].length
        block = empty(first)
      }
      if (frame >= scan.frames) throw changed(source, cursor)
      for (let c = 0; c < grids.length; c++) {
        if (!reader.take(cursor, table.cells[c])) continue
        const count = countOf(reader, grids[c])
        if (Math.abs(count) > highestCount) throw changed(source, cursor)
        block[c][frame - first] = count
      }
      frame += 1
    }
  }
  if (frame !== scan.frames) throw changed(source, cursor)
  if (block[0].length > 0) yield block
}

/** What the scan found wrong that can be read all the same. */
export function scanFindings(source: ByteSource, scan: TableScan, rounded: readonly { label: string; decimals: number; kept: number }[]): SourceFinding[] {
  const findings: SourceFinding[] = []
  if (scan.torn) {
    findings.push({ code: 'import-truncated', message: `The last line of ${source.name} is cut off; it was left out.`, data: { file: source.name, rows: scan.rows } })
  }
  for (const { label, decimals, kept } of rounded) {
    findings.push({
      code: 'import-value-rounded',
      message: `${label} in ${source.name} has more digits than a 32-bit count holds; values were rounded to ${kept} decimals.`,
      data: { file: source.name, signal: label, decimals, kept },
    })
  }
  return findings
}

function refuseMissingCells(cursor: RowCursor, table: TextTable): void {
  const outside = table.cells.find((cell) => cell >= cursor.cells)
  if (outside !== undefined) throw cursor.invalid(null, `it has ${cursor.cells} ${cursor.cells === 1 ? 'cell' : 'cells'}, but column ${outside + 1} is wanted`)
}

function refuseWhenAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LabError('cancelled', 'Reading was cancelled.')
}

function changed(source: ByteSource, cursor: RowCursor): LabError {
  return new LabError('text-signal-invalid', `${source.name} changed while it was read.`, { file: source.name, line: cursor.line, offset: cursor.offset, field: 'rows', reason: 'the file changed' })
}
