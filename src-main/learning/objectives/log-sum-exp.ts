import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from './without-gradient.ts'

/**
 * log Σ exp(x) along an axis that is kept with length 1, without overflow. Its gradient is the softmax; the largest element that is taken out cancels and is held constant.
 * @example [[0, ln 3]] along axis 1 -> [[ln 4]]
 */
export function logSumExp(x: tf.Tensor, axis: number): tf.Tensor {
  const largest = withoutGradient(() => tf.max(x, axis, true))
  return tf.add(largest, tf.log(tf.sum(tf.exp(tf.sub(x, largest)), axis, true)))
}
