import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Arrays, Engine, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { tracedKernels } from '../../../src-main/learning/engine/onnx/trace-backend.ts'
import { differentiable } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import { expectAgreement, randomNumbers, runOnCpu } from './agreement.ts'
import { kernelCases, type KernelCase, type Kind } from './kernel-cases.ts'

/** Relative to the value and the output's root mean square: a few roundings of 32-bit floats (2^-24). */
const tolerance = 3e-6

let engine: Engine
beforeAll(async () => {
  engine = await createOnnxEngine({ threads: 1 })
})
afterAll(() => engine.dispose())

const isFloat = (kind: Kind) => kind === 'real' || kind === 'positive' || kind === 'unit'
const title = ({ kernel, note, inputs }: KernelCase) => `${kernel} of ${inputs.map(([, ...shape]) => `[${shape.join()}]`).join(' and ')}${note ? ` (${note})` : ''}`
const numbered = kernelCases.map((each, index) => [`${index} ${title(each)}`, each] as const)

function specsOf({ inputs }: KernelCase): Specs {
  return Object.fromEntries(inputs.map(([kind, ...shape], index) => [`x${index}`, { shape, dtype: isFloat(kind) ? 'float32' : 'int32' }] as const))
}

function valuesOf({ inputs }: KernelCase, seed: number): Arrays {
  const random = randomNumbers(seed)
  const draw: Record<Kind, () => number> = {
    real: () => (random() < 0.5 ? -1 : 1) * (0.2 + 1.8 * random()),
    positive: () => 0.3 + 1.7 * random(),
    unit: () => 1.8 * random() - 0.9,
    integer: () => Math.floor(5 * random()),
    truth: () => Math.floor(2 * random()),
  }
  return Object.fromEntries(
    inputs.map(([kind, ...shape], index) => {
      const size = shape.reduce((product, extent) => product * extent, 1)
      return [`x${index}`, isFloat(kind) ? Float32Array.from({ length: size }, draw[kind]) : Int32Array.from({ length: size }, draw[kind])]
    }),
  )
}

const differentiated = ({ inputs, by }: KernelCase) => by ?? inputs.flatMap(([kind], index) => (isFloat(kind) ? [index] : []))

/** The result weighted by 0.1, 0.2, ...: one number that depends on every element in another way. */
const weighted = (result: tf.Tensor): tf.Scalar => tf.sum(tf.mul(tf.cast(result, 'float32'), tf.reshape(tf.tensor1d(Float32Array.from({ length: result.size }, (_, index) => 0.1 * (index + 1))), result.shape))) as tf.Scalar

const forward = (each: KernelCase, apply = each.apply): Step => (inputs) => ({ y: apply(...each.inputs.map((_, index) => inputs[`x${index}`])) })

const oracleOf = (each: KernelCase) => each.oracle ?? each.apply

function stepOf(each: KernelCase, apply = each.apply): Step {
  const names = each.inputs.map((_, index) => `x${index}`)
  return (inputs) => {
    const all = names.map((name) => inputs[name])
    const outputs: Record<string, tf.Tensor> = { y: apply(...all) }
    const by = differentiated(each)
    if (by.length === 0) return outputs
    const gradients = tf.grads((...some: tf.Tensor[]) => weighted(apply(...all.map((tensor, index) => (by.includes(index) ? some[by.indexOf(index)] : tensor)))))(by.map((index) => all[index]))
    gradients.forEach((gradient, place) => (outputs[`d${by[place]}`] = gradient))
    return outputs
  }
}

describe('every kernel that is recorded', () => {
  it.each(numbered)('gives the numbers of the cpu backend, and its gradient: %s', async (_, each) => {
    const [specs, values] = [specsOf(each), valuesOf(each, 7)]
    const compiled = await engine.compile(stepOf(each), specs)
    expectAgreement(await compiled.run(values), await runOnCpu(stepOf(each, oracleOf(each)), specs, values), tolerance)
    compiled.dispose()
  })

  it('has a case that runs it', async () => {
    await tf.setBackend('cpu')
    const run = new Set<string>()
    for (const each of kernelCases.filter(({ oracle }) => !oracle)) {
      const values = valuesOf(each, 7)
      const tensors = Object.entries(specsOf(each)).map(([name, { shape, dtype }]) => tf.tensor(values[name], [...shape], dtype))
      const { kernelNames } = await tf.profile(() => each.apply(...tensors))
      expect(kernelNames, title(each)).toContain(each.kernel)
      run.add(each.kernel)
    }
    const apart = kernelCases.filter(({ oracle }) => oracle).map((each) => each.kernel)
    expect(tracedKernels.filter((name) => !run.has(name) && !apart.includes(name))).toEqual([])
  })

  it('lets NaN through exactly where the cpu backend does', async () => {
    const chosen = kernelCases.filter(({ kernel, inputs }) => isFloat(inputs[0][0]) && !nanApart.has(kernel))
    const wrong: unknown[] = []
    for (const each of chosen) {
      const [specs, values] = [specsOf(each), valuesOf(each, 11)]
      values.x0[Math.floor(values.x0.length / 2)] = NaN
      const compiled = await engine.compile(forward(each), specs)
      const [actual, expected] = [await compiled.run(values), await runOnCpu(forward(each, oracleOf(each)), specs, values)]
      const places = (result: Arrays) => Array.from(result.y, Number.isNaN).join()
      if (places(actual) !== places(expected)) wrong.push({ title: title(each), actual, expected })
      compiled.dispose()
    }
    expect(wrong).toEqual([])
    expect(chosen.length).toBeGreaterThan(100)
  })
})

/** Sorting has no place for NaN, and whole numbers cannot hold it; the cpu backend's sign of NaN is 0, ours NaN. */
const nanApart = new Set(['ArgMax', 'ArgMin', 'TopK', 'FloorDiv', 'Sign'])

describe('every gradient', () => {
  /** Flat, or not of a float: their gradient is zero, and the case of every kernel that is recorded compares it. */
  it.each(numbered.filter(([, each]) => differentiated(each).length > 0))('is the slope between two neighbours: %s', async (_, each) => {
    const [specs, values] = [specsOf(each), valuesOf(each, 7)]
    const exact = await runOnCpu(stepOf(each, oracleOf(each)), specs, values)
    const h = 2 ** -8
    for (const index of differentiated(each)) {
      const slopes: number[] = []
      for (let place = 0; place < values[`x${index}`].length; place++) {
        const moved = async (by: number) => {
          const shifted = values[`x${index}`].slice()
          shifted[place] += by
          const { y } = await runOnCpu(forward(each, oracleOf(each)), specs, { ...values, [`x${index}`]: shifted })
          return Array.from(y).reduce((sum, value, element) => sum + 0.1 * (element + 1) * value, 0)
        }
        slopes.push(((await moved(h)) - (await moved(-h))) / (2 * h))
      }
      const gradient = exact[`d${index}`]
      slopes.forEach((slope, place) => expect(Math.abs(gradient[place] - slope), `${title(each)}, input ${index}, element ${place}: ${gradient[place]} where the slope is ${slope}`).toBeLessThan(2e-3 * (1 + Math.abs(slope))))
    }
  })

  it('has a case with a gradient, unless it is zero everywhere', () => {
    const compared = new Set(kernelCases.filter((each) => differentiated(each).length > 0).map(({ kernel }) => kernel))
    const flat = ['FloorDiv', 'Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr', 'LogicalNot', 'IsNan', 'OneHot']
    expect(differentiable.filter((name) => !compared.has(name) && !flat.includes(name))).toEqual([])
  })
})
