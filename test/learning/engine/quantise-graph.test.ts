import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { foldConstants } from '../../../src-main/learning/engine/onnx/fold-constants.ts'
import { describeGraph } from '../../../src-main/learning/engine/onnx/graph-statistics.ts'
import type { Graph } from '../../../src-main/learning/engine/onnx/graph.ts'
import { writeModel } from '../../../src-main/learning/engine/onnx/onnx-writer.ts'
import { quantiseColumns, quantiseGraph } from '../../../src-main/learning/engine/onnx/quantise-graph.ts'
import { traceStep } from '../../../src-main/learning/engine/onnx/trace.ts'
import { normals } from '../evaluation/synthetic-people.ts'
import { float } from './agreement.ts'

const some = (count: number, seed: number, scale = 1): Float32Array => {
  const normal = normals(seed)
  return Float32Array.from({ length: count }, () => scale * normal())
}

async function run(graph: Graph, x: Float32Array, shape: readonly number[], optimised = true): Promise<Float32Array> {
  const session = await InferenceSession.create(writeModel(graph, { producerVersion: '1', graphName: 'test' }), { logSeverityLevel: 4, graphOptimizationLevel: optimised ? 'all' : 'disabled' })
  const { y } = await session.run({ x: new Tensor('float32', x, [...shape]) })
  await session.release()
  return y.data as Float32Array
}

/** The ONNX specification of DynamicQuantizeLinear, and a product in whole numbers. a: [rows, depth], b: [depth, columns]. */
function quantisedProduct(a: Float32Array, b: Float32Array, depth: number, columns: number): Float32Array {
  const low = Math.min(0, ...a)
  const scale = Math.fround((Math.max(0, ...a) - low) / 255)
  const even = (value: number): number => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value))
  const clipped = (value: number): number => Math.max(0, Math.min(255, value))
  const zero = clipped(even(-low / scale))
  const rounded = Array.from(a, (value) => clipped(even(Math.fround(value / scale)) + zero) - zero)
  const scales = Array.from({ length: columns }, (_, column) => Math.max(...Array.from({ length: depth }, (_each, k) => Math.abs(b[k * columns + column]))) / 127)
  return Float32Array.from({ length: (a.length / depth) * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns]
    let sum = 0
    for (let k = 0; k < depth; k++) sum += rounded[row * depth + k] * Math.round(b[k * columns + column] / scales[column])
    return sum * scale * scales[column]
  })
}

describe('quantised weights', () => {
  it('are off by half a step of their column at most, whatever they are', () => {
    fc.assert(fc.property(fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 6, maxLength: 6 }), (list) => {
      const values = Float32Array.from(list)
      const made = quantiseColumns({ values, rows: 3, columns: 2 })
      values.forEach((value, at) => {
        expect(Math.abs((made.values[at] - 128) * made.scales[at % 2] - value)).toBeLessThanOrEqual(0.5001 * made.scales[at % 2])
      })
    }))
    expect(quantiseColumns({ values: Float32Array.of(127, 0, -63.4, 0), rows: 2, columns: 2 })).toEqual({ values: Uint8Array.of(255, 128, 65, 128), scales: Float32Array.of(1, 0) })
  })
})

