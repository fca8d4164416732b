import { join } from 'node:path'
import { LabError, Recording, RecordingId, RecordingListItem, SubjectCode, type VerifyFinding } from '../contract/index.ts'
import { meanRate, usableRatio } from '../signal/heart-measures.ts'
import type { Files } from './files.ts'

/** A recording's folder, as its two names say. */
export interface RecordingPlace {
  readonly id: RecordingId
  readonly subject: SubjectCode
  readonly folder: string
}

/** recording.json as last seen: what it says, or why it says nothing. */
export interface ScannedRecording extends RecordingPlace {
  readonly modifiedMs: number
  readonly bytes: number
  readonly item: RecordingListItem | null
  readonly finding: VerifyFinding | null
}

/** Of recording.json, as the schema has it. */
const recordingFormatVersion = 1

/** Files looked at in one go; enough to keep a disk busy, few enough to leave file handles to others. */
const together = 32

/**
 * All folders recordings/<subject>/<ULID>, by id (which is by time). Foreign folders are left alone. An id that is there twice, because somebody copied a folder, lies where its
 * recording.json says, and the others are strays.
 */
export async function findRecordings(files: Files, root: string): Promise<{ places: RecordingPlace[]; strays: RecordingPlace[] }> {
  if ((await files.stat(root)) === null) return { places: [], strays: [] }
  const places: RecordingPlace[] = []
  const subjects = (await files.list(root)).filter((entry) => entry.folder)
  await inBatches(subjects, async (entry) => {
    const subject = SubjectCode.safeParse(entry.name)
    if (!subject.success) return
    for (const inner of await files.list(join(root, entry.name))) {
      const id = RecordingId.safeParse(inner.name)
      if (inner.folder && id.success) places.push({ id: id.data, subject: subject.data, folder: join(root, entry.name, inner.name) })
    }
  })
  places.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.folder < b.folder ? -1 : 1))
  const strays: RecordingPlace[] = []
  for (let i = 0; i + 1 < places.length; ) {
    if (places[i].id !== places[i + 1].id) i++
    else strays.push(...places.splice((await isReadable(files, places[i])) ? i + 1 : i, 1))
  }
  return { places, strays }
}

async function isReadable(files: Files, place: RecordingPlace): Promise<boolean> {
  try {
    await readRecording(files, place)
    return true
  } catch {
    return false
  }
}

/**
 * Reads recording.json of every place, or takes it from `known` where size and modification time are the same. Damaged or missing ones
 * become findings, never failures.
 */
export async function scanRecordings(files: Files, places: readonly RecordingPlace[], known: ReadonlyMap<string, ScannedRecording>): Promise<ScannedRecording[]> {
  const scanned = new Map<string, ScannedRecording>()
  await inBatches(places, async (place) => {
    scanned.set(place.id, await scanOne(files, place, known.get(place.id)))
  })
  return places.flatMap((place) => scanned.get(place.id) ?? [])
}

async function scanOne(files: Files, place: RecordingPlace, known: ScannedRecording | undefined): Promise<ScannedRecording> {
  const path = recordingJson(place)
  const found = await files.stat(path)
  const stamp = { ...place, modifiedMs: found?.modifiedMs ?? 0, bytes: found?.bytes ?? 0 }
  if (known?.item && found && known.folder === place.folder && known.modifiedMs === stamp.modifiedMs && known.bytes === stamp.bytes) return known
  try {
    return { ...stamp, item: listItem(await readRecording(files, place)), finding: null }
  } catch (thrown) {
    const error = LabError.from(thrown)
    return { ...stamp, item: null, finding: { recording: place.id, file: path, code: error.code, message: error.message } }
  }
}

const recordingJson = (place: Pick<RecordingPlace, 'folder'>): string => join(place.folder, 'recording.json')

/**
 * recording.json in full.
 * @throws LabError `recording-incomplete` when the file is missing, `dataset-format-newer`, `dataset-invalid` with path and reason when it is damaged.
 */
export async function readRecording(files: Files, place: RecordingPlace): Promise<Recording> {
  const path = recordingJson(place)
  let bytes: Uint8Array
  try {
    bytes = await files.readFile(path)
  } catch (thrown) {
    const error = LabError.from(thrown)
    if (error.code !== 'file-not-found') throw error
    throw new LabError('recording-incomplete', `recording.json of the recording ${place.id} is missing.`, { recording: place.id, path }, { cause: thrown })
  }
  const reason = (text: string, cause?: unknown): LabError =>
    new LabError('dataset-invalid', `recording.json of the recording ${place.id} is damaged: ${text}.`, { recording: place.id, path, reason: text }, { cause })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch (thrown) {
    throw reason(thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  // Before anything else: a newer version may have changed every other field.
  const version = typeof json === 'object' && json !== null && 'formatVersion' in json ? json.formatVersion : null
  if (typeof version === 'number' && version > recordingFormatVersion) {
    throw new LabError('dataset-format-newer', `The recording ${place.id} was written by a newer Pulseprint (format ${version}).`, {
      recording: place.id,
      path,
      formatVersion: version,
      known: recordingFormatVersion,
    })
  }
  const read = Recording.safeParse(json)
  if (!read.success) {
    const issue = read.error.issues[0]
    throw reason(`${issue.path.map(String).join('.')}: ${issue.message}`, read.error)
  }
  if (read.data.id !== place.id || read.data.subject.toLowerCase() !== place.subject.toLowerCase()) {
    throw reason(`it says ${read.data.subject}/${read.data.id} and lies in ${place.subject}/${place.id}`)
  }
  return read.data
}

/** What a list shows of a recording. */
export function listItem(recording: Recording): RecordingListItem {
  return RecordingListItem.parse({
    ...recording,
    profile: recording.device.profile,
    session: sessionOf(recording),
    dateUnknown: recording.origin?.dateUnknown ?? false,
    findings: [...new Set(recording.origin?.findings.map((finding) => finding.code))],
    gaps: recording.gaps.length,
    warnings: recording.warnings.length,
    usableRatio: usableRatio(recording),
    meanRateBpm: meanRate(recording),
  })
}

/** Day or visit: what the import's rule says, else the local date. */
export function sessionOf({ origin, startedAt }: Pick<Recording, 'origin' | 'startedAt'>): string {
  return origin?.session ?? startedAt.slice(0, 10)
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const runner = async (): Promise<void> => {
    while (next < items.length) await work(items[next++])
  }
  await Promise.all(Array.from({ length: Math.min(together, items.length) }, runner))
}
