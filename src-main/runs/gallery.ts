import { LabError, type Gallery, type ModelName, type RunId, type RunRecord, type SubjectCode } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { TemplateFiles, type Template } from '../dataset/template-files.ts'
import { unpackModel, type StoredModel } from './embedding-models.ts'
import { readThresholds } from './fixed-thresholds.ts'
import type { RunFolder } from './run-folder.ts'
import { RunStore } from './run-store.ts'
import { requireSingleSignal } from './single-signal.ts'

/** A model of a run and the people it knows, without its weights. */
export interface OpenGallery {
  readonly folder: RunFolder
  readonly record: RunRecord
  readonly name: ModelName
  readonly modelHash: string
  readonly files: TemplateFiles
}

/** @throws LabError `run-not-found`, `run-invalid`, `run-format-newer`, `model-not-found` (also of one that sees two signals at once). */
export async function openGallery(dataset: Dataset, id: RunId, name: ModelName): Promise<OpenGallery> {
  const folder = new RunStore(dataset.files, dataset.path).folder(id)
  const record = await folder.record()
  const modelHash = record.models.find((model) => model.name === name)?.hash
  if (modelHash === undefined) throw new LabError('model-not-found', `The run ${id} has no model "${name}".`, { run: id, model: name })
  requireSingleSignal(name)
  return { folder, record, name, modelHash, files: new TemplateFiles(dataset.files, folder.path, name, modelHash) }
}

/** @throws LabError `model-not-found`, `run-invalid`. */
export async function storedModel({ folder, name, record }: OpenGallery): Promise<StoredModel> {
  return unpackModel(await folder.model(name, record.models))
}

/**
 * The people who may be recognised: who has withdrawn consent is not, and two codes of one person are one. Sorted by code.
 * @throws LabError `model-mismatch`, `run-invalid`.
 */
export async function templatesOf(dataset: Dataset, { files }: Pick<OpenGallery, 'files'>): Promise<Template[]> {
  const all = await files.read()
  for (const template of all) requireUnit(template, all[0])
  await dataset.subjects.refresh()
  const people = new Map<SubjectCode, Template>()
  for (const { info, vector } of all) {
    if (dataset.subjects.isErased(info.subject)) continue
    const person = dataset.subjects.known(info.subject)
    if (person?.consent !== 'granted') continue
    const before = people.get(person.code)
    const own = { info: { ...info, subject: person.code }, vector }
    people.set(person.code, before ? together(before, own) : own)
  }
  return [...people.values()].sort((a, b) => (a.info.subject < b.info.subject ? -1 : 1))
}

/** A cosine takes the length of a template for granted: one that is a thousand times as long would be everybody. @throws LabError `run-invalid`. */
function requireUnit({ info: { subject }, vector }: Template, first: Template): void {
  const dimensions = first.vector.length
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  if (vector.length === dimensions && (norm === 0 || Math.abs(norm - 1) < 1e-3)) return
  const reason = vector.length === dimensions ? `its vector has the length ${norm.toPrecision(3)}, not 1` : `its vector has ${vector.length} numbers, that of ${first.info.subject} ${dimensions}`
  throw new LabError('run-invalid', `The template of ${subject} is damaged: ${reason}. Enrol ${subject} again.`, { subject, reason })
}

/** The mean direction of all windows of both. */
function together(a: Template, b: Template): Template {
  const sum = Float64Array.from(a.vector, (value, i) => value * a.info.windows + b.vector[i] * b.info.windows)
  const { subject } = a.info
  return {
    info: {
      subject, windows: a.info.windows + b.info.windows, sessions: a.info.sessions + b.info.sessions, recordings: [...new Set([...a.info.recordings, ...b.info.recordings])],
      createdAt: a.info.createdAt > b.info.createdAt ? a.info.createdAt : b.info.createdAt,
    },
    vector: unitVector(sum),
  }
}

/** Scaled to length 1; zeros stay. @example [3, 4] becomes [0.6, 0.8] */
export function unitVector(sum: Float64Array): Float32Array {
  let square = 0
  for (const value of sum) square += value * value
  const norm = Math.sqrt(square)
  return Float32Array.from(sum, (value) => (norm > 0 ? value / norm : 0))
}

/** Who is enrolled, and from which score on somebody is known. @throws LabError `model-not-found`, `model-mismatch`, `run-invalid`. */
export async function galleryOf(dataset: Dataset, run: RunId, model: ModelName): Promise<Gallery> {
  const gallery = await openGallery(dataset, run, model)
  const { modelHash, folder } = gallery
  return { run, model, modelHash, templates: (await templatesOf(dataset, gallery)).map(({ info }) => info), thresholds: await readThresholds(dataset.files, folder, model, modelHash) }
}

/** All that is left under any code of the person. @throws LabError `template-not-found`. */
export async function removeTemplate(dataset: Dataset, run: RunId, model: ModelName, subject: SubjectCode): Promise<Gallery> {
  const { files } = await openGallery(dataset, run, model)
  let found = false
  const isPerson = !dataset.subjects.isErased(subject) && dataset.subjects.known(subject) !== null
  for (const code of new Set([subject, ...(isPerson ? dataset.subjects.codesOf(subject) : [])])) found = (await files.remove(code)) || found
  if (!found) throw new LabError('template-not-found', `${subject} is not enrolled.`, { run, model, subject })
  return galleryOf(dataset, run, model)
}
