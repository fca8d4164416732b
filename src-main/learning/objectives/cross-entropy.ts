import * as tf from '@tensorflow/tfjs-core'

/** 1 at each row's label, else 0. @param labels int32 [B] @returns float32 [B, classes] */
export function oneHotLabels(labels: tf.Tensor, classes: number): tf.Tensor {
  // Not tf.oneHot: the wasm backend (4.22) writes whole numbers into it even where float32 is asked for.
  const all = tf.tensor2d(Int32Array.from({ length: classes }, (_, c) => c), [1, classes], 'int32')
  return tf.cast(tf.equal(tf.expandDims(labels, 1), all), 'float32')
}

/** M_ij = 1 where rows i and j have one label, else 0 (the diagonal is 1). @param labels int32 [B] @returns float32 [B, B] */
export function sameLabels(labels: tf.Tensor): tf.Tensor {
  return tf.cast(tf.equal(tf.expandDims(labels, 1), tf.expandDims(labels, 0)), 'float32')
}

/**
 * L = −(1/B) Σ_b Σ_c q_bc log softmax(z_b)_c: cross-entropy to any target distribution.
 * @param logits z, [B, C]
 * @param targets q, [B, C]
 * @example z = [[0, 0]], q = [[0.5, 0.5]] -> ln 2
 */
export function softCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)))
}

/**
 * L = −(1/B) Σ_b log softmax(z_b)_{y_b}.
 * @param logits z, [B, C]
 * @param labels y, int32 [B]
 * @example z = [[0, ln 3]], y = [1] -> ln 4/3 = 0.2877
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return softCrossEntropy(logits, oneHotLabels(labels, logits.shape[1] ?? 1))
}
