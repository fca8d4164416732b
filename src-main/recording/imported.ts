import { join } from 'node:path'
import { LabError, Recording } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { writeAtomically, type Files } from '../dataset/files.ts'
import { labelFile } from '../exchange/import-labels.ts'
import { deriveImport, headOf, sourceFolderName, type DerivedImport } from '../exchange/imported-recording.ts'
import type { ImportSink, OpenSink } from '../exchange/imported-signal.ts'
import { openSourceFolder } from '../exchange/source-files.ts'
import { hashFile } from './bad-tail.ts'
import { SignalFile } from './derived-files.ts'

/** Derives an imported recording from its kept originals once more, into `openSink` or nowhere. @throws LabError as `deriveImport`. */
export async function deriveAgain(dataset: Dataset, recording: Recording, signal?: AbortSignal, openSink?: OpenSink): Promise<DerivedImport> {
  const folder = await openSourceFolder(dataset.files, join(dataset.recordings.folder(recording.id), sourceFolderName))
  const nowhere: ImportSink = { write: () => Promise.resolve() }
  const derived = await deriveImport(folder, headOf(recording), openSink ?? (() => Promise.resolve(nowhere)), signal ? { signal } : {})
  // In the schema's order of fields: what is read back is compared field by field as text.
  return { ...derived, recording: Recording.parse(derived.recording) }
}

/**
 * Makes the derived files of an imported recording again from its originals, and label layers that are gone. Running it again gives the same bytes; layers that are there
 * belong to people and stay.
 * @throws LabError `recording-checksum-mismatch` or `recording-incomplete` when an original is not what was imported, `dataset-full`, `cancelled`.
 */
export async function recoverImport(dataset: Dataset, recording: Recording, signal?: AbortSignal): Promise<Recording> {
  const { files } = dataset
  const folder = dataset.recordings.folder(recording.id)
  await requireOriginals(files, folder, recording, signal)
  let signalFile: SignalFile | null = null
  try {
    const derived = await deriveAgain(dataset, recording, signal, async () => {
      await signalFile?.discard()
      signalFile = await SignalFile.create(files, folder)
      return signalFile
    })
    await commit(files, folder, signalFile, derived)
    await dataset.recordings.write(derived.recording)
    return derived.recording
  } catch (thrown) {
    // What kept it from finishing is what a person must hear; a left-over .part file is replaced by the next attempt.
    await (signalFile as SignalFile | null)?.discard().catch(() => undefined)
    throw thrown
  }
}

async function commit(files: Files, folder: string, signalFile: SignalFile | null, { signal, labels }: DerivedImport): Promise<void> {
  await signalFile?.commit({ header: signal.header, overview: signal.overview, beats: null })
  for (const [annotator, events] of labels) {
    const path = join(folder, layerFile(annotator))
    if ((await files.stat(path)) === null) await writeAtomically(files, path, labelFile(events))
  }
}

async function requireOriginals(files: Files, folder: string, recording: Recording, signal: AbortSignal | undefined): Promise<void> {
  for (const { name, sha256 } of headOf(recording).originals) {
    const path = join(folder, name)
    const data = { recording: recording.id, file: name }
    if ((await files.stat(path)) === null) throw new LabError('recording-incomplete', `${name} of the recording ${recording.id} is missing.`, data)
    if ((await hashFile(files, path, signal)).sha256 === sha256) continue
    throw new LabError('recording-checksum-mismatch', `${name} of the recording ${recording.id} is not what was imported. Its stored signal stays as it is.`, data)
  }
}

/** Names of an imported recording's derived files that are not there, label layers of annotators among them. @throws LabError as `deriveAgain` where only reading tells whether an annotator gave labels. */
export async function missingDerived(dataset: Dataset, id: string): Promise<string[]> {
  const present = new Set((await dataset.files.list(dataset.recordings.folder(id))).map((entry) => entry.name))
  const missing = ['signals.dat', 'signals.hea', 'overview.bin'].filter((name) => !present.has(name))
  if (missing.length > 0) return missing
  const recording = await dataset.recordings.get(id)
  if (recording.origin?.annotators.every((annotator) => present.has(layerFile(annotator))) ?? true) return []
  return missingLayers(dataset, await deriveAgain(dataset, recording))
}

/** Files of label layers that came with an import and are no longer there. */
export async function missingLayers(dataset: Dataset, { recording, labels }: DerivedImport): Promise<string[]> {
  const present = new Set((await dataset.files.list(dataset.recordings.folder(recording.id))).map((entry) => entry.name))
  return [...labels.keys()].map(layerFile).filter((name) => !present.has(name))
}

const layerFile = (annotator: string): string => `labels.${annotator}.jsonl`
