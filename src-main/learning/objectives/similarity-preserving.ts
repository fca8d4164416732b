import * as tf from '@tensorflow/tfjs-core'
import { unitVectors } from './unit-vectors.ts'
import { withoutGradient } from './without-gradient.ts'

/**
 * Similarity-preserving distillation: L = ‖F_T F_Tᵀ − F_S F_Sᵀ‖²_F / B², F = pooled stage features with rows of length 1, so that the Gram matrices hold cosines
 * (after Tung and Mori 2019, who normalise the Gram matrix's rows instead). Compares relations, so both sides may have their own width. The teacher is a constant.
 * @param student [B, D_S]
 * @param teacher [B, D_T]
 * @example teacher rows equal, student rows orthogonal, B = 2: the two off-diagonal entries differ by 1, L = 2/4 = 0.5
 */
export function similarityPreserving(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return tf.mean(tf.squaredDifference(cosinesOf(student), withoutGradient(() => cosinesOf(teacher))))
}

function cosinesOf(features: tf.Tensor): tf.Tensor {
  const rows = unitVectors(features)
  return tf.matMul(rows, rows, false, true)
}
