import { LabError, noValue, type RowSpan } from '../contract/index.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'

/** Rows of a recording as counts, row-major, `noValue` where there is none and on rows that are left out. */
export interface RowBlock {
  readonly counts: Int32Array
  readonly row: number
  readonly rows: number
}

/** All rows of a recording; those outside `spans` are there without values, so that every other keeps its time. @throws LabError `wfdb-signal-invalid`, `cancelled`. */
export async function* keptRows(stored: StoredSignals, spans: readonly RowSpan[], signal?: AbortSignal): AsyncGenerator<RowBlock, void, void> {
  const { lanes } = stored
  let next = 0
  for await (const { counts: stored32, missing, row, rows } of stored.blocks(0, stored.rows, signal)) {
    if (signal?.aborted) throw new LabError('cancelled', 'The export was cancelled.')
    const counts = new Int32Array(rows * lanes).fill(noValue)
    while (next < spans.length && spans[next].to <= row) next++
    for (let i = next; i < spans.length && spans[i].from < row + rows; i++) {
      const end = (Math.min(spans[i].to, row + rows) - row) * lanes
      for (let at = Math.max(0, spans[i].from - row) * lanes; at < end; at++) if (stored32[at] !== missing) counts[at] = stored32[at]
    }
    yield { counts, row, rows }
  }
}
