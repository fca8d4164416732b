import { readFileSync } from 'node:fs'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import { deit1d, type DeitOutput } from '../../../src-main/learning/networks/deit-1d.ts'
import { boundScope, describeNetwork, type Entry } from '../../../src-main/learning/networks/parameter-layout.ts'
import { resNet1d, type ResNetOutput } from '../../../src-main/learning/networks/resnet-1d.ts'
import type { Forward } from '../../../src-main/learning/networks/scope.ts'
import { expectClose, valuesOf } from './tensor-values.ts'

/**
 * Both networks against twins written in PyTorch (float64), weights, gradients, running statistics and all:
 *
 *     python bench/peers/networks.py golden > test/golden/learning/networks.json
 */
interface Golden {
  readonly inference: readonly number[][]
  readonly training: readonly number[][]
  readonly loss: number
  readonly gradients: readonly { readonly shape: readonly number[]; readonly length: number; readonly along: number }[]
  readonly running: readonly number[][]
}
const golden = JSON.parse(readFileSync(new URL('../../golden/learning/networks.json', import.meta.url), 'utf8')) as Record<'resnet' | 'deit', Golden>

const [batch, length, channels] = [3, 41, 2]

const pattern = (count: number, start: number): number[] => Array.from({ length: count }, (_, i) => ((((start + i) * 7919 + 13) % 10007) / 10007) * 2 - 1)

function patternedWeight({ name, shape, size, offset }: Entry): tf.Tensor {
  const values = pattern(size, offset)
  if (name.endsWith('/gain')) return tf.tensor(values.map((value) => 1 + 0.2 * value), [...shape])
  const amplitude = shape.length === 1 ? 0.2 : Math.sqrt(3 / shape[0])
  return tf.tensor(values.map((value) => amplitude * value), [...shape])
}

function patternedStatistic({ name, shape, size, offset }: Entry): tf.Tensor {
  return tf.tensor(pattern(size, offset).map((value) => (name.endsWith('/mean') ? 0.2 * value : 1 + 0.5 * value)), [...shape])
}

const lossOf = (outputs: readonly tf.Tensor[]): tf.Scalar =>
  tf.addN(outputs.map((output) => tf.div<tf.Scalar>(tf.sum(tf.mul(output, tf.tensor(pattern(output.size, 77), output.shape))), Math.sqrt(output.size))))

function check<Output>(forward: Forward<Output>, wanted: Golden, heads: (output: Output) => tf.Tensor[], taps: (output: Output) => readonly tf.Tensor[]): void {
  const layout = describeNetwork(forward, { batch, length, channels })
  const weights = Object.fromEntries(layout.weights.map((entry) => [entry.name, patternedWeight(entry)]))
  const statistics = Object.fromEntries(layout.statistics.map((entry) => [entry.name, patternedStatistic(entry)]))
  const x = tf.tensor(pattern(batch * length * channels, 5000), [batch, length, channels])

  const inferred = heads(forward(x, boundScope(layout, { weights, statistics }, { training: false }).scope))
  inferred.forEach((output, i) => expectClose(valuesOf(output), wanted.inference[i], 2e-5))

  const { scope, observations } = boundScope(layout, { weights, statistics }, { training: true })
  const names = layout.weights.map(({ name }) => name)
  const gradients = tf.grads((...given: tf.Tensor[]) => {
    const bound = boundScope(layout, { weights: Object.fromEntries(names.map((name, i) => [name, given[i]])), statistics }, { training: true })
    const output = forward(x, bound.scope)
    return lossOf([...taps(output), ...heads(output)])
  })(names.map((name) => weights[name]))
  const trained = forward(x, scope)
  heads(trained).forEach((output, i) => expectClose(valuesOf(output), wanted.training[i], 2e-5))
  expect(valuesOf(lossOf([...taps(trained), ...heads(trained)]))[0]).toBeCloseTo(wanted.loss, 4)

  expect(layout.weights.map(({ shape }) => shape)).toEqual(wanted.gradients.map(({ shape }) => shape))
  gradients.forEach((gradient, i) => {
    const values = valuesOf(gradient)
    const along = pattern(values.length, 31).reduce((sum, value, k) => sum + value * values[k], 0)
    expect(Math.hypot(...values) / wanted.gradients[i].length, names[i]).toBeCloseTo(1, 4)
    expect((along - wanted.gradients[i].along) / wanted.gradients[i].length, names[i]).toBeCloseTo(0, 4)
  })

  const running = layout.statistics.map(({ name }) => {
    const observation = observations.get(name)
    if (!observation) throw new Error(`'${name}' was not observed.`)
    const before = valuesOf(statistics[name])
    return valuesOf(observation.value).map((value, i) => (1 - observation.momentum) * before[i] + observation.momentum * value)
  })
  expect(running).toHaveLength(wanted.running.length)
  running.forEach((values, i) => expectClose(values, wanted.running[i], 2e-5))
}

describe('the networks, beside their PyTorch twins', () => {
  beforeAll(async () => {
    registerGradients()
    await tf.setBackend('cpu')
  })

  it('ResNet: outputs, gradients and running statistics', () => {
    check(
      resNet1d({ blocks: [1, 2, 1, 1], width: 4, embedding: 6 }),
      golden.resnet,
      (output: ResNetOutput) => [output.embedding],
      (output) => output.stages,
    )
  })

  it('DeiT: outputs and gradients, with a window that does not divide into patches', () => {
    check(
      deit1d({ width: 12, depth: 4, heads: 3, patch: 7, embedding: 6 }),
      golden.deit,
      (output: DeitOutput) => [output.classEmbedding, output.distillationEmbedding, output.embedding],
      (output) => output.blocks,
    )
  })
})
