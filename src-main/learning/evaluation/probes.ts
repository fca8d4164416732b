import { normaliseRows, type EmbeddingSet } from './embedding-set.ts'

export interface ProbeSet {
  /** One row per probe. */
  readonly probes: EmbeddingSet
  /** Windows that are in no probe: the rest of each recording that does not fill one. */
  readonly unusedWindows: number
}

/**
 * Probes of `beats` consecutive windows of one recording: the mean of their embeddings, scaled to length 1 again. Groups do not overlap; what is left at the end of a recording, or
 * the whole of one that is too short, is no probe: fewer beats would be called more. Source: recognition.md A0.4.
 * @param beats windows per probe; 0: all of a recording.
 * @throws RangeError when `beats` is not a whole number of at least 0.
 * @example 12 windows of one recording, 5 beats: 2 probes, 2 unused
 */
export function makeProbes(set: EmbeddingSet, beats: number): ProbeSet {
  if (!Number.isInteger(beats) || beats < 0) throw new RangeError(`a probe cannot have ${beats} beats`)
  const byRecording = new Map<string, number[]>()
  for (let row = 0; row < set.subject.length; row++) {
    // With the subject: a merge could leave one index on two people, and their beats must not be averaged.
    const key = `${set.recording[row]} ${set.subject[row]}`
    const rows = byRecording.get(key)
    if (rows) rows.push(row)
    else byRecording.set(key, [row])
  }
  const groups: number[][] = []
  let used = 0
  for (const rows of byRecording.values()) {
    const size = beats === 0 ? rows.length : beats
    for (let from = 0; from + size <= rows.length; from += size) {
      groups.push(rows.slice(from, from + size))
      used += size
    }
  }
  return { probes: fused(set, groups), unusedWindows: set.subject.length - used }
}

function fused(set: EmbeddingSet, groups: readonly (readonly number[])[]): EmbeddingSet {
  const { dimension } = set
  const vectors = new Float32Array(groups.length * dimension)
  const sum = new Float64Array(dimension)
  groups.forEach((rows, group) => {
    sum.fill(0)
    for (const row of rows) for (let i = 0; i < dimension; i++) sum[i] += set.vectors[row * dimension + i]
    for (let i = 0; i < dimension; i++) vectors[group * dimension + i] = sum[i] / rows.length
  })
  return {
    ...set, vectors: normaliseRows(vectors, dimension), subject: Int32Array.from(groups, ([first]) => set.subject[first]), recording: Int32Array.from(groups, ([first]) => set.recording[first]),
  }
}
