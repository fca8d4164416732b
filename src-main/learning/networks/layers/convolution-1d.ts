import * as tf from '@tensorflow/tfjs-core'
import type { Scope } from '../scope.ts'
import { lastSize, sizes } from '../sizes.ts'
import { withGradient } from './custom-gradient.ts'

export interface ConvolutionOptions {
  readonly width: number
  readonly kernel: number
  readonly stride?: number
}

interface Geometry {
  readonly batch: number
  readonly length: number
  readonly channels: number
  readonly stride: number
  /** Zeros before the first sample, half of the kernel. */
  readonly before: number
  /** Output positions. */
  readonly positions: number
  /** Groups of `stride` samples under one kernel. */
  readonly taps: number
  /** Groups under all kernels. */
  readonly groups: number
}

function geometryOf(x: tf.Tensor, kernel: number, stride: number): Geometry {
  const [batch, length, channels] = sizes(x)
  const before = Math.floor((kernel - 1) / 2)
  const positions = Math.floor((length + 2 * before - kernel) / stride) + 1
  const taps = Math.ceil(kernel / stride)
  return { batch, length, channels, stride, before, positions, taps, groups: positions + taps - 1 }
}

/** x: [batch, time, ...] with `before` zeros before and zeros after (or samples cut off) so that it has `length` samples. */
function framed(x: tf.Tensor, before: number, length: number): tf.Tensor {
  const [batch, given, channels] = sizes(x)
  const after = length - before - given
  const cut = after < 0 ? tf.slice(x, [0, 0, 0], [batch, given + after, channels]) : x
  return before > 0 || after > 0 ? tf.pad(cut, [[0, 0], [before, Math.max(0, after)], [0, 0]]) : cut
}

/** The samples under every kernel side by side: [batch x positions, kernel x channels]. */
function unfold(x: tf.Tensor, kernel: number, { batch, channels, stride, before, positions, taps, groups }: Geometry): tf.Tensor {
  const grouped = tf.reshape(framed(x, before, groups * stride), [batch, groups, stride * channels])
  const columns = Array.from({ length: taps }, (_, tap) => {
    // The last group may reach beyond the kernel.
    const samples = Math.min(stride, kernel - tap * stride)
    return taps === 1 && samples === stride ? grouped : tf.slice(grouped, [0, tap, 0], [batch, positions, samples * channels])
  })
  return tf.reshape(columns.length === 1 ? columns[0] : tf.concat(columns, 2), [batch * positions, kernel * channels])
}

/** The gradient of x: group u is under the kernel of position u - tap with its tap, so that this is again an unfolding and one matrix product. */
function unfoldedBack(gradient: tf.Tensor, weights: tf.Tensor, kernel: number, geometry: Geometry): tf.Tensor {
  const { batch, length, channels, stride, before, taps, groups } = geometry
  const width = lastSize(gradient)
  const padded = taps === 1 ? gradient : tf.pad(gradient, [[0, 0], [taps - 1, taps - 1], [0, 0]])
  const columns = Array.from({ length: taps }, (_, tap) => (taps === 1 ? padded : tf.slice(padded, [0, taps - 1 - tap, 0], [batch, groups, width])))
  const unfolded = tf.reshape(taps === 1 ? columns[0] : tf.concat(columns, 2), [batch * groups, taps * width])
  const missing = taps * stride - kernel
  const whole = missing > 0 ? tf.pad(weights, [[0, missing * channels], [0, 0]]) : weights
  const turned = tf.reshape(tf.transpose(tf.reshape(whole, [taps, stride * channels, width]), [0, 2, 1]), [taps * width, stride * channels])
  const samples = tf.reshape(tf.matMul(unfolded, turned), [batch, groups * stride, channels])
  const seen = Math.min(length, groups * stride - before)
  const within = seen === groups * stride ? samples : tf.slice(samples, [0, before, 0], [batch, seen, channels])
  return seen < length ? tf.pad(within, [[0, 0], [0, length - seen], [0, 0]]) : within
}

/**
 * Cross-correlation over time with floor((kernel - 1) / 2) zeros on both sides (PyTorch's `padding`). The result and both gradients are one matrix product each over unfolded samples; with
 * a stride the samples are grouped by it first, so that unfolding copies whole rows.
 *
 * x: [batch, time, channels]; weights: [kernel x channels, width], row k x channels + c; result: [batch, floor((time + 2 padding - kernel) / stride) + 1, width].
 * Example: time 150, kernel 7, stride 2 give 75 positions; kernel 3, stride 2 then 38.
 */
export function convolve(x: tf.Tensor, weights: tf.Tensor, kernel: number, stride = 1): tf.Tensor {
  const geometry = geometryOf(x, kernel, stride)
  const { batch, positions } = geometry
  const width = lastSize(weights)
  return withGradient(
    [x, weights],
    () => {
      const unfolded = unfold(x, kernel, geometry)
      return { value: tf.reshape(tf.matMul(unfolded, weights), [batch, positions, width]), saved: [unfolded, weights] }
    },
    (gradient, [unfolded, kept]) => [
      unfoldedBack(gradient, kept, kernel, geometry),
      tf.matMul(unfolded, tf.reshape(gradient, [batch * positions, width]), true, false),
    ],
  )
}

/** The weights of a convolution over the channels of x, without a bias: a normalisation follows. */
export function convolutionWeights(x: tf.Tensor, scope: Scope, { width, kernel }: ConvolutionOptions): tf.Tensor {
  const fanIn = kernel * lastSize(x)
  return scope.weight('kernel', [fanIn, width], { kind: 'he', fanIn })
}
