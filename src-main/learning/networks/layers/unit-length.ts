import * as tf from '@tensorflow/tfjs-core'

/** Keeps the gradient of a zero vector finite. */
const epsilon = 1e-12

/** Every vector along the last dimension divided by its length. */
export function unitLength(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), epsilon)))
}
