import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LabError, type FileEntry, type Recording, type RecordingId } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { sourceFolderName } from '../exchange/imported-recording.ts'
import { badTails, setBadTailAside } from './bad-tail.ts'
import { DerivationRun, SignalFile, type DerivationResult } from './derived-files.ts'
import { missingDerived, recoverImport } from './imported.ts'
import type { JournalRecord } from './journal-format.ts'
import { RecordingHead } from './journal-payloads.ts'
import { journalSegments, readJournal, type JournalEnd } from './journal-reader.ts'

export interface RecoverOptions {
  readonly signal?: AbortSignal
  /** Journal records read so far; the total is not known before the end. */
  readonly onProgress?: (done: number, total: number | null) => void
}

export interface RecoveredRecording {
  readonly recording: Recording
  /** Something in the journal could not be believed and was set aside. */
  readonly lossy: boolean
  readonly warnings: readonly string[]
}

export interface RecoverReport {
  readonly recordings: readonly {
    readonly id: RecordingId
    readonly rows: number
    readonly seconds: number
    readonly lossy: boolean
    readonly warnings: readonly string[]
  }[]
  readonly failures: readonly { readonly id: RecordingId; readonly code: string; readonly message: string }[]
}

/**
 * Finishes a recording from its journal: everything up to the first bad record is decoded again, what lies behind is kept aside, and the
 * derived files and recording.json are replaced, in that order. Running it again gives the same bytes. An import is made again from its originals.
 * @throws LabError `recording-not-found`, `journal-not-found`, `journal-corrupt`, `dataset-full`, `cancelled`.
 */
export async function recoverRecording(dataset: Dataset, id: RecordingId, options: RecoverOptions = {}): Promise<RecoveredRecording> {
  const { files } = dataset
  const folder = dataset.recordings.folder(id)
  const existing = await readExisting(dataset, id)
  if (existing?.origin) return { recording: await recoverImport(dataset, existing, options.signal), lossy: false, warnings: [] }
  if ((await journalSegments(files, folder)).length === 0 && (await badTails(files, folder)).length === 0) {
    // Before anything is touched: a half-made signals.dat may be all that is left.
    if ((await files.stat(join(folder, sourceFolderName)))?.folder) {
      const message = `recording.json of the imported recording ${id} is missing or damaged; its originals are in ${sourceFolderName}/, from where they can be imported again.`
      throw new LabError('recording-incomplete', message, { recording: id, file: 'recording.json', folder })
    }
    throw new LabError('journal-not-found', `The recording ${id} has no journal.`, { recording: id, folder })
  }
  const signalFile = await SignalFile.create(files, folder)
  try {
    const { result, journal } = await deriveFromJournal(dataset, id, existing, signalFile, options)
    if (journal.stop) await setBadTailAside(files, folder, journal.stop)
    const tails = await badTails(files, folder)
    const recording = finishedRecording(result, existing, journal.segments, tails)
    if (existing && existing.state !== 'recording' && existing.contentHash !== recording.contentHash) {
      // Until recording.json is replaced, the old one does not describe the files.
      await dataset.recordings.write({ ...existing, state: 'interrupted' })
    }
    await signalFile.commit(result)
    await dataset.recordings.write(recording)
    return { recording, lossy: tails.some((tail) => tail.bytes > 0), warnings: recording.warnings.map((warning) => warning.message) }
  } catch (thrown) {
    // What kept it from finishing is what a person must hear; a left-over .part file is replaced by the next attempt.
    await signalFile.discard().catch(() => undefined)
    throw thrown
  }
}

/**
 * Recovers every recording that was cut off or whose recording.json is damaged, and every import whose derived files are not all there. One that
 * fails does not keep the others waiting. Folders of recordings that were cut off before their journal was begun hold nothing and are removed.
 */
export async function recoverDataset(dataset: Dataset, options: RecoverOptions = {}): Promise<RecoverReport> {
  const damaged = (await dataset.recordings.findings()).flatMap((finding) => (finding.recording ? [finding.recording] : []))
  const ids = [...new Set([...(await dataset.recordings.interrupted()), ...damaged, ...(await brokenImports(dataset))])].sort()
  const recordings: RecoverReport['recordings'][number][] = []
  const failures: RecoverReport['failures'][number][] = []
  for (const [index, id] of ids.entries()) {
    options.onProgress?.(index, ids.length)
    try {
      if (await neverBegun(dataset, id)) {
        await dataset.recordings.remove(id)
        continue
      }
      const { recording, lossy, warnings } = await recoverRecording(dataset, id, { signal: options.signal })
      recordings.push({ id, rows: recording.rows, seconds: recording.seconds, lossy, warnings })
    } catch (thrown) {
      const { code, message } = LabError.from(thrown)
      if (code === 'cancelled') throw thrown
      failures.push({ id, code, message })
    }
  }
  options.onProgress?.(ids.length, ids.length)
  return { recordings, failures }
}

