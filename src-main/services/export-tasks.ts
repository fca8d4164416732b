import type { ExportOptions, ExportReport, MergeReport } from '../contract/index.ts'
import { exportVersion } from '../exchange/export-version.ts'
import { mergeDatasets } from '../exchange/merge.ts'
import type { MergeOptions } from '../exchange/merge-plan.ts'
import type { TaskContext } from './tasks.ts'
import { withDataset } from './with-dataset.ts'

/** Exports from the dataset at `path`, which anybody may have open. @throws LabError as `Dataset.open` and `exportVersion`. */
export function exportAt(path: string, options: ExportOptions, { signal, onProgress }: TaskContext): Promise<ExportReport> {
  return withDataset(path, 'read', (dataset) => exportVersion(dataset, options, { now: () => Date.now(), ...(signal && { signal }), ...(onProgress && { onProgress }) }))
}

/** Merges the dataset at `from` into the one at `path`, which nobody else may have open for writing. @throws LabError as `Dataset.open` and `mergeDatasets`. */
export function mergeAt(path: string, from: string, options: MergeOptions, { signal, onProgress }: TaskContext): Promise<MergeReport> {
  const context = { ...(signal && { signal }), ...(onProgress && { onProgress }) }
  return withDataset(from, 'read', (source) => withDataset(path, 'write', (dataset) => mergeDatasets(dataset, source, options, context)))
}
