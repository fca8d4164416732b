import * as tf from '@tensorflow/tfjs-core'
import type { Specs, Step, Tensors } from '../engine/engine.ts'
import { describeGraph } from '../engine/onnx/graph-statistics.ts'
import { traceStep } from '../engine/onnx/trace.ts'
import { boundScope, describeNetwork, type InputShape, type ParameterLayout } from './parameter-layout.ts'
import type { Forward } from './scope.ts'

export interface NetworkFigures {
  /** Trainable weights. */
  readonly parameters: number
  /** Multiply-accumulates of convolutions, linear maps and attention for one window, at inference. */
  readonly macs: number
  /** Bytes that one more window in the batch takes at the fullest moment of a training step, weights and their gradients not counted. */
  readonly activationBytes: number
}

const windows = 'windows'
/** Batches of which the difference is taken: what does not depend on the batch falls out. */
const batches = [8, 16] as const

function specsOf(layout: ParameterLayout, { batch = 1, length, channels }: InputShape, masked: boolean): Specs {
  const entries = [...layout.weights, ...layout.statistics, ...(masked ? layout.masks : [])]
  return Object.fromEntries([
    [windows, { shape: [batch, length, channels], dtype: 'float32' as const }],
    ...entries.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }] as const),
  ])
}

const inference =
  (forward: Forward<{ readonly embedding: tf.Tensor }>, layout: ParameterLayout): Step =>
  (inputs) => ({ embedding: forward(inputs[windows], boundScope(layout, { weights: inputs, statistics: inputs }, { training: false }).scope).embedding })

/** The sum of the embedding stands for the objective: next to the network, an objective's own results are small. */
const gradients =
  (forward: Forward<{ readonly embedding: tf.Tensor }>, layout: ParameterLayout): Step =>
  (inputs) => {
    const names = layout.weights.map(({ name }) => name)
    const results = tf.grads((...weights: tf.Tensor[]) => {
      const given: Tensors = Object.fromEntries(names.map((name, i) => [name, weights[i]]))
      return tf.sum(forward(inputs[windows], boundScope(layout, { weights: given, statistics: inputs, masks: inputs }, { training: true }).scope).embedding)
    })(names.map((name) => inputs[name]))
    return Object.fromEntries(names.map((name, i) => [name, results[i]]))
  }

/**
 * Size and cost of a network, counted in its traced graph: nothing is computed.
 * @example of a ResNet-34 with 64 channels, 150 samples, 256 dimensions: 7349568 parameters, 108 million multiply-accumulates
 */
export function figuresOf(forward: Forward<{ readonly embedding: tf.Tensor }>, { length, channels }: Omit<InputShape, 'batch'>): NetworkFigures {
  const single = { length, channels }
  const layout = describeNetwork(forward, single)
  const { macs } = describeGraph(traceStep(inference(forward, layout), specsOf(layout, single, false)))
  const [few, many] = batches.map((batch) => {
    const input = { ...single, batch }
    const batchLayout = describeNetwork(forward, input)
    return describeGraph(traceStep(gradients(forward, batchLayout), specsOf(batchLayout, input, true))).peakBytes
  })
  return { parameters: layout.weightCount, macs, activationBytes: Math.round((many - few) / (batches[1] - batches[0])) }
}
