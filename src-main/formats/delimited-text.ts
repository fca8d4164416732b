import { LabError } from '../contract/index.ts'
import { DelimitedMapping, type DelimitedMappingInput } from '../contract/schemas/delimited.ts'
import type { ByteSource, SignalSource } from './signal-source.ts'
import { CounterClock, recogniseCounter, type RowClock } from './text-counter.ts'
import { cutLine } from './text-dialect.ts'
import { commentText, readHead } from './text-head.ts'
import { NumberReader } from './text-numbers.ts'
import type { RowCursor, TextLayout } from './text-rows.ts'
import { decimalSignal, textSource } from './text-source.ts'
import { probeRows, scanTable } from './text-table.ts'
import { estimateBeat, settleRate, TimeClock, TimeReader, type TimeStamp } from './text-time.ts'
import { isoDate, type WallClock } from './text-wall-clock.ts'

const probedRows = 4096
/** A given rate and the time column may differ by a clock's error, not by more than this. */
const rateAgreement = 0.05

/**
 * Opens a delimited text as its mapping says. Values become exact counts by moving the decimal mark (gain 10^decimals); empty cells and NaN have no value. A time column gives the
 * rate and the gaps.
 * @throws LabError `text-signal-invalid` with `data.file`, `data.line`, `data.column`, `data.offset` and `data.field`: wrong delimiter or decimal mark (`data.looksLike` names the likely
 * one), ragged lines, text among numbers, time that runs backwards or is irregular, no rate.
 * @example openDelimited(file, { delimiter: 'semicolon', decimal: 'comma', headerRows: 1, columns: [{ column: 2, label: 'ECG', unit: 'mV' }], time: { column: 1, unit: 'seconds' } })
 */
export async function openDelimited(file: ByteSource, mappingInput: DelimitedMappingInput): Promise<SignalSource> {
  const mapping = checkedMapping(file, mappingInput)
  const head = await readDelimitedHead(file, mapping)
  const layout: TextLayout = { ...mapping, skipLines: head.skipLines, cells: null }
  const table = { layout, cells: mapping.columns.map(({ column }) => column - 1), missing: mapping.missing }
  const timing = await findTiming(file, mapping, layout, head.lastRow)
  const scan = await scanTable(file, table, { clock: timing.clock, rateHz: timing.rateHz })
  const signals = mapping.columns.map((column, i) => decimalSignal(scan.columns[i], column))
  const about = { format: 'delimited', comments: head.comments, facts: {}, ...timing.start() } as const
  return textSource(file, about, table, scan, signals, { rateHz: timing.rateOf(scan.frames) })
}

function checkedMapping(file: ByteSource, input: DelimitedMappingInput): DelimitedMapping {
  const parsed = DelimitedMapping.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw mappingInvalid(file, issue.path.join('.'), issue.message)
  }
  const mapping = parsed.data
  if (mapping.delimiter === 'comma' && mapping.decimal === 'comma') throw mappingInvalid(file, 'decimal', 'a comma cannot both separate columns and mark decimals')
  if (mapping.rateHz === null && (mapping.time === null || mapping.time.unit === 'samples')) throw mappingInvalid(file, 'rateHz', 'without time stamps the sampling rate must be given')
  return mapping
}

function mappingInvalid(file: ByteSource, field: string, reason: string): LabError {
  return new LabError('text-signal-invalid', `The column mapping for ${file.name} is not valid: ${field}: ${reason}.`, { file: file.name, field, reason })
}

interface DelimitedHead {
  readonly skipLines: number
  /** Header row that stands above the numbers. */
  readonly lastRow: string | null
  readonly comments: readonly string[]
}

async function readDelimitedHead(file: ByteSource, { headerRows, commentPrefix }: DelimitedMapping): Promise<DelimitedHead> {
  const isComment = (line: string): boolean => commentPrefix !== '' && line.trim().startsWith(commentPrefix)
  let rows = 0
  const lines = await readHead(file, (line) => {
    if (line.trim() === '' || isComment(line)) return true
    rows += 1
    return rows <= headerRows
  })
  const rowLines = lines.filter((line) => line.trim() !== '' && !isComment(line))
  return {
    skipLines: lines.length,
    lastRow: rowLines.at(-1) ?? null,
    comments: lines.filter((line) => isComment(line)).map((line) => commentText(line, commentPrefix)),
  }
}

interface Timing {
  readonly clock: RowClock | null
  /** As far as the first rows tell. */
  readonly rateHz: number
  readonly start: () => WallClock
  readonly rateOf: (frames: number) => number
}

const nowhere: WallClock = { startDate: null, startTime: null }

