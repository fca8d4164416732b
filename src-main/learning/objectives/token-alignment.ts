import * as tf from '@tensorflow/tfjs-core'
import { layerNormalisation } from '../networks/layers/layer-normalisation.ts'
import { linear } from '../networks/layers/linear.ts'
import type { Scope } from '../networks/scope.ts'
import { sizes } from '../networks/sizes.ts'
import { smoothL1 } from './smooth-l1.ts'
import { withoutGradient } from './without-gradient.ts'

export interface TokenAlignmentOptions {
  readonly form: 'smooth-l1' | 'mean-squared'
}

/**
 * FitNet for a transformer student: the mean over all elements of h(LN(A·M·W + b) − S), h smooth-L1 or the square; A interpolates the teacher's map M along time to one
 * frame per patch token, W and b lead from its channels to the tokens' (FitNets, Romero et al. 2015, eq. 3, with a projection for tokens). The teacher is a constant, the projection
 * learns with the student and is left behind after training.
 * @param tokens S, the patch tokens without class or distillation token, [B, N, d]
 * @param map M, a teacher stage, [B, L, C]
 * @param scope weights `linear/weight` [C, d], `linear/bias` [d], `normalisation/gain` and `/shift` [d]
 * @example a map of one frame per token: A is the identity, and the loss 0 where the tokens are the normalised projection
 */
export function tokenAlignment(tokens: tf.Tensor, map: tf.Tensor, scope: Scope, { form }: TokenAlignmentOptions): tf.Scalar {
  const [, count, width] = sizes(tokens)
  const frames = withoutGradient(() => interpolated(map, count))
  const projected = layerNormalisation(linear(frames, scope.child('linear'), { width }), scope.child('normalisation'))
  return form === 'smooth-l1' ? smoothL1(tokens, projected) : tf.mean(tf.squaredDifference(tokens, projected))
}

/** [B, L, C] -> [B, count, C], as one product of two matrices: every engine is fast at that, and few multiply batches of them by one constant. */
function interpolated(map: tf.Tensor, count: number): tf.Tensor {
  const [batch, length, channels] = sizes(map)
  if (length === count) return map
  const rows = tf.reshape(tf.transpose(map, [0, 2, 1]), [batch * channels, length])
  const moved = tf.matMul(rows, tf.tensor2d(interpolation(length, count), [length, count]))
  return tf.transpose(tf.reshape(moved, [batch, channels, count]), [0, 2, 1])
}

/**
 * Linear interpolation from `length` frames to `count`, both spread evenly over the same stretch of time: frame n of the result lies at (n + ½)·length / count − ½, held within the ends
 * (PyTorch's `align_corners=False`).
 * @returns [length, count], row-major; columns sum to 1
 * @example interpolation(2, 4) // columns (1, 0), (0.75, 0.25), (0.25, 0.75), (0, 1)
 */
export function interpolation(length: number, count: number): Float32Array {
  const weights = new Float32Array(length * count)
  for (let n = 0; n < count; n++) {
    const place = Math.min(length - 1, Math.max(0, ((n + 0.5) * length) / count - 0.5))
    const before = Math.min(Math.floor(place), Math.max(0, length - 2))
    weights[before * count + n] = 1 - (place - before)
    if (before + 1 < length) weights[(before + 1) * count + n] = place - before
  }
  return weights
}
