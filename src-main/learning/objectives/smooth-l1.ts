import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from './without-gradient.ts'

/**
 * Mean over all elements of h(a − b), h(u) = u²/2 for |u| < 1 and |u| − 1/2 beyond (Huber 1964; the "smooth L1" of Girshick, Fast R-CNN 2015, with β = 1).
 * @example a − b = [0.5, −3] -> (0.125 + 2.5) / 2 = 1.3125
 */
export function smoothL1(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const u = tf.sub(a, b)
  // h(u) = max over |c| <= 1 of c·u − c²/2, reached at c = u clipped to ±1. With that c held constant the gradient is c, which is h'(u): no branches to select between.
  const clipped = withoutGradient(() => tf.add(tf.sub(u, tf.relu(tf.sub(u, 1))), tf.relu(tf.sub(tf.neg(u), 1))))
  return tf.mean(tf.mul(clipped, tf.sub(u, tf.mul(clipped, 0.5))))
}
