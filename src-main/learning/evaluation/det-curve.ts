import type { DetCurve } from '../../contract/index.ts'
import type { ErrorCurve } from './error-rates.ts'
import { probit } from './normal-deviate.ts'
import { significant } from './significant.ts'

/** Points of a curve in a report. */
export const mostPoints = 200

/**
 * Detection error trade-off in normal deviates (Martin et al., Eurospeech 1997): two normal score distributions of equal spread give a straight line. Points with a rate of 0 or 1 have
 * no place on the axes and are left out; of the others those are kept that lie about evenly along the drawn line, the first and the last among them.
 * @returns columns of at most 200 points; empty where no threshold makes both kinds of error.
 */
export function detCurve({ fmr, fnmr }: ErrorCurve): DetCurve {
  const inside: { fmr: number; fnmr: number; x: number; y: number; along: number }[] = []
  for (let i = 0; i < fmr.length; i++) {
    if (fmr[i] <= 0 || fmr[i] >= 1 || fnmr[i] <= 0 || fnmr[i] >= 1) continue
    const last = inside.at(-1)
    const isLast = i + 1 === fmr.length || fmr[i + 1] >= 1 || fnmr[i + 1] <= 0
    // Deviates are slow to compute, and of hundreds of thousands of points nearly all lie on top of the one before.
    if (last && !isLast && near(fmr[i], last.fmr) && near(fnmr[i], last.fnmr)) continue
    const [x, y] = [probit(fmr[i]), probit(fnmr[i])]
    inside.push({ fmr: fmr[i], fnmr: fnmr[i], x, y, along: last ? last.along + Math.hypot(x - last.x, y - last.y) : 0 })
  }
  const length = inside.at(-1)?.along ?? 0
  const kept = inside.length <= mostPoints ? inside : evenly(inside, length)
  const column = (of: (point: (typeof inside)[number]) => number): number[] => kept.map((point) => significant(of(point)))
  return { fmr: column((point) => point.fmr), fnmr: column((point) => point.fnmr), x: column((point) => point.x), y: column((point) => point.y) }
}

/** Closer than a pixel of any drawing. */
const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.004 * Math.min(a, 1 - a)

/** The first point behind each of `mostPoints` marks along the line. */
function evenly<T extends { readonly along: number }>(points: readonly T[], length: number): T[] {
  const kept: T[] = []
  let at = 0
  for (let mark = 0; mark < mostPoints && at < points.length; mark++) {
    while (at < points.length - 1 && points[at].along < (mark * length) / (mostPoints - 1)) at++
    if (mark === mostPoints - 1) at = points.length - 1
    if (kept.at(-1) !== points[at]) kept.push(points[at])
  }
  return kept
}
