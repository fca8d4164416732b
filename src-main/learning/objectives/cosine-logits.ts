import * as tf from '@tensorflow/tfjs-core'
import { unitVectors } from './unit-vectors.ts'

/**
 * cos θ_bj = ⟨e_b, W_j⟩ / (‖e_b‖ ‖W_j‖): the logits of a cosine head, before any scale (ArcFace, Deng et al. 2019, eq. 2 without bias and length). A zero vector has cosine 0.
 * @param embeddings e, [B, D]
 * @param weights W, [C, D]
 * @returns [B, C], −1..1
 * @example e = [[3, 4]], W = [[1, 0], [0, −2]] -> [[0.6, −0.8]]
 */
export function cosineLogits(embeddings: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  return tf.matMul(unitVectors(embeddings), unitVectors(weights), false, true)
}
