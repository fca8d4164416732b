import type { ErrorCurve } from './error-rates.ts'

/** Where the line from one operating point to the next has FMR = FNMR, as a part (0-1) of the way. */
export function crossing(fmrBefore: number, fnmrBefore: number, fmrAfter: number, fnmrAfter: number): number {
  const [before, after] = [fnmrBefore - fmrBefore, fnmrAfter - fmrAfter]
  return before === after ? 0 : before / (before - after)
}

/**
 * Equal error rate: linear interpolation between the two operating points around FMR = FNMR (wespeaker's convention). `threshold` lies between theirs by the same part, and is for
 * fixing on validation only: never decide with the test's own.
 * @example genuine 0.9, 0.6, impostor 0.7, 0.1: 0.5
 */
export function equalErrorRate({ threshold, fmr, fnmr }: ErrorCurve): { eer: number; threshold: number } {
  // The last point has FMR 1 and FNMR 0: there is one.
  const after = fmr.findIndex((rate, i) => rate >= fnmr[i])
  const before = after - 1
  const part = crossing(fmr[before], fnmr[before], fmr[after], fnmr[after])
  const limit = threshold[before] === Infinity ? threshold[after] : threshold[before] + part * (threshold[after] - threshold[before])
  return { eer: fmr[before] + part * (fmr[after] - fmr[before]), threshold: limit }
}
