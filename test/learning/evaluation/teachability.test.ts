import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { correlation, embeddingLikeness, linearAlignment, meanCosineDistance, meanDiscrepancy, type Embeddings } from '../../../src-main/learning/evaluation/teachability.ts'
import { maximumMeanDiscrepancy } from '../../../src-main/learning/objectives/maximum-mean-discrepancy.ts'
import { onTheCpu } from '../objectives/on-the-cpu.ts'
import { manyNormals, normals } from './synthetic-people.ts'

const rows = (...vectors: readonly (readonly number[])[]): Embeddings => ({ dimension: vectors[0].length, vectors: Float32Array.from(vectors.flat()) })
const random = (seed: number, windows: number, dimension: number): Embeddings => ({ dimension, vectors: Float32Array.from(manyNormals(normals(seed), windows * dimension, 0.3)) })
const asRows = ({ dimension, vectors }: Embeddings): number[][] => Array.from({ length: vectors.length / dimension }, (_, row) => [...vectors.subarray(row * dimension, (row + 1) * dimension)])
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0)
const product = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] => a.map((row) => b[0].map((_, column) => dot(row, b.map((each) => each[column]))))

describe('correlation and cosine distance', () => {
  it('is the mean of the dimensions\' own', () => {
    // First dimension 1, 2, 3 against 2, 4, 6: 1. Second 1, 2, 3 against 3, 2, 1: -1. Third does not change: not counted. Fourth 0, 1, 2 against 0, 2, 1: 0.5.
    const a = rows([1, 1, 5, 0], [2, 2, 5, 1], [3, 3, 5, 2])
    const b = rows([2, 3, 1, 0], [4, 2, 2, 2], [6, 1, 3, 1])
    expect(correlation(a, b)).toBeCloseTo(0.5 / 3, 12)
    expect(correlation(rows([1], [1]), rows([2], [3]))).toBeNull()
  })

  it('is 1 less the cosine, row by row', () => {
    expect(meanCosineDistance(rows([3, 4], [0, 2]), rows([4, 3], [0, -1]))).toBeCloseTo((1 - 24 / 25 + 2) / 2, 6)
    expect(meanCosineDistance(rows([0, 0]), rows([1, 0]))).toBe(1)
  })
})

describe('MMD', () => {
  it('is the worked example of the loss', () => {
    const kernels = [0.25, 0.5, 1, 2, 4].reduce((sum, width) => sum + Math.exp(-4 / (4 * width)), 0)
    expect(meanDiscrepancy(rows([1, 0]), rows([-1, 0]))).toBeCloseTo(2 * (5 - kernels), 10)
    expect(meanDiscrepancy(rows([1, 0]), rows([-1, 0]))).toBeCloseTo(6.18628, 5)
  })

  it('is the definition, five kernels one by one over all pairs, and what the loss computes', () => {
    const [a, b] = [random(1, 9, 6), random(2, 7, 6)]
    const unit = (vector: readonly number[]): number[] => vector.map((value) => value / Math.sqrt(dot(vector, vector)))
    const [s, t] = [asRows(a).map(unit), asRows(b).map(unit)]
    const all = [...s, ...t]
    const square = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0)
    let width = 0
    for (const x of all) for (const y of all) width += square(x, y)
    width /= all.length ** 2 - all.length
    const kernel = (x: readonly number[], y: readonly number[]): number => [0, 1, 2, 3, 4].reduce((sum, i) => sum + Math.exp(-square(x, y) / ((width * 2 ** i) / 4)), 0)
    const mean = (p: readonly (readonly number[])[], q: readonly (readonly number[])[]): number => p.flatMap((x) => q.map((y) => kernel(x, y))).reduce((sum, value) => sum + value, 0) / (p.length * q.length)
    const expected = mean(s, s) + mean(t, t) - 2 * mean(s, t)
    expect(meanDiscrepancy(a, b)).toBeCloseTo(expected, 10)
    const loss = onTheCpu(() => maximumMeanDiscrepancy(tf.tensor2d(a.vectors, [9, 6]), tf.tensor2d(b.vectors, [7, 6])).dataSync()[0])
    expect(meanDiscrepancy(a, b)).toBeCloseTo(loss, 4)
  })

  it('is 0 of a set and itself, and grows with the distance of two crowds', () => {
    expect(meanDiscrepancy(random(3, 20, 4), random(3, 20, 4))).toBeCloseTo(0, 10)
    expect(meanDiscrepancy(rows([1, 0], [1, 0]), rows([1, 0], [1, 0]))).toBe(0)
    const crowd = (angle: number): Embeddings => rows(...asRows(random(5, 30, 2)).map(([x]) => [Math.cos(angle + 0.1 * x), Math.sin(angle + 0.1 * x)]))
    const [near, far] = [meanDiscrepancy(crowd(0), crowd(0.2)), meanDiscrepancy(crowd(0), crowd(1))]
    expect(near).toBeGreaterThan(0)
    expect(far).toBeGreaterThan(near)
  })
})

