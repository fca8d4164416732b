import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, SplitStrategy, type DatasetSplit, type SplitOptionsInput, type SplitRole, type VersionEntry } from '../../src-main/contract/index.ts'
import { blocks, checkLeaks } from '../../src-main/curation/leak-checks.ts'
import { buildSplit } from '../../src-main/curation/split-build.ts'
import { isSubjectDisjoint } from '../../src-main/curation/split-roles.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { aLab, anEntry, aVersion, idOf, options } from './samples.ts'

const nobodyMerged = { person: (code: DatasetSplit['unknownSubjects'][number]) => code, current: null }
const make = (entries: readonly VersionEntry[], input: SplitOptionsInput): DatasetSplit =>
  buildSplit(aVersion(entries), input.strategy === 'diagnostic-leaky' ? 'diagnostic-leaky' : 's1', options(input), sha256)
/** Numbers of the recordings with this role. */
const inRole = ({ assignments }: DatasetSplit, role: SplitRole): number[] => assignments.filter((one) => one.role === role).map(({ recording }) => Number(recording.slice(-6)))
const leftOut = ({ leftOut: all }: DatasetSplit): string[] => all.map(({ recording, reason }) => `${Number(recording?.slice(-6))} ${reason}`)
const code = (work: () => unknown): string => {
  try {
    work()
  } catch (thrown) {
    return LabError.from(thrown).code
  }
  return 'none'
}

/** Two people: the first has three days (recordings 1 2 | 3 | 4 5), the second two (6 | 7 8). */
const small = [
  anEntry(1, { subject: 'A', day: '2026-01-01' }), anEntry(2, { subject: 'A', day: '2026-01-01' }), anEntry(3, { subject: 'A', day: '2026-02-01' }),
  anEntry(4, { subject: 'A', day: '2026-03-01' }), anEntry(5, { subject: 'A', day: '2026-03-01' }),
  anEntry(6, { subject: 'B', day: '2026-01-01' }), anEntry(7, { subject: 'B', day: '2026-02-01' }), anEntry(8, { subject: 'B', day: '2026-02-01' }),
]

