import { CholeskyDecomposition, EigenvalueDecomposition, inverse, Matrix } from 'ml-matrix'
import { LabError } from '../../contract/index.ts'

export interface PcaLdaOptions {
  /** Principal components that are kept; 60 in recognition.md B3. */
  readonly components: number
  /** Part of the within-class covariance that is replaced by a sphere of the same trace, 0..1. */
  readonly shrinkage: number
}

/** Windows as rows: `values` is [rows, length], row-major. */
export interface LabelledWindows {
  readonly values: Float32Array
  readonly length: number
  /** Class of every row, 0 ... classes - 1. */
  readonly labels: Int32Array
}

/**
 * Principal components, then linear discriminants, fitted to training windows only: the sanity baseline of every run. Source: Fisher 1936; the within-class covariance is shrunk to (1 - s) S + s tr(S)/d I
 * (Friedman 1989). Directions v solve Sb v = lambda Sw v with v' Sw v = 1, so that distances are measured in within-class deviations; at most classes - 1 of them.
 * @example 1800 windows of 150 samples of 90 people: embeddings of 60 numbers
 */
export class PcaLda {
  readonly length: number
  /** Numbers of an embedding. */
  readonly dimension: number
  /** In the precision of the file that it is stored in: what was read back answers with the same bits. */
  readonly #mean: Float32Array
  /** [length, dimension], row-major. */
  readonly #projection: Float32Array

  private constructor(mean: Float32Array, projection: Float32Array) {
    this.length = mean.length
    this.dimension = projection.length / mean.length
    this.#mean = mean
    this.#projection = projection
  }

  /** From what `arrays` gave. @throws RangeError when they do not fit each other. */
  static from({ mean, projection }: { readonly mean: Float32Array; readonly projection: Float32Array }): PcaLda {
    if (mean.length === 0 || projection.length === 0 || projection.length % mean.length !== 0) throw new RangeError(`A mean of ${mean.length} and a projection of ${projection.length} numbers do not fit.`)
    return new PcaLda(mean.slice(), projection.slice())
  }

  /** All that it is, for a file: copies. `mean`: [length]; `projection`: [length, dimension], row-major. */
  arrays(): { mean: Float32Array; projection: Float32Array } {
    return { mean: this.#mean.slice(), projection: this.#projection.slice() }
  }

  /** @throws LabError `training-impossible` for fewer than two classes, and for windows that do not vary within any class. */
  static fit(training: LabelledWindows, options: PcaLdaOptions): PcaLda {
    const { values, length, labels } = training
    const classes = new Set(labels).size
    if (classes < 2) throw new LabError('training-impossible', `Discriminants need windows of two people; the training part has ${classes}.`, { subjects: classes, needed: 2 })
    const mean = columnMeans(values, length)
    const components = principal(covariance(values, length, mean), Math.min(options.components, length, labels.length - 1))
    const projected = project(values, mean, components)
    const { within, between } = scatter(projected, labels)
    return new PcaLda(Float32Array.from(mean), Float32Array.from(components.mmul(discriminants(shrunk(within, options.shrinkage), between, classes - 1)).to1DArray()))
  }

  /** Embeddings [rows, dimension] of windows [rows, length]; not normalised: cosine and distances both make sense. */
  transform(values: Float32Array): Float32Array {
    const { length, dimension } = this
    const rows = values.length / length
    const embedded = new Float32Array(rows * dimension)
    const sum = new Float64Array(dimension)
    for (let row = 0; row < rows; row++) {
      sum.fill(0)
      for (let i = 0; i < length; i++) {
        const value = values[row * length + i] - this.#mean[i]
        for (let k = 0, at = i * dimension; k < dimension; k++, at++) sum[k] += value * this.#projection[at]
      }
      embedded.set(sum, row * dimension)
    }
    return embedded
  }
}

function columnMeans(values: Float32Array, length: number): Float64Array {
  const mean = new Float64Array(length)
  for (let at = 0; at < values.length; at++) mean[at % length] += values[at]
  return mean.map((sum) => (sum * length) / values.length)
}

function covariance(values: Float32Array, length: number, mean: Float64Array): Matrix {
  const rows = values.length / length
  const sums = new Float64Array(length * length)
  const centred = new Float64Array(length)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < length; i++) centred[i] = values[row * length + i] - mean[i]
    for (let i = 0; i < length; i++) {
      const value = centred[i]
      for (let j = i, at = i * length + i; j < length; j++, at++) sums[at] += value * centred[j]
    }
  }
  const result = new Matrix(length, length)
  for (let i = 0; i < length; i++) {
    for (let j = i; j < length; j++) {
      result.set(i, j, sums[i * length + j] / rows)
      result.set(j, i, sums[i * length + j] / rows)
    }
  }
  return result
}

