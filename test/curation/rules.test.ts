import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CurationRule, type CurationResult } from '../../src-main/contract/index.ts'
import { defaultRules } from '../../src-main/curation/default-rules.ts'
import { evaluateRules } from '../../src-main/curation/rules.ts'
import { aCandidate, anAnalysis, idOf } from './samples.ts'

type Rules = Parameters<typeof evaluateRules>[1]
const rule = (input: unknown): CurationRule => CurationRule.parse(input)
const reasons = (result: CurationResult): string[][] => result.decisions.map((decision) => decision.reasons.map(({ text }) => text))
const spans = (result: CurationResult): string[] => result.decisions.map((decision) => decision.spans.map(({ from, to }) => `${from}-${to}`).join(' '))
const kept = (rules: Rules, candidates: Parameters<typeof evaluateRules>[0]): boolean[] => evaluateRules(candidates, rules, []).decisions.map(({ included }) => included)

describe('rules about recordings', () => {
  it.each([
    ['has-lanes', { kind: 'has-lanes', lane: 'ecg' }, { kind: 'has-lanes', lane: 'ppg' }],
    ['usable-seconds', { kind: 'usable-seconds', lane: 'ecg', atLeast: 18 }, { kind: 'usable-seconds', lane: 'ecg', atLeast: 18.1 }],
    ['duration', { kind: 'duration', atLeast: 20 }, { kind: 'duration', atLeast: 20.01 }],
    ['at-most', { kind: 'at-most', measure: 'mains', lane: 'ecg', ratio: 0.01 }, { kind: 'at-most', measure: 'mains', lane: 'ecg', ratio: 0.009 }],
    ['heart-rate', { kind: 'heart-rate', from: 50, to: 70 }, { kind: 'heart-rate', from: 71, to: 90 }],
    ['states', { kind: 'states', states: ['finished'] }, { kind: 'states', states: ['imported'] }],
    ['subjects', { kind: 'subjects', codes: ['S001'], keep: true }, { kind: 'subjects', codes: ['S001'], keep: false }],
    ['subject-tag', { kind: 'subject-tag', tag: 'athlete', keep: false }, { kind: 'subject-tag', tag: 'athlete', keep: true }],
    ['dates', { kind: 'dates', from: '2026-03-01', to: '2026-03-01' }, { kind: 'dates', from: null, to: '2026-02-28' }],
    ['label', { kind: 'label', label: 'rhythm', value: '(AFIB', keep: false }, { kind: 'label', label: 'rhythm', keep: true }],
    ['sessions', { kind: 'sessions', atLeast: 1 }, { kind: 'sessions', atLeast: 2 }],
    ['findings', { kind: 'findings', codes: ['lane-flat'] }, { kind: 'beats', lane: 'ecg', atLeast: 1 }],
  ])('%s keeps at its limit and excludes beyond, with a sentence', (_, keeps, excludes) => {
    expect(evaluateRules([aCandidate(1)], [rule(keeps)], []).decisions[0]).toMatchObject({ included: true, reasons: [] })
    const [decision] = evaluateRules([aCandidate(1)], [rule(excludes)], []).decisions
    expect(decision).toMatchObject({ included: false, spans: [], seconds: 0, reasons: [{ rule: 0, kind: excludes.kind }] })
    expect(decision.reasons[0].text).toMatch(/^[A-Z0-9].*\.$/)
  })

  it('take the analysis where there is one, and the best lane of the kind', () => {
    const analysed = aCandidate(1)
    const beats = { ...analysed, analysis: anAnalysis(analysed, '3'.repeat(20)) }
    expect(kept([rule({ kind: 'beats', lane: 'ecg', atLeast: 22 })], [beats, aCandidate(2)])).toEqual([true, false])
    expect(kept([rule({ kind: 'usable-seconds', lane: 'ecg', atLeast: 18 })], [beats, aCandidate(2)])).toEqual([false, true])
  })

  it('of consent: public data stays until its subject says no, nobody else without yes', () => {
    const of = (consent: 'unknown' | 'granted' | 'refused' | 'withdrawn', state: string) => kept([rule({ kind: 'consent' })], [aCandidate(1, { consent, state })])[0]
    expect((['granted', 'unknown', 'refused', 'withdrawn'] as const).map((consent) => [of(consent, 'finished'), of(consent, 'imported')])).toEqual([[true, true], [false, true], [false, false], [false, false]])
  })

  it('name a person by any of their codes, in any case', () => {
    const person = aCandidate(1, { subject: 'S001', codes: ['s001', 'old-7'] })
    for (const code of ['S001', 's001', 'OLD-7']) {
      expect(kept([rule({ kind: 'subjects', codes: [code], keep: true })], [person, aCandidate(2, { subject: 'S002' })])).toEqual([true, false])
      expect(kept([rule({ kind: 'subjects', codes: ['X', code], keep: false })], [person, aCandidate(2, { subject: 'S002' })])).toEqual([false, true])
    }
  })

  it('of dates exclude a recording whose date is not known', () => {
    expect(reasons(evaluateRules([aCandidate(1, { day: null })], [rule({ kind: 'dates', from: null, to: null })], []))).toEqual([['Its date is not known.']])
  })

  it('of beats look at what was labelled', () => {
    expect(kept([rule({ kind: 'label', label: 'beat', value: 'V', keep: false })], [aCandidate(1, { beatSymbols: ['N', 'V'] }), aCandidate(2, { beatSymbols: ['N'] })])).toEqual([false, true])
  })

  it('of sessions count what the rules before them left', () => {
    const candidates = [aCandidate(1, { session: 'a' }), aCandidate(2, { session: 'b', rows: 1000 })]
    const duration = rule({ kind: 'duration', atLeast: 10 })
    const sessions = rule({ kind: 'sessions', atLeast: 2 })
    expect(reasons(evaluateRules(candidates, [sessions, duration], []))).toEqual([[], ['2.0 s are left; at least 10.0 s are wanted.']])
    expect(reasons(evaluateRules(candidates, [duration, sessions], []))).toEqual([['S001 has 1 session; at least 2 are wanted.'], ['2.0 s are left; at least 10.0 s are wanted.']])
  })

  it.each([
    [{ kind: 'heart-rate', from: 90, to: 60 }, 'its lower rate 90'],
    [{ kind: 'states', states: ['finnished'] }, 'finnished'],
    [{ kind: 'dates', from: '1 March', to: null }, '1 March'],
    [{ kind: 'dates', from: null, to: '2026-13-01' }, '2026-13-01'],
    [{ kind: 'dates', from: '2026-02-30', to: null }, '2026-02-30'],
    [{ kind: 'dates', from: '2026-03-02', to: '2026-03-01' }, 'is after'],
  ])('that cannot be are refused by their place: %j', (input, words) => {
    expect(() => evaluateRules([], [rule({ kind: 'consent' }), rule(input)], [])).toThrow(expect.objectContaining({ code: 'rules-invalid', message: expect.stringContaining(words), data: expect.objectContaining({ rule: 1 }) }))
  })
})

