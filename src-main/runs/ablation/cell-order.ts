import type { RunRecord } from '../../contract/index.ts'
import { modelsOf } from '../planned-models.ts'
import { runsByCell, type PlannedCell } from './cells.ts'
import { isSameModel } from './model-key.ts'

/**
 * Whether a cell would only wait for a program that is at work, while there is another that nobody does and that needs nobody: whoever asks takes that one first. A cell waits where its own run is under way, or
 * a run of the same seed that is to make a model for both (a teacher, a twin) and has not yet. Programs that share a grid so begin with different seeds, and no model is trained by two of them.
 * @param cells of the grid
 * @param records as they are now: a run whose program was killed is not `running`
 */
export function isBetterLater(key: string, cells: readonly PlannedCell[], records: readonly RunRecord[]): boolean {
  const byCell = runsByCell(records)
  const running = records.filter(({ state, cell }) => state === 'running' && cell !== undefined)
  const cell = cells.find((one) => one.key === key)
  const waits = (one: PlannedCell): boolean => byCell.get(one.key)?.state === 'running' || running.some((run) => isMakingFor(run, one, records))
  if (cell === undefined || running.length === 0 || byCell.get(key)?.state === 'finished' || !waits(cell)) return false
  return cells.some((one) => one.key !== key && !['finished', 'failed', 'running'].includes(byCell.get(one.key)?.state ?? 'waiting') && !waits(one))
}

/** Whether this run has yet to make a model that the cell can take over, and that nobody else has made. */
function isMakingFor(run: RunRecord, cell: PlannedCell, records: readonly RunRecord[]): boolean {
  if (run.seed !== cell.seed || run.cell === cell.key) return false
  const makes = (record: RunRecord, name: RunRecord['models'][number]['name']): boolean => record.seed === cell.seed && record.cell !== undefined && record.split.hash === run.split.hash && isSameModel(name, record.recipe, cell.recipe)
  return modelsOf(cell.recipe).some((name) => modelsOf(run.recipe).includes(name) && makes(run, name) && !records.some((record) => makes(record, name) && record.models.some((model) => model.name === name && model.key !== undefined)))
}
