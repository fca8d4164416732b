import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from '../objectives/without-gradient.ts'
import { sizes } from '../networks/sizes.ts'

/**
 * The teacher's values where a window has a partner; where it has none the student's own, as constants: every distance between the two is then 0 there and so is its gradient, so that a window without a partner
 * learns from its label alone, wherever a loss compares row by row (recognition.md A2; for sets see paired-rows.ts: "skip the sample's fusion term").
 * @param taught [batch, ...]; 0 in rows without a partner
 * @param own of the same shape
 * @param paired [batch], 1 or 0
 */
export function taughtWherePaired(taught: tf.Tensor, own: tf.Tensor, paired: tf.Tensor): tf.Tensor {
  const [batch, ...rest] = sizes(own)
  const mask = tf.reshape(paired, [batch, ...rest.map(() => 1)])
  return tf.add(tf.mul(taught, mask), tf.mul(withoutGradient(() => own), tf.sub(1, mask)))
}
