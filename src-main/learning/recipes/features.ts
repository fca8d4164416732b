import * as tf from '@tensorflow/tfjs-core'
import type { NetworkOptions } from '../../contract/index.ts'
import { presets } from '../networks/presets.ts'
import type { Forward, Scope } from '../networks/scope.ts'

/** What any of the networks gives to losses. `taps`: token sequences [batch, tokens, width] after a quarter, half, three quarters and all of it. */
export interface Features {
  readonly taps: readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  /** Of the taps' tokens: how many at the front are no patches of the signal (class and distillation token). */
  readonly specialTokens: number
  /** Learns from the labels, and from the teacher; one and the same where the network has one head. Of any length. */
  readonly classEmbedding: tf.Tensor
  readonly distillationEmbedding: tf.Tensor
  /** What the finished model is asked for. Of any length. */
  readonly embedding: tf.Tensor
}

/** A beat is cut into 15 tokens, a longer window into about 50: recognition.md A0.5. */
function patchFor(length: number): number {
  return length <= 300 ? 10 : Math.max(10, Math.round(length / 50))
}

/** The network of a preset, its outputs under common names. */
export function networkOf({ preset, embedding, patch }: NetworkOptions): Forward<Features> {
  return (x, scope) => {
    const chosen = presets[preset]
    if (chosen.family === 'resnet') {
      const { stages, embedding: only } = chosen.forward({ embedding })(x, scope)
      return { taps: stages, specialTokens: 0, classEmbedding: only, distillationEmbedding: only, embedding: only }
    }
    const { blocks, ...embeddings } = chosen.forward({ embedding, patch: patch ?? patchFor(x.shape[1] ?? 0) })(x, scope)
    return { taps: blocks, specialTokens: 2, ...embeddings }
  }
}

/** One direction per person: [people, dimensions]. */
export function centres(scope: Scope, name: string, people: number, dimensions: number): tf.Tensor {
  return scope.child('classifier').weight(name, [people, dimensions], { kind: 'xavier', fanIn: dimensions, fanOut: people })
}
