import { Random } from '../../../src-main/curation/random.ts'
import type { SplitRole } from '../../../src-main/contract/index.ts'
import { normaliseRows, type EmbeddingSet, type EvaluatedRecording } from '../../../src-main/learning/evaluation/embedding-set.ts'
import type { EvaluationInput } from '../../../src-main/learning/evaluation/evaluate.ts'

/** Standard normal numbers by Marsaglia's polar method. */
export function normals(seed: number): () => number {
  const random = Random.of('normals', seed)
  const uniform = (): number => (random.next() + 0.5) / 2 ** 31 - 1
  return () => {
    for (;;) {
      const [x, y] = [uniform(), uniform()]
      const square = x * x + y * y
      if (square < 1 && square > 0) return x * Math.sqrt((-2 * Math.log(square)) / square)
    }
  }
}

export function manyNormals(normal: () => number, count: number, mean: number, deviation = 1): Float64Array {
  return Float64Array.from({ length: count }, () => mean + deviation * normal())
}

export interface People {
  readonly people: number
  readonly dimension: number
  /** Deviation of a recording, and of a beat, around its person, in parts of the deviation between people. */
  readonly recordingNoise: number
  readonly beatNoise: number
  readonly beats: number
  readonly seed: number
  /** The last so many are never enrolled. */
  readonly strangers?: number
  /** Other people for the cohort. */
  readonly cohort?: number
}

/** People with a mean embedding, three recordings each (enrol, validation, test), beats around the recording's own mean. */
export function syntheticInput({ people, dimension, recordingNoise, beatNoise, beats, seed, strangers = 0, cohort = 0 }: People): EvaluationInput {
  const normal = normals(seed)
  const recordings: EvaluatedRecording[] = []
  const rows: Record<'enrol' | 'validation' | 'test' | 'train', { vectors: number[]; subject: number[]; recording: number[] }> = {
    enrol: { vectors: [], subject: [], recording: [] }, validation: { vectors: [], subject: [], recording: [] }, test: { vectors: [], subject: [], recording: [] }, train: { vectors: [], subject: [], recording: [] },
  }
  for (let person = 0; person < people + cohort; person++) {
    const mean = Array.from({ length: dimension }, normal)
    const stranger = person >= people - strangers && person < people
    for (const role of person >= people ? (['train'] as const) : stranger ? (['test'] as const) : (['enrol', 'validation', 'test'] as const)) {
      const here = mean.map((value) => value + recordingNoise * normal())
      recordings.push({ session: `day ${role}`, startedAt: `2026-01-0${['train', 'enrol', 'validation', 'test'].indexOf(role) + 1}` })
      for (let beat = 0; beat < beats; beat++) {
        rows[role].vectors.push(...here.map((value) => value + beatNoise * normal()))
        rows[role].subject.push(person)
        rows[role].recording.push(recordings.length - 1)
      }
    }
  }
  const set = (role: SplitRole): EmbeddingSet => ({
    dimension, vectors: normaliseRows(Float32Array.from(rows[role].vectors), dimension), subject: Int32Array.from(rows[role].subject), recording: Int32Array.from(rows[role].recording), role,
  })
  return {
    subjects: Array.from({ length: people + cohort }, (_, i) => `S${String(i + 1).padStart(3, '0')}`), recordings, enrol: set('enrol'), test: set('test'), validation: set('validation'),
    cohort: cohort > 0 ? set('train') : null, logits: null, scale: 32, normalisation: { kind: 'none', subtractMean: false }, failureToAcquire: null,
  }
}
