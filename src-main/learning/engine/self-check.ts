import * as tf from '@tensorflow/tfjs-core'
import { Random } from '../../curation/random.ts'
import type { Arrays, Engine, Specs, Step } from './engine.ts'

const [batch, inputs, hidden, classes] = [8, 12, 10, 4]

/** One training step of a three-layer network: loss and all gradients. */
const step: Step = ({ x, first, second, third, labels }) => {
  const loss = (w1: tf.Tensor, w2: tf.Tensor, w3: tf.Tensor): tf.Scalar => {
    const a = tf.relu(tf.matMul(x, w1))
    const centred = tf.sub(a, tf.mean(a, 1, true))
    const b = tf.mul(tf.tanh(tf.matMul(centred, w2)), tf.sigmoid(tf.matMul(a, w2)))
    const targets = tf.cast(tf.oneHot(labels as tf.Tensor1D, classes), 'float32')
    return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(tf.matMul(b, w3))), 1)))
  }
  const { value, grads } = tf.valueAndGrads(loss)([first, second, third])
  return { value, first: grads[0], second: grads[1], third: grads[2] }
}

const specs: Specs = {
  x: { shape: [batch, inputs], dtype: 'float32' }, first: { shape: [inputs, hidden], dtype: 'float32' }, second: { shape: [hidden, hidden], dtype: 'float32' },
  third: { shape: [hidden, classes], dtype: 'float32' }, labels: { shape: [batch], dtype: 'int32' },
}

/** Float32 through three layers; a wrong kernel is off by parts of one. */
export const selfCheckTolerance = 1e-3

function problem(): Arrays {
  const random = Random.of('self-check', 1)
  const uniform = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.next() / 2 ** 31 - 1)
  return { x: uniform(batch * inputs), first: uniform(inputs * hidden), second: uniform(hidden * hidden), third: uniform(hidden * classes), labels: Int32Array.from({ length: batch }, (_, i) => i % classes) }
}

async function solve(engine: Engine): Promise<Arrays> {
  const compiled = await engine.compile(step, specs)
  try {
    const results = await compiled.run(problem())
    return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, values.slice()]))
  } finally {
    compiled.dispose()
  }
}

/**
 * Largest difference between an engine's training step and the reference's, in parts of the largest value of each result. NaN where an engine gives none.
 * @throws LabError of the engine.
 */
export async function selfCheckError(engine: Engine, reference: Engine): Promise<number> {
  const [found, expected] = [await solve(engine), await solve(reference)]
  let largest = 0
  for (const [name, values] of Object.entries(expected)) {
    const scale = Math.max(1e-12, ...Array.from(values, Math.abs))
    for (let i = 0; i < values.length; i++) {
      const difference = Math.abs((found[name]?.[i] ?? Number.NaN) - values[i]) / scale
      // Nothing is larger than NaN: it would be forgotten at the next number.
      if (Number.isNaN(difference)) return Number.NaN
      largest = Math.max(largest, difference)
    }
  }
  return largest
}
