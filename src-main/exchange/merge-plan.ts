import { join } from 'node:path'
import { LabError, type Consent, type DatasetSplit, type DatasetVersion, type Recording, type RecordingId, type SubjectCode } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { readJsonLines } from '../dataset/json-lines.ts'
import { SubjectEvent } from '../dataset/subject-events.ts'
import { planLayers, type PlannedLayer } from './merge-layers.ts'
import { planFrozen } from './merge-frozen.ts'
import { planSubjects } from './merge-subjects.ts'

export interface MergeOptions {
  /** Subjects of `from` whose code is somebody else's here get this before it; so do versions and splits whose name is taken. */
  readonly renameConflicts?: string | null
  /** The same code is the same person. */
  readonly sameSubjects?: boolean
}

/** What two datasets say differently under the same name. */
export interface MergeConflict {
  readonly what: 'subject' | 'recording' | 'labels' | 'version' | 'split'
  readonly name: string
  readonly reason: string
}

/** A recording to be copied. */
export interface PlannedRecording {
  /** As it will be: with the subject's new code, where it gets one. */
  readonly recording: Recording
  readonly folder: string
  readonly renamed: boolean
}

export interface MergePlan {
  readonly events: readonly SubjectEvent[]
  /** People who are here under the same code and refused or withdrew there, or consented there and were not asked here. */
  readonly consents: readonly { readonly code: SubjectCode; readonly consent: Consent }[]
  /** Tombstones of codes that were never used here. */
  readonly bury: readonly SubjectCode[]
  /** People who are here and were erased there. */
  readonly erase: readonly SubjectCode[]
  readonly subjects: number
  readonly recordings: readonly PlannedRecording[]
  readonly same: number
  readonly layers: readonly PlannedLayer[]
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
  readonly versions: readonly DatasetVersion[]
  readonly splits: readonly DatasetSplit[]
  /** Recordings of people who were erased here: they stay away. */
  readonly keptAway: readonly RecordingId[]
}

/**
 * All that a merge would do, and whether it may. Nothing is written.
 * @throws LabError `merge-conflict` with `data.conflicts`, `request-invalid` for a dataset and itself, `recording-incomplete` for recordings that await `recover`, `dataset-invalid`, `version-invalid`,
 *   `split-invalid`, `cancelled`, and those of reading.
 */
export async function planMerge(into: Dataset, from: Dataset, options: MergeOptions, signal?: AbortSignal): Promise<MergePlan> {
  if (into.path === from.path) throw new LabError('request-invalid', 'A dataset cannot be merged with itself.', { path: 'from', dataset: from.path })
  await requireWhole(from)
  const conflicts: MergeConflict[] = []
  const theirs = await recordingsOf(from, signal)
  const known = new Map((await into.recordings.list()).map((item) => [item.id as string, item.contentHash]))
  const here = new Set<string>(await into.recordings.ids())
  const sharedCodes = new Map<string, SubjectCode>()
  for (const { id, subject, contentHash } of theirs) if (known.get(id) === contentHash) sharedCodes.set(subject.toLowerCase(), (await into.recordings.get(id)).subject)
  const people = planSubjects({
    into, from, options, conflicts,
    intoEvents: await eventsOf(into),
    fromEvents: await eventsOf(from),
    theirCodes: theirs.map(({ subject }) => subject),
    sharedCodes,
  })
  const recordings: PlannedRecording[] = []
  const layers: PlannedLayer[] = []
  const keptAway: RecordingId[] = []
  let same = 0
  for (const recording of theirs) {
    if (signal?.aborted) throw new LabError('cancelled', 'The merge was cancelled.')
    if (people.keptAway.has(recording.subject.toLowerCase())) keptAway.push(recording.id)
    else if (!here.has(recording.id)) {
      const subject = people.codes.get(recording.subject.toLowerCase()) ?? recording.subject
      recordings.push({ recording: { ...recording, subject }, folder: from.recordings.folder(recording.id), renamed: subject !== recording.subject })
    } else if (known.get(recording.id) !== recording.contentHash) {
      conflicts.push({ what: 'recording', name: recording.id, reason: known.has(recording.id) ? 'its content differs' : 'it is damaged here' })
    } else {
      same++
      layers.push(...(await planLayers(into, from, recording.id, conflicts)))
    }
  }
  const frozen = await planFrozen({ into, from, options, conflicts, codes: people.codes, keptAway: new Set(keptAway) })
  if (conflicts.length > 0) throw conflictError(conflicts, options)
  const { events, consents, bury, erase, subjects, renamed } = people
  return { events, consents, bury, erase, subjects, recordings, same, layers, renamed: [...renamed, ...frozen.renamed], versions: frozen.versions, splits: frozen.splits, keptAway }
}

function conflictError(conflicts: readonly MergeConflict[], options: MergeOptions): LabError {
  const shown = conflicts.slice(0, 5).map(({ what, name, reason }) => `${what} ${name}: ${reason}`)
  const more = conflicts.length > shown.length ? ` and ${conflicts.length - shown.length} more` : ''
  const hint = !options.renameConflicts && conflicts.every(({ what }) => what !== 'recording' && what !== 'labels') ? ' --rename-conflicts PREFIX gives them other names; --same-subjects says that equal codes are the same people.' : ''
  return new LabError('merge-conflict', `The datasets say different things: ${shown.join('; ')}${more}. Nothing was changed.${hint}`, { conflicts: conflicts.slice(0, 200) })
}

/** What was cut off must be recovered where it was made: only there is it known that nobody still writes. */
async function requireWhole(from: Dataset): Promise<void> {
  const findings = await from.recordings.findings()
  if (findings.length > 0) throw new LabError('dataset-invalid', `${findings[0].file}: ${findings[0].message}`, { path: findings[0].file, reason: findings[0].message })
  const unfinished = (await from.recordings.list()).filter(({ state }) => state === 'recording' || state === 'interrupted').map(({ id }) => id)
  if (unfinished.length > 0) {
    throw new LabError('recording-incomplete', `${unfinished.length} recordings of ${from.path} are being recorded or await \`pulseprint recover\`.`, { recording: unfinished[0], recordings: unfinished.slice(0, 50) })
  }
}

async function recordingsOf(dataset: Dataset, signal: AbortSignal | undefined): Promise<Recording[]> {
  const recordings: Recording[] = []
  for (const id of await dataset.recordings.ids()) {
    if (signal?.aborted) throw new LabError('cancelled', 'The merge was cancelled.')
    recordings.push(await dataset.recordings.get(id))
  }
  return recordings
}

/** @throws LabError `dataset-invalid` when a line of subjects.jsonl cannot be read: it may be an erasure. */
async function eventsOf(dataset: Dataset): Promise<readonly SubjectEvent[]> {
  const path = join(dataset.path, 'subjects.jsonl')
  const { entries, damaged } = await readJsonLines(dataset.files, path, SubjectEvent)
  const broken = damaged.find(({ torn }) => !torn)
  if (broken) throw new LabError('dataset-invalid', `Line ${broken.line} of ${path} is damaged: ${broken.reason}.`, { path, reason: broken.reason, line: broken.line })
  return entries
}
