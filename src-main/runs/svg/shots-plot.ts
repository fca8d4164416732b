import type { Estimate } from '../../contract/index.ts'
import { pixel } from './markup.ts'
import { curve, plot, seriesClass } from './plot.ts'
import { axisOf } from './ticks.ts'

export interface ShotsCurve {
  readonly name: string
  readonly points: readonly { readonly shots: number; readonly estimate: Estimate }[]
}

/** Pixels between curves at one place: their intervals would cover one another. */
const apart = 7

/** A rate by the number of windows of a template, with its interval. `end`: 0 or 1, where the axis begins. `beside`: what lies on the same axis in another plot. */
export function shotsPlot(title: string, label: string, curves: readonly ShotsCurve[], end: 0 | 1, beside: readonly Estimate[] = []): string {
  const shots = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.shots)))].sort((a, b) => a - b)
  const rates = [...beside, ...curves.flatMap(({ points }) => points.map(({ estimate }) => estimate))].flatMap(({ value, interval }) => [value, interval?.low ?? null, interval?.high ?? null])
  const y = axisOf(label, rates, { air: 0.04, ...(end === 0 ? { from: 0 } : { to: 1 }) })
  const x = { ...axisOf('Windows of a template', shots, { air: 0.06 }), ticks: shots.map((at) => ({ at, label: String(at) })) }
  const percents = { ...y, ticks: y.ticks.map(({ at }) => ({ at, label: `${Number((100 * at).toFixed(2))} %` })) }
  return plot({ title, x, y: percents, legend: curves.map(({ name }) => name) }, (places) => curves.map(({ points }, index) => {
    const aside = apart * (index - (curves.length - 1) / 2)
    const shifted = { x: (value: number) => places.x(value) + aside, y: (value: number) => places.y(value) }
    const whiskers = points.flatMap(({ shots: at, estimate: { interval } }) => {
      if (!interval) return []
      const across = shifted.x(at)
      return [`M${pixel(across - 3)} ${pixel(places.y(interval.low))}h6m-3 0V${pixel(places.y(interval.high))}m-3 0h6`]
    })
    const dots = points.flatMap(({ shots: at, estimate: { value } }) => (value === null ? [] : [`<circle class="dot ${seriesClass(index)}" cx="${pixel(shifted.x(at))}" cy="${pixel(places.y(value))}" r="3.5"/>`]))
    return [
      curve({ x: points.map((point) => point.shots), y: points.map(({ estimate }) => estimate.value) }, shifted, seriesClass(index)),
      whiskers.length === 0 ? '' : `<path class="whisker ${seriesClass(index)}" d="${whiskers.join('')}"/>`, ...dots,
    ].join('')
  }).join(''))
}
