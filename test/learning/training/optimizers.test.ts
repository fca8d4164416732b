import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { gaussians } from '../../../src-main/curation/gaussian.ts'
import { gradientNorm } from '../../../src-main/learning/training/gradient-clipping.ts'
import { AdamW } from '../../../src-main/learning/training/optimizers/adamw.ts'
import { FlatMemory, kernelEnd, sharedKernels } from '../../../src-main/learning/training/optimizers/flat-memory.ts'
import type { Optimizer, WeightRange } from '../../../src-main/learning/training/optimizers/optimizer.ts'
import { Sgd } from '../../../src-main/learning/training/optimizers/sgd.ts'

const makers: readonly { readonly name: string; readonly make: (size: number, ranges: readonly WeightRange[]) => Optimizer }[] = [
  { name: 'AdamW', make: (size, ranges) => new AdamW(size, ranges, { weightDecay: 0.1 }) },
  { name: 'SGD', make: (size, ranges) => new Sgd(size, ranges, { weightDecay: 0.1 }) },
]

/** The same numbers in an optimizer's own memory, where the kernels work, and in arrays of their own, where the plain loops do. */
function steps(optimizer: Optimizer, size: number, own: boolean, count: number): Float32Array {
  const draw = gaussians(Random.of('optimizer test', size))
  const [weights, gradient] = own ? [optimizer.allocate(), optimizer.allocate()] : [new Float32Array(size), new Float32Array(size)]
  for (let i = 0; i < size; i++) weights[i] = draw()
  for (let step = 1; step <= count; step++) {
    // Gradients of very different sizes, as layers have them, and zeros.
    for (let i = 0; i < size; i++) gradient[i] = i % 7 === 0 ? 0 : draw() * 10 ** -(i % 6)
    optimizer.update(weights, gradient, { rate: 0.05, step, gradientScale: 0.5 })
  }
  return weights
}

describe.each(makers)('$name', ({ make }) => {
  it('takes the step of its worked example', () => {
    const optimizer = make(8, [{ from: 0, to: 8, decay: false }])
    const [weights, gradient] = [optimizer.allocate().fill(1), optimizer.allocate().fill(0.5)]
    optimizer.update(weights, gradient, { rate: 0.1, step: 1, gradientScale: 1 })
    for (const weight of weights) expect(weight).toBeCloseTo(optimizer instanceof AdamW ? 0.9 : 0.905, 6)
  })

  it('does in WebAssembly what the plain loop does, to rounding, whatever the ranges', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 23 }), fc.boolean()), { minLength: 1, maxLength: 6 }), (lengths) => {
        let size = 0
        const ranges = lengths.map(([length, decay]) => ({ from: size, to: (size += length), decay }))
        const [compiled, plain] = [make(size, ranges), make(size, ranges)]
        const [actual, wanted] = [steps(compiled, size, true, 5), steps(plain, size, false, 5)]
        expect(sharedKernels(actual, ...Object.values(compiled.state))).not.toBeNull()
        expect(sharedKernels(wanted, ...Object.values(plain.state))).toBeNull()
        // 5 steps of some ten roundings each of numbers up to 4: 24 bits.
        for (let i = 0; i < size; i++) expect(Math.abs(actual[i] - wanted[i])).toBeLessThan(5 * 10 * 4 * 2 ** -24)
        for (const [name, values] of Object.entries(compiled.state)) {
          const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
          values.forEach((value, i) => expect(Math.abs(value - plain.state[name][i]) / largest).toBeLessThan(1e-6))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('changes nothing outside its ranges', () => {
    const optimizer = make(40, [{ from: 5, to: 18, decay: true }])
    const [weights, gradient] = [optimizer.allocate().fill(1), optimizer.allocate().fill(1)]
    optimizer.update(weights, gradient, { rate: 0.1, step: 1, gradientScale: 1 })
    weights.forEach((weight, i) => expect(weight === 1).toBe(i < 5 || i >= 18))
    expect(gradient.every((value) => value === 1)).toBe(true)
  })

  it('gives the same bits every time', () => {
    const run = (): Float32Array => steps(make(1003, [{ from: 0, to: 1003, decay: true }]), 1003, true, 4)
    expect(Buffer.from(run().buffer.slice(0, 4 * 1003)).equals(Buffer.from(run().buffer.slice(0, 4 * 1003)))).toBe(true)
  })

  it('lets a gradient that is no number through to the weights it belongs to', () => {
    const optimizer = make(8, [{ from: 0, to: 8, decay: false }])
    const [weights, gradient] = [optimizer.allocate().fill(1), optimizer.allocate().fill(1)]
    gradient[2] = NaN
    optimizer.update(weights, gradient, { rate: 0.1, step: 1, gradientScale: 1 })
    weights.forEach((weight, i) => expect(Number.isNaN(weight)).toBe(i === 2))
  })
})

describe('the length of a gradient', () => {
  it('is the same from the kernel, to the rounding of 64 bits, and NaN or infinite where one number is', () => {
    const memory = new FlatMemory(4100)
    const own = memory.allocate(4099)
    const draw = gaussians(Random.of('norm', 1))
    for (let i = 0; i < own.length; i++) own[i] = draw() * 10 ** (i % 9)
    const plain = own.slice()
    expect(sharedKernels(own)).not.toBeNull()
    expect(sharedKernels(plain)).toBeNull()
    expect(Math.abs(gradientNorm(own) / gradientNorm(plain) - 1)).toBeLessThan(1e-13)
    expect(gradientNorm(own.fill(0))).toBe(0)
    own[4] = 3
    own[4098] = 4
    expect(gradientNorm(own)).toBe(5)
    // Its square is no 32-bit float.
    own[7] = 1e30
    expect(gradientNorm(own) / Math.fround(1e30)).toBeCloseTo(1, 12)
    own[7] = Infinity
    expect(gradientNorm(own)).toBe(Infinity)
    own[4098] = NaN
    expect(gradientNorm(own)).toBeNaN()
  })
})

describe('flat memory', () => {
  it('gives aligned arrays that do not overlap, and no more than was reserved', () => {
    const memory = new FlatMemory(30, 3)
    const arrays = [memory.allocate(7), memory.allocate(1), memory.allocate(22)]
    arrays.forEach((array, i) => array.fill(i + 1))
    arrays.forEach((array, i) => expect(array.every((value) => value === i + 1)).toBe(true))
    expect(arrays.every((array) => array.byteOffset % 64 === 0)).toBe(true)
    expect(() => memory.allocate(65536)).toThrow(RangeError)
    expect(sharedKernels(arrays[0], new FlatMemory(8).allocate(8))).toBeNull()
  })

  it('leaves to the plain loop what does not fill a vector', () => {
    expect([kernelEnd(3, 12), kernelEnd(0, 8), kernelEnd(5, 7)]).toEqual([11, 8, 5])
  })
})
