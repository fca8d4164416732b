import { LabError, type Recording, type RecordingId } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { hashFile } from './bad-tail.ts'
import { recoverRecording, type RecoverOptions } from './recover.ts'
import { changedFields } from './verify.ts'

export interface RedecodeResult {
  readonly recording: Recording
  /** What is different now, in words; empty when every byte is the same. */
  readonly changes: readonly string[]
}

/**
 * Runs today's decoder on the journal's bytes and replaces the derived files where they differ. The journal is not touched (except that
 * a bad tail of a cut off recording is set aside), so that nothing can be lost by it. A finished signal outlives its journal: where that is no longer
 * what was written, nothing is done. Imports are made again from their originals in the same way.
 * @throws LabError `recording-in-progress`, `journal-corrupt`, `recording-not-found`, `journal-not-found`, `recording-checksum-mismatch`, `dataset-full`, `cancelled`.
 */
export async function redecodeRecording(dataset: Dataset, id: RecordingId, options: RecoverOptions = {}): Promise<RedecodeResult> {
  const before = await dataset.recordings.get(id)
  if (before.state === 'recording' && !(await dataset.recordings.interrupted()).includes(id)) {
    throw new LabError('recording-in-progress', 'This recording is still running.', { recording: id })
  }
  await requireJournal(dataset, before)
  const { recording } = await recoverRecording(dataset, id, options)
  return { recording, changes: describeChanges(before, recording) }
}

/** @throws LabError `journal-corrupt` when a segment that recording.json lists is missing or is not what was written. */
async function requireJournal(dataset: Dataset, recording: Recording): Promise<void> {
  const folder = dataset.recordings.folder(recording.id)
  for (const { name, sha256 } of recording.files) {
    if (!/^journal-\d+\.plj$/.test(name)) continue
    const path = `${folder}/${name}`
    if ((await dataset.files.stat(path)) !== null && (await hashFile(dataset.files, path)).sha256 === sha256) continue
    throw new LabError('journal-corrupt', `${name} of the recording ${recording.id} is not what was written. Its stored signal stays as it is.`, {
      recording: recording.id,
      file: name,
    })
  }
}

function describeChanges(before: Recording, after: Recording): string[] {
  const changes: string[] = []
  const number = (name: string, from: number, to: number): void => {
    if (from !== to) changes.push(`${name}: ${from} before, ${to} now`)
  }
  number('rows', before.rows, after.rows)
  number('lost rows', before.lostRows, after.lostRows)
  number('gaps', before.gaps.length, after.gaps.length)
  number('bytes outside frames', before.skippedBytes, after.skippedBytes)
  for (const entry of after.files) {
    const old = before.files.find((file) => file.name === entry.name)
    if (!old) changes.push(`${entry.name}: new`)
    else if (old.sha256 !== entry.sha256) changes.push(`${entry.name}: other content`)
  }
  for (const entry of before.files) if (!after.files.some((file) => file.name === entry.name)) changes.push(`${entry.name}: no longer there`)
  const fields = changedFields(before, after).filter((name) => !['rows', 'seconds', 'lostRows', 'skippedBytes', 'contentHash'].includes(name))
  if (fields.length > 0) changes.push(`recording.json: ${fields.join(', ')}`)
  return changes
}
