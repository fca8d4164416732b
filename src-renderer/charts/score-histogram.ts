import type { ScoreHistogram } from '../../src-main/contract/schemas/report.ts'

/** Outline of a histogram's bins as columns of points, from the base line up and down again. `share`: of all trials of its kind. */
export interface Outline {
  readonly score: number[]
  readonly share: number[]
}

/** Edges of the bins, one more than there are bins. @example binEdges({ low: 0, high: 1, genuine: [1, 2], impostor: [0, 0] }) // [0, 0.5, 1] */
export function binEdges({ low, high, genuine }: ScoreHistogram): number[] {
  const bins = genuine.length
  const width = (high - low) / Math.max(1, bins)
  return Array.from({ length: bins + 1 }, (_, i) => low + i * width)
}

/** Steps of one kind of trial; impostor trials are far more than genuine ones, so each is drawn as a share of its own. */
export function outline(histogram: ScoreHistogram, kind: 'genuine' | 'impostor'): Outline {
  const counts = histogram[kind]
  const all = Math.max(1, counts.reduce((sum, count) => sum + count, 0))
  const edges = binEdges(histogram)
  const [score, share] = [[edges[0]], [0]]
  counts.forEach((count, i) => {
    score.push(edges[i], edges[i + 1])
    share.push(count / all, count / all)
  })
  score.push(edges[counts.length])
  share.push(0)
  return { score, share }
}

/** Part of one kind's scores below `score`, evenly spread within a bin. @example below({ low: 0, high: 1, genuine: [1, 3], impostor: [4, 0] }, 'genuine', 0.5) // 0.25 */
export function below(histogram: ScoreHistogram, kind: 'genuine' | 'impostor', score: number): number {
  const counts = histogram[kind]
  const edges = binEdges(histogram)
  const all = Math.max(1, counts.reduce((sum, count) => sum + count, 0))
  return counts.reduce((sum, count, i) => sum + count * Math.min(1, Math.max(0, (score - edges[i]) / (edges[i + 1] - edges[i] || 1))), 0) / all
}

/** Common area of both shares, 0-1: what no threshold on these scores can tell apart. @example 0 when they do not overlap */
export function overlap({ genuine, impostor }: ScoreHistogram): number {
  const [all, others] = [genuine, impostor].map((counts) => Math.max(1, counts.reduce((sum, count) => sum + count, 0)))
  return genuine.reduce((sum, count, i) => sum + Math.min(count / all, impostor[i] / others), 0)
}