async function findTiming(file: ByteSource, mapping: DelimitedMapping, layout: TextLayout, headerRow: string | null): Promise<Timing> {
  const { time, rateHz } = mapping
  const cell = time === null ? null : time.column - 1
  const reader = time === null || time.unit === 'samples' ? null : new TimeReader(time.unit, mapping.decimal)
  const stamps: TimeStamp[] = []
  const counts: number[] = []
  const number = new NumberReader('.')
  let last: RowCursor | null = null
  await probeRows(file, layout, probedRows, (cursor) => {
    last = cursor
    if (cursor.rows === 1) refuseOtherShape(cursor, mapping, headerRow)
    if (cell === null) return
    if (reader !== null) stamps.push(reader.read(cursor, cell))
    else if (number.read(cursor.bytes, cursor.starts[cell], cursor.ends[cell])) counts.push(number.value)
    else throw cursor.invalid(cell, `"${cursor.text(cell).slice(0, 40)}" is not a count`)
  })
  if (time === null || cell === null || reader === null) {
    if (rateHz === null) throw mappingInvalid(file, 'rateHz', 'without time stamps the sampling rate must be given')
    const clock = time === null || cell === null ? null : new CounterClock(cell, { step: recogniseCounter(counts)?.step ?? 1, modulus: time.modulus })
    return { clock, rateHz, start: () => nowhere, rateOf: () => rateHz }
  }
  if (last === null) throw new LabError('text-signal-invalid', `${file.name} holds no row of numbers.`, { file: file.name, field: 'rows', reason: 'no rows' })
  return timingOf(last, cell, reader, stamps, mapping, time.tolerance)
}

function timingOf(cursor: RowCursor, cell: number, reader: TimeReader, stamps: readonly TimeStamp[], { rateHz }: DelimitedMapping, tolerance: number): Timing {
  const { secondsPerStep } = reader
  const start = (): WallClock => (reader.unit === 'iso' ? wallClock(stamps[0]) : nowhere)
  if (stamps.length === 1 && rateHz !== null) return { clock: null, rateHz, start, rateOf: () => rateHz }
  const beat = estimateBeat(stamps)
  if (typeof beat === 'string') throw cursor.invalid(cell, `the time column cannot be used: ${beat}`)
  const measured = 1 / (beat.interval * secondsPerStep)
  if (rateHz !== null && Math.abs(measured / rateHz - 1) > rateAgreement) {
    throw cursor.invalid(cell, `the time column gives ${measured} rows per second, the mapping ${rateHz}`, { measuredHz: measured, rateHz })
  }
  const clock = new TimeClock(reader, cell, beat, tolerance)
  const rateOf = (frames: number): number => {
    const seconds = (clock.last - clock.first) * secondsPerStep
    return rateHz ?? settleRate((frames - 1) / seconds, seconds, beat.quantum * secondsPerStep)
  }
  return { clock, rateHz: rateHz ?? measured, start, rateOf }
}

/** Columns that are not there, and a header of other width than the rows: a decimal comma read as a delimiter shows itself so. */
function refuseOtherShape(cursor: RowCursor, mapping: DelimitedMapping, headerRow: string | null): void {
  const wanted = Math.max(mapping.time?.column ?? 0, ...mapping.columns.map(({ column }) => column))
  if (wanted > cursor.cells) throw cursor.invalid(null, `it has ${cursor.cells} ${cursor.cells === 1 ? 'cell' : 'cells'}, but column ${wanted} is wanted`)
  if (headerRow === null || mapping.delimiter === 'space') return
  const named = cutLine(headerRow, mapping.delimiter)
  while (named.at(-1) === '') named.pop()
  if (cursor.cells >= 2 * named.length && named.length > 0) {
    throw cursor.invalid(null, `it has ${cursor.cells} cells, the header names ${named.length}`, {
      otherwise: mapping.delimiter === 'comma' ? 'numbers with a decimal comma' : null,
    })
  }
}

/** The stamp's own wall clock, to the millisecond, or the microsecond where it has that many digits. */
function wallClock({ value, decimals, zoneSeconds = 0 }: TimeStamp): WallClock {
  const days = Math.floor((value + zoneSeconds) / 86_400)
  const digits = Math.min(6, Math.max(3, decimals))
  // Seconds since 1970 are off by up to a quarter of a microsecond.
  const steps = Math.floor((value + zoneSeconds - days * 86_400) * 10 ** digits + 0.25)
  const seconds = Math.floor(steps / 10 ** digits)
  const pad = (part: number): string => String(Math.floor(part)).padStart(2, '0')
  const fraction = String(steps - seconds * 10 ** digits).padStart(digits, '0')
  return { startDate: isoDate(days), startTime: `${pad(seconds / 3600)}:${pad((seconds % 3600) / 60)}:${pad(seconds % 60)}.${fraction}` }
}
