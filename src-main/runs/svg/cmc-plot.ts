import type { Identification } from '../../contract/index.ts'
import { curve, plot, seriesClass, type Axis } from './plot.ts'
import { axisOf } from './ticks.ts'

const decades = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const

export interface NamedCmc {
  readonly name: string
  readonly cmc: Identification['cmc']
}

/** Cumulative match characteristic: part of the probes whose own template is among so many best. Ranks on a logarithmic axis. */
export function cmcPlot(title: string, curves: readonly NamedCmc[]): string {
  const last = Math.max(2, ...curves.flatMap(({ cmc }) => cmc.rank))
  const x: Axis = { label: 'Rank', low: 0, high: Math.log(last), ticks: decades.filter((rank) => rank <= last).map((rank) => ({ at: Math.log(rank), label: String(rank) })) }
  const rates = axisOf('Identified', curves.flatMap(({ cmc }) => cmc.rate), { to: 1 })
  const y = { ...rates, ticks: rates.ticks.map(({ at }) => ({ at, label: `${Number((100 * at).toFixed(2))} %` })) }
  return plot({ title, x, y, legend: curves.map(({ name }) => name) }, (places) => curves.map(({ cmc }, index) => curve({ x: cmc.rank.map(Math.log), y: cmc.rate }, places, seriesClass(index))).join(''))
}
