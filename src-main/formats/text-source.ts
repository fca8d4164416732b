import type { ByteSource, SignalSource, SourceFinding, SourceGap, SourceSignal } from './signal-source.ts'
import { assumedRange, decimalGrid, gainOf, type ColumnScan, type ValueGrid } from './text-grid.ts'
import { scanFindings, tableBlocks, type TableScan, type TextTable } from './text-table.ts'

/** One column of a text as a signal: how its numbers become counts, and what those counts mean. */
export interface TextSignal {
  readonly grid: ValueGrid
  readonly signal: SourceSignal
  /** The column holds finer numbers than the grid does. */
  readonly lossless: boolean
}

/** What a text's head says, whatever its format. */
export interface TextHead {
  readonly format: SignalSource['format']
  readonly startDate: string | null
  readonly startTime: string | null
  readonly comments: readonly string[]
  readonly facts: Readonly<Record<string, string>>
}

/** A column of physical values, or of counts where `unit` is `count`: the decimals that it has, exactly. */
export function decimalSignal(scan: ColumnScan, about: { label: string; unit: string; note?: string }): TextSignal {
  const { grid, lossless } = decimalGrid(scan)
  return {
    grid,
    lossless,
    signal: {
      label: about.label, unit: about.unit, gainCountsPerUnit: gainOf(grid), baseline: 0, calibrated: about.unit !== 'count', ...assumedRange(scan, grid), samplesPerFrame: 1,
      note: about.note ?? '',
    },
  }
}

/** A column of converter counts 0..2^bits-1 that mean `(count - baseline) / gain`. */
export function converterSignal(about: { label: string; unit: string; bits: number; gainCountsPerUnit: number; baseline: number; note?: string }): TextSignal {
  const { label, unit, bits, gainCountsPerUnit, baseline, note = '' } = about
  return {
    grid: { kind: 'decimal', decimals: 0 },
    lossless: true,
    signal: { label, unit, gainCountsPerUnit, baseline, calibrated: unit !== 'count', bits, minimum: 0, maximum: 2 ** bits - 1, samplesPerFrame: 1, note },
  }
}

/** A scanned text as every reader gives it. */
export function textSource(
  file: ByteSource, head: TextHead, table: TextTable, scan: TableScan, signals: readonly TextSignal[],
  found: { rateHz: number; findings?: readonly SourceFinding[] },
): SignalSource {
  const gaps: readonly SourceGap[] = scan.gaps
  const rounded = signals.flatMap(({ lossless, signal, grid }, i) =>
    lossless || grid.kind !== 'decimal' ? [] : [{ label: signal.label, decimals: scan.columns[i].decimals, kept: grid.decimals }],
  )
  const findings = [...scanFindings(file, scan, rounded), ...(found.findings ?? [])]
  return {
    ...head,
    rateHz: found.rateHz,
    frames: scan.frames,
    signals: signals.map(({ signal }) => signal),
    gaps,
    files: [file.name],
    blocks: (options) => tableBlocks(file, table, scan, signals.map(({ grid }) => grid), options),
    annotations: () => Promise.resolve([]),
    findings: () => findings,
  }
}
