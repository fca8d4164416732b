import * as tf from '@tensorflow/tfjs-core'
import { gelu } from './layers/gelu.ts'
import { layerNormalisation } from './layers/layer-normalisation.ts'
import { linear } from './layers/linear.ts'
import type { Scope } from './scope.ts'
import { sizes } from './sizes.ts'

/** Part of the second map's outputs that training keeps: dropout 0.1 (recognition.md A3). */
const keep = 0.9

/**
 * What carries an embedding into a space that two modalities share: p = W₁ x, LayerNorm(p + dropout(W₂ gelu(p))), the head that public CLIP code for unequal encoders uses (recognition.md A3, A4).
 * @param x [batch, dimensions]
 * @returns [batch, width]
 */
export function projectionHead(x: tf.Tensor, scope: Scope, { width }: { readonly width: number }): tf.Tensor {
  const projected = linear(x, scope.child('projection'), { width })
  const changed = linear(gelu(projected), scope.child('change'), { width })
  const mask = scope.mask('dropout', [sizes(x)[0], width], keep)
  return layerNormalisation(tf.add(projected, mask === null ? changed : tf.mul(changed, mask)), scope.child('normalisation'))
}
