import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import { deit1d } from '../../../src-main/learning/networks/deit-1d.ts'
import { boundScope, describeNetwork, initialStatistics, initialWeights, namedViews, type ParameterLayout } from '../../../src-main/learning/networks/parameter-layout.ts'
import { resNet1d } from '../../../src-main/learning/networks/resnet-1d.ts'
import type { Forward } from '../../../src-main/learning/networks/scope.ts'
import { expectClose, randomTensor, randomValues, valuesOf } from './tensor-values.ts'

type Net = Forward<{ readonly embedding: tf.Tensor }>

const nets: { name: string; forward: Net }[] = [
  { name: 'ResNet', forward: resNet1d({ blocks: [1, 1, 1, 1], width: 4, embedding: 5, normaliseEmbedding: true }) },
  { name: 'DeiT', forward: deit1d({ width: 8, depth: 4, heads: 2, patch: 9, embedding: 5, dropPath: 0.3 }) },
]
const [length, channels] = [40, 2]

const tensorsOf = (entries: ParameterLayout['weights'] | ParameterLayout['statistics'], flat: Float32Array): Record<string, tf.Tensor> => {
  const views = namedViews(entries, flat)
  return Object.fromEntries(entries.map(({ name, shape }) => [name, tf.tensor(views[name], [...shape])]))
}

function infer(forward: Net, x: tf.Tensor): tf.Tensor {
  const layout = describeNetwork(forward, { length: x.shape[1] ?? 0, channels })
  const { scope } = boundScope(layout, { weights: tensorsOf(layout.weights, initialWeights(layout, 4)), statistics: tensorsOf(layout.statistics, initialStatistics(layout)) }, { training: false })
  return forward(x, scope).embedding
}

beforeAll(async () => {
  registerGradients()
  await tf.setBackend('cpu')
})

describe.each(nets)('$name', ({ forward }) => {
  it('has the gradient that central differences of its loss have, in training form with masks', () => {
    const batch = 6
    const layout = describeNetwork(forward, { batch, length, channels })
    // Wider first weights than for training, so that no part of the network stays near zero.
    const start = Float32Array.from(initialWeights(layout, 2), (value, i) => value + randomValues(`start ${i % 7}`, 1, 0.1)[0])
    const statistics = tensorsOf(layout.statistics, initialStatistics(layout))
    const masks = Object.fromEntries(layout.masks.map(({ name, shape, keep }, i) => [name, tf.tensor(Array.from({ length: batch }, (_, b) => ((b + i) % 5 === 0 ? 0 : 1 / keep)), [...shape])]))
    const x = randomTensor('x', [batch, length, channels])
    const target = randomTensor('target', [batch, 5])
    const loss = (weights: Record<string, tf.Tensor>): tf.Scalar =>
      tf.sum<tf.Scalar>(tf.mul(forward(x, boundScope(layout, { weights, statistics, masks }, { training: true }).scope).embedding, target))
    const lossAt = (direction: readonly number[], step: number): number => valuesOf(tf.tidy(() => loss(tensorsOf(layout.weights, start.map((value, i) => value + step * direction[i])))))[0]

    const given = tensorsOf(layout.weights, start)
    const names = Object.keys(given)
    const gradient = tf.grads((...weights: tf.Tensor[]) => loss(Object.fromEntries(names.map((name, i) => [name, weights[i]]))))(names.map((name) => given[name])).flatMap(valuesOf)
    const size = Math.hypot(...gradient)
    expect(size).toBeGreaterThan(0.1)

    // Along the gradient itself the slope is its length; along random directions it is about size / sqrt(weights), so errors are compared with that.
    const directions = [gradient.map((value) => value / size), ...[1, 2, 3].map((i) => unit(randomValues(`direction ${i}`, gradient.length)))]
    for (const [i, direction] of directions.entries()) {
      const slope = gradient.reduce((sum, value, k) => sum + value * direction[k], 0)
      const step = i === 0 ? 2e-3 / Math.max(1, size) : 5e-3
      const difference = (lossAt(direction, step) - lossAt(direction, -step)) / (2 * step)
      expect(Math.abs(difference - slope) / (i === 0 ? size : size / Math.sqrt(gradient.length)), `direction ${i}: ${difference} ${slope}`).toBeLessThan(0.05)
    }
  })

  it('gives a window the same embedding alone and among others', () => {
    const x = randomTensor('x', [5, length, channels])
    const together = valuesOf(infer(forward, x))
    const alone = Array.from({ length: 5 }, (_, i) => valuesOf(infer(forward, tf.slice(x, [i, 0, 0], [1, length, channels])))).flat()
    expectClose(together, alone, 1e-6)
  })

  it('tells windows apart from its first weights on', () => {
    const [one, other] = [valuesOf(infer(forward, randomTensor('one', [1, length, channels]))), valuesOf(infer(forward, randomTensor('other', [1, length, channels])))]
    expect(Math.hypot(...one.map((value, i) => value - other[i])) / Math.hypot(...one)).toBeGreaterThan(1e-4)
  })
})

