import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import { attend } from '../../../src-main/learning/networks/layers/attention.ts'
import { batchNormalisation, normaliseByBatch, normalisedConvolution } from '../../../src-main/learning/networks/layers/batch-normalisation.ts'
import { gelu } from '../../../src-main/learning/networks/layers/gelu.ts'
import { normaliseByVector } from '../../../src-main/learning/networks/layers/layer-normalisation.ts'
import { patchEmbedding } from '../../../src-main/learning/networks/layers/patch-embedding.ts'
import { transformerBlock } from '../../../src-main/learning/networks/layers/transformer-block.ts'
import { unitLength } from '../../../src-main/learning/networks/layers/unit-length.ts'
import { boundScope, declareNetwork } from '../../../src-main/learning/networks/parameter-layout.ts'
import type { Forward } from '../../../src-main/learning/networks/scope.ts'
import { expectClose, randomTensor, randomValues, valuesOf } from './tensor-values.ts'

/** Value and gradients of `fused` are those of the same thing written in plain operations. */
function sameAs(fused: (...inputs: tf.Tensor[]) => tf.Tensor, plain: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], tolerance: number): void {
  tf.tidy(() => {
    const value = fused(...inputs)
    expectClose(valuesOf(value), valuesOf(plain(...inputs)), tolerance)
    const gradient = randomTensor('gradient', value.shape)
    const wanted = tf.grads(plain)(inputs, gradient)
    tf.grads(fused)(inputs, gradient).forEach((actual, i) => {
      expect(actual.shape).toEqual(inputs[i].shape)
      expectClose(valuesOf(actual), valuesOf(wanted[i]), tolerance, `gradient ${i}`)
    })
  })
}

const normalised = (x: tf.Tensor, axes: number[], epsilon: number): tf.Tensor => {
  const mean = tf.mean(x, axes, true)
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(tf.mean(tf.squaredDifference(x, mean), axes, true), epsilon)))
}

