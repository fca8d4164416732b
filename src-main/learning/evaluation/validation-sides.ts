import { selectRows, type EmbeddingSet, type EvaluatedRecording } from './embedding-set.ts'

/** Who enrols and who is tested within validation. */
export interface ValidationSides {
  readonly enrol: EmbeddingSet
  readonly probe: EmbeddingSet
}

/**
 * Where every validation subject is enrolled (closed set), validation probes meet the enrolment itself. Otherwise (unseen people) each validation subject enrols with the first
 * recording and is probed with the others, as the test does.
 * @returns `null` where no subject has a second recording, or there is no validation at all: nothing can be fixed on it.
 */
export function validationSides(validation: EmbeddingSet, enrol: EmbeddingSet, recordings: readonly EvaluatedRecording[]): ValidationSides | null {
  if (validation.subject.length === 0) return null
  const enrolled = new Set(enrol.subject)
  if (validation.subject.every((subject) => enrolled.has(subject))) return { enrol, probe: validation }
  const earlier = (a: number, b: number): boolean => recordings[a].startedAt < recordings[b].startedAt || (recordings[a].startedAt === recordings[b].startedAt && a < b)
  const first = new Map<number, number>()
  validation.subject.forEach((subject, row) => {
    const known = first.get(subject)
    const recording = validation.recording[row]
    if (known === undefined || earlier(recording, known)) first.set(subject, recording)
  })
  const [own, others]: [number[], number[]] = [[], []]
  validation.subject.forEach((subject, row) => (first.get(subject) === validation.recording[row] ? own : others).push(row))
  // Who has one recording only still enrols: an impostor for the others.
  return others.length === 0 ? null : { enrol: selectRows(validation, own), probe: selectRows(validation, others) }
}