describe('shapes', () => {
  const outputs = <Output>(forward: Forward<Output>, at: number, read: (output: Output) => readonly tf.Tensor[]): number[][] => {
    const shapes: number[][] = []
    describeNetwork((x, scope) => shapes.push(...read(forward(x, scope)).map((tensor) => [...tensor.shape])), { batch: 2, length: at, channels })
    return shapes
  }

  it('of a ResNet: half the length at the stem and at each later stage, rounded up', () => {
    const forward = resNet1d({ blocks: [2, 2, 2, 2], width: 4, embedding: 5 })
    expect(outputs(forward, 150, ({ stages, pooled, embedding }) => [...stages, pooled, embedding])).toEqual([[2, 75, 4], [2, 38, 8], [2, 19, 16], [2, 10, 32], [2, 32], [2, 5]])
    expect(outputs(forward, 1, ({ stages }) => stages)).toEqual([[2, 1, 4], [2, 1, 8], [2, 1, 16], [2, 1, 32]])
  })

  it('of a DeiT: two tokens and one per patch begun, at a quarter, half, three quarters and all of the depth', () => {
    const forward = deit1d({ width: 6, depth: 6, heads: 3, patch: 9, embedding: 5 })
    expect(outputs(forward, 40, ({ blocks, classEmbedding, distillationEmbedding, embedding }) => [...blocks, classEmbedding, distillationEmbedding, embedding])).toEqual([
      [2, 7, 6], [2, 7, 6], [2, 7, 6], [2, 7, 6], [2, 5], [2, 5], [2, 5],
    ])
  })

  it('of a DeiT: a window that is filled up is the window with zeros at its end', () => {
    const forward = deit1d({ width: 6, depth: 2, heads: 3, patch: 9, embedding: 5 })
    const x = randomTensor('x', [2, 40, channels])
    expectClose(valuesOf(infer(forward, x)), valuesOf(infer(forward, tf.pad(x, [[0, 0], [0, 5], [0, 0]]))), 1e-6)
  })

  it('of a DeiT: the finished embedding is the mean direction of both', () => {
    const forward = deit1d({ width: 6, depth: 2, heads: 3, patch: 8, embedding: 5 })
    const read = (of: 'classEmbedding' | 'distillationEmbedding' | 'embedding'): number[] =>
      unit(valuesOf(infer((x, scope) => ({ embedding: tf.slice(forward(x, scope)[of], [0, 0], [1, 5]) }), randomTensor('x', [1, 40, channels]))))
    const [byLabels, byTeacher] = [read('classEmbedding'), read('distillationEmbedding')]
    expectClose(read('embedding'), unit(byLabels.map((value, i) => value + byTeacher[i])), 1e-5)
  })
})

function unit(values: readonly number[]): number[] {
  const size = Math.hypot(...values)
  return values.map((value) => value / size)
}
