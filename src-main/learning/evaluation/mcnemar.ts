import { logGamma } from './student-t.ts'

/**
 * McNemar's exact test, two-sided: how likely it is that `first` and `second`, of trials in which two systems differ, differ so much or more if either is as likely. Source: McNemar 1947, with the binomial
 * distribution in place of chi-square. 1 where the two never differ.
 * @example mcnemarExact(8, 1) // 2 (1 + 9) / 2^9 = 0.0390625
 */
export function mcnemarExact(first: number, second: number): number {
  const [few, all] = [Math.min(first, second), first + second]
  if (first === second) return 1
  // From the largest term down: those that no longer count are left out.
  let term = Math.exp(logGamma(all + 1) - logGamma(few + 1) - logGamma(all - few + 1) - all * Math.LN2)
  let sum = 0
  for (let k = few; k >= 0 && term > sum * Number.EPSILON; k--) {
    sum += term
    term *= k / (all - k + 1)
  }
  return Math.min(1, 2 * sum)
}
