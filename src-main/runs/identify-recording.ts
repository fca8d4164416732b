import { LabError, type Decision, type ModelName, type RecordingId, type RunId, type SubjectCode } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { decide, requireTemplates } from './decide.ts'
import { openEmbedder } from './embedding-models.ts'
import { readThresholds } from './fixed-thresholds.ts'
import { openGallery, storedModel, templatesOf } from './gallery.ts'
import type { TaskWorld } from './open-run.ts'
import { fileSignal, recordingSignal } from './recording-signal.ts'
import { signalWindows } from './signal-windows.ts'
import { windowOptionsOf } from './window-options.ts'

export interface IdentifyRequest {
  readonly run: RunId
  readonly model: ModelName
  /** Of the dataset, or a file outside it. */
  readonly source: { readonly recording: RecordingId } | { readonly path: string }
  readonly claim: SubjectCode | null
  /** Windows that the decision rests on, the first ones; 0: all. */
  readonly beats: number
}

/** @throws LabError `template-not-found`, `enrolment-impossible` when the signal has no usable beat, and those of data and engine. */
export async function identifyRecording(dataset: Dataset, { run, model, source, claim: asClaimed, beats }: IdentifyRequest, world: TaskWorld): Promise<Decision> {
  const gallery = await openGallery(dataset, run, model)
  const templates = await templatesOf(dataset, gallery)
  const claim = asClaimed && dataset.subjects.resolve(asClaimed)
  requireTemplates(templates, claim, { run, model })
  const stored = await storedModel(gallery)
  const options = windowOptionsOf(stored.use.windows)
  const signal = 'recording' in source ? await recordingSignal(dataset, source.recording, options, world.signal) : await fileSignal(source.path, options, world.signal)
  const windows = signalWindows(signal, options)
  const found = windows.rows.length
  const count = beats === 0 ? found : Math.min(beats, found)
  if (count === 0) throw new LabError('enrolment-impossible', 'The recording has no usable beat to decide by.', { windows: 0, needed: 1 })
  const embedder = await openEmbedder(stored, () => world.chooseEngine(gallery.record))
  try {
    const { embeddings } = await embedder.embed(windows.samples.subarray(0, count * windows.length))
    world.onDone(1)
    return decide({
      run, model, embeddings, claim, templates, asked: beats, refused: windows.refused, thresholds: await readThresholds(dataset.files, gallery.folder, model, gallery.modelHash),
      recording: 'recording' in source ? source.recording : null, at: new Date(world.wallMs()).toISOString(),
    })
  } finally {
    embedder.dispose()
  }
}