describe('rules about spans', () => {
  const damaged = rule({ kind: 'damaged-spans', lane: 'ecg' })

  it('cut gaps, the leading block and dead seconds, and drop pieces below a second', () => {
    const candidate = aCandidate(1, { gaps: [{ from: 5000, to: 5100, certainty: 'certain', cause: 'lost' }], leadingBlockRows: 1024 })
    // Seconds 0, 1, 12 and 14 are dead; 13 between them is a piece of exactly one second, and stays.
    const quality = '00333333333303033333'
    const result = evaluateRules([{ ...candidate, analysis: anAnalysis(candidate, quality) }], [damaged], [])
    expect(spans(result)).toEqual(['1024-5000 5100-6000 6500-7000 7500-10000'])
    // A gap in second 13 leaves two pieces of less than a second: both go.
    const gaps = [...candidate.gaps, { from: 6700, to: 6710, certainty: 'certain', cause: 'lost' } as const]
    expect(spans(evaluateRules([{ ...candidate, gaps, analysis: anAnalysis(candidate, quality) }], [damaged], []))).toEqual(['1024-5000 5100-6000 7500-10000'])
    expect(result.perRule[0]).toMatchObject({ excluded: 0, excludedAlone: 0 })
  })

  it('cut exactly the block that no quality digit describes', () => {
    expect(spans(evaluateRules([aCandidate(1, { leadingBlockRows: 1024 })], [damaged], []))).toEqual(['1024-10000'])
    expect(evaluateRules([aCandidate(1, { leadingBlockRows: 1024 })], [damaged], []).perRule[0].secondsCut).toBe(1024 / 500)
  })

  it('cut a second only where every lane of the kind is dead', () => {
    const one = aCandidate(1)
    const second = { ...one.lanes[0], id: 'ecg-2' }
    const analysis = anAnalysis(one, '0333')
    const both = { ...analysis, lanes: [...analysis.lanes, { ...analysis.lanes[0], lane: 'ecg-2', quality: '0033' }] }
    expect(spans(evaluateRules([{ ...one, rows: 2000, lanes: [...one.lanes, second], analysis: both }], [damaged], []))).toEqual(['500-2000'])
  })

  it('exclude what they leave nothing of, once, with a reason', () => {
    const result = evaluateRules([aCandidate(1)], [rule({ kind: 'skip-start', seconds: 30 }), rule({ kind: 'duration', atLeast: 5 })], [])
    expect(reasons(result)).toEqual([['Leaving out the start leaves nothing of it.']])
    expect(result.perRule.map(({ excluded, excludedAlone }) => [excluded, excludedAlone])).toEqual([[1, 1], [0, 0]])
  })

  it('leave out what the named people excluded; a moment counts as the second around it', () => {
    const labels = [
      { annotator: 'ann', kind: 'exclude', value: '', row: 1000, toRow: 2000 } as const,
      { annotator: 'bob', kind: 'exclude', value: '', row: 6000, toRow: null } as const,
      { annotator: 'ann', kind: 'note', value: '', row: 0, toRow: 10_000 } as const,
    ]
    const of = (annotators: string[]) => spans(evaluateRules([aCandidate(1, { labels })], [rule({ kind: 'exclude-labels', annotators })], []))
    expect([of([]), of(['ann']), of(['bob']), of(['eve'])]).toEqual([['0-1000 2000-5750 6250-10000'], ['0-1000 2000-10000'], ['0-5750 6250-10000'], ['0-10000']])
  })

  it('agree with marking every row by hand', () => {
    const span = fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 60 })).map(([from, length]) => ({ from, to: Math.min(400, from + length) })).filter(({ from, to }) => to > from)
    fc.assert(fc.property(fc.array(span, { maxLength: 6 }), fc.array(span, { maxLength: 6 }), fc.nat(80), (gaps, excluded, start) => {
      const labels = excluded.map(({ from, to }) => ({ annotator: 'ann', kind: 'exclude' as const, value: '', row: from, toRow: to }))
      const candidate = aCandidate(1, { rows: 400, rateHz: 10, gaps: gaps.map((gap) => ({ ...gap, certainty: 'certain', cause: 'lost' })), labels })
      const rules = [rule({ kind: 'skip-start', seconds: (start + 1) / 10 }), damaged, rule({ kind: 'exclude-labels' })]
      const [decision] = evaluateRules([candidate], rules, []).decisions
      const cuts = [[{ from: 0, to: start + 1 }], gaps, excluded]
      let good = new Array<boolean>(400).fill(true)
      for (const cut of cuts) {
        const before = good
        good = good.map((value, row) => value && !cut.some(({ from, to }) => row >= from && row < to))
        if (good.every((value, row) => value === before[row])) continue
        // Pieces below one second (10 rows) that this cut left.
        for (let from = 0; from < 400; from++) {
          if (!good[from] || (from > 0 && good[from - 1])) continue
          let to = from
          while (to < 400 && good[to]) to++
          if (to - from < 10) good.fill(false, from, to)
        }
      }
      expect(Array.from(good, (_, row) => decision.spans.some(({ from, to }) => row >= from && row < to))).toEqual(good)
    }), { numRuns: 200 })
  })
})

