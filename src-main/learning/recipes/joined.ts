import * as tf from '@tensorflow/tfjs-core'
import type { NetworkOptions } from '../../contract/index.ts'
import { gatedUnit } from '../networks/gated-unit.ts'
import { projectionHead } from '../networks/projection-head.ts'
import type { Forward, Scope } from '../networks/scope.ts'
import { sizes } from '../networks/sizes.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import { networkOf } from './features.ts'

/** One modality's part of a joined window. `network` null: the part is an embedding already. */
export interface Side {
  /** Samples, or dimensions. */
  readonly length: number
  readonly network: NetworkOptions | null
}

/**
 * A model of two modalities sees windows that are laid end to end, the first modality's before the second's: [batch, first.length + second.length, 1]. To the rest of the house they are windows like any other.
 * `gate`: one embedding of both. `towers`: each side by itself, in a space that both share.
 */
export type Join = { readonly kind: 'gate'; readonly first: Side; readonly second: Side } | { readonly kind: 'towers'; readonly first: Side; readonly second: Side; readonly projection: number }
export type Towers = Extract<Join, { kind: 'towers' }>
export type Gate = Extract<Join, { kind: 'gate' }>

/** Windows that lie end to end are no signal of one time: what would run over the seam is left out. */
export const withoutTime = { shiftMs: 0, modulation: 0, wander: 0 }

/** A window that begins with an embedding is no signal at all: noise of the whole row's size means nothing there either. */
export const unaugmented = { ...withoutTime, amplitude: 0, noise: 0 }

/** Both sides' embeddings, [batch, dimensions] each, before anything joins them. */
function sidesOf(x: tf.Tensor, { first, second }: Join, scope: Scope): [tf.Tensor, tf.Tensor] {
  const batch = sizes(x)[0]
  const part = (from: number, { length, network }: Side, name: string): tf.Tensor => {
    const samples = tf.slice(x, [0, from, 0], [batch, length, 1])
    return network === null ? tf.reshape(samples, [batch, length]) : networkOf(network)(samples, scope.child(name)).embedding
  }
  return [part(0, first, 'first'), part(first.length, second, 'second')]
}

/** The joint embedding, [batch, width]. */
export function gated(join: Gate, width: number): Forward<tf.Tensor> {
  return (x, scope) => gatedUnit(...sidesOf(x, join, scope), scope.child('gate'), { width })
}

/** Both sides in the shared space, unit length, [batch, projection] each. */
export function towers(join: Towers): Forward<{ readonly first: tf.Tensor; readonly second: tf.Tensor }> {
  return (x, scope) => {
    const [first, second] = sidesOf(x, join, scope)
    const head = (embedding: tf.Tensor, name: string): tf.Tensor => unitVectors(projectionHead(embedding, scope.child(name), { width: join.projection }))
    return { first: head(first, 'first-head'), second: head(second, 'second-head') }
  }
}
