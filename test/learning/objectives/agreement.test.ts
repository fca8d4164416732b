import '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { EagerEngine } from '../../../src-main/learning/engine/eager-engine.ts'
import type { Arrays, Engine, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { declareNetwork } from '../../../src-main/learning/networks/parameter-layout.ts'
import { crossEntropy } from '../../../src-main/learning/objectives/cross-entropy.ts'
import { exitHead } from '../../../src-main/learning/objectives/exit-heads.ts'
import { cases, gaussian } from './every-objective.ts'
import { type Input, type Inputs, type Loss, labels, onTheCpu, scopeOf } from './on-the-cpu.ts'

/** Rounding of float32, added up in another order: relative to the largest of an output, and what is left where all of it should cancel. */
const [relative, absolute] = [2e-4, 1e-5]
const sizes = { batch: 8, width: 6, classes: 5 }

interface Trained {
  readonly name: string
  readonly inputs: Inputs
  readonly by: readonly string[]
  readonly loss: Loss
}

const head = { stage: 2, classes: 3 } as const
const headWeights = onTheCpu(() => declareNetwork((scope) => exitHead(tf.zeros([2, 5, 8]), scope, head)).weights)
const throughExitHead: Trained = {
  name: 'exit head',
  inputs: {
    tokens: gaussian(Random.of('tokens', 1), [2, 5, 8]),
    labels: labels(2, 0),
    ...Object.fromEntries(headWeights.map(({ name, shape }, i) => [name, gaussian(Random.of('head', i), shape, 0.3)])),
  },
  by: ['tokens', ...headWeights.map(({ name }) => name)],
  loss: ({ tokens, labels: y, ...weights }) => crossEntropy(exitHead(tokens, scopeOf(weights), head), y),
}

/** All rows one: what is 0 / 0 in a careless loss. */
const sameRows = (input: Input): Input => {
  const width = input.values.length / input.shape[0]
  return { ...input, values: input.values.map((_, i) => input.values[i % width]) }
}
const trained: readonly Trained[] = [
  ...cases.map((objective) => ({ ...objective, inputs: objective.inputs(Random.of('agreement', 1), sizes) })),
  throughExitHead,
]
const degenerate: readonly Trained[] = cases
  .filter(({ by }) => by.includes('student') || by.includes('embeddings'))
  .map((objective) => {
    const inputs = objective.inputs(Random.of('agreement', 2), sizes)
    const learner = objective.by.includes('student') ? 'student' : 'embeddings'
    return { ...objective, name: `${objective.name}, equal rows`, inputs: { ...inputs, [learner]: sameRows(inputs[learner]) } }
  })

const specsOf = (inputs: Inputs): Specs => Object.fromEntries(Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype: dtype ?? 'float32' }]))
const arraysOf = (inputs: Inputs): Arrays =>
  Object.fromEntries(Object.entries(inputs).map(([name, { values, dtype }]) => [name, dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)]))

function stepOf({ by, loss }: Trained): Step {
  return (inputs) => {
    const f = (...chosen: tf.Tensor[]) => loss({ ...inputs, ...Object.fromEntries(chosen.map((tensor, i) => [by[i], tensor])) }) as tf.Scalar
    const { value, grads } = tf.valueAndGrads(f)(by.map((name) => inputs[name]))
    return { value, ...Object.fromEntries(grads.map((grad, i) => [`d ${by[i]}`, grad])) }
  }
}

let cpu: Engine
let others: readonly Engine[]
beforeAll(async () => {
  const eager = (name: 'cpu' | 'wasm') => new EagerEngine({ name, backend: name, version: tf.version_core, threads: 1 })
  cpu = eager('cpu')
  others = [eager('wasm'), await createOnnxEngine({ threads: 1 })]
})
afterAll(() => {
  for (const engine of others) engine.dispose()
})

describe('cpu, wasm and onnx agree on the value and the gradients of', () => {
  it.each([...trained, ...degenerate])('$name', async (objective) => {
    const expected = await outcome(cpu, objective)
    for (const [name, values] of Object.entries(expected)) expect(values.every(Number.isFinite), `cpu: ${name}`).toBe(true)
    for (const engine of others) {
      const actual = await outcome(engine, objective)
      expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort())
      for (const [name, values] of Object.entries(expected)) {
        const allowed = absolute + relative * Math.max(...values.map(Math.abs))
        // NaN is within no distance.
        const wrong = Array.from(values, (value, i) => [value, actual[name][i]]).filter(([value, got]) => !(Math.abs(got - value) <= allowed))
        expect(wrong, `${engine.name}: ${name}`).toEqual([])
      }
    }
  })
})

async function outcome(engine: Engine, objective: Trained): Promise<Arrays> {
  const compiled = await engine.compile(stepOf(objective), specsOf(objective.inputs))
  try {
    return await compiled.run(arraysOf(objective.inputs))
  } finally {
    compiled.dispose()
  }
}
