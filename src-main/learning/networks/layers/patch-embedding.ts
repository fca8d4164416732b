import * as tf from '@tensorflow/tfjs-core'
import type { Initializer, Scope } from '../scope.ts'
import { sizes } from '../sizes.ts'
import { linear } from './linear.ts'

export interface PatchEmbeddingOptions {
  readonly width: number
  /** Samples per patch. */
  readonly patch: number
  readonly initial: Initializer
}

/**
 * One token per patch of `patch` samples: a convolution with kernel = stride = `patch`, that is a linear map of each patch. A window that does not divide evenly is filled up with zeros
 * at its end (windows are normalised, so zero is their mean). x: [batch, time, channels]; result: [batch, ceil(time / patch), width].
 * Example: 150 samples in patches of 40 give 4 tokens, the last of 30 samples and 10 zeros.
 */
export function patchEmbedding(x: tf.Tensor, scope: Scope, { width, patch, initial }: PatchEmbeddingOptions): tf.Tensor {
  const [batch, length, channels] = sizes(x)
  const patches = Math.ceil(length / patch)
  const missing = patches * patch - length
  const whole = missing > 0 ? tf.pad(x, [[0, 0], [0, missing], [0, 0]]) : x
  return linear(tf.reshape(whole, [batch, patches, patch * channels]), scope, { width, initial })
}
