import type { AblationFigure } from '../../../src-main/contract/schemas/ablation.ts'
import { niceTicks } from '../../charts/ticks.ts'

/** Narrower than this, noise would fill the whole bar. */
const narrowest = 0.01

/**
 * One scale for the bars of a column, between round numbers around all intervals. An error rate's begins at 0 and a rank-1's ends at 1, unless all are far from there.
 * @example EERs of 4-5.8 %: { low: 0, high: 0.06 }
 */
export function barEnds(figures: readonly Pick<AblationFigure, 'mean' | 'interval'>[], measure: 'eer' | 'rank1'): { readonly low: number; readonly high: number } {
  const ends = figures.flatMap(({ mean, interval }) => [mean, interval?.low ?? null, interval?.high ?? null]).filter((end) => end !== null)
  if (ends.length === 0) return { low: 0, high: 1 }
  const [least, most] = [Math.max(0, Math.min(...ends)), Math.min(1, Math.max(...ends))]
  const span = Math.max(narrowest, most - least)
  const isFar = (measure === 'eer' ? least : 1 - most) > 3 * span
  const from = measure === 'eer' && !isFar ? 0 : Math.min(least, 1 - narrowest)
  const to = measure === 'rank1' && !isFar ? 1 : Math.max(most, from + narrowest)
  const { values } = niceTicks(from, to, 6)
  const step = (values[1] ?? 1) - (values[0] ?? 0)
  const round = (value: number): number => Number(value.toFixed(9))
  return { low: Math.max(0, round(Math.floor(from / step + 1e-6) * step)), high: Math.min(1, round(Math.ceil(to / step - 1e-6) * step)) }
}
