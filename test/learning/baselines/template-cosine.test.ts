import { describe, expect, it } from 'vitest'
import { correlationEmbeddings } from '../../../src-main/learning/baselines/template-cosine.ts'
import { correlation } from '../../../src-main/signal/mean-beat.ts'

describe('embeddings by correlation', () => {
  it('have as their cosine the correlation of the windows, whatever their offset and gain', () => {
    const windows = [[1, 2, 3, 7], [10, 30, 20, 10], [5, 5.5, 6, 8]]
    const embedded = correlationEmbeddings(Float32Array.from(windows.flat()), 4)
    for (const a of [0, 1, 2]) {
      for (const b of [0, 1, 2]) {
        const product = [0, 1, 2, 3].reduce((sum, i) => sum + embedded[a * 4 + i] * embedded[b * 4 + i], 0)
        expect(product).toBeCloseTo(correlation(windows[a], 0, windows[b]), 6)
      }
    }
  })

  it('are zero for a flat window, which is like nobody', () => {
    expect([...correlationEmbeddings(Float32Array.of(2, 2, 2, 1, 2, 3), 3)].map((value) => Number(value.toFixed(3)))).toEqual([0, 0, 0, -0.707, 0, 0.707])
  })
})
