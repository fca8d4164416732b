import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from './without-gradient.ts'

/** Part of the mean squared length (about the batch mean) below which a squared distance is float32 rounding of the Gram matrix: two equal rows. */
const equalRows = 1e-6

/** Inner products of all pairs of rows, about the batch mean: distances do not change by it, and float32 loses far fewer digits. */
export interface CentredGram {
  /** G_ij = ⟨x_i − x̄, x_j − x̄⟩, [B, B]. */
  readonly gram: tf.Tensor
  /** G_ii, [B, 1]. */
  readonly squares: tf.Tensor
  /** ‖x_i − x_j‖², [B, B]. */
  readonly squaredDistances: tf.Tensor
}

/** @param x [B, D] @example [[0, 0], [3, 4]] -> squaredDistances [[0, 25], [25, 0]] */
export function centredGram(x: tf.Tensor): CentredGram {
  const centred = tf.sub(x, tf.mean(x, 0, true))
  const gram = tf.matMul(centred, centred, false, true)
  const squares = tf.sum(tf.square(centred), 1, true)
  const rows = x.shape[0]
  const squaredDistances = tf.relu(tf.sub(tf.add(squares, tf.reshape(squares, [1, rows])), tf.mul(gram, 2)))
  return { gram, squares, squaredDistances }
}

/**
 * Euclidean distances of all pairs of rows, [B, B], and their inverses. Equal rows (and a row with itself) have distance 0, inverse 0 and no gradient: the root's own is infinite
 * there.
 * @example [[0, 0], [3, 4]] -> distances [[0, 5], [5, 0]], inverses [[0, 0.2], [0.2, 0]]
 */
export function pairwiseDistances({ squares, squaredDistances }: CentredGram): { readonly distances: tf.Tensor; readonly inverses: tf.Tensor } {
  const floor = withoutGradient(() => tf.maximum(tf.mul(tf.mean(squares), equalRows), 1e-12))
  const apart = withoutGradient(() => tf.cast(tf.greater(squaredDistances, floor), 'float32'))
  const roots = tf.sqrt(tf.maximum(squaredDistances, floor))
  return { distances: tf.mul(roots, apart), inverses: tf.div(apart, roots) }
}
