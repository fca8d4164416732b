import * as tf from '@tensorflow/tfjs-core'
import { centredGram } from './pairwise-distances.ts'
import { unitVectors } from './unit-vectors.ts'
import { withoutGradient } from './without-gradient.ts'

/** Kernel widths ¼, ½, 1, 2, 4 times the mean squared distance: the widest is 4, each halving squares the kernel. */
const widest = 4
const halvings = 4
/** Below this mean squared distance all unit vectors are one, to float32 rounding. */
const smallestBandwidth = 1e-6

/**
 * MMD² of two sets of embeddings under a sum of five Gaussian kernels (Gretton et al. 2012, the biased estimate; 0..10):
 * mean k(s, s') + mean k(t, t') − 2 mean k(s, t), i = i included, k(x, y) = Σ_{i=0..4} exp(−‖x − y‖² / (w·2^i / 4)), on L2-normalised embeddings;
 * w = Σ_{i≠j} ‖x_i − x_j‖² / (n² − n) over the joint batch, without gradient. Squared, since the root's gradient at 0 is infinite. The gradient goes to both sides.
 * @param student [B_S, D]
 * @param teacher [B_T, D]
 * @example s = [[1, 0]], t = [[−1, 0]]: ‖s − t‖² = 4 = w, so 2·(5 − (e^−4 + e^−2 + e^−1 + e^−½ + e^−¼)) = 6.1863
 */
export function maximumMeanDiscrepancy(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const [students, teachers] = [student.shape[0], teacher.shape[0]]
  const count = students + teachers
  const { squaredDistances } = centredGram(unitVectors(tf.concat([student, teacher], 0)))
  const bandwidth = withoutGradient(() => tf.maximum(tf.div(tf.sum(squaredDistances), count * count - count), smallestBandwidth))
  let kernel = tf.exp(tf.neg(tf.div(squaredDistances, tf.mul(bandwidth, widest))))
  let kernels = kernel
  for (let i = 0; i < halvings; i++) {
    kernel = tf.square(kernel)
    kernels = tf.add(kernels, kernel)
  }
  // With v = 1/B_S for students and −1/B_T for teachers, MMD² = vᵀ K v.
  const signs = tf.tensor2d(Float32Array.from({ length: count }, (_, i) => (i < students ? 1 / students : -1 / teachers)), [count, 1])
  return tf.sum(tf.mul(signs, tf.matMul(kernels, signs)))
}
