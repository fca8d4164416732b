import type { SeedComparison } from '../../contract/index.ts'
import { significant, significantOrNull } from './significant.ts'
import { studentLimit, studentTwoSided } from './student-t.ts'

/**
 * Two systems trained with the same seeds: paired t test and Cohen's d_z (mean difference in its own standard deviations). With five seeds a rank test cannot reach p < 0.05.
 * It speaks about training luck on these subjects, not about other subjects. Source: recognition.md C1.
 * @returns t, p and d_z `null` with fewer than two seeds or where all differences are equal.
 * @throws RangeError when the two do not have equally many seeds, at least one, all finite.
 * @example differences 1, 2, 3: t = 2 / (1 / √3) = 3.4641, p = 0.0742, d_z = 2
 */
export function comparePairedSeeds(system: readonly number[], reference: readonly number[]): Pick<SeedComparison, 'seeds' | 'meanDifference' | 'interval' | 't' | 'p' | 'dz'> {
  const seeds = system.length
  if (seeds === 0 || seeds !== reference.length) throw new RangeError(`${seeds} and ${reference.length} seeds are no pairs`)
  const differences = system.map((value, i) => value - reference[i])
  if (!differences.every(Number.isFinite)) throw new RangeError('a value is not finite')
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / seeds
  const deviation = Math.sqrt(differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0) / (seeds - 1))
  // Equal differences have a deviation of rounding only.
  const spread = seeds > 1 && deviation > 1e-12 * Math.max(...differences.map(Math.abs))
  if (!spread) return { seeds, meanDifference: significant(mean), interval: null, t: null, p: null, dz: null }
  const dz = mean / deviation
  const t = dz * Math.sqrt(seeds)
  const half = (studentLimit(0.05, seeds - 1) * deviation) / Math.sqrt(seeds)
  return {
    seeds, meanDifference: significant(mean), interval: { low: significant(mean - half), high: significant(mean + half) }, t: significantOrNull(t), p: significant(studentTwoSided(t, seeds - 1)),
    dz: significant(dz),
  }
}