/** The error function to 1e-15 by its Taylor series; |x| < 5. */
function erf(x: number): number {
  let [term, sum] = [x, x]
  for (let k = 1; k < 200; k++) {
    term *= (-x * x) / k
    sum += term / (2 * k + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/** Weights and statistics for a layer, by name, from `value`. */
function bind<Output>(forward: Forward<Output>, x: tf.Tensor, value: (name: string, shape: number[]) => tf.Tensor, training: boolean) {
  const layout = declareNetwork((scope) => forward(x, scope))
  const named = (entries: readonly { readonly name: string; readonly shape: readonly number[] }[]) => Object.fromEntries(entries.map(({ name, shape }) => [name, value(name, [...shape])]))
  const bound = boundScope(layout, { weights: named(layout.weights), statistics: named(layout.statistics), masks: named(layout.masks) }, { training })
  return { ...bound, layout, output: forward(x, bound.scope) }
}

beforeAll(async () => {
  registerGradients()
  await tf.setBackend('cpu')
})

describe('batch normalisation', () => {
  it.each([[[5, 4, 3]], [[7, 3]]])('of %j is its definition, with its gradients', (shape) => {
    const axes = shape.slice(0, -1).map((_, axis) => axis)
    sameAs(
      (x, gain, shift) => normaliseByBatch(x, gain, shift).value,
      (x, gain, shift) => tf.add(tf.mul(normalised(x, axes, 1e-5), gain), shift),
      [tf.add(randomTensor('x', shape, 2), 3), randomTensor('gain', [3]), randomTensor('shift', [3])],
      2e-5,
    )
  })

  it('keeps its precision where the mean is a thousand deviations away', () => {
    const noise = randomValues('noise', 400).map((value) => Math.fround(1000 + value))
    const mean = noise.reduce((sum, value) => sum + value, 0) / 400
    const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 400
    const { value } = normaliseByBatch(tf.tensor(noise, [20, 20, 1]), tf.ones([1]), tf.zeros([1]))
    expectClose(valuesOf(value), noise.map((x) => (x - mean) / Math.sqrt(variance + 1e-5)), 1e-4)
  })

  it('observes mean and unbiased variance, and uses the running ones outside training', () => {
    const x = tf.tensor([1, 2, 3, 6], [2, 2, 1])
    const { observations } = bind(batchNormalisation, x, (_, shape) => tf.ones(shape), true)
    expect(valuesOf(observations.get('mean')?.value ?? tf.zeros([1]))).toEqual([3])
    expect(observations.get('mean')?.momentum).toBe(0.1)
    // Squared distances 4, 1, 0, 9 over 4 - 1.
    expect(valuesOf(observations.get('variance')?.value ?? tf.zeros([1]))[0]).toBeCloseTo(14 / 3, 5)
    const running: Record<string, number> = { gain: 3, shift: 1, mean: 2, variance: 4 }
    const inferred = bind(batchNormalisation, x, (name, shape) => tf.fill(shape, running[name]), false)
    expectClose(valuesOf(inferred.output), [-0.5, 1, 2.5, 7], 1e-5)
    expect(inferred.observations.size).toBe(0)
  })

  it('folded into a convolution at inference is the convolution, then the normalisation', () => {
    const x = randomTensor('x', [2, 9, 3])
    const value = (name: string, shape: number[]): tf.Tensor => (name.endsWith('variance') ? tf.fill(shape, 0.3) : randomTensor(name, shape))
    const { output, layout } = bind<tf.Tensor>((input, scope) => normalisedConvolution(input, scope, { width: 4, kernel: 3, stride: 2 }), x, value, false)
    expect(layout.weights.map(({ name }) => name)).toEqual(['convolution/kernel', 'normalisation/gain', 'normalisation/shift'])
    const convolved = tf.conv1d(x as tf.Tensor3D, tf.reshape(value('convolution/kernel', [9, 4]), [3, 3, 4]) as tf.Tensor3D, 2, 'same')
    const apart = (tf.batchNorm as (...args: (tf.Tensor | number)[]) => tf.Tensor)(
      convolved, value('normalisation/mean', [4]), value('normalisation/variance', [4]), value('normalisation/shift', [4]), value('normalisation/gain', [4]), 1e-5,
    )
    expectClose(valuesOf(output), valuesOf(apart), 1e-5)
  })
})

describe('layer normalisation', () => {
  it('is its definition, with its gradients', () => {
    sameAs(
      normaliseByVector,
      (x, gain, shift) => tf.add(tf.mul(normalised(x, [-1], 1e-6), gain), shift),
      [tf.add(randomTensor('x', [2, 5, 6]), 2), randomTensor('gain', [6]), randomTensor('shift', [6])],
      2e-5,
    )
  })
})

describe('gelu', () => {
  it('is x P(x) to float precision, and its gradient P(x) + x p(x)', () => {
    const points = Array.from({ length: 97 }, (_, i) => (i - 48) / 10)
    const probability = (x: number): number => 0.5 + 0.5 * erf(x / Math.SQRT2)
    const value = gelu(tf.tensor(points))
    const slope = tf.grad(gelu)(tf.tensor(points))
    points.forEach((x, i) => {
      expect(Math.abs(valuesOf(value)[i] - x * probability(x))).toBeLessThan(2e-6)
      expect(Math.abs(valuesOf(slope)[i] - (probability(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)))).toBeLessThan(2e-6)
    })
    // 1 P(1) = 0.8413447
    expect(valuesOf(gelu(tf.tensor([1])))[0]).toBeCloseTo(0.8413447, 5)
  })

  it('neither overflows nor loses its sign far out', () => {
    expect(valuesOf(gelu(tf.tensor([-1e4, -40, 40, 1e4])))).toEqual([-0, -0, 40, 1e4])
    expectClose(valuesOf(tf.grad(gelu)(tf.tensor([-1e4, 1e4]))), [0, 1], 1e-6)
  })
})

describe('attention', () => {
  it('weighs the values of every head by the softmax of its scores, row by row', () => {
    const [batch, heads, count, d] = [2, 2, 3, 4]
    const query = randomTensor('query', [batch, heads, count, d])
    const key = randomTensor('key', [batch, heads, count, d])
    const value = randomTensor('value', [batch, heads, count, d])
    const [q, k, v] = [query, key, value].map(valuesOf)
    const wanted: number[] = []
    for (let group = 0; group < batch * heads; group++)
      for (let i = 0; i < count; i++) {
        const weights = Array.from({ length: count }, (_, j) => {
          let score = 0
          for (let c = 0; c < d; c++) score += q[(group * count + i) * d + c] * k[(group * count + j) * d + c]
          return Math.exp(score / 2)
        })
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        for (let c = 0; c < d; c++) wanted.push(weights.reduce((sum, weight, j) => sum + (weight / total) * v[(group * count + j) * d + c], 0))
      }
    expectClose(valuesOf(attend(query, key, value)), wanted, 1e-5)
  })

  it('is not thrown off by large scores', () => {
    const found = attend(tf.fill([1, 1, 1, 4], 300), tf.tensor([300, 300, 300, 300, 0, 0, 0, 0], [1, 1, 2, 4]), tf.tensor([1, 1, 1, 1, 9, 9, 9, 9], [1, 1, 2, 4]))
    expect(valuesOf(found)).toEqual([1, 1, 1, 1])
  })
})

describe('a transformer block', () => {
  const block: Forward<tf.Tensor> = (x, scope) => transformerBlock(x, scope, { heads: 2, expansion: 4, initial: { kind: 'zeros' }, keep: 0.5 })
  const x = (): tf.Tensor => randomTensor('tokens', [2, 3, 4])

  it('leaves a sample as it is where its mask leaves out both branches', () => {
    const masked = (name: string, shape: number[]): tf.Tensor => (name.includes('drop-path') ? tf.tensor([0, 2], shape) : randomTensor(name, shape))
    const { output, layout } = bind(block, x(), masked, true)
    expect(layout.masks).toEqual([{ name: 'attention/drop-path', shape: [2, 1, 1], keep: 0.5 }, { name: 'perceptron/drop-path', shape: [2, 1, 1], keep: 0.5 }])
    const [before, after] = [valuesOf(x()), valuesOf(output)]
    expectClose(after.slice(0, 12), before.slice(0, 12), 1e-7)
    expect(after.slice(12)).not.toEqual(before.slice(12))
  })

  it('refuses heads that do not divide the channels', () => {
    expect(() => bind((tokens, scope) => transformerBlock(tokens, scope, { heads: 3, expansion: 4, initial: { kind: 'zeros' }, keep: 1 }), x(), (_, shape) => tf.ones(shape), true)).toThrow(RangeError)
  })
})

describe('patches', () => {
  it('fill the end of a window up with zeros', () => {
    const sums: Forward<tf.Tensor> = (x, scope) => patchEmbedding(x, scope, { width: 1, patch: 4, initial: { kind: 'ones' } })
    const { output } = bind(sums, tf.tensor([1, 2, 3, 4, 5, 6], [1, 6, 1]), (name, shape) => (name === 'bias' ? tf.zeros(shape) : tf.tensor([1, 10, 100, 1000], shape)), false)
    expect(output.shape).toEqual([1, 2, 1])
    expect(valuesOf(output)).toEqual([4321, 65])
  })
})

describe('unit length', () => {
  it('is 1, and 0 for nothing, with a finite gradient there', () => {
    expectClose(valuesOf(unitLength(tf.tensor([[3, 4], [0, 0]]))), [0.6, 0.8, 0, 0], 1e-6)
    expect(valuesOf(tf.grad((x) => tf.sum(unitLength(x)))(tf.tensor([[0, 0]]))).every(Number.isFinite)).toBe(true)
  })
})
