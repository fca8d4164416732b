import * as tf from '@tensorflow/tfjs-core'
import type { NetworkOptions } from '../../contract/index.ts'
import { describeNetwork, type ParameterLayout } from '../networks/parameter-layout.ts'
import type { Forward } from '../networks/scope.ts'
import { cosineLogits } from '../objectives/cosine-logits.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import type { ModelState } from '../training/training-step.ts'
import { centres, networkOf } from './features.ts'

/** What a model says of windows: unit-length embeddings [batch, dimensions], and their cosines to the centres of the people it was trained with [batch, people]. */
export interface Answer {
  readonly embedding: tf.Tensor
  readonly cosines: tf.Tensor
}

/** All that is needed to use a network that was fitted. */
export interface ModelShape {
  readonly network: NetworkOptions
  /** Heads that tell people apart: a DeiT student has two, whose cosines are averaged. */
  readonly heads: 1 | 2
  /** People that it was trained with. */
  readonly people: number
  /** Samples per window, and channels. */
  readonly length: number
  readonly channels: number
}

/** A fitted model with the weights that answering needs, and no others. */
export interface FittedModel {
  readonly shape: ModelShape
  readonly layout: ParameterLayout
  readonly state: ModelState
}

/** The forward pass of a finished model. Its weights are named `network/...`, which is what is shipped, and `classifier/...`. */
export function answerOf({ network, heads, people }: Pick<ModelShape, 'network' | 'heads' | 'people'>): Forward<Answer> {
  const forward = networkOf(network)
  return (x, scope) => {
    const { classEmbedding, distillationEmbedding, embedding } = forward(x, scope.child('network'))
    const own = cosineLogits(classEmbedding, centres(scope, 'centres', people, network.embedding))
    if (heads === 1) return { embedding: unitVectors(embedding), cosines: own }
    const taught = cosineLogits(distillationEmbedding, centres(scope, 'distillation-centres', people, network.embedding))
    return { embedding: unitVectors(embedding), cosines: tf.mul(tf.add(own, taught), 0.5) }
  }
}

/** What `answerOf` asks for. */
export function answerLayout(shape: ModelShape): ParameterLayout {
  return { ...describeNetwork(answerOf(shape), shape), masks: [] }
}

/** Out of everything that was trained (exit heads, projections) what the finished model needs. */
export function compactModel(shape: ModelShape, trained: ParameterLayout, { weights, statistics }: ModelState): FittedModel {
  const layout = answerLayout(shape)
  const pick = (wanted: ParameterLayout['statistics'] | ParameterLayout['weights'], from: readonly { name: string; offset: number; size: number }[], flat: Float32Array, count: number): Float32Array => {
    const places = new Map(from.map(({ name, offset, size }) => [name, flat.subarray(offset, offset + size)]))
    const picked = new Float32Array(count)
    for (const { name, offset } of wanted) picked.set(places.get(name) ?? missing(name), offset)
    return picked
  }
  return {
    shape, layout,
    state: { weights: pick(layout.weights, trained.weights, weights, layout.weightCount), statistics: pick(layout.statistics, trained.statistics, statistics, layout.statisticCount) },
  }
}

function missing(name: string): never {
  throw new RangeError(`'${name}' was not trained.`)
}
