import type { RunRecord } from '../contract/index.ts'
import type { StoredModel } from './embedding-models.ts'
import { preprocessingOf } from './preprocessing.ts'

export const licenceNote =
  'No licence comes with this file. It was learnt from biometric data of people: their consent and the rules of the lab that recorded them decide who may use it, and for what.'
export const intendedUse =
  'Research on recognising people by their electrocardiogram or photoplethysmogram: windows to embeddings, to be compared by their cosine with templates of people who agreed to be enrolled. Not for medical diagnosis.'

export interface ExportFacts {
  readonly record: RunRecord
  readonly stored: StoredModel
  readonly dimensions: number
  readonly program: string
  /** Of weights of products. */
  readonly precision: 'float32' | 'uint8'
}

/** What travels inside the file (ONNX `metadata_props`): enough to use it rightly without this program. Values are text; `pulseprint.preprocessing` is JSON. */
export function modelMetadata({ record, stored, dimensions, program, precision }: ExportFacts): Record<string, string> {
  const made = record.models.find(({ name }) => name === stored.name)
  return {
    'pulseprint.program': program,
    'pulseprint.run': record.id,
    'pulseprint.recipe': record.recipe.recipe,
    'pulseprint.model': stored.name,
    'pulseprint.network': made?.network ?? stored.kind,
    ...(made ? { 'pulseprint.model_hash': made.hash } : {}),
    'pulseprint.split_hash': record.split.hash,
    'pulseprint.version_hash': record.split.versionHash,
    'pulseprint.embedding_dimensions': String(dimensions),
    'pulseprint.comparison': 'cosine',
    'pulseprint.precision': precision,
    'pulseprint.preprocessing': JSON.stringify(preprocessingOf(stored.use)),
    'pulseprint.intended_use': intendedUse,
    'pulseprint.contains_withdrawn_subject': String(record.containsWithdrawn),
    license: licenceNote,
  }
}
