import * as tf from '@tensorflow/tfjs-core'
import { LabError } from '../contract/index.ts'
import type { Step, Tensors } from '../learning/engine/engine.ts'
import type { Graph } from '../learning/engine/onnx/graph.ts'
import { traceStep } from '../learning/engine/onnx/trace.ts'
import { boundScope, namedViews, type Entry } from '../learning/networks/parameter-layout.ts'
import { unitVectors } from '../learning/objectives/unit-vectors.ts'
import { networkOf } from '../learning/recipes/features.ts'
import type { StoredModel } from './embedding-models.ts'

/** Names of the exported file's only input and output. */
export const inputName = 'windows'
export const outputName = 'embedding'

export interface EmbeddingGraph {
  readonly graph: Graph
  readonly parameters: number
  readonly dimensions: number
}

/** Weights of the network itself. A classifier's rows are the centres of people, which are templates: recognition.md C6. */
const isShipped = ({ name }: Entry): boolean => name.startsWith('network/')

/**
 * A model as a graph from windows [batch, time, channels] to unit-length embeddings [batch, dimensions], for any batch; its weights are constants.
 * @throws LabError `model-not-found` for a model without weights, which no file could hold.
 * @example embeddingGraph(student).graph.outputs[0].dimensions // [{ times: 1, power: 1, plus: 0 }, 256]
 */
export function embeddingGraph(stored: StoredModel): EmbeddingGraph {
  const { length, channels } = stored.use
  const { step, parameters } = stepOf(stored)
  const graph = traceStep(step, { [inputName]: { shape: [1, length, channels], dtype: 'float32' } }, { batched: [inputName] })
  return { graph, parameters, dimensions: graph.outputs[0].value.shape[1] }
}

function stepOf(stored: StoredModel): { step: Step; parameters: number } {
  if (stored.kind === 'network') return networkStep(stored)
  if (stored.kind === 'lda') return discriminantStep(stored)
  throw new LabError('model-not-found', 'The model "template" has no weights: it compares a window with the mean beat itself. There is nothing to export; choose a network or the LDA model.', { model: stored.name })
}

function networkStep({ model: { shape, layout, state } }: Extract<StoredModel, { kind: 'network' }>): { step: Step; parameters: number } {
  const weights = layout.weights.filter(isShipped)
  const statistics = layout.statistics.filter(isShipped)
  const forward = networkOf(shape.network)
  const tensors = (entries: readonly Entry[], flat: Float32Array): Tensors => {
    const views = namedViews(entries, flat)
    return Object.fromEntries(entries.map(({ name, shape: own }) => [name, tf.tensor(views[name], [...own], 'float32')]))
  }
  return {
    parameters: weights.reduce((sum, { size }) => sum + size, 0),
    step: (inputs) => {
      const { scope } = boundScope(layout, { weights: tensors(weights, state.weights), statistics: tensors(statistics, state.statistics) }, { training: false })
      return { [outputName]: unitVectors(forward(inputs[inputName], scope.child('network')).embedding) }
    },
  }
}

function discriminantStep({ model }: Extract<StoredModel, { kind: 'lda' }>): { step: Step; parameters: number } {
  const { mean, projection } = model.arrays()
  return {
    parameters: mean.length + projection.length,
    step: (inputs) => {
      const windows = inputs[inputName]
      const centred = tf.sub(tf.reshape(windows, [windows.shape[0], model.length]), tf.tensor1d(mean))
      return { [outputName]: unitVectors(tf.matMul(centred, tf.tensor2d(projection, [model.length, model.dimension]))) }
    },
  }
}
