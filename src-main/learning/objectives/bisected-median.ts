import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from './without-gradient.ts'

/** Halvings of the range: float32 has no finer steps in 0..2. */
const halvings = 24

/**
 * The lower median of all elements, found by halving the range that it lies in: a traced graph cannot sort. A constant to every gradient.
 * @param x values from 0 to `most`, any shape
 * @returns rank 0, to within most / 2^24
 * @example [[0.1, 0.9], [0.4, 0.3]] with most 2 -> 0.3
 */
export function bisectedMedian(x: tf.Tensor, most: number): tf.Scalar {
  return withoutGradient(() => {
    let low: tf.Tensor = tf.scalar(0)
    for (let i = 1; i <= halvings; i++) {
      const middle = tf.add(low, most / 2 ** i)
      const belowHalf = tf.cast(tf.less(tf.mean(tf.cast(tf.lessEqual(x, middle), 'float32')), 0.5), 'float32')
      low = tf.add(low, tf.mul(belowHalf, most / 2 ** i))
    }
    return tf.add(low, most / 2 ** halvings) as tf.Scalar
  })
}
