import type { ErrorCurve } from './error-rates.ts'

/** Priors of a genuine trial at which costs are told; a miss and a false alarm cost the same. Source: recognition.md C1. */
export const targetPriors = [0.01, 0.05] as const

/**
 * Expected cost of a decision, in parts of what deciding without the scores would cost (NIST SRE): (p FNMR + (1 - p) FMR) / min(p, 1 - p).
 * @example prior 0.01, FNMR 0.2, FMR 0.001: 0.299
 */
export function detectionCost(prior: number, fmr: number, fnmr: number): number {
  return (prior * fnmr + (1 - prior) * fmr) / Math.min(prior, 1 - prior)
}

/** Cost at the best threshold; at most 1. */
export function minimumDetectionCost({ fmr, fnmr }: ErrorCurve, prior: number): number {
  let least = Infinity
  for (let i = 0; i < fmr.length; i++) least = Math.min(least, detectionCost(prior, fmr[i], fnmr[i]))
  return least
}
