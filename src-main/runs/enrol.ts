import { LabError, type Gallery, type ModelName, type Recording, type RecordingId, type RunId, type SubjectCode } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { sessionOf } from '../dataset/recording-scan.ts'
import type { Template } from '../dataset/template-files.ts'
import { openEmbedder, type Embedder, type StoredModel } from './embedding-models.ts'
import { galleryOf, openGallery, storedModel, unitVector } from './gallery.ts'
import type { TaskWorld } from './open-run.ts'
import { recordingSignal } from './recording-signal.ts'
import { signalWindows } from './signal-windows.ts'
import { windowOptionsOf } from './window-options.ts'

/** A template of fewer beats is no better than one of them. */
const fewestWindows = 3

export interface EnrolRequest {
  readonly run: RunId
  readonly model: ModelName
  readonly recordings: readonly RecordingId[]
}

interface Person {
  readonly sum: Float64Array
  windows: number
  readonly sessions: Set<string>
  readonly recordings: RecordingId[]
}

/**
 * Makes a template of every person in these recordings: the mean direction of all their windows. Who was enrolled before is enrolled anew, from these recordings alone.
 * @throws LabError `enrolment-impossible` with the windows found, `subject-consent-missing`, `subject-erased` (also when they were erased meanwhile), and those of data and engine; then nobody
 *   was enrolled.
 */
export async function enrolPeople(dataset: Dataset, { run, model, recordings }: EnrolRequest, world: TaskWorld): Promise<Gallery> {
  const gallery = await openGallery(dataset, run, model)
  const wanted: Recording[] = []
  for (const id of new Set(recordings)) wanted.push(await dataset.recordings.get(id))
  const owners = await consenting(dataset, wanted)
  const stored = await storedModel(gallery)
  const embedder = await openEmbedder(stored, () => world.chooseEngine(gallery.record))
  const people = new Map<SubjectCode, Person>()
  try {
    for (const [place, recording] of wanted.entries()) {
      await addTo(people, owners[place], recording, await windowsOf(dataset, recording.id, stored, world.signal), embedder)
      world.onDone((place + 1) / wanted.length)
    }
  } finally {
    embedder.dispose()
  }
  const createdAt = new Date(world.wallMs()).toISOString()
  const made = [...people].map(
    ([subject, { sum, windows, sessions, recordings: from }]): Template => ({ vector: unitVector(sum), info: { subject, windows, sessions: sessions.size, recordings: from, createdAt } }),
  )
  await gallery.files.write(made)
  await refuseErased(dataset, [...people.keys()], gallery.files)
  return galleryOf(dataset, run, model)
}

/** The person of each recording. @throws LabError `subject-consent-missing`, `subject-erased`, `subject-not-found`. */
async function consenting(dataset: Dataset, recordings: readonly Recording[]): Promise<SubjectCode[]> {
  await dataset.subjects.refresh()
  return recordings.map(({ subject }) => {
    const person = dataset.subjects.known(subject)
    if (!person) throw new LabError('subject-not-found', `There is no subject "${subject}" in this dataset.`, { code: subject })
    if (person.consent === 'granted') return person.code
    throw new LabError('subject-consent-missing', `${person.code} has not consented: they cannot be enrolled.`, { code: person.code, consent: person.consent })
  })
}

async function windowsOf(dataset: Dataset, recording: RecordingId, stored: StoredModel, signal: AbortSignal): Promise<{ samples: Float32Array; count: number }> {
  const options = windowOptionsOf(stored.use.windows)
  const { samples, rows } = signalWindows(await recordingSignal(dataset, recording, options, signal), options)
  if (rows.length >= fewestWindows) return { samples, count: rows.length }
  throw new LabError('enrolment-impossible', `${recording} gives ${rows.length} usable windows; an enrolment needs ${fewestWindows}.`, { recording, windows: rows.length, needed: fewestWindows })
}

async function addTo(people: Map<SubjectCode, Person>, subject: SubjectCode, recording: Recording, windows: { samples: Float32Array; count: number }, embedder: Embedder): Promise<void> {
  const { embeddings, dimensions } = await embedder.embed(windows.samples)
  const person = people.get(subject) ?? { sum: new Float64Array(dimensions), windows: 0, sessions: new Set<string>(), recordings: [] }
  for (let i = 0; i < embeddings.length; i++) person.sum[i % dimensions] += embeddings[i]
  person.windows += windows.count
  person.sessions.add(sessionOf(recording))
  person.recordings.push(recording.id)
  people.set(subject, person)
}

/** A person may withdraw while another process computes: what was just written would outlive them. */
async function refuseErased(dataset: Dataset, codes: readonly SubjectCode[], files: { remove(code: SubjectCode): Promise<boolean> }): Promise<void> {
  await dataset.subjects.refresh()
  const erased = codes.filter((code) => dataset.subjects.isErased(code))
  for (const code of erased) await files.remove(code)
  if (erased.length > 0) throw new LabError('subject-erased', `${erased[0]} was erased while they were enrolled.`, { code: erased[0] })
}
