import type { DetCurve } from '../../contract/index.ts'
import { probit } from '../../learning/evaluation/normal-deviate.ts'
import { curve, plot, seriesClass, type Axis } from './plot.ts'

/** Rates in normal deviates, as NIST draws them (Martin et al., Eurospeech 1997). */
const rates = [0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95] as const
/** Beyond these a curve is cut off, unless both of its errors are larger at their best. */
const [lowest, highest] = [probit(0.0001), probit(0.4)]

export interface NamedDet {
  readonly name: string
  readonly det: DetCurve
}

/** FMR against FNMR in normal-deviate axes; the dotted diagonal is where both are equal. */
export function detPlot(title: string, curves: readonly NamedDet[]): string {
  // Both axes alike: the diagonal must look like one.
  const low = Math.max(lowest, Math.min(probit(0.01), ...curves.flatMap(({ det }) => [...det.x, ...det.y])))
  const equal = curves.map(({ det }) => Math.min(...det.x.map((x, i) => Math.max(x, det.y[i])))).filter(Number.isFinite)
  const high = Math.max(highest, ...equal.map((deviate) => deviate + 0.3))
  const axis = (label: string): Axis => ({
    label, low, high, ticks: rates.filter((rate) => probit(rate) >= low && probit(rate) <= high).map((rate) => ({ at: probit(rate), label: `${Number((100 * rate).toPrecision(2))} %` })),
  })
  return plot({ title, x: axis('FMR (impostors accepted)'), y: axis('FNMR (own people refused)'), height: 390, legend: curves.map(({ name }) => name) }, (places) => [
    curve({ x: [low, high], y: [low, high] }, places, 'guide'),
    ...curves.map(({ det }, index) => curve({ x: det.x, y: det.y }, places, seriesClass(index))),
  ].join(''))
}
