import * as tf from '@tensorflow/tfjs-core'
import type { Scope } from '../scope.ts'
import { lastSize } from '../sizes.ts'
import { convolutionWeights, convolve, type ConvolutionOptions } from './convolution-1d.ts'
import { withGradient } from './custom-gradient.ts'
import { convolveThree } from './winograd-convolution.ts'

/** PyTorch's defaults (`BatchNorm1d`): added to the variance; share of the new batch in the running statistics. */
const epsilon = 1e-5
const momentum = 0.1

interface Parameters {
  readonly gain: tf.Tensor
  readonly shift: tf.Tensor
  readonly mean: tf.Tensor
  readonly variance: tf.Tensor
}

function parametersOf(width: number, scope: Scope): Parameters {
  return {
    gain: scope.weight('gain', [width], { kind: 'ones' }),
    shift: scope.weight('shift', [width], { kind: 'zeros' }),
    mean: scope.statistic('mean', [width], 0),
    variance: scope.statistic('variance', [width], 1),
  }
}

/**
 * x normalised per channel (the last dimension) by its own mean and variance, then scaled and shifted. The variance is that of the centred values: mean(x^2) - mean(x)^2 would cancel.
 * Gradient: dx = s (g - mean(g) - c r^2 mean(g c)) with c = x - mean, r = 1 / sqrt(variance + epsilon), s = gain r: two multiplications and two additions over the whole batch.
 */
export function normaliseByBatch(x: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): { readonly value: tf.Tensor; readonly mean: tf.Tensor; readonly variance: tf.Tensor } {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis)
  const count = x.size / lastSize(x)
  const mean = tf.mean(x, axes)
  const centred = tf.sub(x, mean)
  const variance = tf.mean(tf.square(centred), axes)
  const value = withGradient(
    [x, gain, shift],
    () => {
      const reciprocal = tf.rsqrt(tf.add(variance, epsilon))
      const scale = tf.mul(gain, reciprocal)
      return { value: tf.add(tf.mul(centred, scale), shift), saved: [centred, reciprocal, scale] }
    },
    (gradient, [kept, reciprocal, scale]) => {
      const total = tf.sum(gradient, axes)
      const correlation = tf.mul(tf.sum(tf.mul(gradient, kept), axes), reciprocal)
      const offset = tf.mul(tf.mul(scale, total), -1 / count)
      const slope = tf.mul(tf.mul(tf.mul(scale, reciprocal), correlation), -1 / count)
      return [tf.add(tf.mul(gradient, scale), tf.add(tf.mul(kept, slope), offset)), correlation, total]
    },
  )
  return { value, mean, variance }
}

function trained(x: tf.Tensor, scope: Scope, { gain, shift }: Parameters): tf.Tensor {
  const { value, mean, variance } = normaliseByBatch(x, gain, shift)
  // The running variance is the unbiased one, as in PyTorch.
  const count = x.size / lastSize(x)
  scope.observe('mean', mean, momentum)
  scope.observe('variance', tf.mul(variance, count / Math.max(1, count - 1)), momentum)
  return value
}

function scaleAndShift({ gain, shift, mean, variance }: Parameters): { readonly scale: tf.Tensor; readonly offset: tf.Tensor } {
  const scale = tf.mul(gain, tf.rsqrt(tf.add(variance, epsilon)))
  return { scale, offset: tf.sub(shift, tf.mul(mean, scale)) }
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) over all dimensions but the last. While training: by the batch, whose mean and unbiased variance go into the running ones with momentum
 * 0.1; otherwise a scale and a shift from the running ones.
 */
export function batchNormalisation(x: tf.Tensor, scope: Scope): tf.Tensor {
  const parameters = parametersOf(lastSize(x), scope)
  if (scope.training) return trained(x, scope, parameters)
  const { scale, offset } = scaleAndShift(parameters)
  return tf.add(tf.mul(x, scale), offset)
}

/**
 * A convolution and the batch normalisation of its result. Outside training the scale is multiplied into the kernel, so that one matrix product and one addition remain.
 * x: [batch, time, channels]; result: [batch, positions, width].
 */
export function normalisedConvolution(x: tf.Tensor, scope: Scope, options: ConvolutionOptions): tf.Tensor {
  const weights = convolutionWeights(x, scope.child('convolution'), options)
  const normalisation = scope.child('normalisation')
  const parameters = parametersOf(options.width, normalisation)
  if (scope.training) {
    const { kernel, stride = 1 } = options
    return trained(kernel === 3 && stride === 1 ? convolveThree(x, weights) : convolve(x, weights, kernel, stride), normalisation, parameters)
  }
  const { scale, offset } = scaleAndShift(parameters)
  return tf.add(convolve(x, tf.mul(weights, scale), options.kernel, options.stride), offset)
}
