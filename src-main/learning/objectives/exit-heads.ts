import * as tf from '@tensorflow/tfjs-core'
import { linear } from '../networks/layers/linear.ts'
import { transformerBlock } from '../networks/layers/transformer-block.ts'
import type { Scope } from '../networks/scope.ts'
import { sizes } from '../networks/sizes.ts'
import { oneHotLabels } from './cross-entropy.ts'
import { withoutGradient } from './without-gradient.ts'

/** OFA-KD's token heads: ViT blocks of four heads, hidden layer four times as wide, weights as ViT's. */
const block = { heads: 4, expansion: 4, initial: { kind: 'truncated', deviation: 0.02 }, keep: 1 } as const
const stages = 4

export interface ExitHeadOptions {
  /** k, 1 to 4: after which quarter of the student the head sits. */
  readonly stage: number
  /** C. */
  readonly classes: number
}

/**
 * A head that reads an intermediate stage of a transformer in the space of logits, where a convolutional teacher and it can be compared (OFA-KD, Hao et al. 2023): 4 − k
 * transformer blocks, at least one, then class token -> linear. It learns with the student and is left behind after training.
 * @param tokens [B, N, d], the class token first, d a multiple of 4
 * @param scope weights `block1/…`, `block2/…`, …, `classifier/…`
 * @returns logits [B, C]
 * @example stage 1 of a student of width 96: three blocks of 4 heads, then [96, C]
 */
export function exitHead(tokens: tf.Tensor, scope: Scope, { stage, classes }: ExitHeadOptions): tf.Tensor {
  if (!(Number.isInteger(stage) && stage >= 1 && stage <= stages)) throw new RangeError(`A student has no stage ${stage} of ${stages}.`)
  const [batch, , width] = sizes(tokens)
  let read = tokens
  for (let i = 1; i <= Math.max(1, stages - stage); i++) read = transformerBlock(read, scope.child(`block${i}`), block)
  const classToken = tf.reshape(tf.slice(read, [0, 0, 0], [batch, 1, width]), [batch, width])
  return linear(classToken, scope.child('classifier'), { width: classes, initial: block.initial })
}

export interface AdaptiveTargetOptions {
  /** γ, 1 to 1.5: above 1 the true class weighs more where the teacher is sure of it. */
  readonly gamma: number
}

/**
 * OFA-KD's loss with an adaptive target: L = (1/B) Σ_b Σ_c −((p_T,bc + 1[c = y])^γ − 1[c = y])·log p_S,bc, p = softmax(z) (Hao et al. 2023, as their code has it; the paper raises only the
 * true class to γ). With γ = 1 it is the cross-entropy to the teacher's posteriors. The teacher is a constant.
 * @param student z_S of one exit head, [B, C]
 * @param teacher z_T, [B, C]
 * @param labels y, int32 [B]
 * @example z_T = [[ln 3, 0]], z_S = [[0, 0]], y = 0, γ = 2: weights 1.75² − 1 = 2.0625 and 0.25² = 0.0625, L = 2.125 ln 2 = 1.4729
 */
export function adaptiveTarget(student: tf.Tensor, teacher: tf.Tensor, labels: tf.Tensor, { gamma }: AdaptiveTargetOptions): tf.Scalar {
  if (!(gamma > 0)) throw new RangeError(`An exponent of ${gamma} is not positive.`)
  const targets = withoutGradient(() => {
    const own = oneHotLabels(labels, student.shape[1] ?? 1)
    return tf.sub(tf.pow(tf.add(tf.softmax(teacher), own), tf.scalar(gamma)), own)
  })
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(student)), 1)))
}
