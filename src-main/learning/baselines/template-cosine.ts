/**
 * The oldest baseline: a person is the mean of their beats, and a beat is theirs as far as it has the same shape. Nothing is fitted. The embeddings are the windows themselves with mean 0 and length 1, so
 * that the cosine of two is their correlation; templates and probes are made of them as of any embeddings (evaluation/templates.ts, probes.ts). A flat window becomes zeros.
 * @param values [rows, length]
 * @example correlationEmbeddings(Float32Array.of(1, 2, 3), 3) // [-0.707, 0, 0.707]
 */
export function correlationEmbeddings(values: Float32Array, length: number): Float32Array {
  const embedded = new Float32Array(values.length)
  for (let at = 0; at < values.length; at += length) {
    let mean = 0
    for (let i = 0; i < length; i++) mean += values[at + i] / length
    let power = 0
    for (let i = 0; i < length; i++) power += (values[at + i] - mean) ** 2
    const norm = Math.sqrt(power)
    for (let i = 0; i < length; i++) embedded[at + i] = norm > 0 ? (values[at + i] - mean) / norm : 0
  }
  return embedded
}
