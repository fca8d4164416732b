import * as tf from '@tensorflow/tfjs-core'
import { unitVectors } from './unit-vectors.ts'
import { withoutGradient } from './without-gradient.ts'

export interface PearsonOptions {
  /** β, the weight of the relations between classes of one sample. 1. */
  readonly inter: number
  /** γ, the weight of the relations between samples of one class. 1. */
  readonly intra: number
  /** τ. 1. */
  readonly temperature: number
}

/**
 * DIST: L = τ²·(β·mean_b(1 − ρ(p_S,b·, p_T,b·)) + γ·mean_c(1 − ρ(p_S,·c, p_T,·c))), ρ Pearson's correlation, p = softmax(z/τ) (Huang et al. 2022, eq. 8 to 10). Asks only that the
 * student's posteriors go with the teacher's, not that they be equal: kinder to a student far smaller than its teacher. The teacher is a constant. Where one side does
 * not vary ρ is 0, without gradient.
 * @param student z_S, [B, C]
 * @param teacher z_T, [B, C]
 * @example the student equal to the teacher: 0. Two classes, the student's logits exchanged: ρ = −1 everywhere, L = β·2 + γ·2
 */
export function pearsonRelations(student: tf.Tensor, teacher: tf.Tensor, { inter, intra, temperature }: PearsonOptions): tf.Scalar {
  if (!(temperature > 0)) throw new RangeError(`A temperature of ${temperature} is not positive.`)
  const s = tf.softmax(tf.div(student, temperature))
  const t = withoutGradient(() => tf.softmax(tf.div(teacher, temperature)))
  const between = tf.mul(uncorrelated(s, t), inter)
  const within = tf.mul(uncorrelated(tf.transpose(s, [1, 0]), withoutGradient(() => tf.transpose(t, [1, 0]))), intra)
  return tf.mul(tf.add(between, within), temperature * temperature)
}

/** Mean over the rows of 1 − ρ(a_row, b_row): the cosine of what is left after the row's mean is taken off. */
function uncorrelated(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const centred = (x: tf.Tensor) => unitVectors(tf.sub(x, tf.mean(x, 1, true)))
  return tf.sub(1, tf.mean(tf.sum(tf.mul(centred(a), withoutGradient(() => centred(b))), 1)))
}
