import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { describeGraph } from '../../../src-main/learning/engine/onnx/graph-statistics.ts'
import type { Graph } from '../../../src-main/learning/engine/onnx/graph.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { quantiseGraph } from '../../../src-main/learning/engine/onnx/quantise-graph.ts'
import { traceStep } from '../../../src-main/learning/engine/onnx/trace.ts'
import { useConvolutions } from '../../../src-main/learning/engine/onnx/use-convolutions.ts'
import { convolve } from '../../../src-main/learning/networks/layers/convolution-1d.ts'
import { boundScope, describeNetwork, initialStatistics, initialWeights, type Entry } from '../../../src-main/learning/networks/parameter-layout.ts'
import { resNet1d } from '../../../src-main/learning/networks/resnet-1d.ts'
import { expectAgreement, float, randomArrays, randomNumbers, runOnCpu } from './agreement.ts'

/** Of 32-bit floats added up in another order. */
const tolerance = 1e-5

const operators = (graph: Graph): Readonly<Record<string, number>> => describeGraph(graph).operators
const some = (seed: number, ...shape: number[]): tf.Tensor => {
  const random = randomNumbers(seed)
  return tf.tensor(Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => 2 * random() - 1), shape)
}

let engine: Engine
beforeAll(async () => {
  engine = await createOnnxEngine({ threads: 1 })
})
afterAll(() => engine.dispose())

async function agrees(step: Step, specs: Specs, batches: readonly number[] = []): Promise<void> {
  const compiled = await engine.compile(step, specs, batches.length > 0 ? { batched: ['x'] } : {})
  for (const batch of batches.length > 0 ? batches : [specs.x.shape[0]]) {
    const given: Specs = { ...specs, x: { ...specs.x, shape: [batch, ...specs.x.shape.slice(1)] } }
    const inputs = randomArrays(given, batch)
    expectAgreement(await compiled.run(inputs), await runOnCpu(step, given, inputs), tolerance)
  }
  compiled.dispose()
}

/** Two convolutions around a shortcut, biases and Relu, and a mean over time: a basic block at inference. */
const block: Step = ({ x }) => {
  const first = tf.relu(tf.add(convolve(x, some(1, 3 * 4, 6), 3, 2), some(2, 6)))
  const second = tf.add(convolve(first, some(3, 3 * 6, 6), 3), some(4, 6))
  const sum = tf.relu(tf.add(second, tf.add(convolve(x, some(5, 4, 6), 1, 2), some(6, 6))))
  return { all: sum, mean: tf.mean(sum, 1) }
}

describe('a convolution with constant weights', () => {
  it('is one Conv of any kernel, stride, length and number of channels, and computes what the unfolded product does', async () => {
    const geometry = fc.record({ batch: fc.integer({ min: 1, max: 3 }), length: fc.integer({ min: 8, max: 21 }), channels: fc.integer({ min: 1, max: 5 }), width: fc.integer({ min: 2, max: 5 }), kernel: fc.integer({ min: 2, max: 7 }), stride: fc.integer({ min: 1, max: 3 }) })
    await fc.assert(
      fc.asyncProperty(geometry, async ({ batch, length, channels, width, kernel, stride }) => {
        // A kernel that is one group of samples needs no unfolding: it stays a product.
        fc.pre(kernel > stride)
        const step: Step = ({ x }) => ({ y: convolve(x, some(7, kernel * channels, width), kernel, stride) })
        const specs = { x: float(batch, length, channels) }
        const found = operators(useConvolutions(traceStep(step, specs)))
        expect(found.Conv).toBe(1)
        expect(Object.keys(found).filter((op) => ['Gemm', 'Slice', 'Concat', 'Pad'].includes(op))).toEqual([])
        await agrees(step, specs)
      }),
      { numRuns: 60 },
    )
  })

  it('takes biases, shortcuts and Relu along, between one transpose of the input and one of what is read outside, for every batch', async () => {
    const graph = useConvolutions(traceStep(block, { x: float(2, 16, 4) }, { batched: ['x'] }))
    expect(graph.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs.length)).toEqual([3, 3, 3])
    // Of weights: three.
    expect(operators(graph)).toMatchObject({ Conv: 3, Add: 1, Relu: 2, Transpose: 5 })
    await agrees(block, { x: float(2, 16, 4) }, [1, 2, 7])
  })

  it('is what a whole residual network is made of; to be rounded to 8 bits it stays products', async () => {
    const forward = resNet1d({ blocks: [1, 1, 1, 1], width: 16, embedding: 8 })
    const layout = describeNetwork(forward, { length: 64, channels: 1 })
    const [weights, statistics] = [initialWeights(layout, 1), initialStatistics(layout)]
    const constants = (entries: readonly Entry[], flat: Float32Array) => Object.fromEntries(entries.map(({ name, shape, offset, size }) => [name, tf.tensor(flat.slice(offset, offset + size), [...shape])]))
    const step: Step = ({ x }) => {
      const { scope } = boundScope(layout, { weights: constants(layout.weights, weights), statistics: constants(layout.statistics, statistics) }, { training: false })
      return { embedding: forward(x, scope).embedding }
    }
    const traced = traceStep(step, { x: float(1, 64, 1) }, { batched: ['x'] })
    const { Conv, Gemm, Slice } = operators(useConvolutions(traced))
    expect({ Conv, Gemm, Slice }).toEqual({ Conv: 1 + 4 * 2 + 3, Gemm: 1, Slice: undefined })
    const { graph: rounded } = quantiseGraph(traced)
    expect(operators(rounded).MatMulInteger).toBeGreaterThanOrEqual(9)
    await agrees(step, { x: float(1, 64, 1) }, [1, 3])
  })

  it('stays a product when its weights only come with a run', () => {
    const graph = traceStep(({ x, w }) => ({ y: convolve(x, w, 3) }), { x: float(2, 16, 4), w: float(12, 5) })
    expect(useConvolutions(graph)).toBe(graph)
  })
})

describe('what only looks like a convolution', () => {
  const weights = () => some(8, 12, 5)
  const around = (x: tf.Tensor, fill: number) => tf.pad(x, [[0, 0], [1, 1], [0, 0]], fill)
  const columns = (x: tf.Tensor, starts: readonly number[]) => tf.reshape(tf.concat(starts.map((start) => tf.slice(x, [0, start, 0], [-1, 8, -1])), 2), [16, 12])
  const steps: readonly (readonly [string, Step])[] = [
    ['edges of ones', ({ x }) => ({ y: tf.matMul(columns(around(x, 1), [0, 1, 2]), weights()) })],
    ['samples in another order', ({ x }) => ({ y: tf.matMul(columns(around(x, 0), [2, 1, 0]), weights()) })],
    ['the same samples three times', ({ x }) => ({ y: tf.matMul(columns(around(x, 0), [1, 1, 1]), weights()) })],
    ['two inputs in turn', ({ x, z }) => {
      const shifted = [x, z, x].map((each, start) => tf.slice(around(each, 0), [0, start, 0], [-1, 8, -1]))
      return { y: tf.matMul(tf.reshape(tf.concat(shifted, 2), [16, 12]), weights()) }
    }],
    ['reflected edges', ({ x }) => ({ y: tf.matMul(columns(tf.mirrorPad(x, [[0, 0], [1, 1], [0, 0]], 'reflect'), [0, 1, 2]), weights()) })],
  ]
  it.each(steps)('computes the same: %s', async (_, step) => {
    await agrees(step, { x: float(2, 8, 4), z: float(2, 8, 4) })
  })
})
