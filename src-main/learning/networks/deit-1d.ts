import * as tf from '@tensorflow/tfjs-core'
import { layerNormalisation } from './layers/layer-normalisation.ts'
import { linear } from './layers/linear.ts'
import { patchEmbedding } from './layers/patch-embedding.ts'
import { transformerBlock } from './layers/transformer-block.ts'
import { unitLength } from './layers/unit-length.ts'
import type { Forward, Scope } from './scope.ts'
import { sizes } from './sizes.ts'

export interface DeitOptions {
  /** Channels of a token, a multiple of the heads. */
  readonly width: number
  readonly depth: number
  readonly heads: number
  /** Samples per patch. */
  readonly patch: number
  /** Dimensions of the embeddings. */
  readonly embedding: number
  /** Chance that the last block is left out for a sample while training; it grows evenly from 0 at the first (DeiT: 0.1). */
  readonly dropPath?: number
}

export interface DeitOutput {
  /** After a quarter, a half, three quarters and all of the blocks: [batch, 2 + patches, width]; token 0 is the class token, token 1 the distillation token. */
  readonly blocks: readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  /** [batch, embedding], of any length: learns from the labels. */
  readonly classEmbedding: tf.Tensor
  /** [batch, embedding], of any length: learns from the teacher. */
  readonly distillationEmbedding: tf.Tensor
  /** [batch, embedding], length 1: the mean direction of both, what a finished model is asked for. */
  readonly embedding: tf.Tensor
}

/** Touvron et al. 2021, and ViT before it: everything begins as a normal number with deviation 0.02, cut at two deviations. */
const initial = { kind: 'truncated', deviation: 0.02 } as const
const expansion = 4

/** Class and distillation token before the patches, and a learnt position added to each. The two tokens are added to two rows of zeros: cheaper to differentiate than to repeat them. */
function withTokens(patches: tf.Tensor, scope: Scope): tf.Tensor {
  const [, count, width] = sizes(patches)
  const tokens = tf.concat([scope.weight('class-token', [1, width], initial, { decay: false }), scope.weight('distillation-token', [1, width], initial, { decay: false })], 0)
  const positions = scope.weight('positions', [2 + count, width], initial, { decay: false })
  const places = tf.add(positions, tf.pad(tokens, [[0, count], [0, 0]]))
  return tf.add(tf.pad(patches, [[0, 0], [2, 0], [0, 0]]), places)
}

/** Token `index` of each sample: [batch, width]. */
function token(tokens: tf.Tensor, index: number): tf.Tensor {
  const [batch, , width] = sizes(tokens)
  return tf.reshape(tf.slice(tokens, [0, index, 0], [batch, 1, width]), [batch, width])
}

/**
 * DeiT (Touvron et al. 2021) over patches of time instead of an image: patch embedding, class and distillation token, learnt positions, `depth` pre-norm transformer blocks, layer
 * normalisation, and one linear embedding for each of the two tokens. Its positions belong to one window length.
 * Input: [batch, time, channels]; a window that is no multiple of the patch is filled up with zeros at its end.
 */
export function deit1d({ width, depth, heads, patch, embedding, dropPath = 0 }: DeitOptions): Forward<DeitOutput> {
  return (x, scope) => {
    let tokens = withTokens(patchEmbedding(x, scope.child('patches'), { width, patch, initial }), scope)
    const afterBlock = Array.from({ length: depth }, (_, i) => {
      const keep = 1 - (dropPath * i) / Math.max(1, depth - 1)
      tokens = transformerBlock(tokens, scope.child(`block${i + 1}`), { heads, expansion, initial, keep })
      return tokens
    })
    const after = (share: number): tf.Tensor => afterBlock[Math.ceil(depth * share) - 1]
    const normalised = layerNormalisation(tokens, scope.child('normalisation'))
    const classEmbedding = linear(token(normalised, 0), scope.child('class-embedding'), { width: embedding, initial })
    const distillationEmbedding = linear(token(normalised, 1), scope.child('distillation-embedding'), { width: embedding, initial })
    return {
      blocks: [after(0.25), after(0.5), after(0.75), after(1)],
      classEmbedding,
      distillationEmbedding,
      embedding: unitLength(tf.add(unitLength(classEmbedding), unitLength(distillationEmbedding))),
    }
  }
}