describe('linear CKA', () => {
  it('is HSIC with explicit centring matrices over Gram matrices', () => {
    const [a, b] = [random(7, 8, 5), random(8, 8, 3)]
    const centring = Array.from({ length: 8 }, (_, i) => Array.from({ length: 8 }, (_x, j) => Number(i === j) - 1 / 8))
    const gram = (of: Embeddings): number[][] => asRows(of).map((x) => asRows(of).map((y) => dot(x, y)))
    const hsic = (k: number[][], l: number[][]): number => {
      const all = product(product(product(k, centring), l), centring)
      return all.reduce((sum, row, i) => sum + row[i], 0) / 49
    }
    const [k, l] = [gram(a), gram(b)]
    expect(linearAlignment(a, b).cka).toBeCloseTo(hsic(k, l) / Math.sqrt(hsic(k, k) * hsic(l, l)), 10)
  })

  it('does not see a rotation, a scale or a shift', () => {
    const a = random(9, 12, 3)
    const turned = rows(...asRows(a).map(([x, y, z]) => [3 * (0.6 * x - 0.8 * y) + 4, 3 * (0.8 * x + 0.6 * y) - 1, 3 * z + 2]))
    expect(linearAlignment(a, turned).cka).toBeCloseTo(1, 6)
  })

  it('by chance is the mean over every order of the windows', () => {
    const [a, b] = [random(10, 5, 3), random(11, 5, 2)]
    const orders = (left: readonly number[]): number[][] => (left.length === 0 ? [[]] : left.flatMap((first) => orders(left.filter((each) => each !== first)).map((rest) => [first, ...rest])))
    const values = orders([0, 1, 2, 3, 4]).map((order) => linearAlignment(a, rows(...order.map((row) => asRows(b)[row]))).cka ?? NaN)
    expect(values).toHaveLength(120)
    expect(linearAlignment(a, b).byChance).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 120, 10)
  })

  it('is nothing where one side does not change', () => {
    expect(linearAlignment(rows([1, 2], [1, 2]), rows([1], [2]))).toEqual({ cka: null, byChance: null })
    expect(linearAlignment(rows([1, 2]), rows([3]))).toEqual({ cka: null, byChance: null })
  })
})

describe('likeness', () => {
  it('of spaces of other dimensions is their CKA alone', () => {
    expect(embeddingLikeness(random(1, 20, 8), random(2, 20, 5))).toEqual({ pearson: null, cosineDistance: null, mmd: null, cka: expect.any(Number), ckaByChance: expect.any(Number) })
    expect(() => embeddingLikeness(random(1, 3, 2), random(1, 4, 2))).toThrow(RangeError)
  })

  it('stays within its limits, and is perfect for the same embeddings', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 5 }), fc.nat(1000), (windows, dimension, seed) => {
      const [a, b] = [random(seed, windows, dimension), random(seed + 1, windows, dimension)]
      const { pearson, cosineDistance, mmd, cka, ckaByChance } = embeddingLikeness(a, b)
      for (const [value, low, high] of [[pearson, -1, 1], [cosineDistance, 0, 2], [mmd, 0, 10], [cka, 0, 1], [ckaByChance, 0, 1]] as const) expect(value === null || (value >= low && value <= high)).toBe(true)
      const same = embeddingLikeness(a, a)
      expect([same.pearson, same.cosineDistance, same.cka].map((value) => Number(value?.toFixed(5)))).toEqual([1, 0, 1])
    }), { numRuns: 50 })
  })
})