/** Reads the journal once and derives everything from it. `existing` helps out where the journal was cut off before its beginning. */
export async function deriveFromJournal(
  dataset: Dataset,
  id: RecordingId,
  existing: Recording | null,
  sink: { write(bytes: Uint8Array): Promise<void> },
  options: RecoverOptions = {},
): Promise<{ result: DerivationResult; journal: JournalEnd }> {
  const run = new DerivationRun(sink, existing && RecordingHead.parse(existing))
  const folder = dataset.recordings.folder(id)
  if ((await journalSegments(dataset.files, folder)).length === 0 && (await badTails(dataset.files, folder)).length > 0) {
    // Not one byte of the journal could be believed, and all of them have been set aside.
    return { result: await run.finish(), journal: { records: 0, lastSequence: 0, stop: null, segments: [] } }
  }
  const reading = readJournal(dataset.files, folder, id, options.signal)
  for (let records = 0; ; ) {
    const step = await reading.next()
    if (step.done) return { result: await run.finish(), journal: step.value }
    for (const slice of slices(step.value)) {
      await run.push(slice)
      // The live view and the journal of another recording go on meanwhile.
      await nextTurn()
    }
    records += step.value.length
    options.onProgress?.(records, null)
  }
}

/** Bytes that are derived in one turn of the event loop: below 10 ms even for 16 channels. */
const turnBytes = 1 << 15

function* slices(records: readonly JournalRecord[]): Generator<readonly JournalRecord[]> {
  let from = 0
  let bytes = 0
  for (let at = 0; at < records.length; at += 1) {
    bytes += records[at].payload.length
    if (bytes < turnBytes) continue
    yield records.slice(from, at + 1)
    from = at + 1
    bytes = 0
  }
  if (from < records.length) yield records.slice(from)
}

/** recording.json as the journal gives it; what people wrote since (notes, discarding, another code of the subject) stays. */
export function finishedRecording(
  result: DerivationResult,
  existing: Recording | null,
  journal: readonly FileEntry[],
  tails: readonly FileEntry[],
): Recording {
  const { head, fields, ended, contentHash } = result
  const discarded = existing?.discarded ?? null
  const cut = !ended || tails.length > 0
  const warnings = [...fields.warnings]
  if (cut) warnings.unshift({ code: 'recording-interrupted', message: 'The recording was cut off before it was finished; everything that had been saved is here.' })
  const tailBytes = tails.reduce((sum, tail) => sum + tail.bytes, 0)
  if (tailBytes > 0) {
    const message = `${tailBytes} bytes at the end of the journal could not be believed and were set aside in ${tails.map((tail) => tail.name).join(', ')}.`
    warnings.unshift({ code: 'journal-tail-set-aside', message })
  }
  return {
    ...recordingFromHead(head),
    ...fields,
    // A merge of datasets may have given the subject another code.
    subject: existing?.subject ?? head.subject,
    notes: existing?.notes ?? head.notes,
    warnings,
    state: discarded ? 'discarded' : cut ? 'recovered' : 'finished',
    discarded,
    contentHash,
    files: [...journal, ...tails, ...result.files],
  }
}

/** A recording of which nothing is derived yet. */
export function recordingFromHead(head: RecordingHead): Recording {
  return {
    formatVersion: 1, ...head, state: 'recording', lanes: head.device.lanes, rows: 0, seconds: 0, declaredRateHz: head.device.rateHz,
    measuredRateHz: null, ppm: null, lostRows: 0, lossCertainty: 'unknown', gaps: [], markers: [], skippedBytes: 0, laneSummaries: [],
    warnings: [], discarded: null, contentHash: '', files: [],
  }
}

async function brokenImports(dataset: Dataset): Promise<RecordingId[]> {
  const broken: RecordingId[] = []
  for (const item of await dataset.recordings.list()) if (item.profile === 'imported' && (await missingDerived(dataset, item.id)).length > 0) broken.push(item.id)
  return broken
}

/** True for what a program leaves that dies before it has begun the journal: at most a recording.json that says that recording begins. */
async function neverBegun(dataset: Dataset, id: RecordingId): Promise<boolean> {
  const names = (await dataset.files.list(dataset.recordings.folder(id))).map((entry) => entry.name)
  if (!names.every((name) => name === 'recording.json' || name === 'recording.json.part')) return false
  return !names.includes('recording.json') || (await readExisting(dataset, id))?.state === 'recording'
}

/** recording.json, or `null` when it is missing or damaged: the journal has what it said at the beginning. */
async function readExisting(dataset: Dataset, id: RecordingId): Promise<Recording | null> {
  try {
    return await dataset.recordings.get(id)
  } catch (thrown) {
    const { code } = LabError.from(thrown)
    if (code === 'recording-incomplete' || code === 'dataset-invalid') return null
    throw thrown
  }
}
