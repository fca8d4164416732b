import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawSubjects, overDraws, type SubjectDraws } from '../../../src-main/learning/evaluation/bootstrap.ts'
import { mcnemarExact } from '../../../src-main/learning/evaluation/mcnemar.ts'
import type { ScoreMatrix } from '../../../src-main/learning/evaluation/scores.ts'
import { trialOverlap, type Judge } from '../../../src-main/learning/evaluation/trial-overlap.ts'

describe('McNemar\'s exact test', () => {
  it('is the binomial tail, twice', () => {
    // 2 (C(9,0) + C(9,1)) / 2^9, and 2 · (1/2)^6: published tables of the sign test.
    expect(mcnemarExact(8, 1)).toBeCloseTo(20 / 512, 12)
    expect(mcnemarExact(0, 6)).toBeCloseTo(0.03125, 12)
    expect(mcnemarExact(5, 5)).toBe(1)
    expect(mcnemarExact(0, 0)).toBe(1)
  })

  it('equals the sum of whole-number binomial coefficients', () => {
    const exact = (a: number, b: number): number => {
      const all = BigInt(a + b)
      let [coefficient, sum] = [1n, 0n]
      for (let k = 0n; k <= BigInt(Math.min(a, b)); k++) {
        sum += coefficient
        coefficient = (coefficient * (all - k)) / (k + 1n)
      }
      return Math.min(1, 2 * (Number((sum * 10n ** 18n) / 2n ** all) / 1e18))
    }
    fc.assert(fc.property(fc.nat(60), fc.nat(60), (a, b) => Math.abs(mcnemarExact(a, b) - exact(a, b)) < 1e-11 && mcnemarExact(a, b) === mcnemarExact(b, a)))
  })

  it('stays a probability for a million trials', () => {
    // The normal approximation with continuity: z = (1000 - 1) / sqrt(1,000,000).
    expect(mcnemarExact(500_500, 499_500)).toBeCloseTo(0.31774, 3)
    expect(mcnemarExact(1_000_000, 0)).toBe(0)
  })
})

const matrix = (probeSubject: readonly number[], templateSubject: readonly number[], scores: readonly number[]): ScoreMatrix => ({ scores: Float32Array.from(scores), probeSubject: Int32Array.from(probeSubject), templateSubject: Int32Array.from(templateSubject) })
const places = (subjects: readonly number[]): Map<number, number> => new Map(subjects.map((subject, place) => [subject, place]))

