import { LabError, type RecordingId } from '../contract/index.ts'
import { analyseLanes, readAnalysis, writeAnalysis } from '../dataset/analysis.ts'
import { Dataset } from '../dataset/dataset.ts'
import type { WorkerContext } from './worker-task.ts'

export interface AnalyseReport {
  readonly recordings: number
  readonly failures: readonly { readonly id: RecordingId; readonly code: string; readonly message: string }[]
}

/**
 * Runs the offline detectors on these recordings, lane by lane, and writes analysis.qrs and analysis.json of each. One that fails does not keep the others waiting. The analysis
 * is derived, so the dataset's lock is not needed, only that nobody else analyses the same recordings.
 * @throws LabError `dataset-full`, `dataset-not-writable`, `cancelled`, and those of opening.
 */
export async function analyseAt(path: string, ids: readonly RecordingId[], context: WorkerContext): Promise<AnalyseReport> {
  const dataset = await Dataset.open(path, { access: 'read' })
  try {
    return await analyseRecordings(dataset, ids, context)
  } finally {
    await dataset.close()
  }
}

export async function analyseRecordings(dataset: Dataset, ids: readonly RecordingId[], { signal, onProgress, onItem }: WorkerContext): Promise<AnalyseReport> {
  const failures: AnalyseReport['failures'][number][] = []
  for (const [index, id] of ids.entries()) {
    if (signal.aborted) throw new LabError('cancelled', 'The analysis was cancelled.')
    onProgress(index, ids.length)
    try {
      const recording = await dataset.recordings.get(id)
      const folder = dataset.recordings.folder(id)
      await writeAnalysis(dataset.files, folder, await analyseLanes(recording, { files: dataset.files, folder }, signal))
      onItem?.(id)
    } catch (thrown) {
      const { code, message } = LabError.from(thrown)
      if (signal.aborted || code === 'dataset-full' || code === 'dataset-not-writable') throw thrown
      failures.push({ id, code, message })
    }
  }
  onProgress(ids.length, ids.length)
  return { recordings: ids.length - failures.length, failures }
}

/** Finished recordings whose analysis is missing or of another signal. */
export async function unanalysed(dataset: Dataset): Promise<RecordingId[]> {
  const ids: RecordingId[] = []
  for (const { id, state, contentHash } of await dataset.recordings.list()) {
    if (state === 'recording' || state === 'interrupted' || state === 'discarded') continue
    if ((await readAnalysis(dataset.files, dataset.recordings.folder(id), contentHash)) === null) ids.push(id)
  }
  return ids
}
