import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { LabError, type DatasetSplit, type DatasetVersion, type MergeReport } from '../contract/index.ts'
import { hasTrials } from '../curation/split-roles.ts'
import { trialLines } from '../curation/trials.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { eraseSubject } from '../dataset/erasure.ts'
import { writeAtomically, type Files } from '../dataset/files.ts'
import { makeStaging } from '../dataset/staging.ts'
import { planMerge, type MergeOptions, type MergePlan, type PlannedRecording } from './merge-plan.ts'

export interface MergeContext {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number | null) => void
}

const blockBytes = 1 << 20
/** Recordings that are taken in together: one audit entry, one change told. */
const batch = 16

/**
 * Takes everything of another station's dataset into this one, which is open for writing; `from` is open for reading and stays as it is. Every conflict is found before anything is
 * written. Recordings are copied byte for byte, hashed on the way against recording.json, and taken in as wholes; then label layers, versions and splits. A merge that was cut off is run
 * again: what is here already with the same content is passed over. People who were erased in either dataset stay erased in this one. The identity vault is not touched.
 * @throws LabError `merge-conflict` with `data.conflicts` (nothing was changed), `recording-checksum-mismatch`, `recording-incomplete`, `cancelled`, and those of `planMerge`, reading and writing.
 * @example await mergeDatasets(mine, theirs, { renameConflicts: 'B-' }) // their S001, somebody else than mine, becomes B-S001
 */
export async function mergeDatasets(into: Dataset, from: Dataset, options: MergeOptions, context: MergeContext = {}): Promise<MergeReport> {
  const plan = await planMerge(into, from, options, context.signal)
  await into.subjects.takeIn(plan.events)
  for (const { code, consent } of plan.consents) await into.subjects.setConsent(code, consent)
  if (plan.bury.length > 0) await into.subjects.bury(plan.bury)
  for (const code of plan.erase) await eraseSubject(into, code)
  await copyRecordings(into, plan.recordings, context)
  for (const { id, name, from: path } of plan.layers) await writeAtomically(into.files, join(into.recordings.folder(id), name), await from.files.readFile(path))
  await writeFrozen(into, plan)
  const report: MergeReport = {
    subjects: plan.subjects, recordings: plan.recordings.length, same: plan.same, renamed: plan.renamed.map((one) => ({ ...one })), versions: plan.versions.length, splits: plan.splits.length,
  }
  await into.subjects.auditMerged({ from: from.info.id, ...report, keptAway: plan.keptAway.length, erased: plan.erase.length, tombstones: plan.bury.length })
  return report
}

async function copyRecordings(into: Dataset, recordings: readonly PlannedRecording[], { signal, onProgress }: MergeContext): Promise<void> {
  const staging = await makeStaging(into.files, into.path)
  try {
    for (let at = 0; at < recordings.length; at += batch) {
      const staged = recordings.slice(at, at + batch).map((planned) => ({ planned, recording: planned.recording, folder: join(staging, planned.recording.id) }))
      for (const [i, { planned, folder }] of staged.entries()) {
        await copyFolder(into.files, planned, folder, signal)
        onProgress?.(at + i + 1, recordings.length)
      }
      await into.recordings.adopt(staged)
    }
  } finally {
    await into.files.remove(staging)
  }
}

async function copyFolder(files: Files, { recording, folder: from, renamed }: PlannedRecording, to: string, signal: AbortSignal | undefined): Promise<void> {
  const listed = new Map(recording.files.map((file) => [file.name, file]))
  const copied = new Set<string>()
  for (const name of await namesBelow(files, from)) {
    if (name === 'recording.json' || name.endsWith('.part')) continue
    const target = join(to, ...name.split('/'))
    await files.makeFolder(dirname(target))
    const hash = await copyFile(files, join(from, ...name.split('/')), target, signal)
    const wanted = listed.get(name)
    if (wanted && wanted.sha256 !== hash) throw new LabError('recording-checksum-mismatch', `${name} of ${recording.id} is not what was written: its SHA-256 differs.`, { recording: recording.id, file: name })
    copied.add(name)
  }
  const missing = recording.files.find(({ name }) => !copied.has(name))
  if (missing) throw new LabError('recording-incomplete', `${missing.name} of ${recording.id} is missing.`, { recording: recording.id, file: missing.name })
  await files.makeFolder(to)
  // Last: a folder without it is no recording.
  const json = renamed ? `${JSON.stringify(recording, null, 2)}\n` : await files.readFile(join(from, 'recording.json'))
  await writeAtomically(files, join(to, 'recording.json'), json)
}

async function namesBelow(files: Files, folder: string, path = ''): Promise<string[]> {
  const names: string[] = []
  for (const entry of await files.list(join(folder, path))) {
    const name = `${path}${entry.name}`
    if (entry.folder) names.push(...(await namesBelow(files, folder, `${name}/`)))
    else names.push(name)
  }
  return names
}

/** Byte for byte and durable; returns the SHA-256. */
async function copyFile(files: Files, from: string, to: string, signal: AbortSignal | undefined): Promise<string> {
  const source = await files.open(from, 'read')
  try {
    const target = await files.open(to, 'create')
    try {
      const hash = createHash('sha256')
      const block = new Uint8Array(blockBytes)
      for (let at = 0; ; ) {
        if (signal?.aborted) throw new LabError('cancelled', 'The merge was cancelled.')
        const got = await source.read(block, at)
        if (got === 0) break
        hash.update(block.subarray(0, got))
        await target.write(block.subarray(0, got))
        at += got
      }
      await target.sync()
      return hash.digest('hex')
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Versions, then splits with their trial lists; then what people who were erased here leave them. */
async function writeFrozen(into: Dataset, plan: MergePlan): Promise<void> {
  for (const version of plan.versions) await writeJson(into, 'versions', version)
  for (const split of plan.splits) {
    // A split without its list cannot be.
    if (hasTrials(split)) await writeTrials(into, split)
    await writeJson(into, 'splits', split)
  }
  const gone = new Set(plan.keptAway)
  if (gone.size === 0) return
  await into.versions.erase(gone)
  await into.splits.erase(gone)
}

async function writeJson(into: Dataset, folder: 'versions' | 'splits', content: DatasetVersion | DatasetSplit): Promise<void> {
  await into.files.makeFolder(join(into.path, folder))
  await writeAtomically(into.files, join(into.path, folder, `${content.name}.json`), `${JSON.stringify(content, null, 1)}\n`)
}

/** Line by line: a list of a million is never held. */
async function writeTrials({ files, path }: Dataset, split: DatasetSplit): Promise<void> {
  const target = join(path, 'splits', `${split.name}.trials.txt`)
  const temporary = `${target}.part`
  await files.makeFolder(dirname(target))
  await files.remove(temporary)
  const file = await files.open(temporary, 'create')
  try {
    let waiting = ''
    for (const line of trialLines(split)) {
      waiting += `${line}\n`
      if (waiting.length < blockBytes) continue
      await file.write(new TextEncoder().encode(waiting))
      waiting = ''
    }
    await file.write(new TextEncoder().encode(waiting))
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(temporary, target)
}
