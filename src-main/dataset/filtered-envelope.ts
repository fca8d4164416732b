import type { DisplayFilters, Envelope } from '../contract/index.ts'
import { columnBorders } from './column-folder.ts'
import type { EnvelopeRequest } from './envelope.ts'
import { FilteredTiles, marginSeconds, rateOf, type FilteredRecording, type FilteredTile } from './filtered-tiles.ts'
import type { StoredSignals } from './stored-signals.ts'

/** Samples that are filtered for one look: four minutes of eight lanes at 1 kHz, half an hour of two at 500 Hz. Wider ones are drawn raw. */
const mostSamples = 2_000_000

/** Kept as long as the recording is open. */
const tilesOf = new WeakMap<StoredSignals, FilteredTiles>()

/** Whether a request is narrow enough to be filtered. */
export function canFilter(recording: FilteredRecording, request: EnvelopeRequest): boolean {
  const margin = 2 * marginSeconds * rateOf(recording)
  return (request.toRow - request.fromRow + margin) * (request.lanes?.length ?? recording.lanes.length) <= mostSamples
}

/**
 * As `storedEnvelope`, of the signal after the display filters, forwards and backwards: no delay.
 * @throws LabError `wfdb-signal-invalid`, `request-invalid` for an unknown lane, `cancelled`.
 */
export async function filteredEnvelope(stored: StoredSignals, recording: FilteredRecording, request: EnvelopeRequest, filters: DisplayFilters): Promise<Envelope> {
  const { fromRow, toRow, columns, signal } = request
  const picked = stored.pick(request.lanes)
  const values = new Float32Array(picked.length * columns * 2).fill(Number.NaN)
  if (fromRow < toRow) {
    const tiles = tilesOf.get(stored) ?? new FilteredTiles(stored, recording)
    tilesOf.set(stored, tiles)
    const borders = columnBorders(fromRow, toRow, columns, 1)
    const end = Math.max(toRow, borders[columns - 1] + 1)
    const lanes = await tiles.cover(picked, fromRow, end, filters, signal)
    lanes.forEach((lane, i) => {
      for (const tile of lane) foldColumns(tile, borders, values.subarray(i * columns * 2, (i + 1) * columns * 2))
    })
  }
  return { fromRow, toRow, columns, bytes: new Uint8Array(values.buffer) }
}

/** Folds a tile's finite samples into the minimum and maximum of the columns that it overlaps. */
function foldColumns({ from, samples }: FilteredTile, borders: readonly number[], pairs: Float32Array): void {
  for (let column = 0; column + 1 < borders.length; column++) {
    const begin = Math.max(0, borders[column] - from)
    const end = Math.min(samples.length, Math.max(borders[column + 1], borders[column] + 1) - from)
    if (begin >= end) continue
    let low = Number.isNaN(pairs[column * 2]) ? Number.POSITIVE_INFINITY : pairs[column * 2]
    let high = Number.isNaN(pairs[column * 2 + 1]) ? Number.NEGATIVE_INFINITY : pairs[column * 2 + 1]
    for (let i = begin; i < end; i++) {
      const value = samples[i]
      if (value < low) low = value
      if (value > high) high = value
    }
    if (low > high) continue
    pairs[column * 2] = low
    pairs[column * 2 + 1] = high
  }
}
