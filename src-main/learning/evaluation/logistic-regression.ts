import type { ScoreLists } from './scores.ts'

export interface ScoreToRatio {
  readonly slope: number
  readonly offset: number
}

/** Weight of slope² (for scores of unit deviation): keeps it finite where the two kinds do not overlap at all. Far below what data of any size say. */
const ridge = 1e-4
/** Nats that another step would gain: a slope known to six digits. */
const enough = 1e-13

/**
 * The line from a score to a log likelihood ratio (natural logarithm): logistic regression in which both kinds of trials weigh one half, so that the log odds are the log
 * likelihood ratio (Brümmer and du Preez, Computer Speech & Language 20 (2006), prior-weighted, prior 0.5). Newton's method on the convex loss.
 * @returns `null` where a kind of trial is missing or all scores are equal.
 * @throws RangeError on a score that is not finite.
 * @example genuine N(1, 1), impostor N(-1, 1): slope 2, offset 0
 */
export function fitScoreToRatio({ genuine, impostor }: ScoreLists): ScoreToRatio | null {
  if (genuine.length === 0 || impostor.length === 0) return null
  const all = genuine.length + impostor.length
  let [sum, squares] = [0, 0]
  for (const list of [genuine, impostor]) for (const score of list) sum += score
  const mean = sum / all
  for (const list of [genuine, impostor]) for (const score of list) squares += (score - mean) ** 2
  const deviation = Math.sqrt(squares / all)
  if (!Number.isFinite(deviation)) throw new RangeError('a score is not finite')
  if (deviation === 0) return null
  const kinds = [{ list: genuine, target: 1, weight: 0.5 / genuine.length }, { list: impostor, target: 0, weight: 0.5 / impostor.length }]
  const loss = (slope: number, offset: number): number => {
    let total = (ridge / 2) * slope * slope
    for (const { list, target, weight } of kinds) for (const score of list) total += weight * softplus((target === 1 ? -1 : 1) * (slope * ((score - mean) / deviation) + offset))
    return total
  }
  let [slope, offset] = [0, 0]
  let best = loss(slope, offset)
  for (let step = 0; step < 100; step++) {
    let [gs, go, hss, hso, hoo] = [ridge * slope, 0, ridge, 0, 0]
    for (const { list, target, weight } of kinds) {
      for (const score of list) {
        const x = (score - mean) / deviation
        const p = 1 / (1 + Math.exp(-(slope * x + offset)))
        gs += weight * (p - target) * x
        go += weight * (p - target)
        const curvature = weight * p * (1 - p)
        hss += curvature * x * x
        hso += curvature * x
        hoo += curvature
      }
    }
    const determinant = hss * hoo - hso * hso
    const [ds, d0] = determinant > 0 ? [(hoo * gs - hso * go) / determinant, (hss * go - hso * gs) / determinant] : [gs, go]
    // Half of this is what a full step gains.
    if (gs * ds + go * d0 < enough) break
    // A full step can overshoot where the curve is flat: halve it until it helps.
    let part = 1
    let next = loss(slope - ds, offset - d0)
    while (next > best && part > 1e-6) {
      part /= 2
      next = loss(slope - part * ds, offset - part * d0)
    }
    if (next > best) break
    slope -= part * ds
    offset -= part * d0
    best = next
  }
  return { slope: slope / deviation, offset: offset - (slope * mean) / deviation }
}

/** log(1 + e^x) without overflow. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
