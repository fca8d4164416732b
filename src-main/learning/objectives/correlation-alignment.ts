import * as tf from '@tensorflow/tfjs-core'

/**
 * Deep CORAL: L = ‖C_S − C_T‖²_F / (4 d²), C the covariance of each side with 1/(n − 1) (Sun and Saenko 2016, eq. 1 to 3). The gradient goes to both sides.
 * Published code for unpaired distillation leaves out 1/(n − 1) and averages over d²: that is this × (n − 1)² / d, which its small weight (0.003) takes back.
 * Features wider than the batches (flattened maps) never make their d × d covariances: ‖XᵀX‖² = ‖XXᵀ‖² and ⟨XᵀX, YᵀY⟩ = ‖XYᵀ‖².
 * @param student [B_S, d]
 * @param teacher [B_T, d]
 * @example student rows (−1, 0), (1, 0), teacher rows (0, −1), (0, 1): C_S = diag(2, 0), C_T = diag(0, 2), L = 8/16 = 0.5
 */
export function correlationAlignment(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const width = student.shape[1] ?? 1
  const [s, t] = [deviations(student), deviations(teacher)]
  return tf.div(width > student.shape[0] + teacher.shape[0] ? byGram(s, t) : byCovariance(s, t), 4 * width * width)
}

/** Rows about their mean, divided by √(n − 1): XᵀX is the covariance. */
function deviations(x: tf.Tensor): tf.Tensor {
  return tf.div(tf.sub(x, tf.mean(x, 0, true)), Math.sqrt(Math.max(1, x.shape[0] - 1)))
}

function byCovariance(s: tf.Tensor, t: tf.Tensor): tf.Scalar {
  return tf.sum(tf.squaredDifference(tf.matMul(s, s, true), tf.matMul(t, t, true)))
}

function byGram(s: tf.Tensor, t: tf.Tensor): tf.Scalar {
  const squared = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => tf.sum(tf.square(tf.matMul(a, b, false, true)))
  return tf.sub(tf.add(squared(s, s), squared(t, t)), tf.mul(squared(s, t), 2))
}
