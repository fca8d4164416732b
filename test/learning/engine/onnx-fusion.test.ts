import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { describeGraph } from '../../../src-main/learning/engine/onnx/graph-statistics.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { traceStep } from '../../../src-main/learning/engine/onnx/trace.ts'
import { expectAgreement, float, randomArrays, runOnCpu } from './agreement.ts'

let engine: Engine
beforeAll(async () => {
  engine = await createOnnxEngine({ threads: 1 })
})
afterAll(() => engine.dispose())

/** The operators that are left of a step, which still computes what it does on the cpu backend. */
async function leftOf(step: Step, specs: Specs): Promise<Readonly<Record<string, number>>> {
  const compiled = await engine.compile(step, specs)
  const inputs = randomArrays(specs)
  expectAgreement(await compiled.run(inputs), await runOnCpu(step, specs, inputs), 1e-5)
  compiled.dispose()
  return describeGraph(traceStep(step, specs)).operators
}

const specs: Specs = { x: float(4, 3), w: float(3, 5), v: float(5, 2), b: float(5) }

describe('a factor', () => {
  it('behind a product becomes its alpha, with the vector added before it', async () => {
    expect(await leftOf(({ x, w }) => ({ y: tf.mul(tf.exp(tf.mul(tf.matMul(x, w), 0.5)), 1) }), specs)).toEqual({ Gemm: 1, Exp: 1 })
    const biased: Step = ({ x, w, b }) => ({ y: tf.exp(tf.mul(tf.reshape(tf.add(tf.matMul(x, w), b), [2, 2, 5]), 3)) })
    expect(await leftOf(biased, specs)).toEqual({ Mul: 1, Gemm: 1, Reshape: 1, Exp: 1 })
  })

  it('before products becomes the alpha of them all, and is multiplied into sums', async () => {
    const step: Step = ({ x, w, v }) => {
      const scaled = tf.mul(tf.tanh(tf.matMul(x, w)), -0.7)
      return { y: tf.matMul(tf.reshape(scaled, [4, 5]), v), z: tf.matMul(x, scaled, true), sum: tf.sum(scaled, 0) }
    }
    expect(await leftOf(step, specs)).toEqual({ Gemm: 3, Tanh: 1, ReduceSum: 1, Mul: 1 })
  })

  it('of one factor after another is their product', async () => {
    expect(await leftOf(({ x, w }) => ({ y: tf.neg(tf.mul(tf.mul(tf.matMul(x, w), 3), 0.25)) }), specs)).toEqual({ Gemm: 1, Neg: 1 })
  })

  it('stays where something else needs the numbers without it, or with it', async () => {
    // The bare product is an output; the scaled one too; a function of it; both sides of one product.
    expect((await leftOf(({ x, w }) => {
      const product = tf.matMul(x, w)
      return { y: tf.exp(tf.mul(product, 2)), product }
    }, specs)).Mul).toBe(1)
    expect((await leftOf(({ x, w }) => ({ y: tf.mul(tf.matMul(x, w), 2) }), specs)).Mul).toBe(1)
    expect((await leftOf(({ x, w }) => {
      const scaled = tf.mul(tf.exp(x), 2)
      return { y: tf.matMul(scaled, w), z: tf.exp(scaled) }
    }, specs)).Mul).toBe(1)
    expect((await leftOf(({ x }) => {
      const scaled = tf.mul(tf.exp(x), 2)
      return { y: tf.matMul(scaled, scaled, true) }
    }, specs)).Mul).toBe(1)
  })

  it('that broadcasts stays', async () => {
    expect((await leftOf(({ x, w }) => ({ y: tf.matMul(tf.mul(tf.sum(x, 0, true), tf.tensor2d([2, 2, 2, 2], [4, 1])), w) }), specs)).Gemm).toBe(1)
  })
})

describe('a vector', () => {
  it('added to the rows of a product is its third input, from either side', async () => {
    expect(await leftOf(({ x, w, b }) => ({ y: tf.add(tf.matMul(x, w), b) }), specs)).toEqual({ Gemm: 1 })
    expect(await leftOf(({ x, w, b }) => ({ y: tf.relu(tf.add(b, tf.matMul(x, w))) }), specs)).toEqual({ Gemm: 1, Relu: 1 })
  })

  it('is added by itself where the bare product is needed, where it is a column, and a second time', async () => {
    expect((await leftOf(({ x, w, b }) => {
      const product = tf.matMul(x, w)
      return { y: tf.add(product, b), z: tf.exp(product) }
    }, specs)).Add).toBe(1)
    expect((await leftOf(({ x, w }) => ({ y: tf.add(tf.matMul(x, w), tf.sum(x, 1, true)) }), specs)).Add).toBe(1)
    expect(await leftOf(({ x, w, b }) => ({ y: tf.add(tf.add(tf.matMul(x, w), b), b) }), specs)).toEqual({ Gemm: 1, Add: 1 })
  })

  it('that depends on the product is no reason to make a circle', async () => {
    expect((await leftOf(({ x, w }) => {
      const product = tf.matMul(x, w)
      return { y: tf.add(product, tf.max(product, 0)) }
    }, specs)).Add).toBe(1)
  })
})

describe('a sum over many rows', () => {
  const rows: Specs = { x: float(9, 8, 6) }

  it('is a product with ones, over all dimensions but the last and no others', async () => {
    expect(await leftOf(({ x }) => ({ y: tf.sum(x, [0, 1]) }), rows)).toMatchObject({ Gemm: 1, Expand: 1 })
    expect(await leftOf(({ x }) => ({ y: tf.sum(tf.exp(x), [0, 1], true) }), rows)).not.toHaveProperty('ReduceSum')
    for (const axes of [[0], [1], [2], [0, 2]]) expect(await leftOf(({ x }) => ({ y: tf.sum(x, axes) }), rows)).toEqual({ ReduceSum: 1 })
    expect(await leftOf(({ x }) => ({ y: tf.sum(tf.cast(x, 'int32'), [0, 1]) }), rows)).toHaveProperty('ReduceSum')
  })

  it('still says NaN where one number is', async () => {
    const compiled = await engine.compile(({ x }) => ({ y: tf.sum(x, [0, 1]) }), rows)
    const inputs = randomArrays(rows)
    inputs.x[7] = NaN
    const { y } = await compiled.run(inputs)
    expect(Array.from(y, Number.isNaN)).toEqual([false, true, false, false, false, false])
    compiled.dispose()
  })

  it('whose number is open stays a sum', () => {
    expect(describeGraph(traceStep(({ x }) => ({ y: tf.sum(x, [0, 1]) }), rows, { batched: ['x'] })).operators).toMatchObject({ ReduceSum: 1 })
  })
})
