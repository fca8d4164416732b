import { curve, plot, seriesClass } from './plot.ts'
import { axisOf } from './ticks.ts'

export interface EpochCurve {
  readonly name: string
  readonly points: readonly { readonly epoch: number; readonly value: number | null }[]
}

/** Values by epoch, one curve each: losses, or what validation said. */
export function epochsPlot(title: string, label: string, curves: readonly EpochCurve[], from?: number): string {
  const points = curves.flatMap((each) => each.points)
  const y = axisOf(label, points.map(({ value }) => value), { air: 0.04, ...(from === undefined ? {} : { from }) })
  const x = axisOf('Epoch', points.map(({ epoch }) => epoch), { air: 0.03 })
  const whole = { ...x, ticks: x.ticks.filter(({ at }) => Number.isInteger(at)).map(({ at }) => ({ at, label: String(at) })) }
  return plot({ title, x: whole, y, legend: curves.map(({ name }) => name) }, (places) =>
    curves.map((each, index) => curve({ x: each.points.map(({ epoch }) => epoch), y: each.points.map(({ value }) => value) }, places, seriesClass(index))).join(''))
}
