import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerGradients } from '../../../src-main/learning/engine/gradients/register-gradients.ts'
import { convolve } from '../../../src-main/learning/networks/layers/convolution-1d.ts'
import { convolveThree } from '../../../src-main/learning/networks/layers/winograd-convolution.ts'
import { expectClose, randomTensor, valuesOf } from './tensor-values.ts'

interface Case {
  readonly batch: number
  readonly length: number
  readonly channels: number
  readonly width: number
  readonly kernel: number
  readonly stride: number
}

/** The definition, sample by sample: result, and both gradients for a gradient of the result. */
function byDefinition({ batch, length, channels, width, kernel, stride }: Case, x: number[], weights: number[], gradientOf: (i: number) => number) {
  const padding = Math.floor((kernel - 1) / 2)
  const positions = Math.floor((length + 2 * padding - kernel) / stride) + 1
  const value = new Array<number>(batch * positions * width).fill(0)
  const dx = new Array<number>(x.length).fill(0)
  const dWeights = new Array<number>(weights.length).fill(0)
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < positions; t++)
      for (let o = 0; o < width; o++)
        for (let k = 0; k < kernel; k++)
          for (let c = 0; c < channels; c++) {
            const sample = t * stride + k - padding
            if (sample < 0 || sample >= length) continue
            const [to, from, by] = [(b * positions + t) * width + o, (b * length + sample) * channels + c, (k * channels + c) * width + o]
            value[to] += x[from] * weights[by]
            dx[from] += gradientOf(to) * weights[by]
            dWeights[by] += gradientOf(to) * x[from]
          }
  return { positions, value, dx, dWeights }
}

function check(given: Case, convolution = convolve, tolerance = 1e-5): void {
  const { batch, length, channels, width, kernel, stride } = given
  tf.tidy(() => {
    const x = randomTensor('x', [batch, length, channels])
    const weights = randomTensor('weights', [kernel * channels, width])
    const result = convolution(x, weights, kernel, stride)
    const gradient = randomTensor('gradient', result.shape)
    const numbers = valuesOf(gradient)
    const wanted = byDefinition(given, valuesOf(x), valuesOf(weights), (i) => numbers[i])
    expect(result.shape).toEqual([batch, wanted.positions, width])
    expectClose(valuesOf(result), wanted.value, tolerance)
    const [dx, dWeights] = tf.grads((a, b) => convolution(a, b, kernel, stride))([x, weights], gradient)
    expect(dx.shape).toEqual(x.shape)
    expectClose(valuesOf(dx), wanted.dx, tolerance)
    expectClose(valuesOf(dWeights), wanted.dWeights, tolerance)
  })
}

describe('a convolution', () => {
  beforeAll(async () => {
    registerGradients()
    await tf.setBackend('cpu')
  })

  it.each([
    { name: 'the stem', kernel: 7, stride: 2, length: 30 },
    { name: 'a block', kernel: 3, stride: 1, length: 11 },
    { name: 'a stage, even length', kernel: 3, stride: 2, length: 10 },
    { name: 'a stage, odd length', kernel: 3, stride: 2, length: 11 },
    { name: 'a shortcut', kernel: 1, stride: 2, length: 9 },
    { name: 'a shortcut that skips the last sample', kernel: 1, stride: 2, length: 10 },
  ])('of $name is its definition, with both gradients', ({ kernel, stride, length }) => {
    check({ batch: 2, length, channels: 3, width: 4, kernel, stride })
  })

  it('of any size is its definition', () => {
    fc.assert(
      fc.property(
        fc.record({
          batch: fc.integer({ min: 1, max: 3 }),
          length: fc.integer({ min: 8, max: 20 }),
          channels: fc.integer({ min: 1, max: 3 }),
          width: fc.integer({ min: 1, max: 3 }),
          kernel: fc.integer({ min: 1, max: 8 }),
          stride: fc.integer({ min: 1, max: 5 }),
        }),
        (given) => check(given),
      ),
      { numRuns: 60 },
    )
  })

  it('of three samples is its definition by Winograd\'s tiles, whole and cut short', () => {
    const sizes = fc.record({ batch: fc.integer({ min: 1, max: 3 }), length: fc.integer({ min: 1, max: 21 }), channels: fc.integer({ min: 1, max: 5 }), width: fc.integer({ min: 1, max: 4 }) })
    fc.assert(
      fc.property(sizes, (size) => check({ ...size, kernel: 3, stride: 1 }, convolveThree, 2e-5)),
      { numRuns: 60, examples: [[{ batch: 2, length: 4, channels: 2, width: 3 }], [{ batch: 1, length: 9, channels: 3, width: 2 }]] },
    )
  })

  it('by Winograd\'s tiles keeps its precision over 512 channels and for samples far from zero', () => {
    const [x, weights] = [tf.add(randomTensor('x', [1, 16, 512]), 100), randomTensor('weights', [3 * 512, 2], 0.03)]
    const exact = byDefinition({ batch: 1, length: 16, channels: 512, width: 2, kernel: 3, stride: 1 }, valuesOf(x), valuesOf(weights), () => 0)
    expectClose(valuesOf(convolveThree(x, weights)), exact.value, 2e-5)
  })
})
