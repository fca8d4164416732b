import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Arrays, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { deit1d } from '../../../src-main/learning/networks/deit-1d.ts'
import { boundScope, describeNetwork, initialStatistics, initialWeights, namedViews } from '../../../src-main/learning/networks/parameter-layout.ts'
import { resNet1d } from '../../../src-main/learning/networks/resnet-1d.ts'
import type { Forward } from '../../../src-main/learning/networks/scope.ts'
import { expectClose, randomValues, valuesOf } from './tensor-values.ts'

const nets: { name: string; forward: Forward<{ readonly embedding: tf.Tensor }> }[] = [
  { name: 'ResNet', forward: resNet1d({ blocks: [1, 1, 1, 1], width: 4, embedding: 5 }) },
  { name: 'DeiT', forward: deit1d({ width: 6, depth: 2, heads: 3, patch: 9, embedding: 5 }) },
]
const [length, channels, trainingBatch] = [40, 2, 4]

beforeAll(async () => {
  registerGradients()
  await tf.setBackend('cpu')
})

describe.each(nets)('$name on ONNX Runtime', ({ forward }) => {
  const layout = describeNetwork(forward, { length, channels })
  const entries = [...layout.weights, ...layout.statistics]
  const names = layout.weights.map(({ name }) => name)
  const parameters: Record<string, Float32Array> = {
    ...namedViews(layout.weights, initialWeights(layout, 8)),
    ...namedViews(layout.statistics, initialStatistics(layout)),
  }
  const specs = (batch: number): Specs => ({
    windows: { shape: [batch, length, channels], dtype: 'float32' },
    ...Object.fromEntries(entries.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }])),
  })
  const arrays = (batch: number): Arrays => ({ windows: Float32Array.from(randomValues(`windows ${batch}`, batch * length * channels)), ...parameters })

  function onCpu(step: Step, batch: number): Record<string, number[]> {
    const [shapes, values] = [specs(batch), arrays(batch)]
    const outputs = step(Object.fromEntries(Object.entries(shapes).map(([name, { shape }]) => [name, tf.tensor(values[name], [...shape])])))
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, valuesOf(tensor)]))
  }

  it('infers what it infers on the cpu engine, at batches of any size from one compiled step', async () => {
    const step: Step = (inputs) => ({ embedding: forward(inputs.windows, boundScope(layout, { weights: inputs, statistics: inputs }, { training: false }).scope).embedding })
    const engine = await createOnnxEngine({ threads: 1 })
    const compiled = await engine.compile(step, specs(1), { batched: ['windows'] })
    for (const batch of [1, 5, 2]) expectClose(Array.from((await compiled.run(arrays(batch))).embedding), onCpu(step, batch).embedding, 2e-5)
    engine.dispose()
  })

  it('has the gradients and the observations that it has on the cpu engine', async () => {
    const step: Step = (inputs) => {
      const observed: Record<string, tf.Tensor> = {}
      const gradients = tf.grads((...weights: tf.Tensor[]) => {
        const bound = boundScope(layout, { weights: Object.fromEntries(names.map((name, i) => [name, weights[i]])), statistics: inputs }, { training: true })
        const { embedding } = forward(inputs.windows, bound.scope)
        for (const [name, { value }] of bound.observations) observed[`observed ${name}`] = value
        return tf.sum(tf.square(tf.sub(embedding, 1)))
      })(names.map((name) => inputs[name]))
      return { ...Object.fromEntries(names.map((name, i) => [name, gradients[i]])), ...observed }
    }
    const engine = await createOnnxEngine({ threads: 1 })
    const actual = await (await engine.compile(step, specs(trainingBatch))).run(arrays(trainingBatch))
    const wanted = onCpu(step, trainingBatch)
    expect(Object.keys(actual).toSorted()).toEqual(Object.keys(wanted).toSorted())
    // Compared with the largest gradient of all: the key's bias, for one, has a gradient of zero but for rounding.
    const largest = Math.max(...names.flatMap((name) => wanted[name].map(Math.abs)))
    for (const name of Object.keys(wanted)) {
      if (name.startsWith('observed')) expectClose(Array.from(actual[name]), wanted[name], 1e-4, name)
      else expect(Math.max(...wanted[name].map((value, i) => Math.abs(value - actual[name][i]))) / largest, name).toBeLessThan(1e-4)
    }
    engine.dispose()
  })
})
