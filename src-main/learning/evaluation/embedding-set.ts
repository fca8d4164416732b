import type { SplitRole } from '../../contract/index.ts'

/** Embeddings of the windows of one part of a split. Windows of one recording stand in the order in which they were recorded. */
export interface EmbeddingSet {
  readonly dimension: number
  /** [windows, dimension], row-major; every row has length 1 (or is all zero). */
  readonly vectors: Float32Array
  /** Per window: index into the run's subjects, and into its recordings. */
  readonly subject: Int32Array
  readonly recording: Int32Array
  readonly role: SplitRole
}

/** What evaluation needs to know of a recording. `startedAt` orders a subject's recordings. */
export interface EvaluatedRecording {
  readonly session: string
  readonly startedAt: string
}

/** Float32 rounding of a unit vector of some thousand elements stays far below this. */
const lengthTolerance = 1e-3

/**
 * Fails early on what would give wrong numbers silently.
 * @throws RangeError when columns differ in length, a value is not a number, or a row is neither of length 1 nor zero.
 */
export function checkEmbeddings({ dimension, vectors, subject, recording, role }: EmbeddingSet): void {
  if (dimension < 1 || vectors.length !== dimension * subject.length || recording.length !== subject.length) throw new RangeError(`the ${role} embeddings' columns differ in length`)
  for (let row = 0; row < subject.length; row++) {
    let square = 0
    for (let i = row * dimension; i < (row + 1) * dimension; i++) square += vectors[i] * vectors[i]
    // Not a number fails both comparisons.
    if (!(square === 0 || Math.abs(square - 1) < lengthTolerance)) throw new RangeError(`embedding ${row} of ${role} is not of length 1: ${Math.sqrt(square)}`)
  }
}

/** Rows scaled to length 1, in place; rows of zeros stay. @example [3, 4] becomes [0.6, 0.8] */
export function normaliseRows(vectors: Float32Array, dimension: number): Float32Array {
  for (let from = 0; from < vectors.length; from += dimension) {
    let square = 0
    for (let i = from; i < from + dimension; i++) square += vectors[i] * vectors[i]
    if (square === 0) continue
    const scale = 1 / Math.sqrt(square)
    for (let i = from; i < from + dimension; i++) vectors[i] *= scale
  }
  return vectors
}

/** Those rows of a set. */
export function selectRows(set: EmbeddingSet, rows: readonly number[]): EmbeddingSet {
  const { dimension } = set
  const vectors = new Float32Array(rows.length * dimension)
  rows.forEach((row, to) => vectors.set(set.vectors.subarray(row * dimension, (row + 1) * dimension), to * dimension))
  return { ...set, vectors, subject: Int32Array.from(rows, (row) => set.subject[row]), recording: Int32Array.from(rows, (row) => set.recording[row]) }
}
