import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import type { Initializer, Scope } from '../../../src-main/learning/networks/scope.ts'

registerGradients()

/** Row-major values; whole numbers where the dtype is int32. */
export interface Input {
  readonly shape: readonly number[]
  readonly values: readonly number[]
  readonly dtype?: 'int32'
}
export type Inputs = Readonly<Record<string, Input>>
export type Loss = (tensors: Readonly<Record<string, tf.Tensor>>) => tf.Tensor

export const matrix = (rows: readonly (readonly number[])[]): Input => ({ shape: [rows.length, rows[0].length], values: rows.flat() })
export const labels = (...values: number[]): Input => ({ shape: [values.length], values, dtype: 'int32' })
export const scalar = (value: number): Input => ({ shape: [], values: [value] })

export interface Evaluated {
  readonly value: number
  readonly gradients: Readonly<Record<string, readonly number[]>>
}

/** The loss on the reference backend, and its gradient by the named inputs; TensorFlow.js throws for an input that the loss does not depend on. */
export function evaluate(loss: Loss, inputs: Inputs, by: readonly string[] = []): Evaluated {
  return onTheCpu(() => {
    const tensors = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]))
    const f = (...chosen: tf.Tensor[]) => tf.reshape(loss({ ...tensors, ...Object.fromEntries(chosen.map((tensor, i) => [by[i], tensor])) }), []) as tf.Scalar
    if (by.length === 0) return { value: f().dataSync()[0], gradients: {} }
    const { value, grads } = tf.valueAndGrads(f)(by.map((name) => tensors[name]))
    return { value: value.dataSync()[0], gradients: Object.fromEntries(grads.map((grad, i) => [by[i], Array.from(grad.dataSync())])) }
  })
}

export function onTheCpu<Result>(run: () => Result): Result {
  let result: { readonly of: Result } | null = null
  // Registered by the import, and ready at once.
  void tf.setBackend('cpu')
  tf.tidy(() => {
    result = { of: run() }
  })
  return (result as unknown as { readonly of: Result }).of
}

export function tensorOf({ shape, values, dtype }: Input): tf.Tensor {
  return tf.tensor([...values], [...shape], dtype ?? 'float32')
}

/** A scope that answers with given weights, and refuses a name or a shape that is not among them. `asked` gets the names in order. */
export function scopeOf(weights: Readonly<Record<string, tf.Tensor>>, asked: string[] = [], prefix = ''): Scope {
  return {
    training: true,
    child: (name) => scopeOf(weights, asked, `${prefix}${name}/`),
    weight: (name: string, shape: readonly number[], _initial: Initializer) => {
      const found = weights[prefix + name]
      if (found?.shape.join() !== shape.join()) throw new Error(`No weight ${prefix}${name} [${shape.join()}]`)
      asked.push(prefix + name)
      return found
    },
    statistic: (name) => {
      throw new Error(`No statistic ${name}`)
    },
    observe: () => undefined,
    mask: (name) => {
      throw new Error(`No mask ${name}`)
    },
  }
}
