import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { FlatMemory } from '../../../src-main/learning/training/optimizers/flat-memory.ts'

it('ONNX Runtime reads and writes arrays in WebAssembly\'s memory where they are', async () => {
  const memory = new FlatMemory(300)
  const [weights, gradient] = [memory.allocate(100), memory.allocate(100)]
  weights.forEach((_, i) => (weights[i] = i))
  const engine = await createOnnxEngine({ threads: 1 })
  const compiled = await engine.compile(({ w }) => ({ d: tf.grad((x) => tf.sum(tf.square(x)))(w) }), { w: { shape: [10, 3], dtype: 'float32' } })
  const into = { d: gradient.subarray(50, 80) }
  for (const factor of [1, 2]) {
    // What the kernels change is what the next run reads.
    weights.forEach((_, i) => (weights[i] = factor * i))
    const { d } = await compiled.run({ w: weights.subarray(20, 50) }, into)
    expect(d).toBe(into.d)
    expect(d.buffer).toBe(weights.buffer)
    expect(Array.from(gradient)).toEqual(Array.from({ length: 100 }, (_, i) => (i < 50 || i >= 80 ? 0 : 2 * factor * (i - 30))))
  }
  engine.dispose()
})
