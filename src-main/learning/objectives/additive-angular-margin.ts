import * as tf from '@tensorflow/tfjs-core'
import { cosineLogits } from './cosine-logits.ts'
import { oneHotLabels, softCrossEntropy } from './cross-entropy.ts'
import { withoutGradient } from './without-gradient.ts'

/** sin² is kept above this: the root's gradient is infinite at θ = 0 and π, and 1 − cos² is float32 rounding (about 1e-7) below. */
const smallestSquaredSine = 1e-6

export interface AngularMarginInputs {
  /** e, [B, D]. */
  readonly embeddings: tf.Tensor
  /** W, [C, D]: one direction per identity. */
  readonly weights: tf.Tensor
  /** y, int32 [B]. */
  readonly labels: tf.Tensor
  /** m, radians, rank 0: an input of the step, so that a schedule needs no new graph. 0 <= m < π/2. */
  readonly margin: tf.Tensor
}

export interface AngularMarginOptions {
  /** s. */
  readonly scale: number
  /** What happens where θ_y + m would pass π; see below. */
  readonly beyond: 'penalty' | 'easy'
}

/**
 * ArcFace: cross-entropy of softmax over s·cos(θ_y + m) for the identity itself and s·cos θ_j for the others (Deng et al. 2019, eq. 3; eq. 1 of the multi-modal distillation paper).
 * cos(θ+m) = cos θ cos m − sin θ sin m falls with θ only up to θ = π − m. Beyond, `penalty` goes on falling with cos θ − m·sin m (the first-order term of the same penalty, as
 * the authors' code does); `easy` applies the margin only where cos θ > 0 and leaves cos θ elsewhere, for weak networks at the start.
 * @returns the loss, and cos θ_bj [B, C] without margin or scale, for accuracy and for a teacher's posteriors.
 * @example e = [[1, 0]], W = [[1, 0], [0, 1]], y = [0], s = 1, m = π/3: cos θ = (1, 0), logits (0.5, 0) up to the floor of sin θ, loss ln(1 + e^−0.5) = 0.4741
 */
export function additiveAngularMargin(inputs: AngularMarginInputs, { scale, beyond }: AngularMarginOptions): { readonly loss: tf.Scalar; readonly cosines: tf.Tensor } {
  const cosines = cosineLogits(inputs.embeddings, inputs.weights)
  const own = oneHotLabels(inputs.labels, inputs.weights.shape[0])
  const cosine = tf.sum(tf.mul(cosines, own), 1, true)
  const moved = withMargin(cosine, inputs.margin, beyond)
  const logits = tf.mul(tf.add(cosines, tf.mul(own, tf.sub(moved, cosine))), scale)
  return { loss: softCrossEntropy(logits, own), cosines }
}

/** @param cosine cos θ of each sample with its own class, [B, 1] */
function withMargin(cosine: tf.Tensor, margin: tf.Tensor, beyond: AngularMarginOptions['beyond']): tf.Tensor {
  const cosMargin = tf.cos(margin)
  const sinMargin = tf.sin(margin)
  const sine = tf.sqrt(tf.maximum(tf.sub(1, tf.square(cosine)), smallestSquaredSine))
  const rotated = tf.sub(tf.mul(cosine, cosMargin), tf.mul(sine, sinMargin))
  const fallback = beyond === 'easy' ? cosine : tf.sub(cosine, tf.mul(margin, sinMargin))
  const within = withoutGradient(() => tf.greater(cosine, beyond === 'easy' ? 0 : tf.neg(cosMargin)))
  return tf.where(within, rotated, fallback)
}
