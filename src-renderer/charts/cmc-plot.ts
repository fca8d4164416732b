import type { Axis } from './plot-axis.ts'
import { labelledTicks } from './plot-axis.ts'
import { niceTicks } from './ticks.ts'

/** Nobody looks further down a list of candidates; with fewer people the axis ends with them. */
const mostRanks = 20

/** From rank 1 to 20, or to as many as there are. */
export function rankAxis(label: string, curves: readonly { readonly rank: readonly number[] }[], tick: (rank: number) => string): Axis {
  const last = Math.min(mostRanks, Math.max(2, ...curves.map(({ rank }) => rank.at(-1) ?? 1)))
  const ticks = [...new Set([1, ...niceTicks(1, last, 5, true).values, last])].filter((rank) => rank === last || last - rank >= 2)
  return { label, low: 1, high: last, ticks: ticks.map((at) => ({ at, label: tick(at) })) }
}

/** Up to all probes, down to a round rate below the worst rank-1. */
export function foundAxis(label: string, curves: readonly { readonly rate: readonly number[] }[], tick: (rate: number) => string): Axis {
  const worst = Math.min(0.9, ...curves.map(({ rate }) => rate[0] ?? 1))
  const low = Math.max(0, Math.floor(worst * 10 - 1e-9) / 10)
  return { label, low, high: 1, ticks: labelledTicks(low, 1, 6, tick) }
}
