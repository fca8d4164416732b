import { normaliseRows, type EmbeddingSet } from './embedding-set.ts'

/** One template per enrolled subject, in ascending order of subject. */
export interface TemplateSet {
  readonly dimension: number
  /** [templates, dimension], rows of length 1. */
  readonly vectors: Float32Array
  readonly subject: Int32Array
  /** Windows and sessions that went into each. */
  readonly windows: Int32Array
  readonly sessions: Int32Array
}

/**
 * Enrols: the mean of a subject's embeddings (each of length 1), scaled to length 1 again. Embeddings that cancel out leave a zero template, which has the cosine 0 with everything.
 * Source: recognition.md C2. `sessionOf`: the session of a recording by its index.
 * @example [1, 0] and [0, 1] of one subject: [0.7071, 0.7071]
 */
export function makeTemplates(enrol: EmbeddingSet, sessionOf: (recording: number) => string): TemplateSet {
  const { dimension, vectors } = enrol
  const subject = Int32Array.from(new Set(enrol.subject)).sort()
  const place = new Map(Array.from(subject, (code, i) => [code, i]))
  const sums = new Float64Array(subject.length * dimension)
  const windows = new Int32Array(subject.length)
  const sessions = Array.from(subject, () => new Set<string>())
  for (let row = 0; row < enrol.subject.length; row++) {
    const at = place.get(enrol.subject[row]) ?? 0
    for (let i = 0; i < dimension; i++) sums[at * dimension + i] += vectors[row * dimension + i]
    windows[at]++
    sessions[at].add(sessionOf(enrol.recording[row]))
  }
  // Divided before the rounding to 32 bits: a sum of very many would lose digits.
  const means = Float32Array.from(sums, (sum, i) => sum / windows[Math.floor(i / dimension)])
  return { dimension, vectors: normaliseRows(means, dimension), subject, windows, sessions: Int32Array.from(sessions, ({ size }) => size) }
}
