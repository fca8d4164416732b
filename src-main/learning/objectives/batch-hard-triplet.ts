import * as tf from '@tensorflow/tfjs-core'
import { sameLabels } from './cross-entropy.ts'
import { centredGram, pairwiseDistances } from './pairwise-distances.ts'
import { unitVectors } from './unit-vectors.ts'
import { withoutGradient } from './without-gradient.ts'

export interface TripletOptions {
  /** How a violation counts: `hinge` max(0, v), `softplus` ln(1 + e^v), which goes on pulling after the margin is kept. */
  readonly form: 'hinge' | 'softplus'
  /** μ, in Euclidean distance on the unit sphere (0..2). Person re-identification uses 0.3. */
  readonly margin: number
}

/**
 * L = mean over anchors a of form(max_p ‖a − p‖ − min_n ‖a − n‖ + μ) on L2-normalised embeddings, p of the anchor's identity and not itself, n of another (Hermans, Beyer and
 * Leibe 2017, eq. 5). Anchors without a positive or without a negative in the batch do not count; a batch of none gives 0. Equally hard ones share the gradient.
 * @param embeddings [B, D], of any length
 * @param labels int32 [B]
 * @example e at 0°, 60°, 90° with labels (0, 0, 1), hinge, μ = 0.3: anchors 0 and 1 have p = 1, n = √2 and 0.5176; L = (0 + 0.7824) / 2 = 0.3912
 */
export function batchHardTriplet(embeddings: tf.Tensor, labels: tf.Tensor, { form, margin }: TripletOptions): tf.Scalar {
  const { distances } = pairwiseDistances(centredGram(unitVectors(embeddings)))
  const same = sameLabels(labels)
  const positives = tf.sub(same, tf.eye(embeddings.shape[0]))
  const negatives = tf.sub(1, same)
  const furthest = tf.sum(tf.mul(distances, withoutGradient(() => largestOf(distances, positives))), 1)
  const nearest = tf.sum(tf.mul(distances, withoutGradient(() => largestOf(tf.neg(distances), negatives))), 1)
  const violation = tf.add(tf.sub(furthest, nearest), margin)
  // |v| <= 2 + μ on the sphere: the exponential cannot overflow.
  const losses = form === 'hinge' ? tf.relu(violation) : tf.log(tf.add(tf.exp(violation), 1))
  const counts = tf.mul(tf.max(positives, 1), tf.max(negatives, 1))
  return tf.div(tf.sum(tf.mul(losses, counts)), tf.maximum(tf.sum(counts), 1))
}

/** Weights, [B, B], whose product with `scores` sums, by row, to the largest score under the mask; all 0 in a row without any. */
function largestOf(scores: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  // Distances are within 0..2, so that -9 is below every score.
  const masked = tf.sub(tf.mul(tf.add(scores, 9), mask), 9)
  const chosen = tf.mul(mask, tf.cast(tf.greaterEqual(masked, tf.max(masked, 1, true)), 'float32'))
  return tf.div(chosen, tf.maximum(tf.sum(chosen, 1, true), 1))
}
