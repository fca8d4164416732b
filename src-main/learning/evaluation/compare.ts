import type { ComparisonVerdict, SystemComparison } from '../../contract/index.ts'
import { pairedDifference } from './bootstrap.ts'
import type { SystemReplicates } from './evaluate.ts'
import { holm } from './holm.ts'
import { significant, significantOrNull } from './significant.ts'

/** Fewer subjects cannot rank variants of one model. Source: recognition.md B5. */
export const subjectsToRank = 50
/** Chance of a wrong verdict in a whole family of comparisons. */
const level = 0.05
const measures = ['eer', 'rank1'] as const

/**
 * Systems against each other on the same draws of subjects: for every pair the difference in EER and in rank-1 with a paired interval, p values corrected (Holm) over the pairs of
 * one measure and number of beats. A verdict needs an adjusted p below 0.05 and 50 subjects; with fewer it is `too-few-subjects` whatever the numbers, and `halfWidth` says how large
 * a difference would have to be. `not-comparable`: a figure is missing.
 * @param pairs names [system, reference].
 * @throws RangeError when two were not evaluated on the same subjects with the same seed, replicates and numbers of beats, or a name is unknown.
 * @example compareSystems(new Map([['student', a], ['scratch', b]]), [['student', 'scratch']])[0].verdict: 'no-significant-difference'
 */
export function compareSystems(systems: ReadonlyMap<string, SystemReplicates>, pairs: readonly (readonly [string, string])[]): SystemComparison[] {
  const replicatesOf = (name: string): SystemReplicates => {
    const found = systems.get(name)
    if (!found) throw new RangeError(`there is no system ${name}`)
    return found
  }
  const chosen = pairs.map(([system, reference]) => ({ system, reference, first: replicatesOf(system), second: replicatesOf(reference) }))
  for (const { system, reference, first, second } of chosen) if (!onSameDraws(first, second)) throw new RangeError(`${system} and ${reference} were not evaluated on the same draws`)
  const numbers = [...new Set(chosen.flatMap(({ first }) => first.byBeats.map(({ beats }) => beats)))]
  return numbers.flatMap((beats) => measures.flatMap((measure) => family(chosen, measure, beats)))
}

type Chosen = { readonly system: string; readonly reference: string; readonly first: SystemReplicates; readonly second: SystemReplicates }

function family(chosen: readonly Chosen[], measure: SystemComparison['measure'], beats: number): SystemComparison[] {
  const compared = chosen.map(({ system, reference, first, second }) => {
    const [a, b] = [first, second].map((side) => side.byBeats.find((probes) => probes.beats === beats)?.[measure])
    const subjects = first.subjects.length
    const difference = a && b && a.value !== null && b.value !== null ? a.value - b.value : null
    const paired = a && b && difference !== null ? pairedDifference(a.draws, b.draws, subjects) : { interval: null, p: null }
    const halfWidth = paired.interval && (paired.interval.high - paired.interval.low) / 2
    return { system, reference, measure, beats, difference: significantOrNull(difference), ...paired, halfWidth: significantOrNull(halfWidth), subjects }
  })
  const tested = compared.filter(({ p }) => p !== null)
  const adjusted = holm(tested.map(({ p }) => p ?? 1))
  return compared.map((comparison) => {
    const place = tested.indexOf(comparison)
    const adjustedP = place === -1 ? null : significant(adjusted[place])
    return { ...comparison, adjustedP, verdict: verdictOf(comparison, adjustedP) }
  })
}

function verdictOf({ difference, subjects, measure }: Pick<SystemComparison, 'difference' | 'subjects' | 'measure'>, adjustedP: number | null): ComparisonVerdict {
  if (difference === null) return 'not-comparable'
  if (subjects < subjectsToRank) return 'too-few-subjects'
  if (adjustedP === null) return 'not-comparable'
  if (adjustedP >= level || difference === 0) return 'no-significant-difference'
  return difference < 0 === (measure === 'eer') ? 'better' : 'worse'
}

function onSameDraws(a: SystemReplicates, b: SystemReplicates): boolean {
  const same = a.seed === b.seed && a.replicates === b.replicates && a.subjects.length === b.subjects.length && a.byBeats.length === b.byBeats.length
  return same && a.subjects.every((code, i) => code === b.subjects[i]) && a.byBeats.every(({ beats }, i) => beats === b.byBeats[i].beats)
}