/** Eigenvectors of the largest eigenvalues as columns; those of none are left out. */
function principal(symmetric: Matrix, wanted: number): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true })
  const order = [...realEigenvalues.keys()].sort((a, b) => realEigenvalues[b] - realEigenvalues[a]).slice(0, wanted)
  const floor = realEigenvalues[order[0]] * 1e-12
  const kept = order.filter((k) => realEigenvalues[k] > floor)
  if (kept.length === 0) throw new LabError('training-impossible', 'The training windows are all the same: there is nothing to tell people apart by.', {})
  return eigenvectorMatrix.subMatrixColumn(kept)
}

function project(values: Float32Array, mean: Float64Array, components: Matrix): Matrix {
  const length = mean.length
  const rows = values.length / length
  const columns = components.to1DArray()
  const wide = components.columns
  const projected = new Matrix(rows, wide)
  const sum = new Float64Array(wide)
  for (let row = 0; row < rows; row++) {
    sum.fill(0)
    for (let i = 0; i < length; i++) {
      const value = values[row * length + i] - mean[i]
      for (let k = 0, at = i * wide; k < wide; k++, at++) sum[k] += value * columns[at]
    }
    projected.setRow(row, sum)
  }
  return projected
}

/** Covariances within and between classes, each row counting once; their sum is that of all rows. */
function scatter(projected: Matrix, labels: Int32Array): { within: Matrix; between: Matrix } {
  const wide = projected.columns
  const members = new Map<number, number[]>()
  for (const [row, label] of labels.entries()) {
    const own = members.get(label)
    if (own) own.push(row)
    else members.set(label, [row])
  }
  const within = Matrix.zeros(wide, wide)
  const between = Matrix.zeros(wide, wide)
  const whole = projected.mean('column')
  for (const rows of members.values()) {
    const own = new Matrix(rows.map((row) => projected.getRow(row)))
    const mean = own.mean('column')
    const centred = own.subRowVector(mean)
    within.add(centred.transpose().mmul(centred))
    const shift = Matrix.columnVector(mean.map((value, k) => value - whole[k]))
    between.add(shift.mmul(shift.transpose()).mul(rows.length))
  }
  return { within: within.div(labels.length), between: between.div(labels.length) }
}

function shrunk(within: Matrix, shrinkage: number): Matrix {
  const wide = within.rows
  return Matrix.mul(within, 1 - shrinkage).add(Matrix.eye(wide, wide, (shrinkage * within.trace()) / wide))
}

/** With Sw = L L', the generalised problem is the plain one of L^-1 Sb L'^-1. */
function discriminants(within: Matrix, between: Matrix, most: number): Matrix {
  const cholesky = new CholeskyDecomposition(within)
  if (!cholesky.isPositiveDefinite()) throw new LabError('training-impossible', 'The training windows do not vary within one person: discriminants need several different windows of each.', {})
  const whitening = inverse(cholesky.lowerTriangularMatrix)
  const symmetric = whitening.mmul(between).mmul(whitening.transpose())
  return whitening.transpose().mmul(principal(symmetric.add(symmetric.transpose()).div(2), Math.min(most, within.rows)))
}
