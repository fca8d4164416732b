import { LabError, type ErrorCode, type Recording, type RecordingId, type VerifyFinding, type VerifyReport } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { Files } from '../dataset/files.ts'
import { listFindings } from '../dataset/list-findings.ts'
import { sourceFolderName } from '../exchange/imported-recording.ts'
import { parseHeader } from '../formats/wfdb-header.ts'
import { checksum16, decodeSamples, isReadableFormat, storedBytes, type WfdbReadFormat } from '../formats/wfdb-signal.ts'
import { hashFile } from './bad-tail.ts'
import type { DerivationResult } from './derived-files.ts'
import { deriveAgain, missingLayers } from './imported.ts'
import { journalSegments } from './journal-reader.ts'
import { deriveFromJournal, finishedRecording } from './recover.ts'

export interface VerifyOptions {
  readonly signal?: AbortSignal
  /** Recordings done, of how many. */
  readonly onProgress?: (done: number, total: number | null) => void
}

type Report = (file: string, code: ErrorCode, message: string) => void

/**
 * Reads the lists of subjects and changes and every recording again, compares hashes and checksums, derives every recording again and compares.
 * An empty dataset is clean.
 * @throws LabError `cancelled`.
 */
export async function verifyDataset(dataset: Dataset, options: VerifyOptions = {}): Promise<VerifyReport> {
  const findings: VerifyFinding[] = await listFindings(dataset)
  const ids = await dataset.recordings.ids()
  let bytes = 0
  for (const [index, id] of ids.entries()) {
    if (options.signal?.aborted) throw new LabError('cancelled', 'Verifying was cancelled.')
    options.onProgress?.(index, ids.length)
    const found = await inspectRecording(dataset, id, options.signal)
    findings.push(...found.findings)
    bytes += found.bytes
  }
  options.onProgress?.(ids.length, ids.length)
  return { recordings: ids.length, bytes, findings }
}

/**
 * Reads one recording again as `verifyDataset` does.
 * @throws LabError the first finding: `recording-incomplete`, `recording-checksum-mismatch`, `recording-derivation-differs`, `journal-corrupt`,
 * with all of them in `data.findings`; `cancelled`.
 */
export async function verifyRecording(dataset: Dataset, id: RecordingId, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { findings, bytes } = await inspectRecording(dataset, id, options.signal)
  if (findings.length === 0) return { recordings: 1, bytes, findings }
  const first = findings[0]
  throw new LabError(first.code as ErrorCode, first.message, { recording: id, file: first.file, findings })
}

async function inspectRecording(dataset: Dataset, id: RecordingId, signal: AbortSignal | undefined): Promise<{ findings: VerifyFinding[]; bytes: number }> {
  const findings: VerifyFinding[] = []
  let bytes = 0
  const report: Report = (file, code, message) => findings.push({ recording: id, file, code, message })
  try {
    const recording = await dataset.recordings.get(id)
    if (recording.state === 'recording' || recording.state === 'interrupted') {
      report('recording.json', 'recording-incomplete', 'The recording was cut off and awaits `pulseprint recover`.')
      return { findings, bytes }
    }
    bytes = await checkFiles(dataset, recording, report, signal)
    // A file that is not as it was written has been reported; what follows would only say it again.
    if (findings.length > 0) return { findings, bytes }
    if (recording.files.some((file) => file.name === 'signals.hea')) await checkSignals(dataset, recording, report)
    if (recording.origin) await checkImport(dataset, recording, report, signal)
    else if (recording.state !== 'imported') await checkDerivation(dataset, recording, report, signal)
  } catch (thrown) {
    const { code, message, data } = LabError.from(thrown)
    if (signal?.aborted) throw new LabError('cancelled', 'Verifying was cancelled.', {}, { cause: thrown })
    report(typeof data.file === 'string' ? data.file : 'recording.json', code, message)
  }
  return { findings, bytes }
}

/** Every file that recording.json lists is there with its length and hash, and the journal has no segment that it does not list. */
async function checkFiles(dataset: Dataset, recording: Recording, report: Report, signal: AbortSignal | undefined): Promise<number> {
  const { files } = dataset
  const folder = dataset.recordings.folder(recording.id)
  const present = await namesBelow(files, folder)
  let bytes = 0
  for (const entry of recording.files) {
    if (!present.has(entry.name)) {
      report(entry.name, 'recording-incomplete', `${entry.name} is missing.`)
      continue
    }
    const found = await readAgain(files, `${folder}/${entry.name}`, entry.name, report, signal)
    if (!found) continue
    bytes += found.bytes
    if (found.bytes !== entry.bytes) report(entry.name, 'recording-checksum-mismatch', `${entry.name} has ${found.bytes} bytes; ${entry.bytes} were written.`)
    else if (found.sha256 !== entry.sha256) report(entry.name, 'recording-checksum-mismatch', `${entry.name} is not what was written: its SHA-256 differs.`)
  }
  const segments = recording.files.filter((entry) => /^journal-\d+\.plj$/.test(entry.name)).length
  if (recording.state !== 'imported' && !recording.origin && (await journalSegments(files, folder)).length !== segments) {
    report('journal', 'journal-corrupt', `The journal should have ${segments} segments.`)
  }
  return bytes
}

/** Files in a recording's folder; those of source/ and the folders in it with their path. */
async function namesBelow(files: Files, folder: string, path = ''): Promise<Set<string>> {
  const names = new Set<string>()
  for (const entry of await files.list(`${folder}/${path}`)) {
    const name = `${path}${entry.name}`
    if (!entry.folder) names.add(name)
    else if (name === sourceFolderName || path !== '') for (const inner of await namesBelow(files, folder, `${name}/`)) names.add(inner)
  }
  return names
}

