import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from './without-gradient.ts'

/** Squared length below which a vector has no direction: its float32 coordinates would be rounding. */
const smallestSquare = 1e-12

/**
 * x / ‖x‖ along the last axis, any shape. A zero vector stays zero and gets no gradient (its direction does not exist), where a plain division gives NaN.
 * @example [[3, 4], [0, 0]] -> [[0.6, 0.8], [0, 0]]
 */
export function unitVectors(x: tf.Tensor): tf.Tensor {
  const squares = tf.sum(tf.square(x), -1, true)
  const lengths = tf.sqrt(tf.maximum(squares, smallestSquare))
  const directed = withoutGradient(() => tf.cast(tf.greater(squares, smallestSquare), 'float32'))
  return tf.mul(tf.div(x, lengths), directed)
}
