import * as tf from '@tensorflow/tfjs-core'
import { oneHotLabels, softCrossEntropy } from './cross-entropy.ts'
import { unitVectors } from './unit-vectors.ts'
import { withoutGradient } from './without-gradient.ts'

export interface PairedContrastOptions {
  /** What cosines are multiplied with before a softmax: 1 / temperature. */
  readonly scale: number
  /** `hard`: row i is of row i and of no other (InfoNCE). `soft`: of others too, as much as both modalities themselves find them alike. */
  readonly targets: 'soft' | 'hard'
}

/**
 * CLIP's loss at a fixed temperature: ½(CE(rows) + CE(columns)) of S = scale · cos(t_i, s_j) (Radford et al. 2021). Soft targets: softmax of the mean of scale · cos(t_i, t_j) and scale · cos(s_i, s_j), constants;
 * two windows of one person that look the same are then not torn apart. The gradient goes to both sides.
 * @param teacher t, [B, D], of any length
 * @param student s, [B, D]
 * @example t = s = [[1, 0], [0, 1]], scale 1: each row −ln(e / (e + 1)) = 0.3133 with hard targets; the entropy of (0.7311, 0.2689) = 0.5822 with soft ones
 */
export function pairedContrast(teacher: tf.Tensor, student: tf.Tensor, { scale, targets }: PairedContrastOptions): tf.Scalar {
  const [t, s] = [unitVectors(teacher), unitVectors(student)]
  const similarities = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mul(tf.matMul(a, b, false, true), scale)
  const between = similarities(t, s)
  const rows = between.shape[0]
  const wanted = withoutGradient(() =>
    targets === 'hard' ? oneHotLabels(tf.tensor1d(Int32Array.from({ length: rows }, (_, i) => i), 'int32'), rows) : tf.softmax(tf.mul(tf.add(similarities(t, t), similarities(s, s)), 0.5)),
  )
  return tf.mul(tf.add(softCrossEntropy(between, wanted), softCrossEntropy(tf.transpose(between, [1, 0]), wanted)), 0.5)
}
