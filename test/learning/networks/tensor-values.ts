import { tensor, type Tensor } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { gaussians } from '../../../src-main/curation/gaussian.ts'

/** The tensor's values, row-major. */
export const valuesOf = (values: Tensor): number[] => Array.from(values.dataSync())

/** Normal numbers from a seed. */
export function randomValues(purpose: string, count: number, deviation = 1): number[] {
  const draw = gaussians(Random.of(purpose, 1))
  return Array.from({ length: count }, () => deviation * draw())
}

export function randomTensor(purpose: string, shape: readonly number[], deviation = 1): Tensor {
  return tensor(randomValues(purpose, shape.reduce((product, size) => product * size, 1), deviation), [...shape])
}

/** All differences below `tolerance` x the largest wanted value. */
export function expectClose(actual: readonly number[], wanted: readonly number[], tolerance: number, what?: string): void {
  expect(actual, what).toHaveLength(wanted.length)
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]) / scale), 0)
  expect(Number.isNaN(worst) || actual.some(Number.isNaN), what).toBe(false)
  expect(worst, what).toBeLessThan(tolerance)
}
