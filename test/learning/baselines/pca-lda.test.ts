import { describe, expect, it } from 'vitest'
import { PcaLda } from '../../../src-main/learning/baselines/pca-lda.ts'

/** Park and Miller's generator: the same numbers in every language. */
function parkMiller(count: number): number[] {
  let state = 1
  return Array.from({ length: count }, () => {
    state = (state * 16807) % 2147483647
    return state / 2147483647 - 0.5
  })
}

/** 40 windows of 6 samples in three classes. */
function made(): { values: Float32Array; length: number; labels: Int32Array } {
  const noise = parkMiller(240)
  const labels = Int32Array.from({ length: 40 }, (_, row) => (row * 7) % 3)
  const shift = [1, 0, 0.5, 0, -1, 2]
  return { values: Float32Array.from(noise, (value, at) => value * (1 + (at % 6)) + labels[Math.floor(at / 6)] * shift[at % 6]), length: 6, labels }
}

/** Rows of an embedding, each column with the sign that its first number has in `like`: an eigenvector's sign is nobody's. */
function rowsOf(embedded: Float32Array, dimension: number, like: readonly (readonly number[])[]): number[][] {
  return like.map((_, row) => Array.from({ length: dimension }, (_, k) => embedded[row * dimension + k] * Math.sign(embedded[k] * like[0][k])))
}

describe('principal components with linear discriminants', () => {
  it('find by hand: deviations (2, 1/2) and means 4 to the right and 1 up give the diagonal', () => {
    // Sw = diag(2, 1/2); Sw^-1 (4, 1) = (2, 2); a (1, 1) with a^2 (2 + 1/2) = 1.
    const around = [[2, 0], [-2, 0], [0, 1], [0, -1]]
    const values = Float32Array.from([...around.flat(), ...around.flatMap(([x, y]) => [x + 4, y + 1])])
    const fitted = PcaLda.fit({ values, length: 2, labels: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1) }, { components: 2, shrinkage: 0 })
    expect(fitted.dimension).toBe(1)
    const embedded = fitted.transform(values)
    const sign = Math.sign(embedded[4])
    const expected = Array.from({ length: 8 }, (_, row) => (values[row * 2] - 2 + values[row * 2 + 1] - 0.5) / Math.sqrt(2.5))
    embedded.forEach((value, row) => expect(value * sign).toBeCloseTo(expected[row], 6))
  })

  /**
   * scikit-learn 1.9.1 and SciPy, with the same windows x [40, 6] (as float32) and classes y:
   *   p = PCA(4).fit_transform(x); LinearDiscriminantAnalysis(solver='eigen').fit(p, y).transform(p)[:4]
   *   w = sum(np.cov(p[y == c].T, bias=True) * (y == c).mean() for c in range(3)); b = np.cov(p.T, bias=True) - w
   *   (p @ scipy.linalg.eigh(b, .9 * w + .1 * np.trace(w) / 4 * np.eye(4))[1][:, ::-1][:, :2])[:4]
   */
  it.each([
    [0, [[1.841567, -0.080153], [-0.641248, 0.875392], [0.067308, -0.891027], [0.820159, 0.312229]]],
    [0.1, [[1.931076, -0.159883], [-0.623057, 0.818488], [0.05323, -0.871256], [0.75669, 0.376535]]],
  ])('give what scikit-learn and SciPy give, with shrinkage %d', (shrinkage, golden) => {
    const training = made()
    const fitted = PcaLda.fit(training, { components: 4, shrinkage })
    expect(fitted.dimension).toBe(2)
    rowsOf(fitted.transform(training.values), 2, golden).forEach((row, k) => row.forEach((value, i) => expect(value).toBeCloseTo(golden[k][i], 5)))
  })

  it('measure in within-class deviations: the covariance within classes of the embeddings is one', () => {
    const { values, length, labels } = made()
    const embedded = PcaLda.fit({ values, length, labels }, { components: 6, shrinkage: 0 }).transform(values)
    const sums = [0, 0, 0]
    for (const label of [0, 1, 2]) {
      const own = [...labels.keys()].filter((row) => labels[row] === label)
      const mean = [0, 1].map((k) => own.reduce((sum, row) => sum + embedded[row * 2 + k] / own.length, 0))
      for (const row of own) {
        const [a, b] = [embedded[row * 2] - mean[0], embedded[row * 2 + 1] - mean[1]]
        sums[0] += (a * a) / 40
        sums[1] += (b * b) / 40
        sums[2] += (a * b) / 40
      }
    }
    expect(sums[0]).toBeCloseTo(1, 5)
    expect(sums[1]).toBeCloseTo(1, 5)
    expect(sums[2]).toBeCloseTo(0, 5)
  })

  it('come back from their arrays as they were', () => {
    const { values, length, labels } = made()
    const fitted = PcaLda.fit({ values, length, labels }, { components: 4, shrinkage: 0.1 })
    const again = PcaLda.from(fitted.arrays())
    expect([again.length, again.dimension]).toEqual([6, 2])
    expect(again.transform(values)).toEqual(fitted.transform(values))
    expect(() => PcaLda.from({ mean: Float32Array.of(1, 2), projection: Float32Array.of(1, 2, 3) })).toThrow(RangeError)
  })

  it('refuse one person, windows that are all the same, and people who never vary', () => {
    const fit = (values: number[], labels: number[]): unknown => PcaLda.fit({ values: Float32Array.from(values), length: 2, labels: Int32Array.from(labels) }, { components: 2, shrinkage: 0.01 })
    expect(() => fit([1, 2, 3, 5], [0, 0])).toThrow(expect.objectContaining({ code: 'training-impossible', data: { subjects: 1, needed: 2 } }))
    expect(() => fit([1, 2, 1, 2], [0, 1])).toThrow(expect.objectContaining({ code: 'training-impossible' }))
    expect(() => fit([1, 2, 1, 2, 3, 3, 3, 3], [0, 0, 1, 1])).toThrow(expect.objectContaining({ code: 'training-impossible' }))
  })
})
