import type { Envelope, Recording } from '../contract/index.ts'
import { ColumnFolder, columnBorders, columnSpans, cutSpans, type ColumnSpans } from './column-folder.ts'
import type { OverviewLayout, OverviewLevel } from './overview.ts'
import type { StoredSignals } from './stored-signals.ts'

export interface EnvelopeRequest {
  /** Lane ids in the wanted order; `null` for all. */
  readonly lanes: readonly string[] | null
  readonly fromRow: number
  /** Exclusive; rows beyond the end have no value. */
  readonly toRow: number
  readonly columns: number
  readonly signal?: AbortSignal
}

/** A level is used when a column spans at least this many of its spans: borders are then off by a quarter column at most. */
const spansPerColumn = 4
/** The inside of columns comes from the next coarser level from this many of its spans on: fewer leave hardly one whole span in a column. */
const innerSpansPerColumn = 2

/** What such a request reads: `level`, or signals.dat where it is `null`, and for the inside of wide columns `coarser`. */
function levelsFor(fromRow: number, toRow: number, columns: number, layout: OverviewLayout | null): { level: OverviewLevel | null; coarser: OverviewLevel | null } {
  const levels = layout?.levels ?? []
  const finer = levels.filter((level) => level.stride * spansPerColumn <= (toRow - fromRow) / columns).length
  const next = levels.at(finer) ?? null
  return { level: finer > 0 ? levels[finer - 1] : null, coarser: next && next.stride * innerSpansPerColumn <= (toRow - fromRow) / columns ? next : null }
}

/**
 * Minimum and maximum per column of stored rows, in physical units, NaN where every row is missing. Reads the coarsest level of
 * overview.bin that is fine enough, or signals.dat; without a sound overview, signals.dat. What lies inside a column is then folded from the
 * next coarser level, which holds the same numbers for fewer values, and only what is left at both borders from the finer one. Memory does not grow with the recording.
 * @throws LabError `wfdb-signal-invalid`, `request-invalid` for an unknown lane, `cancelled`.
 */
export async function storedEnvelope(stored: StoredSignals, recording: Pick<Recording, 'lanes'>, request: EnvelopeRequest): Promise<Envelope> {
  const { fromRow, toRow, columns, signal } = request
  const picked = stored.pick(request.lanes)
  const { level, coarser } = levelsFor(fromRow, toRow, columns, stored.overview)
  const stride = level?.stride ?? 1
  const folder = new ColumnFolder(columns, picked.length)
  const fold = async (from: OverviewLevel | null, parts: readonly ColumnSpans[]): Promise<void> => {
    const first = Math.min(...parts.map(({ begins }) => begins[0]))
    const end = Math.max(...parts.map(({ ends }) => ends[columns - 1]))
    if (from) {
      for await (const { pairs, span, spans } of stored.pairs(from, first, end, signal)) for (const part of parts) folder.addPairs(part, pairs, span, spans, stored.lanes, picked)
    } else {
      for await (const { counts, missing, row, rows } of stored.passingBlocks(first, end, signal)) for (const part of parts) folder.addRows(part, counts, missing, row, rows, stored.lanes, picked)
    }
  }
  if (fromRow < toRow) {
    const spans = columnSpans(columnBorders(fromRow, toRow, columns, stride).map((row) => row / stride))
    const { inner, before, behind } = coarser ? cutSpans(spans, coarser.stride / stride) : { inner: null, before: spans, behind: null }
    if (inner) await fold(coarser, [inner])
    await fold(level, behind ? [before, behind] : [before])
  }
  return { fromRow, toRow, columns, bytes: folder.physical(picked.map((lane) => recording.lanes[lane])) }
}
