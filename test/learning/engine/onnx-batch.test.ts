import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Arrays, Engine, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { fitNumber, fitSize } from '../../../src-main/learning/engine/onnx/batch-fit.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { expectAgreement, float, integer, randomArrays, runOnCpu } from './agreement.ts'

let engine: Engine
beforeAll(async () => {
  engine = await createOnnxEngine({ threads: 1 })
})
afterAll(() => engine.dispose())

const atBatch = (specs: Specs, batched: readonly string[], batch: number): Specs =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, batched.includes(name) ? { ...spec, shape: [batch, ...spec.shape.slice(1)] } : spec]))

async function agreesAt(step: Step, specs: Specs, batched: readonly string[], batches: readonly number[]): Promise<void> {
  const compiled = await engine.compile(step, specs, { batched })
  for (const batch of batches) {
    const sized = atBatch(specs, batched, batch)
    const inputs = randomArrays(sized, batch)
    expectAgreement(await compiled.run(inputs), await runOnCpu(step, sized, inputs), 1e-5)
  }
  compiled.dispose()
}

describe('a step that was compiled for every batch', () => {
  const specs: Specs = { x: float(4, 6, 3), w: float(3, 5), labels: integer(4) }

  it('takes one row, its example, and more', async () => {
    const step: Step = ({ x, w }) => {
      const [batch, time] = x.shape
      const rows = tf.matMul(tf.reshape(x, [batch * time, 3]), w)
      return { y: tf.mean(tf.relu(tf.reshape(rows, [batch, time, 5])), 1), norm: tf.sqrt(tf.sum(tf.square(x))) }
    }
    await agreesAt(step, specs, ['x'], [1, 2, 4, 31, 64])
  })

  it('follows the batch in slices, tiles, pads, fills and means', async () => {
    const step: Step = ({ x }) => {
      const [batch] = x.shape
      const mean = tf.div(tf.sum(x, 0, true), tf.scalar(batch))
      const token = tf.tile(tf.reshape(tf.slice(x, [0, 0, 0], [1, 1, 3]), [1, 1, 3]), [batch, 1, 1])
      return {
        centred: tf.sub(x, mean),
        token: tf.concat([token, x], 1),
        butFirst: tf.slice(x, [1, 0, 0], [batch - 1, 6, 3]),
        padded: tf.pad(x, [[1, batch], [0, 0], [0, 0]]),
        ones: tf.ones([batch, 2]),
        filled: tf.fill([batch], batch),
        flipped: tf.reverse(x, 0),
        halves: tf.concat(tf.split(tf.concat([x, x], 0), 2, 0), 1),
        table: tf.matMul(tf.reshape(x, [batch, 18]), tf.reshape(x, [batch, 18]), false, true),
      }
    }
    await agreesAt(step, specs, ['x'], [2, 3, 4, 13, 40])
  })

  it('gives the gradients of a mean over the batch', async () => {
    const step: Step = ({ x, w, labels }) => {
      const loss = (weights: tf.Tensor) => tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot(labels as tf.Tensor1D, 5, 1, 0, 'float32'), tf.logSoftmax(tf.mean(tf.matMul(x, weights), 1))), -1))) as tf.Scalar
      const { value, grad } = tf.valueAndGrad(loss)(w)
      return { loss: value, dw: grad }
    }
    await agreesAt(step, specs, ['x', 'labels'], [1, 4, 9])
  })

  it('tells the outputs at its example, and which of them follow', async () => {
    const compiled = await engine.compile(({ x, w }) => ({ y: tf.matMul(x, w), w: tf.mul(w, tf.scalar(2)) }), specs, { batched: ['x'] })
    expect(compiled.outputs).toEqual({ y: { shape: [4, 6, 5], dtype: 'float32' }, w: { shape: [3, 5], dtype: 'float32' } })
    const inputs: Arrays = { ...randomArrays(specs), x: new Float32Array(7 * 18).fill(1) }
    const outputs = await compiled.run(inputs)
    expect(outputs.y).toHaveLength(7 * 30)
    expect(outputs.w).toHaveLength(15)
    await expect(compiled.run({ ...inputs, x: new Float32Array(19) })).rejects.toMatchObject({ code: 'engine-failed' })
  })

  it('is refused in words where it cannot follow', async () => {
    const refused = async (step: Step, words: RegExp) => await expect(engine.compile(step, specs, { batched: ['x'] })).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringMatching(words) })
    await refused(({ x }) => ({ y: tf.addN(tf.unstack(x, 0)) }), /every batch size: .*operations differ/)
    await refused(({ x }) => ({ y: tf.mul(tf.matMul(tf.reshape(x, [x.shape[0], 18]), tf.reshape(x, [x.shape[0], 18]), false, true), tf.eye(x.shape[0])) }), /a table of 13 x 13 numbers/)
    await refused(({ x }) => ({ y: tf.mul(x, tf.scalar(Math.log(x.shape[0]))) }), /a constant depends on it/)
  })
})

describe('a number that depends on the batch', () => {
  it('is fitted by two examples and proved by the third', () => {
    expect(fitSize([7, 7, 7], [13, 17, 19])).toBe(7)
    expect(fitSize([26, 34, 38], [13, 17, 19])).toEqual({ times: 2, power: 1, plus: 0 })
    expect(fitSize([12, 16, 18], [13, 17, 19])).toEqual({ times: 1, power: 1, plus: -1 })
    expect(fitSize([169, 289, 361], [13, 17, 19])).toEqual({ times: 1, power: 2, plus: 0 })
    expect(fitSize([13, 17, 23], [13, 17, 19])).toBeNull()
    expect(fitNumber([1 / 13, 1 / 17, 1 / 19].map(Math.fround), [13, 17, 19])).toEqual({ times: 1, power: -1, plus: 0 })
    expect(fitNumber([13, 17, 19].map((batch) => Math.fround(batch * 0.1)), [13, 17, 19])?.times).toBeCloseTo(0.1, 6)
    expect(fitNumber([13, 17, 19].map(Math.sqrt), [13, 17, 19])).toBeNull()
  })
})
