import type { SubjectInput } from '../contract/index.ts'

/** What a header says of a person, as far as a dataset may keep it: no name, no day of birth. */
export interface PersonFacts {
  readonly sex: 'female' | 'male' | null
  /** First and last year in which the person can have been born; one year where the header has the date. */
  readonly born: readonly [number, number] | null
}

/** A year of birth of older people points at them: US rules for health data group all of 90 and above (45 CFR 164.514(b)(2)(i)(C)). */
const oldestAge = 89
const firstYear = 1880

/**
 * Sex and year of birth of a header's facts. An age says one of two years: whether the birthday had passed on the day of the recording is not known.
 * @param date of the recording, `YYYY-MM-DD`; dates that were moved to the future for secrecy give no year
 * @example personOf({ sex: 'male', age: '25' }, '2004-12-07') // { sex: 'male', born: [1978, 1979] }
 */
export function personOf(facts: Readonly<Record<string, string>>, date: string | null): PersonFacts {
  const fact = (name: string): string => (Object.hasOwn(facts, name) ? facts[name].trim() : '')
  const sex = fact('sex') || fact('gender')
  return { sex: /^(f|female|woman)$/i.test(sex) ? 'female' : /^(m|male|man)$/i.test(sex) ? 'male' : null, born: bornIn(fact('birthdate'), fact('age'), date) }
}

function bornIn(birthdate: string, age: string, date: string | null): PersonFacts['born'] {
  const recorded = date === null ? null : Number(date.slice(0, 4))
  const year = /^(\d{4})-\d\d-\d\d$/.exec(birthdate)?.[1]
  if (year !== undefined) return plausible([Number(year), Number(year)], recorded)
  const years = /^(\d{1,3})(?:\s*(?:y|yr|yrs|years?)\.?)?$/i.exec(age)?.[1]
  if (years === undefined || recorded === null) return null
  return plausible([recorded - Number(years) - 1, recorded - Number(years)], recorded)
}

function plausible(born: readonly [number, number], recorded: number | null): PersonFacts['born'] {
  const latest = recorded ?? 2100
  if (born[0] < firstYear || born[1] > Math.min(latest, 2100) || (recorded !== null && recorded - born[1] > oldestAge)) return null
  return born
}

/**
 * What the headers of one person's records agree on; what they contradict each other in is left unknown. Of two possible years the later one is taken.
 * @example subjectFacts([{ sex: 'male', born: [1978, 1979] }, { sex: null, born: [1979, 1980] }]) // { sex: 'male', birthYear: 1979 }
 */
export function subjectFacts(people: readonly PersonFacts[]): Pick<SubjectInput, 'sex' | 'birthYear'> {
  const sexes = new Set(people.flatMap(({ sex }) => sex ?? []))
  const [sex] = sexes
  const born = people.flatMap(({ born: years }) => (years ? [years] : []))
  const first = Math.max(...born.map(([from]) => from))
  const last = Math.min(...born.map(([, to]) => to))
  return { sex: sexes.size === 1 ? sex : 'unknown', birthYear: born.length > 0 && first <= last ? last : null }
}