describe('protocols by hand', () => {
  it.each([
    ['leave-last-day-out', 0, [1, 2, 3, 6], [4, 5, 7, 8]],
    ['leave-last-recording-out', 0, [1, 2, 3, 4, 6, 7], [5, 8]],
    ['single-shot-long-term', 0, [1, 6], [4, 5, 7, 8]],
    ['single-shot-same-day', 0, [1, 7], [2, 8]],
    ['cross-session', 0, [1, 2, 6], [3, 4, 5, 7, 8]],
  ] as const)('%s', (strategy, validation, enrol, test) => {
    const split = make(small, { strategy, validation })
    expect([inRole(split, 'enrol'), inRole(split, 'test'), inRole(split, 'train'), inRole(split, 'validation')]).toEqual([enrol, test, [], []])
  })

  it('folds of those in time roll the origin back, and leave out who has too little', () => {
    const split = make([...small, anEntry(9, { subject: 'C', day: '2026-01-01' }), anEntry(10, { subject: 'C', day: '2026-01-02' }), anEntry(11, { subject: 'C', day: '2026-01-03' })], { strategy: 'leave-last-day-out', validation: 0, folds: 2, fold: 1 })
    expect([inRole(split, 'enrol'), inRole(split, 'test')]).toEqual([[1, 2, 9], [3, 10]])
    expect(leftOut(split)).toEqual([
      '4 later than what this fold tests', '5 later than what this fold tests', '6 2 days only', '7 2 days only', '8 2 days only', '11 later than what this fold tests',
    ])
  })

  it('a recording without a date is in no protocol of time', () => {
    const split = make([...small, anEntry(9, { subject: 'A', day: null })], { strategy: 'leave-last-day-out' })
    expect(leftOut(split)).toEqual(['9 its date is not known'])
  })

  it('sessions of one day, and days of one session, are one visit', () => {
    const entries = [
      anEntry(1, { subject: 'A', session: 'x', day: '2026-01-01' }), anEntry(2, { subject: 'A', session: 'y', day: '2026-01-01' }), anEntry(3, { subject: 'A', session: 'y', day: '2026-01-02' }),
      anEntry(4, { subject: 'A', session: 'z', day: '2026-01-05' }), anEntry(5, { subject: 'B', session: 'x', day: '2026-01-01' }), anEntry(6, { subject: 'B', session: 'z', day: '2026-01-05' }),
    ]
    expect(inRole(make(entries, { strategy: 'leave-last-day-out', validation: 0 }), 'enrol')).toEqual([1, 2, 3, 5])
  })

  it('named sessions without dates have the order of their names', () => {
    const entries = ['A', 'B'].flatMap((subject, i) => ['S10', 'S2', 'S1'].map((session, j) => anEntry(10 * i + j + 1, { subject, session, day: null })))
    expect(inRole(make(entries, { strategy: 'cross-session', validation: 0 }), 'enrol')).toEqual([3, 13])
  })

  it('chronological: earlier rows enrol, later ones test, the guard between, and folds never train on later rows', () => {
    const split = make(aLab(2, 1, 1), { strategy: 'chronological', test: 0.25, validation: 0.25, guardSeconds: 1 })
    // 10,000 rows less two guards of 500: 2,250 test, 2,250 of the 7,250 before them would be 0.25 of the rest, 1,813.
    expect(split.assignments.slice(0, 3).map(({ role, spans }) => [role, spans])).toEqual([
      ['enrol', [{ from: 0, to: 4937 }]], ['validation', [{ from: 5437, to: 7250 }]], ['test', [{ from: 7750, to: 10_000 }]],
    ])
    const fold = make(aLab(2, 1, 1), { strategy: 'chronological', validation: 0, guardSeconds: 1, folds: 3, fold: 1 })
    expect(fold.assignments.slice(0, 2).map(({ role, spans }) => [role, spans])).toEqual([['enrol', [{ from: 0, to: 5000 }]], ['test', [{ from: 5500, to: 7500 }]]])
  })

  it('chronological counts kept rows only', () => {
    const cut = { spans: [{ from: 1000, to: 4000 }, { from: 7000, to: 10_000 }] }
    const split = make(aLab(2, 1, 1, cut), { strategy: 'chronological', test: 0.5, validation: 0, windowSeconds: 0, guardSeconds: 0 })
    expect(split.assignments.slice(0, 2).map(({ spans }) => spans)).toEqual([[{ from: 1000, to: 4000 }], [{ from: 7000, to: 10_000 }]])
  })

  it('copies of one person go but for the first; copies under two names go altogether', () => {
    const copies = [...small, anEntry(9, { subject: 'A', day: '2026-03-01', signalHash: small[3].signalHash }), anEntry(10, { subject: 'B', day: '2026-02-01', contentHash: small[4].contentHash })]
    expect(leftOut(make(copies, { strategy: 'leave-last-day-out' }))).toEqual(['5 the same signal stands under A and B', `9 the same signal as ${idOf(4)}`, '10 the same signal stands under A and B'])
  })
})

