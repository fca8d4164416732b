import * as tf from '@tensorflow/tfjs-core'
import type { Initializer, Scope } from '../scope.ts'
import { lastSize } from '../sizes.ts'

export interface LinearOptions {
  readonly width: number
  /** Default: Glorot's. */
  readonly initial?: Initializer
  readonly bias?: boolean
}

/**
 * x W + b over the last dimension; all others are one, so that it is a single matrix product.
 * x: [..., channels]; result: [..., width].
 */
export function linear(x: tf.Tensor, scope: Scope, { width, initial, bias = true }: LinearOptions): tf.Tensor {
  const channels = lastSize(x)
  const weights = scope.weight('weight', [channels, width], initial ?? { kind: 'xavier', fanIn: channels, fanOut: width })
  const rows = x.shape.length === 2 ? x : tf.reshape(x, [x.size / channels, channels])
  const product = tf.matMul(rows, weights)
  const result = bias ? tf.add(product, scope.weight('bias', [width], { kind: 'zeros' })) : product
  return x.shape.length === 2 ? result : tf.reshape(result, [...x.shape.slice(0, -1), width])
}
