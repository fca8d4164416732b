import { LabError, type Recording, type RecordingId, type RecordingListItem, type Subject, type SubjectInput, type VerifyReport } from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import { eraseSubject, type Erasure } from '../dataset/erasure.ts'
import { recoverDataset, type RecoverReport } from '../recording/recover.ts'
import { redecodeRecording } from '../recording/redecode.ts'
import { verifyDataset, verifyRecording } from '../recording/verify.ts'
import { withDataset } from './with-dataset.ts'

/** Progress and cancellation of long work. */
export interface TaskContext {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number | null) => void
}

export async function createDataset(path: string, name: string): Promise<{ id: string; name: string; path: string }> {
  const dataset = await Dataset.create(path, { name })
  await dataset.close()
  return { id: dataset.info.id, name: dataset.info.name, path: dataset.path }
}

/** @throws LabError `subject-code-invalid`, `subject-duplicate`, and those of opening. */
export function addSubject(path: string, input: Omit<SubjectInput, 'code'> & { code: string }): Promise<Subject> {
  return withDataset(path, 'write', (dataset) => dataset.subjects.add(input as SubjectInput))
}

export function listSubjects(path: string): Promise<Subject[]> {
  return withDataset(path, 'read', (dataset) => dataset.subjects.list())
}

/** @throws LabError `subject-not-found`, `subject-erased`, `request-invalid`. */
export function mergeSubjects(path: string, code: string, into: string): Promise<Subject> {
  return withDataset(path, 'write', (dataset) => dataset.subjects.merge(code, into))
}

/** @throws LabError `usage-invalid` when `confirm` is not the code, and as `eraseSubject`. */
export function eraseSubjectAt(path: string, code: string, confirm: string): Promise<Erasure> {
  if (confirm !== code) throw new LabError('usage-invalid', `Erasing cannot be undone: repeat the code with --confirm ${code}.`, { option: 'confirm' })
  return withDataset(path, 'write', (dataset) => eraseSubject(dataset, code))
}

export function listRecordings(path: string): Promise<RecordingListItem[]> {
  return withDataset(path, 'read', (dataset) => dataset.recordings.list())
}

/** @throws LabError `recording-not-found`, also when the first letters fit more than one. */
export function showRecording(path: string, idOrPrefix: string): Promise<{ recording: Recording; path: string }> {
  return withDataset(path, 'read', async (dataset) => {
    const recording = await dataset.recordings.get(await dataset.recordings.find(idOrPrefix))
    return { recording, path: await dataset.recordings.folder(recording.id) }
  })
}

export function verifyAt(path: string, context: TaskContext): Promise<VerifyReport> {
  return withDataset(path, 'read', (dataset) => verifyDataset(dataset, context))
}

/** @throws LabError the first finding. */
export function verifyRecordingAt(path: string, id: RecordingId, context: TaskContext): Promise<VerifyReport> {
  return withDataset(path, 'read', (dataset) => verifyRecording(dataset, id, context))
}

export function recoverAt(path: string, context: TaskContext): Promise<RecoverReport> {
  return withDataset(path, 'write', (dataset) => recoverDataset(dataset, context))
}

export interface RedecodeReport {
  readonly recordings: readonly { readonly id: string; readonly changes: readonly string[] }[]
  readonly failures: RecoverReport['failures']
}

/** Recordings that fail do not keep the others waiting. @throws LabError `recording-not-found`, `cancelled`. */
export function redecodeAt(path: string, idOrPrefix: string | null, context: TaskContext): Promise<RedecodeReport> {
  return withDataset(path, 'write', async (dataset) => {
    const ids = idOrPrefix === null ? await dataset.recordings.ids() : [await dataset.recordings.find(idOrPrefix)]
    const recordings: { id: string; changes: readonly string[] }[] = []
    const failures: RecoverReport['failures'][number][] = []
    for (const [index, id] of ids.entries()) {
      if (context.signal?.aborted) throw new LabError('cancelled', 'Decoding again was cancelled.')
      try {
        const { changes } = await redecodeRecording(dataset, id, { signal: context.signal })
        recordings.push({ id, changes })
      } catch (thrown) {
        const { code, message } = LabError.from(thrown)
        if (context.signal?.aborted) throw thrown
        failures.push({ id, code, message })
      }
      context.onProgress?.(index + 1, ids.length)
    }
    return { recordings, failures }
  })
}
