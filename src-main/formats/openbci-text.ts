import { cytonMaximum, cytonStep, CytonFit } from './openbci-grid.ts'
import { readOpenBciHead, type OpenBciColumn, type OpenBciHead } from './openbci-head.ts'
import type { ByteSource, SignalSource, SourceFinding } from './signal-source.ts'
import { CounterClock, recogniseCounter, type RowCounter } from './text-counter.ts'
import type { ColumnScan } from './text-grid.ts'
import { NumberReader } from './text-numbers.ts'
import { decimalSignal, textSource, type TextSignal } from './text-source.ts'
import { probeRows, scanTable, type TableScan } from './text-table.ts'
import { wallClockOf } from './text-wall-clock.ts'

/** Sixteen turns of the sample index, and enough values to see how many decimals are printed. */
const probedRows = 4096

/** What the first rows tell besides the head. */
interface Probe {
  readonly counter: RowCounter | null
  readonly indexes: readonly number[]
  readonly decimals: number
  readonly cells: number
  readonly firstRow: readonly string[]
}

/**
 * Opens a text of the OpenBCI GUI, any version, plain or packed with gzip. Microvolts of a Cyton at gain 24 become the converter's own counts (0.02235 uV each) when every
 * value agrees with them; otherwise, and for the accelerometer, counts are the printed decimals. Rows that the sample index shows to be missing are
 * gaps, certain modulo its range (256).
 * @throws LabError `text-signal-invalid` with `data.file`, `data.line` or `data.offset`, and `data.field`.
 * @example const { signals } = await openOpenBciText(file) // EXG Channel 0: 44.739 counts per uV, 24 bits
 */
export async function openOpenBciText(file: ByteSource): Promise<SignalSource> {
  const head = await readOpenBciHead(file)
  const layout = { delimiter: 'comma', decimal: 'point', commentPrefix: '%', skipLines: head.lines, cells: head.cells } as const
  const probe = await probeFile(file, head, layout)
  const findings: SourceFinding[] = []
  if (probe.counter === null && probe.indexes.length > 1) {
    findings.push({
      code: 'import-header-doubtful',
      message: `The sample index in ${file.name} does not count the rows, so that lost ones cannot be seen.`,
      data: { file: file.name, column: 1, field: 'Sample Index', first: probe.indexes.slice(0, 8) },
    })
  }
  const everything = { layout: { ...layout, cells: probe.cells }, cells: head.columns.map(({ cell }) => cell), missing: [] }
  const fit = new CytonFit(probe.decimals)
  const electrodes = head.columns.map(({ role, unit }) => role === 'electrode' && unit === 'uV')
  const clock = probe.counter === null ? null : new CounterClock(0, probe.counter)
  const whole = await scanTable(file, everything, { clock, rateHz: head.rateHz, visit: (_, column, value) => { if (electrodes[column]) fit.add(value) } })
  const kept = head.columns.map((_, i) => i).filter((i) => head.columns[i].role !== 'extra' || whole.columns[i].minimum < whole.columns[i].maximum)
  const table = { ...everything, cells: kept.map((i) => head.columns[i].cell) }
  const scan: TableScan = { ...whole, columns: kept.map((i) => whole.columns[i]) }
  const signals = kept.map((i) => signalOf(head, head.columns[i], whole.columns[i], fit.fits && electrodes[i] ? fit : null))
  const start = wallClockOf(timeTexts(head, probe))
  return textSource(file, { format: 'openbci', ...start, comments: head.comments, facts: head.board === '' ? {} : { equipment: `OpenBCI ${head.board}` } }, table, scan, signals, {
    rateHz: head.rateHz, findings,
  })
}

/** Whether a text's first line is the OpenBCI GUI's. @example isOpenBciText('%OpenBCI Raw EEG Data') // true */
export function isOpenBciText(firstLine: string): boolean {
  return /^\uFEFF?%\s*OpenBCI Raw/i.test(firstLine)
}

async function probeFile(file: ByteSource, head: OpenBciHead, layout: Parameters<typeof probeRows>[1]): Promise<Probe> {
  const number = new NumberReader('.')
  const indexes: number[] = []
  const electrodes = head.columns.filter(({ role }) => role === 'electrode').map(({ cell }) => cell)
  let decimals = 0
  let firstRow: string[] = []
  const cursor = await probeRows(file, layout, probedRows, (row) => {
    const last = Math.max(...head.columns.map(({ cell }) => cell))
    if (last >= row.cells) throw row.invalid(null, `it has ${row.cells} cells, but column ${last + 1} is wanted`)
    if (row.rows === 1) firstRow = Array.from({ length: row.cells }, (_, cell) => row.text(cell))
    if (!number.read(row.bytes, row.starts[0], row.ends[0])) throw row.invalid(0, `"${row.text(0).slice(0, 40)}" is not a sample index`)
    indexes.push(number.value)
    for (const cell of electrodes) if (number.read(row.bytes, row.starts[cell], row.ends[cell])) decimals = Math.max(decimals, number.decimals)
  })
  return { counter: recogniseCounter(indexes), indexes, decimals, cells: cursor.cells, firstRow }
}

function signalOf(head: OpenBciHead, column: OpenBciColumn, scan: ColumnScan, fit: CytonFit | null): TextSignal {
  const { label, unit } = column
  const note = head.board === '' ? 'OpenBCI' : `OpenBCI ${head.board}`
  if (fit === null) return decimalSignal(scan, { label, unit, note })
  return {
    grid: fit.grid,
    lossless: true,
    signal: {
      label, unit, gainCountsPerUnit: 1 / cytonStep, baseline: 0, calibrated: true, bits: 24, minimum: -cytonMaximum - 1, maximum: cytonMaximum, samplesPerFrame: 1, note,
    },
  }
}

/** Unix time and wall clock of the first row: by name, or, in old files, whichever of the last cells look like them. */
function timeTexts(head: OpenBciHead, { firstRow }: Probe): { unix: string | null; wall: string | null } {
  if (head.unixCell !== null || head.wallCell !== null) {
    return { unix: head.unixCell === null ? null : firstRow[head.unixCell], wall: head.wallCell === null ? null : firstRow[head.wallCell] }
  }
  const described = Math.max(...head.columns.map(({ cell }) => cell))
  const others = firstRow.slice(described + 1)
  return { unix: others.find((text) => /^\d{13}$/.test(text)) ?? null, wall: others.find((text) => /\d:\d\d:\d\d/.test(text)) ?? null }
}
