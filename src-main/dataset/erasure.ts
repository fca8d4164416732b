import { LabError, type RecordingId, type SubjectCode } from '../contract/index.ts'
import type { Dataset } from './dataset.ts'
import { eraseRunTraces, eraseTemplates, requireUntrained } from './run-traces.ts'

/** What went with a subject. */
export interface Erasure {
  readonly code: SubjectCode
  readonly recordings: RecordingId[]
  /** Names of versions and splits that recordings were taken out of. */
  readonly versions: string[]
  readonly splits: string[]
}

/**
 * Erases a person for good: the subject, every code that was merged into it, their recordings with journals, originals, labels and derived files, their entries in versions and
 * splits, templates by which models know them, their lines in the reports of runs, windows cut for training, and whatever subjects.jsonl and the catalogue say of them. Tombstones with the codes remain, so that none is
 * given out again, and audit entries with codes and counts.
 *
 * The tombstones come first: once they are there, a crash at any point is made good when the dataset is opened again (`finishErasures`).
 * @throws LabError `subject-not-found`, `subject-erased`, `recording-in-progress`, `run-busy` while a run learns from the person, and the errors of writing.
 */
export async function eraseSubject(dataset: Dataset, code: string): Promise<Erasure> {
  const codes = dataset.subjects.codesOf(code)
  const { ids, active } = await dataset.recordings.ofSubjects(keysOf(codes))
  if (active.length > 0) {
    throw new LabError('recording-in-progress', `${codes[0]} is being recorded; finish the recording first.`, { code: codes[0], recording: active[0] })
  }
  await requireUntrained(dataset, new Set(ids))
  await dataset.subjects.bury(codes)
  return { code: codes[0], ...(await removeBuried(dataset)) }
}

/** Finishes erasures that a crash cut off; called under the dataset's lock when it is opened. Returns the recordings that were removed. @throws LabError of writing. */
export async function finishErasures(dataset: Dataset): Promise<RecordingId[]> {
  if (dataset.subjects.erased.size === 0) return []
  const codes = keysOf([...dataset.subjects.erased.keys()])
  // A trainer that was ended while it enrolled them could not look back.
  await eraseTemplates(dataset, codes)
  const { ids } = await dataset.recordings.ofSubjects(codes)
  if (ids.length === 0 && (await dataset.subjects.remains()) === 0) return []
  return (await removeBuried(dataset)).recordings
}

/**
 * Removes what is left of everybody who has a tombstone. Runs are told while splits still say whose recordings they hold; versions and splits forget the recordings while their folders
 * still say which those are; the lines of subjects.jsonl go last, because they are what tells that something was left undone.
 */
async function removeBuried(dataset: Dataset): Promise<Omit<Erasure, 'code'>> {
  const codes = keysOf([...dataset.subjects.erased.keys()])
  const { ids } = await dataset.recordings.ofSubjects(codes)
  await eraseRunTraces(dataset, codes, new Set(ids))
  const versions = await dataset.versions.erase(new Set(ids))
  const splits = await dataset.splits.erase(new Set(ids))
  await dataset.signals.close()
  const gone = await dataset.recordings.removeSubjects(codes)
  for (const id of ids) dataset.labels.forget(id)
  await auditOnce(dataset, ids.length, versions.length, splits.length)
  await dataset.subjects.removeRemains()
  return { recordings: gone, versions, splits }
}

/** One entry per code that has none yet: a crash may lie between it and the lines of subjects.jsonl. */
async function auditOnce(dataset: Dataset, recordings: number, versions: number, splits: number): Promise<void> {
  const told = new Set((await dataset.audit.entries()).flatMap(({ what, data }) => (what === 'subject.erased' ? [String(data.code).toLowerCase()] : [])))
  for (const [key, code] of dataset.subjects.erased) if (!told.has(key)) await dataset.subjects.auditErased(code, { recordings, versions, splits })
}

const keysOf = (codes: readonly string[]): ReadonlySet<string> => new Set(codes.map((code) => code.toLowerCase()))
