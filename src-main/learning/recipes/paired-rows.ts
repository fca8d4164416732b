import * as tf from '@tensorflow/tfjs-core'
import { sizes } from '../networks/sizes.ts'
import { withoutGradient } from '../objectives/without-gradient.ts'

/**
 * A set of embeddings as losses of sets (relations, MMD, covariances, transport) may see it: rows without a partner stand, as constants, at the mean of those that have one. Done to both sides, such a row adds to
 * either set a point in its own middle, and its window gets no gradient. The teacher's place cannot be taken by the student's own row here, as it is where rows are compared one by one (taught.ts): the two spaces
 * are not one, and what lies between rows of both would mean nothing.
 * @param rows [batch, dimensions]
 * @param paired [batch], 1 or 0; without any 1 all rows are 0
 * @example rows [[2], [4], [9]], paired [1, 1, 0] -> [[2], [4], [3]]
 */
export function unpairedAtMean(rows: tf.Tensor, paired: tf.Tensor): tf.Tensor {
  const mask = tf.reshape(paired, [sizes(rows)[0], 1])
  const kept = tf.mul(rows, mask)
  const mean = withoutGradient(() => tf.div(tf.sum(kept, 0, true), tf.maximum(tf.sum(mask), 1)))
  return tf.add(kept, tf.mul(mean, tf.sub(1, mask)))
}