describe('a split that cannot be', () => {
  it('says which strategies the data supports', () => {
    const oneDay = aLab(4, 1, 2)
    expect(() => make(oneDay, { strategy: 'leave-last-day-out' })).toThrow(expect.objectContaining({
      code: 'split-impossible',
      data: expect.objectContaining({ supported: ['single-shot-same-day', 'leave-last-recording-out', 'closed-set-by-recording', 'subject-disjoint', 'open-set', 'chronological'] }),
    }))
  })

  it('has its codes', () => {
    expect(code(() => make([], { strategy: 'cross-session' }))).toBe('split-impossible')
    expect(code(() => make(aLab(1, 3, 2), { strategy: 'leave-last-day-out' }))).toBe('split-impossible')
    expect(code(() => make(aLab(5, 2, 2), { strategy: 'subject-disjoint', test: 0 }))).toBe('split-invalid')
    expect(code(() => make(aLab(5, 2, 2), { strategy: 'subject-disjoint', test: 0.6, validation: 0.4 }))).toBe('split-invalid')
    expect(code(() => make(aLab(5, 2, 2), { strategy: 'subject-disjoint', folds: 3, fold: 3 }))).toBe('split-invalid')
    expect(code(() => make(aLab(5, 2, 2), { strategy: 'open-set', unknown: 0 }))).toBe('split-invalid')
  })

  it('of random beats has one name only, and that name is of nothing else', () => {
    const version = aVersion(aLab(3, 2, 2))
    const leaky = buildSplit(version, 'diagnostic-leaky', options({ strategy: 'diagnostic-leaky' }), sha256)
    expect(checkLeaks(leaky, version, nobodyMerged)).toEqual([expect.objectContaining({ check: 'random-beats', severity: 'warn' })])
    expect(code(() => buildSplit(version, 's1', options({ strategy: 'diagnostic-leaky' }), sha256))).toBe('split-invalid')
    for (const name of ['diagnostic-leaky', 'Diagnostic-Leaky']) for (const strategy of ['cross-session', 'diagnostic-leaky'] as const) {
      if (name === strategy) continue
      expect(code(() => buildSplit(version, name, options({ strategy }), sha256))).toBe('split-invalid')
    }
  })
})

describe('shares and folds', () => {
  it('are near what was asked', () => {
    const lab = aLab(50, 5, 4)
    for (const strategy of ['closed-set-by-recording', 'closed-set-by-session'] as const) {
      const split = make(lab, { strategy, validation: 0.2, test: 0.2 })
      expect([inRole(split, 'test').length, inRole(split, 'validation').length, inRole(split, 'enrol').length], strategy).toEqual([200, 200, 600])
    }
    const disjoint = make(lab, { strategy: 'subject-disjoint', validation: 0.1, test: 0.2 })
    const people = (role: SplitRole): number => new Set(disjoint.assignments.filter((one) => one.role === role).map(({ subject }) => subject)).size
    expect([people('test'), people('enrol'), people('validation'), people('train')]).toEqual([10, 10, 5, 35])
    const open = make(lab, { strategy: 'open-set', unknown: 0.3 })
    expect(open.unknownSubjects.length).toBe(3)
    const leaky = make(lab, { strategy: 'diagnostic-leaky', test: 0.2, validation: 0.1 })
    const rows = (role: SplitRole): number => leaky.assignments.filter((one) => one.role === role).reduce((sum, { spans }) => sum + spans.reduce((all, { from, to }) => all + to - from, 0), 0)
    expect(rows('test') / 10_000_000).toBeCloseTo(0.2, 2)
  })

  it.each(['closed-set-by-recording', 'closed-set-by-session', 'subject-disjoint'] as const)('%s: over all folds everything tests once', (strategy) => {
    const lab = aLab(8, 3, 2)
    const tests = Array.from({ length: 4 }, (_, fold) => make(lab, { strategy, folds: 4, fold })).flatMap((split): unknown[] => {
      const tested = new Set(split.assignments.filter(({ role }) => role === 'test').map(({ subject }) => subject))
      return strategy === 'subject-disjoint' ? [...tested] : inRole(split, 'test')
    })
    expect(tests.length).toBe(new Set(tests).size)
    expect(tests.length).toBe(strategy === 'subject-disjoint' ? 8 : 48)
  })
})

