import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { Arrays, Specs, Step, TensorSpec } from '../../../src-main/learning/engine/engine.ts'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'

registerGradients()

/** The oracle: the same step, op by op, on TensorFlow.js's own cpu backend. */
export async function runOnCpu(step: Step, specs: Specs, arrays: Arrays): Promise<Arrays> {
  await tf.setBackend('cpu')
  const outputs: Record<string, Float32Array | Int32Array> = {}
  tf.tidy(() => {
    const tensors = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, tf.tensor(arrays[name], [...spec.shape], spec.dtype)]))
    for (const [name, tensor] of Object.entries(step(tensors))) {
      const values = tensor.dataSync()
      // The cpu backend casts whole numbers to float32 in name only.
      outputs[name] = tensor.dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values)
      tensor.dispose()
    }
  })
  return outputs
}

/** |actual - expected| <= tolerance x (|expected| + scale of the output), scale: its root mean square. NaN equals NaN only, an infinity itself only. */
export function expectAgreement(actual: Arrays, expected: Arrays, tolerance: number): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort())
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name].constructor, name).toBe(values.constructor)
    expect(actual[name].length, name).toBe(values.length)
    const finite = Array.from(values).filter(Number.isFinite)
    const scale = Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / Math.max(finite.length, 1))
    const wrong = Array.from(values, (value, index) => ({ index, expected: value, actual: actual[name][index] })).filter(
      (pair) => !(Object.is(pair.actual, pair.expected) || Math.abs(pair.actual - pair.expected) <= tolerance * (Math.abs(pair.expected) + scale)),
    )
    expect(wrong.slice(0, 5), name).toEqual([])
  }
}

/** Numbers from 0 to 1 that are the same in every run (Numerical Recipes' 32-bit LCG). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
}

export function randomArrays(specs: Specs, seed = 1): Arrays {
  const random = randomNumbers(seed)
  const fill = ({ shape, dtype }: TensorSpec) => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    return dtype === 'int32' ? Int32Array.from({ length: size }, () => Math.floor(random() * 4)) : Float32Array.from({ length: size }, () => 2 * random() - 1)
  }
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, fill(spec)]))
}

export const float = (...shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })
export const integer = (...shape: number[]): TensorSpec => ({ shape, dtype: 'int32' })
