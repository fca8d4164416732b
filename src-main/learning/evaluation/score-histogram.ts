import type { ScoreHistogram } from '../../contract/index.ts'
import type { ScoreLists } from './scores.ts'

const defaultBins = 60

/**
 * Counts of genuine and impostor scores in equal bins over the range of both; the last bin includes its upper end. One bin where all scores are equal.
 * @returns `null` without any score.
 * @example genuine 1, impostor 0, 0.4; 2 bins: genuine [0, 1], impostor [2, 0]
 */
export function scoreHistogram({ genuine, impostor }: ScoreLists, bins = defaultBins): ScoreHistogram | null {
  let [low, high] = [Infinity, -Infinity]
  for (const list of [genuine, impostor]) {
    for (const score of list) {
      low = Math.min(low, score)
      high = Math.max(high, score)
    }
  }
  if (low === Infinity) return null
  const used = high > low ? bins : 1
  const counted = (list: Float64Array): number[] => {
    const counts = new Array<number>(used).fill(0)
    for (const score of list) counts[high > low ? Math.min(used - 1, Math.floor(((score - low) / (high - low)) * used)) : 0]++
    return counts
  }
  return { low, high, genuine: counted(genuine), impostor: counted(impostor) }
}
