import * as tf from '@tensorflow/tfjs-core'
import { centredGram, pairwiseDistances } from './pairwise-distances.ts'
import { smoothL1 } from './smooth-l1.ts'
import { withoutGradient } from './without-gradient.ts'

/**
 * RKD-D: mean over all B² pairs of smooth-L1(d_S,ij − d_T,ij), d_ij = ‖x_i − x_j‖ / μ, μ the mean over i ≠ j (Park et al. 2019, eq. 5 and 6; usual weight 25). Scale of either side does
 * not matter, nor its width. The teacher is a constant. Equal rows have distance 0 and no gradient.
 * @param student [B, D_S]
 * @param teacher [B, D_T]
 * @example points 0, 1, 2 against 0, 1, 4 on a line: d/μ = (¾, 1½, ¾) against (⅜, 1½, 1⅛), L = 2·(0.0703 + 0 + 0.0703) / 9 = 0.03125
 */
export function relationalDistance(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return smoothL1(scaledDistances(student), withoutGradient(() => scaledDistances(teacher)))
}

function scaledDistances(x: tf.Tensor): tf.Tensor {
  const { distances } = pairwiseDistances(centredGram(x))
  const pairs = Math.max(1, x.shape[0] * (x.shape[0] - 1))
  return tf.div(distances, tf.maximum(tf.div(tf.sum(distances), pairs), 1e-12))
}
