import * as tf from '@tensorflow/tfjs-core'
import type { Scope } from '../scope.ts'
import { lastSize } from '../sizes.ts'
import { withGradient } from './custom-gradient.ts'

/** ViT's and DeiT's epsilon. */
const epsilon = 1e-6

/**
 * Every vector along the last dimension normalised by its own mean and variance, scaled and shifted.
 * Gradient: with h = g x gain and n the normalised vector, dx = r (h - mean(h) - n mean(h n)). Both means are matrix products of g and of g x n with the gain, and what they are
 * multiplied with is small: that spares two passes over everything.
 */
export function normaliseByVector(x: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const others = x.shape.slice(0, -1).map((_, axis) => axis)
  return withGradient(
    [x, gain, shift],
    () => {
      const centred = tf.sub(x, tf.mean(x, -1, true))
      const reciprocal = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon))
      const normalised = tf.mul(centred, reciprocal)
      return { value: tf.add(tf.mul(normalised, gain), shift), saved: [normalised, reciprocal, gain] }
    },
    (gradient, [normalised, reciprocal, kept]) => {
      const width = lastSize(x)
      const rows = (each: tf.Tensor): tf.Tensor => tf.reshape(each, [x.size / width, width])
      const product = tf.mul(gradient, normalised)
      // [rows, 1]: the mean of each row x the gain.
      const mean = (each: tf.Tensor): tf.Tensor => tf.reshape(tf.mul(tf.matMul(rows(each), tf.reshape(kept, [width, 1])), 1 / width), reciprocal.shape)
      const rest = tf.sub(tf.sub(tf.mul(gradient, kept), mean(gradient)), tf.mul(normalised, mean(product)))
      return [tf.mul(rest, reciprocal), tf.sum(product, others), tf.sum(gradient, others)]
    },
  )
}

/** Layer normalisation (Ba, Kiros and Hinton 2016) with epsilon 1e-6. x: [..., channels]. */
export function layerNormalisation(x: tf.Tensor, scope: Scope): tf.Tensor {
  const width = lastSize(x)
  return normaliseByVector(x, scope.weight('gain', [width], { kind: 'ones' }), scope.weight('shift', [width], { kind: 'zeros' }))
}
