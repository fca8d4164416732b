import * as tf from '@tensorflow/tfjs-core'
import { withGradient } from '../networks/layers/custom-gradient.ts'
import { sameLabels, softCrossEntropy } from './cross-entropy.ts'
import { unitVectors } from './unit-vectors.ts'
import { withoutGradient } from './without-gradient.ts'

/** ln of the scale that CLIP starts from: 1 / 0.07 (Radford et al. 2021, 2.5). */
export const initialLogScale = Math.log(1 / 0.07)
/** CLIP keeps the scale at most here: sharper logits made training unstable (Radford et al. 2021, 2.5). */
const largestLogScale = Math.log(100)

/**
 * CLIP's loss with every window of the same person a positive: ½(CE(rows) + CE(columns)) of S = F_T F_Sᵀ·e^ℓ, targets M_ij / Σ_j M_ij with M_ij = 1 where y_i = y_j (InfoNCE where all
 * labels differ, Radford et al. 2021; several positives after Khosla et al. 2020, L_out). Plain InfoNCE would push apart two windows of one person.
 * The gradient goes to both sides and to ℓ; the scale stops at 100, and from there only a gradient that lowers it is let through.
 * @param teacher F_T, [B, D], of any length
 * @param student F_S, [B, D]
 * @param labels y, int32 [B]
 * @param logScale ℓ = ln(1/τ), rank 0, learnt from `initialLogScale`
 * @example F_T = F_S = [[1, 0], [0, 1]], y = (0, 1), ℓ = 0: each row −ln(e / (e + 1)) = 0.3133, so L = 0.3133; with y = (0, 0) L = 0.8133
 */
export function contrastiveAlignment(teacher: tf.Tensor, student: tf.Tensor, labels: tf.Tensor, logScale: tf.Tensor): tf.Scalar {
  const similarities = tf.mul(tf.matMul(unitVectors(teacher), unitVectors(student), false, true), tf.exp(capped(logScale)))
  const targets = withoutGradient(() => {
    const positives = sameLabels(labels)
    return tf.div(positives, tf.sum(positives, 1, true))
  })
  return tf.mul(tf.add(softCrossEntropy(similarities, targets), softCrossEntropy(tf.transpose(similarities, [1, 0]), targets)), 0.5)
}

/** min(x, ln 100) whose gradient is that of a projected step: descent may leave the cap downwards, never push beyond it. */
function capped(logScale: tf.Tensor): tf.Tensor {
  return withGradient(
    [logScale],
    () => ({
      value: tf.minimum(logScale, largestLogScale),
      saved: [tf.cast(tf.greaterEqual(logScale, largestLogScale), 'float32')],
    }),
    // A negative gradient raises ℓ.
    (gradient, [atCap]) => [tf.add(gradient, tf.mul(atCap, tf.relu(tf.neg(gradient))))],
  )
}