describe('a quantised graph', () => {
  const [depth, columns] = [48, 40]
  const weights = some(depth * columns, 1)

  it.each([['x w', false], ['x w transposed', true]] as const)('computes %s as the specification of its operators says, with and without fused kernels', async (_, turned) => {
    const w = turned ? Float32Array.from(weights, (_value, at) => weights[(at % depth) * columns + Math.floor(at / depth)]) : weights
    const traced = traceStep(({ x }) => ({ y: tf.matMul(x, tf.tensor2d(w, turned ? [columns, depth] : [depth, columns]), false, turned) }), { x: float(5, depth) }, { batched: ['x'] })
    const { graph, products, weights: counted } = quantiseGraph(traced)
    expect([products, counted]).toEqual([1, depth * columns])
    expect(describeGraph(graph).operators).toMatchObject({ DynamicQuantizeLinear: 1, MatMulInteger: 1 })
    const x = some(7 * depth, 2, 3)
    const expected = quantisedProduct(x, weights, depth, columns)
    for (const optimised of [true, false]) {
      const found = await run(graph, x, [7, depth], optimised)
      found.forEach((value, at) => expect(value).toBeCloseTo(expected[at], 3))
    }
    // Full range on both sides: sums of products that 16 bits could not hold.
    const largest = new Float32Array(depth).fill(1)
    const all = quantiseGraph(traceStep(({ x: ones }) => ({ y: tf.matMul(ones, tf.tensor2d(Float32Array.from(weights, (_value, at) => (at % columns === 0 ? 1 : 0.999 + at * 1e-9)), [depth, columns])) }), { x: float(5, depth) }, { batched: ['x'] }))
    expect((await run(all.graph, largest, [1, depth]))[0]).toBeCloseTo(depth, 4)
  })

  it('keeps a vector that is added to a product, and a factor before it', async () => {
    const bias = some(columns, 9)
    const traced = traceStep(({ x }) => ({ y: tf.add(tf.mul(tf.matMul(x, tf.tensor2d(weights, [depth, columns])), 0.125), tf.tensor1d(bias)) }), { x: float(5, depth) }, { batched: ['x'] })
    const { graph, products } = quantiseGraph(traced)
    expect(products).toBe(1)
    const x = some(7 * depth, 2, 3)
    const expected = quantisedProduct(x, weights, depth, columns)
    for (const optimised of [true, false]) (await run(graph, x, [7, depth], optimised)).forEach((value, at) => expect(value).toBeCloseTo(0.125 * expected[at] + bias[at % columns], 3))
  })

  it('rounds what several products share once, and leaves small weights and products of two inputs alone', () => {
    const traced = traceStep(({ x }) => {
      const [one, other] = [1, 2].map((seed) => tf.matMul(x, tf.tensor2d(some(depth * columns, seed), [depth, columns])))
      const small = tf.matMul(x, tf.tensor2d(some(depth * 4, 3), [depth, 4]))
      return { y: tf.matMul(one, other, false, true), z: small }
    }, { x: float(5, depth) })
    const { graph, products } = quantiseGraph(traced)
    expect(products).toBe(2)
    expect(describeGraph(graph).operators).toMatchObject({ DynamicQuantizeLinear: 1, MatMulInteger: 2, Gemm: 2 })
  })
})

describe('a folded graph', () => {
  it('has one constant for a batch norm into its weights, and computes the same', async () => {
    const [w, gamma, variance, beta] = [some(7 * 16, 4), some(16, 5), some(16, 6).map(Math.abs), some(16, 7)]
    const traced = traceStep(({ x }) => {
      const scale = tf.mul(tf.tensor1d(gamma), tf.rsqrt(tf.add(tf.tensor1d(variance), 1e-5)))
      const whole = tf.mul(tf.reshape(tf.tensor1d(w), [7, 16]), scale)
      return { y: tf.add(tf.add(tf.matMul(x, whole), tf.tensor1d(beta)), tf.mul(tf.ones([16]), scale)) }
    }, { x: float(5, 7) }, { batched: ['x'] })
    const folded = foldConstants(traced)
    expect(describeGraph(traced).operators).toMatchObject({ Sqrt: 1, Reciprocal: 1 })
    const { Gemm, ...rest } = describeGraph(folded).operators
    expect(Gemm).toBe(1)
    expect(Object.keys(rest)).toEqual(['Add'])
    const x = some(3 * 7, 8)
    const [before, after] = [await run(traced, x, [3, 7]), await run(folded, x, [3, 7])]
    after.forEach((value, at) => expect(Math.abs(value - before[at])).toBeLessThan(1e-5 * (1 + Math.abs(before[at]))))
  })

  it('keeps what depends on an input, and on the batch', () => {
    const traced = traceStep(({ x }) => ({ y: tf.mul(tf.add(x, tf.tensor1d([1, 2])), tf.fill(x.shape, 2)) }), { x: float(5, 2) }, { batched: ['x'] })
    expect(describeGraph(foldConstants(traced)).operators).toEqual(describeGraph(traced).operators)
  })
})
