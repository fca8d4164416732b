import type { EmbeddingLikeness } from '../../contract/index.ts'
import { significantOrNull } from './significant.ts'

/** Embeddings of some windows. */
export interface Embeddings {
  readonly dimension: number
  /** [windows, dimension], row-major. */
  readonly vectors: Float32Array
}

/**
 * How alike two models' embeddings of the same windows are, row for row: correlation, cosine distance and MMD where they have equally many dimensions, linear CKA always (recognition.md A2, "teachability").
 * @throws RangeError when the two do not have equally many windows.
 * @example embeddingLikeness(teacher, student) // { pearson: 0.079, cosineDistance: 0.92, mmd: 0.31, cka: 0.44, ckaByChance: 0.05 }
 */
export function embeddingLikeness(teacher: Embeddings, student: Embeddings): EmbeddingLikeness {
  const windows = rowsOf(teacher)
  if (windows !== rowsOf(student)) throw new RangeError(`${windows} and ${rowsOf(student)} windows are no pairs`)
  const alike = teacher.dimension === student.dimension && windows > 0
  const { cka, byChance } = linearAlignment(teacher, student)
  return {
    pearson: alike ? significantOrNull(correlation(teacher, student)) : null,
    cosineDistance: alike ? significantOrNull(meanCosineDistance(teacher, student)) : null,
    mmd: alike ? significantOrNull(meanDiscrepancy(teacher, student)) : null,
    cka: significantOrNull(cka), ckaByChance: significantOrNull(byChance),
  }
}

const rowsOf = ({ dimension, vectors }: Embeddings): number => vectors.length / dimension

/** Pearson's, over the windows, mean over the dimensions in which both change; `null` without such. */
export function correlation(a: Embeddings, b: Embeddings): number | null {
  const [left, right] = [centred(a), centred(b)]
  const { dimension } = a
  let [sum, counted] = [0, 0]
  for (let k = 0; k < dimension; k++) {
    let [xx, yy, xy] = [0, 0, 0]
    for (let at = k; at < left.length; at += dimension) {
      xx += left[at] * left[at]
      yy += right[at] * right[at]
      xy += left[at] * right[at]
    }
    if (xx === 0 || yy === 0) continue
    sum += Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
    counted++
  }
  return counted === 0 ? null : sum / counted
}

/** 1 - cosine, mean over the windows; a row of zeros has the cosine 0 with everything. */
export function meanCosineDistance({ dimension, vectors: a }: Embeddings, { vectors: b }: Embeddings): number {
  let sum = 0
  for (let from = 0; from < a.length; from += dimension) {
    let [xx, yy, xy] = [0, 0, 0]
    for (let i = from; i < from + dimension; i++) {
      xx += a[i] * a[i]
      yy += b[i] * b[i]
      xy += a[i] * b[i]
    }
    sum += 1 - (xx === 0 || yy === 0 ? 0 : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))))
  }
  return sum / (a.length / dimension)
}

/** As the loss has them (objectives/maximum-mean-discrepancy.ts): the widest of five kernels, and a mean squared distance below which all are one. */
const widest = 4
const halvings = 4
const smallestBandwidth = 1e-6

/** MMD² of both sets of unit vectors, as the loss of that name, in double precision; 0-10. */
export function meanDiscrepancy(a: Embeddings, b: Embeddings): number {
  const { dimension } = a
  const [first, second] = [rowsOf(a), rowsOf(b)]
  const all = first + second
  const rows = unitRows(a, b)
  const distances = new Float64Array((all * (all - 1)) / 2)
  let [at, total] = [0, 0]
  for (let i = 0; i < all; i++) {
    for (let j = 0; j < i; j++) {
      let square = 0
      for (let k = 0; k < dimension; k++) {
        const difference = rows[i * dimension + k] - rows[j * dimension + k]
        square += difference * difference
      }
      distances[at++] = square
      total += square
    }
  }
  const bandwidth = Math.max((2 * total) / (all * all - all), smallestBandwidth)
  const sign = (row: number): number => (row < first ? 1 / first : -1 / second)
  // Every row with itself: all five kernels are 1.
  let sum = (halvings + 1) * (1 / first + 1 / second)
  at = 0
  for (let i = 0; i < all; i++) {
    for (let j = 0; j < i; j++) {
      let kernel = Math.exp(-distances[at++] / (bandwidth * widest))
      let kernels = kernel
      // A kernel of half the width is the square.
      for (let halving = 0; halving < halvings; halving++) {
        kernel *= kernel
        kernels += kernel
      }
      sum += 2 * sign(i) * sign(j) * kernels
    }
  }
  // A squared norm: below 0 by rounding alone.
  return Math.max(0, sum)
}

/**
 * Linear centred kernel alignment (Kornblith et al. 2019): ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) of centred columns, Frobenius norms; 1 for the same but for a rotation and a scale. `byChance`: its mean over all orders of
 * the windows of one side. With K = XXᵀ and L = YYᵀ centred, that of tr(K P L Pᵀ) is tr K · tr L / (n - 1), so it needs no drawing.
 * @returns `null` where one side does not change from window to window.
 */
export function linearAlignment(a: Embeddings, b: Embeddings): { readonly cka: number | null; readonly byChance: number | null } {
  const windows = rowsOf(a)
  const [x, y] = [centred(a), centred(b)]
  const norms = Math.sqrt(squaredProduct(x, a.dimension, x, a.dimension)) * Math.sqrt(squaredProduct(y, b.dimension, y, b.dimension))
  if (windows < 2 || norms === 0) return { cka: null, byChance: null }
  const trace = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0)
  // Rounding may leave a hair more than 1.
  return { cka: Math.min(1, squaredProduct(x, a.dimension, y, b.dimension) / norms), byChance: Math.min(1, (trace(x) * trace(y)) / (windows - 1) / norms) }
}

/** ‖YᵀX‖², the squares of all sums over the windows of one column times another. */
function squaredProduct(x: Float64Array, columns: number, y: Float64Array, others: number): number {
  const product = new Float64Array(columns * others)
  for (let row = 0; row * columns < x.length; row++) {
    for (let i = 0; i < columns; i++) {
      const value = x[row * columns + i]
      for (let j = 0; j < others; j++) product[i * others + j] += value * y[row * others + j]
    }
  }
  return product.reduce((sum, value) => sum + value * value, 0)
}

/** Every column less its mean. */
function centred({ dimension, vectors }: Embeddings): Float64Array {
  const means = new Float64Array(dimension)
  for (let i = 0; i < vectors.length; i++) means[i % dimension] += vectors[i]
  const windows = vectors.length / dimension
  return Float64Array.from(vectors, (value, i) => value - means[i % dimension] / windows)
}

/** Both sets below one another, rows of length 1. */
function unitRows(a: Embeddings, b: Embeddings): Float64Array {
  const rows = new Float64Array(a.vectors.length + b.vectors.length)
  rows.set(a.vectors)
  rows.set(b.vectors, a.vectors.length)
  for (let from = 0; from < rows.length; from += a.dimension) {
    let square = 0
    for (let i = from; i < from + a.dimension; i++) square += rows[i] * rows[i]
    if (square === 0) continue
    for (let i = from; i < from + a.dimension; i++) rows[i] /= Math.sqrt(square)
  }
  return rows
}
