import * as tf from '@tensorflow/tfjs-core'
import type { Initializer, Scope } from '../scope.ts'
import { lastSize, sizes } from '../sizes.ts'
import { attention } from './attention.ts'
import { gelu } from './gelu.ts'
import { layerNormalisation } from './layer-normalisation.ts'
import { linear } from './linear.ts'

export interface TransformerBlockOptions {
  readonly heads: number
  /** Width of the hidden layer over that of the tokens. */
  readonly expansion: number
  readonly initial: Initializer
  /** Probability that a branch takes part for a sample (stochastic depth, Huang et al. 2016); 1: always. */
  readonly keep: number
}

/** tokens + branch; while training each sample's branch is left out with probability 1 - keep, and weighs 1 / keep otherwise. */
function residual(tokens: tf.Tensor, branch: tf.Tensor, scope: Scope, keep: number): tf.Tensor {
  const mask = keep < 1 ? scope.mask('drop-path', [sizes(tokens)[0], 1, 1], keep) : null
  return tf.add(tokens, mask ? tf.mul(branch, mask) : branch)
}

/**
 * A pre-norm transformer block (ViT, Dosovitskiy et al. 2021, eq. 2 and 3):
 * y = x + attention(norm(x)); result = y + W2 gelu(W1 norm(y)). tokens: [batch, tokens, channels]; result: the same shape.
 */
export function transformerBlock(tokens: tf.Tensor, scope: Scope, { heads, expansion, initial, keep }: TransformerBlockOptions): tf.Tensor {
  const channels = lastSize(tokens)
  const attending = scope.child('attention')
  const attended = attention(layerNormalisation(tokens, attending.child('normalisation')), attending, { heads, initial })
  const between = residual(tokens, attended, attending, keep)
  const perceptron = scope.child('perceptron')
  const normalised = layerNormalisation(between, perceptron.child('normalisation'))
  const hidden = gelu(linear(normalised, perceptron.child('hidden'), { width: expansion * channels, initial }))
  return residual(between, linear(hidden, perceptron.child('output'), { width: channels, initial }), perceptron, keep)
}
