import type { SubjectScores } from '../../contract/index.ts'
import type { ScoreMatrix } from './scores.ts'
import { significantOrNull } from './significant.ts'

/** Subjects in a report. */
const mostSubjects = 200

/**
 * How each subject fares: mean genuine score, mean score of others with its template, and of its probes with others' templates. Goats are in the lowest quarter of the first, lambs
 * in the highest of the second, wolves in the highest of the third (Doddington et al. 1998; by quartiles as Yager and Dunstone 2010).
 * @param nameOf a subject's code by its index.
 * @returns subjects in ascending order of index; of more than 200 those with an animal, and of these and the rest the lowest genuine scores.
 */
export function perSubject({ scores, probeSubject, templateSubject }: ScoreMatrix, nameOf: (subject: number) => string): SubjectScores[] {
  const columns = templateSubject.length
  const sums = new Map<number, { probes: number; genuine: Mean; asTemplate: Mean; asProbe: Mean }>()
  const of = (subject: number): { probes: number; genuine: Mean; asTemplate: Mean; asProbe: Mean } => {
    const known = sums.get(subject) ?? { probes: 0, genuine: new Mean(), asTemplate: new Mean(), asProbe: new Mean() }
    sums.set(subject, known)
    return known
  }
  const templates = Array.from(templateSubject, of)
  probeSubject.forEach((subject, row) => {
    const own = of(subject)
    own.probes++
    for (let column = 0; column < columns; column++) {
      const score = scores[row * columns + column]
      if (templateSubject[column] === subject) own.genuine.add(score)
      else {
        own.asProbe.add(score)
        templates[column].asTemplate.add(score)
      }
    }
  })
  const rows = [...sums].sort(([a], [b]) => a - b).map(([subject, { probes, genuine, asTemplate, asProbe }]) => ({
    subject: nameOf(subject), probes, genuine: genuine.value, asTemplate: asTemplate.value, asProbe: asProbe.value,
  }))
  const low = quarter(rows.map(({ genuine }) => genuine), 'lowest')
  const easy = quarter(rows.map(({ asTemplate }) => asTemplate), 'highest')
  const strong = quarter(rows.map(({ asProbe }) => asProbe), 'highest')
  const named = rows.map((row, i): SubjectScores => ({
    ...row, genuine: significantOrNull(row.genuine), asTemplate: significantOrNull(row.asTemplate), asProbe: significantOrNull(row.asProbe),
    animals: [...(low[i] ? ['goat' as const] : []), ...(easy[i] ? ['lamb' as const] : []), ...(strong[i] ? ['wolf' as const] : [])],
  }))
  if (named.length <= mostSubjects) return named
  const telling = [...named].sort((a, b) => b.animals.length - a.animals.length || (a.genuine ?? Infinity) - (b.genuine ?? Infinity)).slice(0, mostSubjects)
  return named.filter((row) => telling.includes(row))
}

class Mean {
  #sum = 0
  #count = 0

  add(value: number): void {
    this.#sum += value
    this.#count++
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count
  }
}

/** Which values are in the lowest (highest) quarter; a quarter needs four, and equal values at its edge are out: they are nothing special. */
function quarter(values: readonly (number | null)[], side: 'lowest' | 'highest'): boolean[] {
  const sign = side === 'lowest' ? 1 : -1
  const sorted = values.filter((value) => value !== null).map((value) => sign * value).sort((a, b) => a - b)
  const size = Math.floor(sorted.length / 4)
  if (size === 0) return values.map(() => false)
  return values.map((value) => value !== null && sign * value < sorted[size])
}