/** Labs as they are: few or many people, days with and without dates, cut recordings, a copy here and there. */
const labs = fc
  .array(fc.record({ person: fc.nat(7), day: fc.nat(4), dated: fc.boolean(), cut: fc.nat(3), copyOf: fc.option(fc.nat(30), { freq: 12 }), rows: fc.integer({ min: 300, max: 20_000 }) }), { minLength: 2, maxLength: 40 })
  .map((drawn) =>
    drawn.map(({ person, day, dated, cut, copyOf, rows }, i) =>
      anEntry(i + 1, {
        subject: `P${person}`, session: `day ${day}`, day: dated ? `2026-03-0${day + 1}` : null, rows,
        spans: cut === 0 ? [{ from: 0, to: rows }] : [{ from: 50, to: Math.floor(rows / 2) }, { from: Math.floor(rows / 2) + 20, to: rows }],
        ...(copyOf !== null && { signalHash: sha256(`signal ${copyOf}`) }),
      }),
    ),
  )

const asked = fc.record({
  strategy: fc.constantFrom(...SplitStrategy.options), seed: fc.nat(50), validation: fc.constantFrom(0, 0.1, 0.3), test: fc.constantFrom(0.1, 0.2, 0.5), guardSeconds: fc.constantFrom(0, 1),
  folds: fc.constantFrom(null, 2, 3), subjectDisjoint: fc.boolean(),
})

describe('any split of any lab', () => {
  it('does not leak, assigns nothing twice and nothing that the version left out, and is the same from shuffled entries', () => {
    let made = 0
    fc.assert(fc.property(labs, asked, fc.nat(1), (entries, wish, fold) => {
      const input = { ...wish, fold: wish.folds === null ? 0 : fold, subjectDisjoint: wish.subjectDisjoint && wish.strategy !== 'diagnostic-leaky' }
      const version = aVersion(entries)
      let split: DatasetSplit
      try {
        split = make(entries, input)
      } catch (thrown) {
        expect(LabError.from(thrown).code).toBe('split-impossible')
        return
      }
      made++
      expect(checkLeaks(split, version, nobodyMerged).filter(({ severity }) => severity === 'block')).toEqual([])
      const seen = new Set(split.assignments.map(({ recording, role }) => `${recording} ${role}`))
      expect(seen.size).toBe(split.assignments.length)
      // Everything of the version is assigned or left out with a reason.
      const accounted = new Set([...split.assignments.map(({ recording }) => recording), ...split.leftOut.map(({ recording }) => recording)])
      expect(accounted.size).toBe(entries.length)
      if (isSubjectDisjoint(split.options)) {
        const train = new Set(split.assignments.filter(({ role }) => role === 'train' || role === 'validation').map(({ subject }) => subject))
        expect(split.assignments.filter(({ role, subject }) => (role === 'test' || role === 'enrol') && train.has(subject))).toEqual([])
      }
      expect(JSON.stringify(make([...entries].reverse(), input))).toBe(JSON.stringify(split))
    }), { numRuns: 600 })
    expect(made).toBeGreaterThan(150)
  })

  it('has the bytes that it had when this was written', () => {
    const hashes = SplitStrategy.options.map((strategy) => `${strategy} ${make(aLab(6, 3, 2), { strategy, seed: 5 }).hash.slice(0, 12)}`)
    expect(hashes).toMatchInlineSnapshot(`
      [
        "single-shot-same-day 5dd758795487",
        "leave-last-recording-out c530ef188b33",
        "single-shot-long-term da56820c8d89",
        "leave-last-day-out a67729cd4cad",
        "cross-session 601ef35cfaed",
        "closed-set-by-recording e42165e2cd34",
        "closed-set-by-session 972f370ca4b7",
        "subject-disjoint 999e2eeb8ec4",
        "open-set 56665c248d7f",
        "chronological f5000eebc5ee",
        "diagnostic-leaky 69959b2383ee",
      ]
    `)
  })
})

it('leaks are told apart from notes', () => {
  const version = aVersion(small)
  const split = make(small, { strategy: 'leave-last-day-out', validation: 0 })
  expect(blocks(checkLeaks(split, version, nobodyMerged))).toBe(false)
})
