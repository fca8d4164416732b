import type { Envelope, Recording } from '../contract/index.ts'
import { ColumnFolder, columnBorders } from './column-folder.ts'
import type { OverviewLayout } from './overview.ts'
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

/** The stride that an envelope reads for such a request: 1 is signals.dat itself. */
function envelopeStride(fromRow: number, toRow: number, columns: number, layout: OverviewLayout | null): number {
  const fitting = (layout?.levels ?? []).filter((level) => level.stride * spansPerColumn <= (toRow - fromRow) / columns)
  return fitting.at(-1)?.stride ?? 1
}

/**
 * Minimum and maximum per column of stored rows, in physical units, NaN where every row is missing. Reads the coarsest level of
 * overview.bin that is fine enough, or signals.dat; without a sound overview, signals.dat. Memory does not grow with the recording.
 * @throws LabError `wfdb-signal-invalid`, `request-invalid` for an unknown lane, `cancelled`.
 */
export async function storedEnvelope(stored: StoredSignals, recording: Pick<Recording, 'lanes'>, request: EnvelopeRequest): Promise<Envelope> {
  const { fromRow, toRow, columns, signal } = request
  const picked = stored.pick(request.lanes)
  const stride = envelopeStride(fromRow, toRow, columns, stored.overview)
  const level = stored.overview?.levels.find((candidate) => candidate.stride === stride)
  const folder = new ColumnFolder(columnBorders(fromRow, toRow, columns, stride).map((row) => row / stride), picked.length)
  if (fromRow < toRow) {
    if (level) for await (const { pairs, span, spans } of stored.pairs(level, folder.first, folder.end, signal)) folder.addPairs(pairs, span, spans, stored.lanes, picked)
    else for await (const { counts, missing, row, rows } of stored.blocks(folder.first, folder.end, signal)) folder.addRows(counts, missing, row, rows, stored.lanes, picked)
  }
  return { fromRow, toRow, columns, bytes: folder.physical(picked.map((lane) => recording.lanes[lane])) }
}
