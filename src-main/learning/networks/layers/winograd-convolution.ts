import * as tf from '@tensorflow/tfjs-core'
import { lastSize, sizes } from '../sizes.ts'
import { withGradient } from './custom-gradient.ts'

/** Outputs per tile, taps of the kernel, and samples under a tile: 6 products instead of 4 x 3. */
const [outputs, taps, window] = [4, 3, 6]

/** Lavin and Gray 2016 (Fast Algorithms for Convolutional Neural Networks), section 4.3: F(4, 3) = A' [(G g) . (B' d)], with the interpolation points 0, 1, -1, 2, -2 and infinity. */
const samplesTransform = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
]
const weightsTransform = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
]
const outputsTransform = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
]

/** A transform (or its transpose) over the first dimension of x: [m, n] and [n, ...] give [m, ...]. One matrix product, which costs little more than reading and writing. */
function transformed(matrix: readonly (readonly number[])[], x: tf.Tensor, transpose = false): tf.Tensor {
  const [first, ...rest] = sizes(x)
  const product = tf.matMul(tf.tensor2d(matrix.map((row) => [...row])), tf.reshape(x, [first, x.size / first]), transpose)
  return tf.reshape(product, [transpose ? matrix[0].length : matrix.length, ...rest])
}

/** The samples under every tile, from x: [batch, length, channels] with one zero before and as many behind as whole tiles need: [window, batch x tiles, channels]. */
function windowsOf(x: tf.Tensor, tiles: number): tf.Tensor {
  const [batch, length, channels] = sizes(x)
  const padded = tiles * outputs + window - outputs
  const rows = tf.reshape(tf.pad(x, [[0, 0], [1, padded - length - 1], [0, 0]]), [batch * padded, channels])
  const places = new Int32Array(window * batch * tiles)
  let next = 0
  for (let sample = 0; sample < window; sample++) for (let b = 0; b < batch; b++) for (let tile = 0; tile < tiles; tile++) places[next++] = b * padded + tile * outputs + sample
  return tf.reshape(tf.gather(rows, tf.tensor1d(places, 'int32')), [window, batch * tiles, channels])
}

/** [batch, length, width] -> [outputs, batch, tiles, width], filled up with zeros; and back. */
function phasesOf(y: tf.Tensor, tiles: number): tf.Tensor {
  const [batch, length, width] = sizes(y)
  const whole = tiles * outputs === length ? y : tf.pad(y, [[0, 0], [0, tiles * outputs - length], [0, 0]])
  return tf.transpose(tf.reshape(whole, [batch, tiles, outputs, width]), [2, 0, 1, 3])
}

function joined(phases: tf.Tensor, length: number): tf.Tensor {
  const [, batch, tiles, width] = sizes(phases)
  const whole = tf.reshape(tf.transpose(phases, [1, 2, 0, 3]), [batch, tiles * outputs, width])
  return tiles * outputs === length ? whole : tf.slice(whole, [0, 0, 0], [batch, length, width])
}

/** Adds up the samples under all tiles, each where it lies: the first sample of a tile is the last one's fourth, and its last the next one's first. */
function overlapped(windows: tf.Tensor): tf.Tensor {
  const [before, first, inner, last, after] = tf.split(windows, [1, 1, 2, 1, 1], 0)
  const [, batch, tiles, channels] = sizes(windows)
  const shifted = (x: tf.Tensor, by: 1 | -1): tf.Tensor =>
    tf.pad(tf.slice(x, [0, 0, by < 0 ? 1 : 0, 0], [1, batch, tiles - 1, channels]), [[0, 0], [0, 0], by < 0 ? [0, 1] : [1, 0], [0, 0]])
  if (tiles === 1) return tf.concat([first, inner, last], 0)
  return tf.concat([tf.add(first, shifted(after, 1)), inner, tf.add(last, shifted(before, -1))], 0)
}

/**
 * What `convolve` gives for a kernel of 3 samples and stride 1, in half of the multiplications (Winograd's minimal filtering, F(4, 3)): tiles of 4 outputs, whose samples and weights
 * are transformed so that 6 matrix products do for 12. Both gradients are the same products, transposed. It transforms the weights every time: it is meant for training, where a batch has
 * many more positions than the kernel has taps. Rounding is some ten times that of the plain sum.
 *
 * x: [batch, time, channels]; weights: [3 x channels, width], row k x channels + c; result: [batch, time, width].
 */
export function convolveThree(x: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const [batch, length, channels] = sizes(x)
  const width = lastSize(weights)
  const tiles = Math.ceil(length / outputs)
  return withGradient(
    [x, weights],
    () => {
      const samples = transformed(samplesTransform, windowsOf(x, tiles))
      const kernels = transformed(weightsTransform, tf.reshape(weights, [taps, channels, width]))
      const products = tf.reshape(tf.matMul(samples, kernels), [window, batch, tiles, width])
      return { value: joined(transformed(outputsTransform, products), length), saved: [samples, kernels] }
    },
    (gradient, [samples, kernels]) => {
      const products = tf.reshape(transformed(outputsTransform, phasesOf(gradient, tiles), true), [window, batch * tiles, width])
      const windows = transformed(samplesTransform, tf.matMul(products, kernels, false, true), true)
      const ofWeights = transformed(weightsTransform, tf.matMul(samples, products, true, false), true)
      return [joined(overlapped(tf.reshape(windows, [window, batch, tiles, channels])), length), tf.reshape(ofWeights, [taps * channels, width])]
    },
  )
}
