import * as tf from '@tensorflow/tfjs-core'
import type { NetworkOptions } from '../../contract/index.ts'
import { describeNetwork, type ParameterLayout } from '../networks/parameter-layout.ts'
import type { Forward } from '../networks/scope.ts'
import { cosineLogits } from '../objectives/cosine-logits.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import type { ModelState } from '../training/training-step.ts'
import { centres, networkOf } from './features.ts'
import { gated, towers, type Join } from './joined.ts'

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
  /** It sees two modalities. A gate's embedding is `network.embedding` wide; of towers the embedding is both sides', one behind the other, and the only cosine that between them. */
  readonly join?: Join
}

/** Of what kind a model's network is, in a word. @example 'deit-mini', 'gated unit' */
export const networkName = ({ network, join }: Pick<ModelShape, 'network' | 'join'>): string => (join === undefined ? network.preset : join.kind === 'gate' ? 'gated unit' : `towers, ${network.preset}`)

/** A fitted model with the weights that answering needs, and no others. */
export interface FittedModel {
  readonly shape: ModelShape
  readonly layout: ParameterLayout
  readonly state: ModelState
}

/** The forward pass of a finished model. Its weights are named `network/...`, which is what is shipped, and `classifier/...`. */
export function answerOf({ network, heads, people, join }: Pick<ModelShape, 'network' | 'heads' | 'people' | 'join'>): Forward<Answer> {
  if (join?.kind === 'gate') {
    return (x, scope) => {
      const embedding = gated(join, network.embedding)(x, scope.child('network'))
      return { embedding: unitVectors(embedding), cosines: cosineLogits(embedding, centres(scope, 'centres', people, network.embedding)) }
    }
  }
  if (join?.kind === 'towers') {
    return (x, scope) => {
      const { first, second } = towers(join)(x, scope.child('network'))
      return { embedding: tf.concat([first, second], 1), cosines: tf.sum(tf.mul(first, second), 1, true) }
    }
  }
  const forward = networkOf(network)
  return (x, scope) => {
    const { classEmbedding, distillationEmbedding, embedding } = forward(x, scope.child('network'))
    const own = cosineLogits(classEmbedding, centres(scope, 'centres', people, network.embedding))
    if (heads === 1) return { embedding: unitVectors(embedding), cosines: own }
    const taught = cosineLogits(distillationEmbedding, centres(scope, 'distillation-centres', people, network.embedding))
    return { embedding: unitVectors(embedding), cosines: tf.mul(tf.add(own, taught), 0.5) }
  }
}

/** The embedding alone, without the people that the model was trained with: what is shipped. */
export function embeddingOf({ network, join }: Pick<ModelShape, 'network' | 'join'>): Forward<{ readonly embedding: tf.Tensor }> {
  if (join?.kind === 'gate') return (x, scope) => ({ embedding: gated(join, network.embedding)(x, scope) })
  if (join?.kind === 'towers') return (x, scope) => ({ embedding: tf.concat(Object.values(towers(join)(x, scope)), 1) })
  return networkOf(network)
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