/** Length and hash, or `null` when the disk does not give the file: the other files are looked at all the same. */
async function readAgain(files: Files, path: string, name: string, report: Report, signal: AbortSignal | undefined): Promise<{ bytes: number; sha256: string } | null> {
  try {
    return await hashFile(files, path, signal)
  } catch (thrown) {
    if (signal?.aborted) throw thrown
    const { code, message } = LabError.from(thrown)
    report(name, code, message)
    return null
  }
}

/** Reads the WFDB record with nothing but its own header: lengths, checksums and initial values must agree. */
async function checkSignals(dataset: Dataset, recording: Recording, report: Report): Promise<void> {
  const { files } = dataset
  const folder = dataset.recordings.folder(recording.id)
  const header = parseHeader(new TextDecoder().decode(await files.readFile(`${folder}/signals.hea`)))
  const lanes = header.signals.length
  const format = header.signals[0].format
  if (!isReadableFormat(format)) {
    report('signals.hea', 'recording-checksum-mismatch', `signals.hea names the format ${format}.`)
    return
  }
  // A header says 0 frames as "unknown".
  const frames = header.frames ?? 0
  if (frames !== recording.rows || lanes !== recording.lanes.length) {
    report('signals.hea', 'recording-checksum-mismatch', `signals.hea describes ${frames} rows of ${lanes} signals; recording.json ${recording.rows} of ${recording.lanes.length}.`)
  }
  const { rows, checksums } = await sumSignals(dataset, `${folder}/signals.dat`, format, lanes)
  if (rows !== recording.rows) report('signals.dat', 'recording-checksum-mismatch', `signals.dat holds ${rows} rows; ${recording.rows} were written.`)
  for (const [lane, signal] of header.signals.entries()) {
    if (signal.checksum !== null && ((signal.checksum - checksums[lane]) & 0xffff) !== 0) {
      report('signals.dat', 'recording-checksum-mismatch', `The samples of ${signal.name} do not add up to the header's checksum.`)
    }
  }
}

async function sumSignals(dataset: Dataset, path: string, format: WfdbReadFormat, lanes: number): Promise<{ rows: number; checksums: number[] }> {
  const checksums = new Array<number>(lanes).fill(0)
  const rowBytes = storedBytes(format, lanes)
  const buffer = new Uint8Array(rowBytes * Math.max(1, Math.floor((1 << 20) / rowBytes)))
  const file = await dataset.files.open(path, 'read')
  try {
    for (let position = 0; ; ) {
      const read = await file.read(buffer, position)
      if (read < rowBytes) return { rows: position / rowBytes, checksums }
      const rows = Math.floor(read / rowBytes)
      const counts = decodeSamples(buffer.subarray(0, rows * rowBytes), format, rows * lanes)
      for (let lane = 0; lane < lanes; lane += 1) {
        checksums[lane] = checksum16(counts, format, { previous: checksums[lane], offset: lane, stride: lanes })
      }
      position += rows * rowBytes
    }
  } finally {
    await file.close()
  }
}

/** Derives everything from the journal once more: every derived file and field has to come out the same. */
async function checkDerivation(dataset: Dataset, recording: Recording, report: Report, signal: AbortSignal | undefined): Promise<void> {
  const nowhere = { write: async () => undefined }
  const { result, journal } = await deriveFromJournal(dataset, recording.id, recording, nowhere, { signal })
  if (journal.stop) {
    const { file, offset, reason, tailBytes } = journal.stop
    report(file, 'journal-corrupt', `${file} cannot be believed from byte ${offset} on (${reason}): ${tailBytes} bytes.`)
    return
  }
  for (const file of changedFiles(recording, result)) {
    report(file, 'recording-derivation-differs', `${file} is not what today's decoder makes of the journal.`)
  }
  const tails = recording.files.filter((entry) => entry.name.includes('-bad-tail-'))
  const again = finishedRecording(result, recording, journal.segments, tails)
  const fields = changedFields(recording, again)
  if (fields.length > 0) report('recording.json', 'recording-derivation-differs', `recording.json differs from what the journal gives: ${fields.join(', ')}.`)
}

/** Derives an import from its originals once more: every derived file and field has to come out the same. */
async function checkImport(dataset: Dataset, recording: Recording, report: Report, signal: AbortSignal | undefined): Promise<void> {
  const again = await deriveAgain(dataset, recording, signal)
  for (const file of changedFiles(recording, again.signal)) report(file, 'recording-derivation-differs', `${file} is not what today's reader makes of the originals.`)
  const fields = changedFields(recording, again.recording)
  for (const name of await missingLayers(dataset, again)) report(name, 'recording-incomplete', `${name}, which came with the import, is missing; \`pulseprint recover\` makes it again.`)
  if (fields.length > 0) report('recording.json', 'recording-derivation-differs', `recording.json differs from what the originals give: ${fields.join(', ')}.`)
}

/** Derived files whose bytes differ, by name. */
export function changedFiles(recording: Recording, result: Pick<DerivationResult, 'files'>): string[] {
  const written = new Map(recording.files.map((entry) => [entry.name, entry.sha256]))
  return result.files.filter((entry) => written.get(entry.name) !== entry.sha256).map((entry) => entry.name)
}

/** Names of the fields that differ; the list of files has been looked at by itself. */
export function changedFields(recording: Recording, again: Recording): string[] {
  const before: Record<string, unknown> = { ...recording }
  return Object.entries(again).flatMap(([name, value]) =>
    name === 'files' || JSON.stringify(value) === JSON.stringify(before[name]) ? [] : [name],
  )
}
