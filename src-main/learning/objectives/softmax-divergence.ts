import * as tf from '@tensorflow/tfjs-core'
import { withoutGradient } from './without-gradient.ts'

/**
 * Soft distillation: L = τ² · (1/B) Σ_b KL(softmax(z_T/τ) ‖ softmax(z_S/τ)) (Hinton, Vinyals and Dean 2015). τ² keeps the gradient's size while τ changes. The mean is over the
 * batch, not over B·C as in DeiT's code (which is C times weaker). The teacher is a constant.
 * With cosine heads z = s'·cos θ and τ = 1 is the same as cosines with τ = 1/s' (then without the factor τ²).
 * @param student z_S, [B, C]
 * @param teacher z_T, [B, C]
 * @example z_T = [[ln 3, 0]], z_S = [[0, 0]], τ = 1: 0.75 ln 1.5 + 0.25 ln 0.5 = 0.1308
 */
export function softmaxDivergence(student: tf.Tensor, teacher: tf.Tensor, temperature: number): tf.Scalar {
  if (!(temperature > 0)) throw new RangeError(`A temperature of ${temperature} is not positive.`)
  const logTeacher = withoutGradient(() => tf.logSoftmax(tf.div(teacher, temperature)))
  const logStudent = tf.logSoftmax(tf.div(student, temperature))
  const posterior = withoutGradient(() => tf.exp(logTeacher))
  const divergences = tf.sum(tf.mul(posterior, tf.sub(logTeacher, logStudent)), 1)
  return tf.mul(tf.mean(divergences), temperature * temperature)
}
