import * as tf from '@tensorflow/tfjs-core'
import { unitVectors } from './unit-vectors.ts'

/**
 * L = (1/B) Σ_b (1 − cos(a_b, b_b)), 0..2: eq. 4 of the multi-modal distillation paper, as the mean that it must be. A zero vector has cosine 0 and no gradient.
 * Symmetric; the gradient goes to both sides.
 * @param a [B, D]
 * @param b [B, D]
 * @example a = [[1, 0], [0, 2]], b = [[3, 0], [5, 0]] -> (0 + 1) / 2 = 0.5
 */
export function cosineDistance(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  return tf.sub(1, tf.mean(tf.sum(tf.mul(unitVectors(a), unitVectors(b)), 1)))
}
