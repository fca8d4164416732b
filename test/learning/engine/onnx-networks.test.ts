import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Specs, Step, Tensors } from '../../../src-main/learning/engine/engine.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { expectAgreement, float, integer, randomArrays, runOnCpu } from './agreement.ts'

/** Hundreds of roundings of 32-bit floats lie between a gradient and its inputs; they are added up in another order. */
const tolerance = 2e-4

let engine: Engine
beforeAll(async () => {
  engine = await createOnnxEngine({ threads: 1 })
})
afterAll(() => engine.dispose())

/** Mean cross-entropy of logits [batch, classes] and its gradients with respect to every input named in `weights`. */
function trainStep(weights: readonly string[], logits: (inputs: Tensors) => tf.Tensor, classes: number): Step {
  return (inputs) => {
    const loss = (...values: tf.Tensor[]) => {
      const all = { ...inputs, ...Object.fromEntries(weights.map((name, index) => [name, values[index]])) }
      const chosen = tf.mul(tf.oneHot(inputs.labels as tf.Tensor1D, classes, 1, 0, 'float32'), tf.logSoftmax(logits(all)))
      return tf.neg(tf.mean(tf.sum(chosen, -1))) as tf.Scalar
    }
    const { value, grads } = tf.valueAndGrads(loss)(weights.map((name) => inputs[name]))
    return { loss: value, ...Object.fromEntries(weights.map((name, index) => [`d ${name}`, grads[index]])) }
  }
}

/** [batch, time, channels] -> [batch, time, 3 x channels]: each moment with its neighbours. */
function unfold(x: tf.Tensor): tf.Tensor {
  const padded = tf.pad(x, [[0, 0], [1, 1], [0, 0]])
  return tf.concat([0, 1, 2].map((start) => tf.slice(padded, [0, start, 0], [-1, x.shape[1] ?? 0, -1])), -1)
}

/** Batch statistics over batch and time. */
function normalise(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const mean = tf.mean(x, [0, 1], true)
  const variance = tf.mean(tf.squaredDifference(x, mean), [0, 1], true)
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, tf.scalar(1e-5)))), scale), shift)
}

function attention(x: tf.Tensor, weights: Tensors, layer: number): tf.Tensor {
  const [batch, time, channels] = x.shape
  const heads = 2
  const w = (name: string) => weights[`${name}${layer}`]
  const head = (name: string) => tf.transpose(tf.reshape(tf.matMul(layerNorm(x), w(name)), [batch, time, heads, channels / heads]), [0, 2, 1, 3])
  const scores = tf.mul(tf.matMul(head('query'), head('key'), false, true), tf.scalar((channels / heads) ** -0.5))
  const mixed = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), head('value')), [0, 2, 1, 3]), [batch, time, channels])
  const attended = tf.add(x, tf.matMul(mixed, w('out')))
  const hidden = tf.matMul(layerNorm(attended), w('up'))
  const gelu = tf.mul(tf.mul(hidden, tf.scalar(0.5)), tf.add(tf.erf(tf.mul(hidden, tf.scalar(Math.SQRT1_2))), tf.scalar(1)))
  return tf.add(attended, tf.matMul(gelu, w('down')))
}

function layerNorm(x: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true))
  return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), tf.scalar(1e-6))))
}

describe('a training step', () => {
  it('of a residual block of convolutions has the loss and the gradients of the cpu backend', async () => {
    const specs: Specs = { x: float(4, 16, 2), labels: integer(4), stem: float(6, 5), first: float(15, 5), second: float(15, 5), scale: float(5), shift: float(5), head: float(5, 4) }
    const logits = (inputs: Tensors) => {
      const stem = tf.relu(tf.matMul(unfold(inputs.x), inputs.stem))
      const inner = tf.relu(normalise(tf.matMul(unfold(stem), inputs.first), inputs.scale, inputs.shift))
      const block = tf.relu(tf.add(stem, tf.matMul(unfold(inner), inputs.second)))
      // Stride 2: pairs of moments; then the mean over time.
      return tf.matMul(tf.mean(tf.max(tf.reshape(block, [4, 8, 2, 5]), 2), 1), inputs.head)
    }
    const step = trainStep(['stem', 'first', 'second', 'scale', 'shift', 'head'], logits, 4)
    await agrees(step, specs)
  })

  it('of two layers of attention has the loss and the gradients of the cpu backend', async () => {
    const layer = (index: number): Specs => ({ [`query${index}`]: float(8, 8), [`key${index}`]: float(8, 8), [`value${index}`]: float(8, 8), [`out${index}`]: float(8, 8), [`up${index}`]: float(8, 16), [`down${index}`]: float(16, 8) })
    const specs: Specs = { x: float(3, 6, 8), labels: integer(3), place: float(1, 7, 8), token: float(1, 1, 8), ...layer(1), ...layer(2), head: float(8, 4) }
    const logits = (inputs: Tensors) => {
      const tokens = tf.add(tf.concat([tf.tile(inputs.token, [3, 1, 1]), inputs.x], 1), inputs.place)
      const encoded = attention(attention(tokens, inputs, 1), inputs, 2)
      return tf.matMul(tf.reshape(tf.slice(layerNorm(encoded), [0, 0, 0], [-1, 1, -1]), [3, 8]), inputs.head)
    }
    await agrees(trainStep(Object.keys(specs).filter((name) => name !== 'x' && name !== 'labels'), logits, 4), specs)
  })

  it('that holds a NaN says so in the loss and in every gradient that it reaches', async () => {
    const specs: Specs = { x: float(4, 6), labels: integer(4), w: float(6, 5), v: float(5, 4) }
    const step = trainStep(['w', 'v'], (inputs) => tf.matMul(tf.relu(tf.matMul(inputs.x, inputs.w)), inputs.v), 4)
    const inputs = randomArrays(specs)
    inputs.x[2] = NaN
    const compiled = await engine.compile(step, specs)
    const outputs = await compiled.run(inputs)
    expect(outputs.loss[0]).toBeNaN()
    expect(Array.from(outputs['d w']).some(Number.isNaN)).toBe(true)
    expectAgreement(outputs, await runOnCpu(step, specs, inputs), tolerance)
  })
})

/** On two draws of inputs: the second run takes other weights without compiling again. */
async function agrees(step: Step, specs: Specs): Promise<void> {
  const compiled = await engine.compile(step, specs)
  for (const seed of [1, 2]) {
    const inputs = randomArrays(specs, seed)
    const outputs = await compiled.run(inputs)
    expectAgreement(outputs, await runOnCpu(step, specs, inputs), tolerance)
    expect(Number.isFinite(outputs.loss[0])).toBe(true)
  }
  compiled.dispose()
}
