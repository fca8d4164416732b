import type { ExportOptions, ExportReport, MergeReport } from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import { exportVersion } from '../exchange/export-version.ts'
import { mergeDatasets } from '../exchange/merge.ts'
import type { MergeOptions } from '../exchange/merge-plan.ts'
import type { TaskContext } from './tasks.ts'

/** Exports from the dataset at `path`, which anybody may have open. @throws LabError as `Dataset.open` and `exportVersion`. */
export async function exportAt(path: string, options: ExportOptions, { signal, onProgress }: TaskContext): Promise<ExportReport> {
  const dataset = await Dataset.open(path, { access: 'read' })
  try {
    return await exportVersion(dataset, options, { now: () => Date.now(), ...(signal && { signal }), ...(onProgress && { onProgress }) })
  } finally {
    await dataset.close()
  }
}

/** Merges the dataset at `from` into the one at `path`, which nobody else may have open for writing. @throws LabError as `Dataset.open` and `mergeDatasets`. */
export async function mergeAt(path: string, from: string, options: MergeOptions, context: TaskContext): Promise<MergeReport> {
  const source = await Dataset.open(from, { access: 'read' })
  try {
    const dataset = await Dataset.open(path, { access: 'write' })
    try {
      const { signal, onProgress } = context
      return await mergeDatasets(dataset, source, options, { ...(signal && { signal }), ...(onProgress && { onProgress }) })
    } finally {
      await dataset.close()
    }
  } finally {
    await source.close()
  }
}
