import * as tf from '@tensorflow/tfjs-core'
import { linear } from './layers/linear.ts'
import type { Scope } from './scope.ts'

/**
 * Gated multimodal unit: z h_a + (1 - z) h_b with h = tanh(W e + c) of each side and the gate z = σ(W_z [a; b] + c_z), one for every dimension (Arevalo et al. 2017, arXiv 1702.01992, 3.1).
 * @param a embeddings of one modality, [batch, dimensions]
 * @param b embeddings of the other, [batch, dimensions of its own]
 * @returns [batch, width], each element in (-1, 1)
 * @example all weights 0 but the gate's bias 50: the result is h_a = tanh(0) = 0; with W_a = 1 and a = [[2]] it is tanh 2 = 0.9640
 */
export function gatedUnit(a: tf.Tensor, b: tf.Tensor, scope: Scope, { width }: { readonly width: number }): tf.Tensor {
  const hidden = (x: tf.Tensor, name: string): tf.Tensor => tf.tanh(linear(x, scope.child(name), { width }))
  const gate = tf.sigmoid(linear(tf.concat([a, b], 1), scope.child('gate'), { width }))
  return tf.add(tf.mul(gate, hidden(a, 'first')), tf.mul(tf.sub(1, gate), hidden(b, 'second')))
}
