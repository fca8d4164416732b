import * as tf from '@tensorflow/tfjs-core'
import { oneHotLabels } from './cross-entropy.ts'
import { logSumExp } from './log-sum-exp.ts'
import { withoutGradient } from './without-gradient.ts'

/** Takes the target class out of a softmax: exp(−1e4) is 0 in float32, and finite where an infinity would make 0·∞. */
const excluded = 1e4

export interface DecoupledOptions {
  /** α, the weight of the target class's term. 1. */
  readonly target: number
  /** β, the weight of the others' term. 8 on CIFAR-100, 0.5 on ImageNet. */
  readonly others: number
  /** τ. 4 and 1. */
  readonly temperature: number
}

/**
 * DKD: L = τ²·(α·TCKD + β·NCKD), batch mean (Zhao et al. 2022, eq. 7). TCKD = KL of (p_y, 1 − p_y) of teacher and student; NCKD = KL of the softmax over the classes other than y. With
 * α = 1 and β = 1 − p_T,y it is the ordinary divergence. The teacher is a constant. 1 − p_y is summed from the other classes, so a sure teacher loses no digits.
 * @param student z_S, [B, C], C >= 2
 * @param teacher z_T, [B, C]
 * @param labels y, int32 [B]
 * @example z_T = [[ln 2, ln 3, ln 1]], z_S = 0, y = 0, α = β = τ = 1: TCKD = KL((⅓, ⅔) ‖ (⅓, ⅔)) = 0, NCKD = ¾ ln 1.5 + ¼ ln 0.5 = 0.1308
 */
export function decoupledDistillation(student: tf.Tensor, teacher: tf.Tensor, labels: tf.Tensor, { target, others, temperature }: DecoupledOptions): tf.Scalar {
  if (!(temperature > 0)) throw new RangeError(`A temperature of ${temperature} is not positive.`)
  const own = oneHotLabels(labels, student.shape[1] ?? 1)
  const t = withoutGradientOf(decouple(tf.div(teacher, temperature), own))
  const s = decouple(tf.div(student, temperature), own)
  const targetTerm = tf.add(tf.mul(tf.exp(t.own), tf.sub(t.own, s.own)), tf.mul(tf.exp(t.rest), tf.sub(t.rest, s.rest)))
  const othersTerm = tf.sum(tf.mul(tf.exp(t.others), tf.sub(t.others, s.others)), 1, true)
  return tf.mul(tf.mean(tf.add(tf.mul(targetTerm, target), tf.mul(othersTerm, others))), temperature * temperature)
}

interface Decoupled {
  /** log p_y, [B, 1]. */
  readonly own: tf.Tensor
  /** log(1 − p_y), [B, 1]. */
  readonly rest: tf.Tensor
  /** Log-softmax over the classes other than y, [B, C]; about −1e4 at y. */
  readonly others: tf.Tensor
}

function decouple(logits: tf.Tensor, own: tf.Tensor): Decoupled {
  const logPosterior = tf.logSoftmax(logits)
  const withoutOwn = tf.sub(logPosterior, tf.mul(own, excluded))
  const rest = logSumExp(withoutOwn, 1)
  return { own: tf.sum(tf.mul(logPosterior, own), 1, true), rest, others: tf.sub(withoutOwn, rest) }
}

function withoutGradientOf({ own, rest, others }: Decoupled): Decoupled {
  return { own: withoutGradient(() => own), rest: withoutGradient(() => rest), others: withoutGradient(() => others) }
}
