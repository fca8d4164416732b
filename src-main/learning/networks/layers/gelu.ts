import * as tf from '@tensorflow/tfjs-core'
import { withGradient } from './custom-gradient.ts'

/** The logarithm of 2 / sqrt(pi), erf's slope at 0. */
const logSlopeAtZero = Math.log(2 / Math.sqrt(Math.PI))

/**
 * x P(x), P being the normal distribution function (Hendrycks and Gimpel 2016), in its exact form with erf: with t = x / sqrt(2), it is t (1 + erf t) / sqrt(2).
 * Gradient: (1 + erf t + t erf' t) / 2, where erf' t = exp(ln(2 / sqrt(pi)) - t²). t and 1 + erf t are kept from the forward pass; the factors before and behind are left to the matrix
 * products on both sides (`fuse-products.ts`).
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  const t = tf.mul(x, Math.SQRT1_2)
  const scaled = withGradient(
    [t],
    () => {
      const twiceProbability = tf.add(tf.erf(t), 1)
      return { value: tf.mul(t, twiceProbability), saved: [t, twiceProbability] }
    },
    (gradient, [kept, twiceProbability]) => {
      const slope = tf.exp(tf.sub(logSlopeAtZero, tf.square(kept)))
      return [tf.mul(gradient, tf.add(twiceProbability, tf.mul(kept, slope)))]
    },
  )
  return tf.mul(scaled, Math.SQRT1_2)
}
