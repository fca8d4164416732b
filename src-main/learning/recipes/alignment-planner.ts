import * as tf from '@tensorflow/tfjs-core'
import { linear } from '../networks/layers/linear.ts'
import type { Scope } from '../networks/scope.ts'
import { sizes } from '../networks/sizes.ts'
import type { Features } from './features.ts'

/** Of a window's features before they are pooled so many are kept, means over stretches of time: they lie in memory for every window of the teacher. Six a second of a five-second window. */
export const mostTokens = 32
/** Keeps a window without any feature from being divided by 0. */
const smallestEnergy = 1e-8

/** The last features before they are pooled, as tokens in the order of time, no more than `most`: [batch, tokens, width]. */
export function lastTokens({ taps, specialTokens }: Pick<Features, 'taps' | 'specialTokens'>, most = mostTokens): tf.Tensor {
  const [batch, count, width] = sizes(taps[3])
  const patches = specialTokens > 0 ? tf.slice(taps[3], [0, specialTokens, 0], [batch, count - specialTokens, width]) : taps[3]
  return pooledTokens(patches, most)
}

/**
 * Re-weighted features of both modalities, flattened: what their second-order statistics are compared of (recognition.md A3, the planner).
 *
 * Each modality's attention gives a plan π = softmax(QKᵀ/√d) of who attends to whom within a window; its mean over heads and queries is what each token receives, a_T and a_S. Between modalities the plan is
 * a_T ⊗ a_S; its row means divided by their own mean are a_T · N, its column means a_S · N, whatever the other side is, so the product itself need not be made. Each token is multiplied with its share, and the
 * window with the root of its energy before over that after, so that no feature is made small to please the loss. All weights here are left behind after training.
 * @param student [batch, tokens, width]
 * @param teacher [batch, tokens, width], of any number and width; a learnt map leads to the student's width
 * @returns [batch, tokens · width] each, the mean square of a window's features 1
 */
export function plannedFeatures(student: tf.Tensor, teacher: tf.Tensor, scope: Scope, { heads }: { readonly heads: number }): { readonly student: tf.Tensor; readonly teacher: tf.Tensor } {
  const count = Math.min(sizes(student)[1], sizes(teacher)[1])
  const width = sizes(student)[2]
  const [own, taught] = [pooledTokens(student, count), pooledTokens(teacher, count)]
  const fitted = sizes(taught)[2] === width ? taught : linear(taught, scope.child('teacher-width'), { width })
  return { student: refined(ofUnitEnergy(own), scope.child('student'), heads), teacher: refined(ofUnitEnergy(fitted), scope.child('teacher'), heads) }
}

function refined(tokens: tf.Tensor, scope: Scope, heads: number): tf.Tensor {
  const [batch, count, width] = sizes(tokens)
  const weighted = tf.mul(tokens, tf.reshape(tokenWeights(tokens, scope, heads), [batch, count, 1]))
  const energy = (of: tf.Tensor): tf.Tensor => tf.add(tf.sum(tf.square(of), [1, 2], true), smallestEnergy)
  return tf.reshape(tf.mul(weighted, tf.sqrt(tf.div(energy(tokens), energy(weighted)))), [batch, count * width])
}

/** What every token receives of the window's attention, mean 1: [batch, tokens]. */
export function tokenWeights(tokens: tf.Tensor, scope: Scope, heads: number): tf.Tensor {
  const [batch, count, width] = sizes(tokens)
  const size = Math.max(1, Math.floor(width / heads))
  const mapped = tf.reshape(linear(tokens, scope.child('query-key'), { width: 2 * heads * size }), [batch, count, 2, heads, size])
  const [query, key] = tf.unstack(tf.reshape(tf.transpose(mapped, [2, 0, 3, 1, 4]), [2, batch * heads, count, size]), 0)
  const plan = tf.softmax(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size)), -1)
  const received = tf.reshape(tf.mean(plan, 1), [batch, heads, count])
  return tf.mul(tf.mean(received, 1), count)
}

/** Every window's features with a mean square of 1: modalities come in scales of their own. */
function ofUnitEnergy(tokens: tf.Tensor): tf.Tensor {
  return tf.div(tokens, tf.sqrt(tf.add(tf.mean(tf.square(tokens), [1, 2], true), smallestEnergy)))
}

/** Means over `count` stretches of equal length, or the tokens themselves where there are no more: one product of two matrices. */
export function pooledTokens(tokens: tf.Tensor, count: number): tf.Tensor {
  const [batch, length, width] = sizes(tokens)
  if (length <= count) return tokens
  const rows = tf.reshape(tf.transpose(tokens, [0, 2, 1]), [batch * width, length])
  const moved = tf.matMul(rows, tf.tensor2d(stretches(length, count), [length, count]))
  return tf.transpose(tf.reshape(moved, [batch, width, count]), [0, 2, 1])
}

/** [length, count], row-major: which part of stretch n frame i is; a frame on a border belongs to both. Columns sum to 1. @example stretches(3, 2) // columns (2/3, 1/3, 0), (0, 1/3, 2/3) */
export function stretches(length: number, count: number): Float32Array {
  const each = length / count
  return Float32Array.from({ length: length * count }, (_, k) => {
    const [frame, n] = [Math.floor(k / count), k % count]
    return Math.max(0, Math.min(frame + 1, (n + 1) * each) - Math.max(frame, n * each)) / each
  })
}
