import { readOpenSignalsHead, type OpenSignalsColumn, type OpenSignalsHead } from './opensignals-head.ts'
import type { ByteSource, SignalSource, SourceFinding } from './signal-source.ts'
import { CounterClock, recogniseCounter } from './text-counter.ts'
import { fitsConverter, type ColumnScan } from './text-grid.ts'
import { NumberReader } from './text-numbers.ts'
import { converterSignal, decimalSignal, textSource, type TextSignal } from './text-source.ts'
import { probeRows, scanTable } from './text-table.ts'

/** More rows than a 16-bit counter takes to wrap. */
const probedRows = 70_000

/** What a sensor's counts mean: physical span of the whole range, and its value at count 0 as a share of the span. */
interface Transfer {
  readonly unit: string
  readonly span: number
  readonly zeroAt: number
  readonly note?: string
}

// Sensor data sheets of PLUX. BITalino (r)evolution: 3.3 V, ECG gain 1100, EMG gain 1009, EDA 3.3 V over 0.132 V/uS. biosignalsplux: 3.0 V, ECG gain 1000,
// EMG gain 1000, EDA 3.0 V over 0.12 V/uS.
const bitalinoTransfers: Readonly<Record<string, Transfer>> = {
  ECG: { unit: 'mV', span: 3300 / 1100, zeroAt: 0.5 },
  EMG: { unit: 'mV', span: 3300 / 1009, zeroAt: 0.5 },
  EDA: { unit: 'uS', span: 3.3 / 0.132, zeroAt: 0 },
}
const pluxTransfers: Readonly<Record<string, Transfer>> = {
  ECG: { unit: 'mV', span: 3000 / 1000, zeroAt: 0.5, note: 'gain 1000 assumed; sensors of 1019 read 2 % high' },
  EMG: { unit: 'mV', span: 3000 / 1000, zeroAt: 0.5 },
  EDA: { unit: 'uS', span: 3.0 / 0.12, zeroAt: 0 },
}

/**
 * Opens a text of PLUX OpenSignals (r)evolution (one device or several) or in the Simple Text Format of BioSPPy. Rows that the sequence number `nSeq` shows to be missing
 * are gaps, certain modulo its range. ECG, EMG and EDA of known devices get their sensor's transfer function, e.g. `mV = (ADC / 2^n - 0.5) * 3.3 / 1100 * 1000`;
 * everything else stays counts.
 * @throws LabError `text-signal-invalid` with `data.file`, `data.line` or `data.offset`, and `data.field`.
 * @example const { signals, rateHz } = await openOpenSignals(file) // ECG: 341.33 counts per mV, baseline 512, 1000 Hz
 */
export async function openOpenSignals(file: ByteSource): Promise<SignalSource> {
  const head = await readOpenSignalsHead(file)
  const layout = { delimiter: 'tab', decimal: 'point', commentPrefix: '#', skipLines: head.lines, cells: head.cells } as const
  const table = { layout, cells: head.columns.map(({ cell }) => cell), missing: [] }
  const findings: SourceFinding[] = []
  const counter = head.counterCell === null ? null : await findCounter(file, head, layout, findings)
  const clock = counter === null || head.counterCell === null ? null : new CounterClock(head.counterCell, counter)
  const scan = await scanTable(file, table, { clock, rateHz: head.rateHz })
  const signals = head.columns.map((column, i) => signalOf(file, head, column, scan.columns[i], findings))
  return textSource(file, { format: 'opensignals', ...head }, table, scan, signals, { rateHz: head.rateHz, findings })
}

/** Whether a text's first line is one of the two formats. @example isOpenSignals('# OpenSignals Text File Format') // true */
export function isOpenSignals(firstLine: string): boolean {
  return /^\uFEFF?#\s*(OpenSignals Text File Format|Simple Text Format)/i.test(firstLine)
}

async function findCounter(file: ByteSource, head: OpenSignalsHead, layout: Parameters<typeof probeRows>[1], findings: SourceFinding[]): Promise<ReturnType<typeof recogniseCounter>> {
  const cell = head.counterCell ?? 0
  const number = new NumberReader('.')
  const values: number[] = []
  await probeRows(file, layout, probedRows, (cursor) => {
    if (!number.read(cursor.bytes, cursor.starts[cell], cursor.ends[cell])) throw cursor.invalid(cell, `"${cursor.text(cell).slice(0, 40)}" is not a sequence number`)
    values.push(number.value)
  })
  const counter = recogniseCounter(values)
  if (counter === null && values.length > 1) {
    findings.push({
      code: 'import-header-doubtful',
      message: `The sequence number in ${file.name} does not count the rows, so that lost ones cannot be seen.`,
      data: { file: file.name, column: cell + 1, field: 'nSeq', first: values.slice(0, 8) },
    })
  }
  return counter
}

function signalOf(file: ByteSource, head: OpenSignalsHead, column: OpenSignalsColumn, scan: ColumnScan, findings: SourceFinding[]): TextSignal {
  const { label, sensor, bits } = column
  const note = [head.facts.equipment ?? '', sensor].filter((text) => text !== '').join(', ')
  if (bits > 0 && fitsConverter(scan, bits)) {
    const transfer = transferOf(column)
    const range = 2 ** bits
    if (transfer === null) return converterSignal({ label, unit: 'count', bits, gainCountsPerUnit: 1, baseline: 0, note })
    return converterSignal({ label, unit: transfer.unit, bits, gainCountsPerUnit: range / transfer.span, baseline: range * transfer.zeroAt, note: [note, transfer.note ?? ''].filter((text) => text !== '').join('; ') })
  }
  if (bits > 0 && scan.values > 0 && scan.whole) {
    findings.push({
      code: 'import-header-doubtful',
      message: `${label} in ${file.name} has values from ${scan.minimum} to ${scan.maximum}, outside the ${bits} bits that the header names; the resolution was not believed.`,
      data: { file: file.name, signal: label, field: 'resolution', bits, minimum: scan.minimum, maximum: scan.maximum },
    })
  }
  return decimalSignal(scan, { label, unit: column.unit ?? 'count', note })
}

function transferOf({ sensor, device }: OpenSignalsColumn): Transfer | null {
  const name = /ECG|EMG|EDA/.exec(sensor.toUpperCase())?.[0]
  if (name === undefined) return null
  if (/bitalino/i.test(device)) return bitalinoTransfers[name] ?? null
  return /biosignalsplux|biosignals ?explorer|muscleban|plux/i.test(device) ? (pluxTransfers[name] ?? null) : null
}