describe('a person against the rules', () => {
  it('includes what they exclude, and excludes what they keep, with the words', () => {
    const short = rule({ kind: 'duration', atLeast: 10 })
    const overrides = [{ recording: idOf(1), include: true, reason: 'looks good' }, { recording: idOf(2), include: false, reason: 'moved' }, { recording: idOf(9), include: true, reason: 'gone' }]
    const result = evaluateRules([aCandidate(1, { rows: 500 }), aCandidate(2)], [short], overrides)
    expect(result.decisions.map(({ included, overridden }) => [included, overridden])).toEqual([[true, true], [false, true]])
    expect(reasons(result)).toEqual([['1.0 s are left; at least 10.0 s are wanted.'], ['Excluded by hand: moved']])
    expect(result).toMatchObject({ included: { recordings: 1, subjects: 1, sessions: 1, seconds: 1 }, perRule: [{ excluded: 1, excludedAlone: 1 }] })
  })

  it('gets all of a recording that the rules left nothing of, but none without a row', () => {
    const overrides = [1, 2].map((n) => ({ recording: idOf(n), include: true, reason: 'x' }))
    const result = evaluateRules([aCandidate(1), aCandidate(2, { rows: 0 })], [rule({ kind: 'skip-start', seconds: 100 })], overrides)
    expect(spans(result)).toEqual(['0-10000', ''])
    expect(result.decisions[1]).toMatchObject({ included: false, reasons: [{ rule: null, kind: 'empty' }] })
  })
})

describe('evaluating', () => {
  it('counts per rule what it excludes, alone and with others', () => {
    const candidates = [aCandidate(1, { rows: 500 }), aCandidate(2, { state: 'discarded' }), aCandidate(3, { rows: 500, state: 'discarded' }), aCandidate(4)]
    const { perRule, included } = evaluateRules(candidates, [rule({ kind: 'duration', atLeast: 10 }), rule({ kind: 'states', states: ['finished'] })], [])
    expect(perRule.map(({ excluded, excludedAlone }) => [excluded, excludedAlone])).toEqual([[2, 1], [2, 1]])
    expect(included.recordings).toBe(1)
  })

  it('does not depend on the order of the recordings', () => {
    const candidates = Array.from({ length: 40 }, (_, i) => aCandidate(i + 1, { subject: `S${i % 7}`, session: `${i % 3}`, rows: 1000 * (i % 11), leadingBlockRows: i % 5 === 0 ? 900 : 0 }))
    const expected = evaluateRules(candidates, defaultRules, [])
    fc.assert(fc.property(fc.shuffledSubarray(candidates, { minLength: 40 }), (shuffled) => {
      expect(evaluateRules(shuffled, defaultRules, [])).toEqual(expected)
    }), { numRuns: 20 })
  })
})
