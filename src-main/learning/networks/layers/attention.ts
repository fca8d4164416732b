import * as tf from '@tensorflow/tfjs-core'
import type { Initializer, Scope } from '../scope.ts'
import { lastSize, sizes } from '../sizes.ts'
import { linear } from './linear.ts'

export interface AttentionOptions {
  readonly heads: number
  readonly initial: Initializer
}

/** softmax(Q K' / sqrt(d)) V for every head. All three and the result: [batch x heads, tokens, d] (or more dimensions before the tokens). */
export function attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor {
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(lastSize(value)))
  return tf.matMul(tf.softmax(scores, -1), value)
}

/**
 * Multi-head self-attention (Vaswani et al. 2017): queries, keys and values from one linear map, heads side by side in the channels, and a linear map of what they found.
 * tokens: [batch, tokens, channels], channels a multiple of the heads; result: the same shape.
 */
export function attention(tokens: tf.Tensor, scope: Scope, { heads, initial }: AttentionOptions): tf.Tensor {
  const [batch, count, channels] = sizes(tokens)
  if (channels % heads !== 0) throw new RangeError(`${channels} channels cannot be shared among ${heads} heads.`)
  const size = channels / heads
  const mapped = tf.reshape(linear(tokens, scope.child('query-key-value'), { width: 3 * channels, initial }), [batch, count, 3, heads, size])
  // Queries, keys and values one behind the other: whole rows move, once, and parting them copies what lies together.
  const [query, key, value] = tf.unstack(tf.reshape(tf.transpose(mapped, [2, 0, 3, 1, 4]), [3, batch * heads, count, size]), 0)
  const found = tf.reshape(attend(query, key, value), [batch, heads, count, size])
  const together = tf.reshape(tf.transpose(found, [0, 2, 1, 3]), [batch, count, channels])
  return linear(together, scope.child('output'), { width: channels, initial })
}
