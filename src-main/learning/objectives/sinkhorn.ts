import * as tf from '@tensorflow/tfjs-core'
import { logSumExp } from './log-sum-exp.ts'
import { unitVectors } from './unit-vectors.ts'

/** Enough for ε >= 0.05 × the median cost; fixed, so that the unrolled loop is one graph. */
const iterations = 50

/**
 * Cost ⟨C, π⟩ of carrying one set of embeddings to another, π the entropic optimal plan between uniform weights: min ⟨C, π⟩ + ε Σ π ln π, C_ij = 1 − cos(s_i, t_j) (Cuturi 2013), by 50
 * Sinkhorn iterations in the log domain (Peyré and Cuturi 2019, 4.4), through which the gradient goes as through any network. About 2,000 small nodes when traced, forward and back.
 * @param student [B_S, D]
 * @param teacher [B_T, D]
 * @param epsilon ε, rank 0, positive; 0.05 to 0.1 × the median of C. Towards 0 the cost is that of the best assignment, towards ∞ the mean of C.
 * @example s = [[1, 0], [0, 1]], t = [[0, 1], [1, 0]]: ε = 0.05 -> 2e-9 (each to its own); ε = 1e6 -> 0.5
 */
export function sinkhorn(student: tf.Tensor, teacher: tf.Tensor, epsilon: tf.Tensor): tf.Scalar {
  const cost = tf.sub(1, tf.matMul(unitVectors(student), unitVectors(teacher), false, true))
  const kernel = tf.neg(tf.div(cost, epsilon))
  const [logRow, logColumn] = [-Math.log(student.shape[0]), -Math.log(teacher.shape[0])]
  // Potentials over ε: π_ij = exp(row_i + column_j − C_ij / ε). The column potential starts at 0.
  let row = tf.sub(logRow, logSumExp(kernel, 1))
  let column = tf.sub(logColumn, logSumExp(tf.add(kernel, row), 0))
  for (let i = 1; i < iterations; i++) {
    row = tf.sub(logRow, logSumExp(tf.add(kernel, column), 1))
    column = tf.sub(logColumn, logSumExp(tf.add(kernel, row), 0))
  }
  return tf.sum(tf.mul(cost, tf.exp(tf.add(tf.add(kernel, row), column))))
}
