import * as tf from '@tensorflow/tfjs-core'
import { batchNormalisation, normalisedConvolution } from './layers/batch-normalisation.ts'
import { linear } from './layers/linear.ts'
import type { Forward, Scope } from './scope.ts'
import { lastSize } from './sizes.ts'

export interface ResNetOptions {
  /** Basic blocks in each of the four stages: [3, 4, 6, 3] for ResNet-34, [2, 2, 2, 2] for ResNet-18. */
  readonly blocks: readonly [number, number, number, number]
  /** Channels of the first stage; each further one has twice as many. */
  readonly width: number
  /** Dimensions of the embedding. */
  readonly embedding: number
  /** Batch normalisation of the embedding. */
  readonly normaliseEmbedding?: boolean
}

export interface ResNetOutput {
  /** After each stage: [batch, time, channels], time about 1/2, 1/4, 1/8, 1/16 of the window. */
  readonly stages: readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  /** The last stage's mean over time: [batch, 8 width]. */
  readonly pooled: tf.Tensor
  /** [batch, embedding], of any length. */
  readonly embedding: tf.Tensor
}

/** x -> relu(shortcut(x) + norm(conv3(relu(norm(conv3(x)))))), He et al. 2016, fig. 2; the shortcut is a 1 x 1 convolution where the shape changes. */
function basicBlock(x: tf.Tensor, scope: Scope, width: number, stride: number): tf.Tensor {
  const first = tf.relu(normalisedConvolution(x, scope.child('first'), { width, kernel: 3, stride }))
  const second = normalisedConvolution(first, scope.child('second'), { width, kernel: 3 })
  const changes = stride !== 1 || lastSize(x) !== width
  const shortcut = changes ? normalisedConvolution(x, scope.child('shortcut'), { width, kernel: 1, stride }) : x
  return tf.relu(tf.add(second, shortcut))
}

function stage(x: tf.Tensor, scope: Scope, blocks: number, width: number, stride: number): tf.Tensor {
  let result = x
  for (let i = 0; i < blocks; i++) result = basicBlock(result, scope.child(`block${i + 1}`), width, i === 0 ? stride : 1)
  return result
}

/**
 * ResNet (He et al. 2016, table 1) over time instead of over an image: stem of kernel 7 and stride 2, four stages with strides 1, 2, 2, 2, mean over time, linear embedding. There is no
 * max-pooling after the stem: a beat of 150 samples would be left with 5 positions.
 * Input: [batch, time, channels].
 */
export function resNet1d({ blocks, width, embedding, normaliseEmbedding = false }: ResNetOptions): Forward<ResNetOutput> {
  return (x, scope) => {
    const stem = tf.relu(normalisedConvolution(x, scope.child('stem'), { width, kernel: 7, stride: 2 }))
    const stage1 = stage(stem, scope.child('stage1'), blocks[0], width, 1)
    const stage2 = stage(stage1, scope.child('stage2'), blocks[1], 2 * width, 2)
    const stage3 = stage(stage2, scope.child('stage3'), blocks[2], 4 * width, 2)
    const stage4 = stage(stage3, scope.child('stage4'), blocks[3], 8 * width, 2)
    const pooled = tf.mean(stage4, 1)
    const head = scope.child('embedding')
    const projected = linear(pooled, head, { width: embedding })
    return {
      stages: [stage1, stage2, stage3, stage4],
      pooled,
      embedding: normaliseEmbedding ? batchNormalisation(projected, head.child('normalisation')) : projected,
    }
  }
}
