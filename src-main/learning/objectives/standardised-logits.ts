import * as tf from '@tensorflow/tfjs-core'
import { sizes } from '../networks/sizes.ts'

/** A row of equal logits has no deviation to be divided by. */
const smallestVariance = 1e-12

/**
 * Every row of logits with mean 0 and deviation 1 (n − 1): distilled so, a student learns the order and the spacing of the teacher's classes, not how sure it is (Sun et al. 2024, logit standardisation).
 * Before a softmax divergence with a temperature.
 * @param logits [B, C], C >= 2
 * @example [[1, 2, 3]] -> [[−1, 0, 1]]
 */
export function standardisedLogits(logits: tf.Tensor): tf.Tensor {
  const centred = tf.sub(logits, tf.mean(logits, 1, true))
  const variance = tf.div(tf.sum(tf.square(centred), 1, true), Math.max(1, sizes(logits)[1] - 1))
  return tf.div(centred, tf.sqrt(tf.maximum(variance, smallestVariance)))
}
