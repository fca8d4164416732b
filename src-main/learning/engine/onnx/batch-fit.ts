import type { BatchDimension, Dimension } from './graph.ts'

/** `times` x batch^`power` + `plus`. */
export interface BatchNumber extends Omit<BatchDimension, 'power'> {
  readonly power: number
}

/** Relative: constants are 32-bit floats, whose rounding (2^-24) a fit through two of them multiplies. */
const tolerance = 1e-5

/**
 * The size as a function of the batch, from three examples; null if it is none that is known.
 * @example fitSize([26, 34, 38], [13, 17, 19]) // { times: 2, power: 1, plus: 0 }
 */
export function fitSize(sizes: readonly number[], batches: readonly number[]): Dimension | null {
  if (sizes.every((size) => size === sizes[0])) return sizes[0]
  for (const power of [1, 2]) {
    const fit = solve(sizes, batches, power)
    if (Number.isInteger(fit.times) && Number.isInteger(fit.plus) && fit.times * batches[2] ** power + fit.plus === sizes[2]) return fit
  }
  return null
}

/** The same for a number that an operation computes with, such as 1 / batch. */
export function fitNumber(numbers: readonly number[], batches: readonly number[]): BatchNumber | null {
  const largest = Math.max(...numbers.map(Math.abs))
  for (const power of [1, -1, 2, -2]) {
    const through = solve(numbers, batches, power)
    const fit = Math.abs(through.plus) <= tolerance * largest ? { times: rounded(numbers[0] / batches[0] ** power), power, plus: 0 } : { ...through, times: rounded(through.times), plus: rounded(through.plus) }
    if (numbers.every((number, index) => Math.abs(fit.times * batches[index] ** power + fit.plus - number) <= tolerance * largest)) return fit
  }
  return null
}

function solve(values: readonly number[], batches: readonly number[], power: number): BatchNumber {
  const times = (values[0] - values[1]) / (batches[0] ** power - batches[1] ** power)
  return { times, power, plus: values[0] - times * batches[0] ** power }
}

/** A whole number that was 32-bit rounding away from one. */
const rounded = (value: number): number => (Math.abs(value - Math.round(value)) <= 1e-6 * Math.abs(value) ? Math.round(value) : value)
