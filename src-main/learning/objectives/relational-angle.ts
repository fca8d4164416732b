import * as tf from '@tensorflow/tfjs-core'
import { centredGram, pairwiseDistances } from './pairwise-distances.ts'
import { smoothL1 } from './smooth-l1.ts'
import { withoutGradient } from './without-gradient.ts'

/**
 * RKD-A: mean over all B³ triples of smooth-L1 between the cosines of the angle at x_i in the triangle (x_j, x_i, x_k) (Park et al. 2019, eq. 7 and 8; usual weight 50).
 * Triples in which a corner falls on the vertex count as cosine 0 on that side, without gradient. The teacher is a constant. Needs B³ floats of memory: 1 MB at B = 64.
 * @param student [B, D_S]
 * @param teacher [B, D_T]
 * @example a right angle at x_0 with equal legs against three points on a line with x_0 in the middle: cosines at x_0 0 against −1, at the others 0.7071 against 1,
 *   L = (2·½ + 4·½·0.2929²) / 27 = 0.0434
 */
export function relationalAngle(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return smoothL1(cosinesAtVertices(student), withoutGradient(() => cosinesAtVertices(teacher)))
}

/** [i, j, k] = ⟨x_j − x_i, x_k − x_i⟩ / (‖x_j − x_i‖ ‖x_k − x_i‖), from the Gram matrix: the differences themselves would be B²·D floats. */
function cosinesAtVertices(x: tf.Tensor): tf.Tensor {
  const rows = x.shape[0]
  const centred = centredGram(x)
  const { inverses } = pairwiseDistances(centred)
  const byJ = (matrix: tf.Tensor) => tf.reshape(matrix, [rows, rows, 1])
  const byK = (matrix: tf.Tensor) => tf.reshape(matrix, [rows, 1, rows])
  const fromVertex = tf.sub(tf.sub(tf.reshape(centred.squares, [rows, 1, 1]), byJ(centred.gram)), byK(centred.gram))
  const products = tf.add(fromVertex, tf.reshape(centred.gram, [1, rows, rows]))
  return tf.mul(tf.mul(products, byJ(inverses)), byK(inverses))
}