describe('overlap of trials', () => {
  // Two people, three probes (7, 7, 9), templates of both: genuine at 0, 2, 5, impostor at 1, 3, 4.
  const of = (scores: readonly number[]): ScoreMatrix => matrix([7, 7, 9], [7, 9], scores)
  const scratch: Judge = { threshold: 0.5, scores: of([0.4, 0.6, 0.9, 0.1, 0.2, 0.5]) }
  const student: Judge = { threshold: 0.25, scores: of([0.25, 0.2, 0.2, 0.1, 0.3, 0.6]) }
  const other: Judge = { threshold: 0, scores: of([0.1, -0.1, -0.2, -0.1, -0.1, 0.2]) }
  const draws = drawSubjects(2, 100, 1)

  it('counts what was fixed and broken, and what of it the other modality had right', () => {
    const [genuine, impostor] = trialOverlap({ scratch, student, other }, draws, places([7, 9]))
    // Genuine: alone wrong, right, right; taught right (on the threshold), wrong, right; other right, wrong, right.
    expect(genuine).toMatchObject({ kind: 'genuine', trials: 3, fixed: { trials: 1, otherRight: 1 }, broken: { trials: 1, otherRight: 0 }, difference: { value: 0, interval: null }, mcnemarP: 1 })
    expect(genuine.cells.filter(({ trials }) => trials > 0)).toEqual([
      { scratch: true, student: true, other: true, trials: 1 }, { scratch: true, student: false, other: false, trials: 1 }, { scratch: false, student: true, other: true, trials: 1 },
    ])
    // Impostor: alone accepts the first; taught accepts the third; other refuses all.
    expect(impostor).toMatchObject({ kind: 'impostor', trials: 3, fixed: { trials: 1, otherRight: 1 }, broken: { trials: 1, otherRight: 1 } })
    expect(impostor.cells).toHaveLength(8)
  })

  it('without another modality there are four cells, and nothing is said of it', () => {
    const [genuine] = trialOverlap({ scratch, student, other: null }, draws, places([7, 9]))
    expect(genuine.cells).toEqual([
      { scratch: true, student: true, other: null, trials: 1 }, { scratch: true, student: false, other: null, trials: 1 }, { scratch: false, student: true, other: null, trials: 1 }, { scratch: false, student: false, other: null, trials: 0 },
    ])
    expect(genuine.fixed).toEqual({ trials: 1, otherRight: null })
  })

  it('refuses judges of different trials, and people without a place', () => {
    expect(() => trialOverlap({ scratch, student: { ...student, scores: matrix([7, 9, 9], [7, 9], [0, 0, 0, 0, 0, 0]) }, other }, draws, places([7, 9]))).toThrow(RangeError)
    expect(() => trialOverlap({ scratch, student, other: { ...other, scores: matrix([7, 7, 9], [7], [0, 0, 0]) } }, draws, places([7, 9]))).toThrow(RangeError)
    expect(() => trialOverlap({ scratch, student, other }, draws, places([7]))).toThrow(RangeError)
  })

  it('agrees with going through every trial by itself, and with people who are really there so often', () => {
    const score = fc.constantFrom(0, 0.25, 0.5, 0.75, 1)
    const people = [3, 5, 8, 11, 20, 21]
    const trials = fc.record({
      probes: fc.array(fc.constantFrom(...people), { minLength: 1, maxLength: 9 }), scores: fc.array(fc.tuple(score, score, score), { minLength: 54, maxLength: 54 }), limits: fc.tuple(score, score, score),
    })
    fc.assert(fc.property(trials, ({ probes, scores, limits }) => {
      const judge = (which: 0 | 1 | 2): Judge => ({ threshold: limits[which], scores: matrix(probes, people, scores.slice(0, probes.length * people.length).map((three) => three[which])) })
      const [genuine, impostor] = trialOverlap({ scratch: judge(0), student: judge(1), other: judge(2) }, drawSubjects(6, 100, 4), places(people))
      const all = probes.flatMap((probe, row) => people.map((template, column) => ({ own: probe === template, verdicts: scores[row * people.length + column].map((value, which) => (value >= limits[which]) === (probe === template)) })))
      for (const [kind, own] of [[genuine, true], [impostor, false]] as const) {
        const these = all.filter((trial) => trial.own === own)
        expect(kind.trials).toBe(these.length)
        for (const cell of kind.cells) expect(cell.trials).toBe(these.filter(({ verdicts: [a, b, c] }) => a === cell.scratch && b === cell.student && c === cell.other).length)
        const fixed = these.filter(({ verdicts: [a, b] }) => !a && b)
        expect(kind.fixed).toEqual({ trials: fixed.length, otherRight: fixed.filter(({ verdicts }) => verdicts[2]).length })
        const broken = these.filter(({ verdicts: [a, b] }) => a && !b)
        expect(kind.broken).toEqual({ trials: broken.length, otherRight: broken.filter(({ verdicts }) => verdicts[2]).length })
        if (these.length > 0) expect(kind.difference.value).toBeCloseTo((fixed.length - broken.length) / these.length, 5)
      }
    }), { numRuns: 60 })
  })

  it('draws people, not trials: the interval is that of people copied as often as they were drawn', () => {
    const people = [0, 1, 2, 3, 4, 5]
    const probes = people.flatMap((person) => [person, person])
    const value = (i: number, which: number): number => ((i * 7919 + which * 104_729) % 101) / 101
    const judge = (which: number): Judge => ({ threshold: 0.4, scores: matrix(probes, people, Array.from({ length: 72 }, (_, i) => value(i, which))) })
    const draws = drawSubjects(6, 200, 9)
    const found = trialOverlap({ scratch: judge(1), student: judge(2), other: null }, draws, places(people))
    for (const [kind, own] of [['genuine', true], ['impostor', false]] as const) {
      const values = copied(draws, (a, b) => probes.flatMap((probe, row) => (probe === a ? [row * 6 + b] : [])).map((i) => {
        const right = (which: number): number => Number((value(i, which) >= 0.4) === own)
        return right(2) - right(1)
      }), own).filter((each) => !Number.isNaN(each)).sort((a, b) => a - b)
      const at = (part: number): number => {
        const place = part * (values.length - 1)
        const below = Math.floor(place)
        return values[below] + (place - below) * (values[Math.min(below + 1, values.length - 1)] - values[below])
      }
      const { interval } = found.find((each) => each.kind === kind)?.difference ?? { interval: null }
      expect(interval?.low).toBeCloseTo(at(0.025), 5)
      expect(interval?.high).toBeCloseTo(at(0.975), 5)
    }
  })
})

/** Every draw as a list of people, the same one several times as several people who are never compared with each other. */
function copied(draws: SubjectDraws, gains: (probe: number, template: number) => readonly number[], own: boolean): number[] {
  const values: number[] = []
  overDraws(draws, (weights) => {
    const crowd = Array.from(weights.subarray(0, draws.subjects)).flatMap((times, person) => Array.from({ length: times }, () => person))
    const trials = own ? crowd.flatMap((person) => gains(person, person)) : crowd.flatMap((a) => crowd.flatMap((b) => (a === b ? [] : gains(a, b))))
    values.push(trials.length === 0 ? NaN : trials.reduce((sum, gain) => sum + gain, 0) / trials.length)
  })
  return values
}
