import { describe, expect, it } from 'vitest'
import type { SplitRole, VersionEntry } from '../../src-main/contract/index.ts'
import { modalityCoverage, type CoverageInput } from '../../src-main/curation/modality-coverage.ts'
import { describeCoverage } from '../../src-main/hosts/cli/coverage-words.ts'
import { anEntry, options } from './samples.ts'

const lane = (kind: 'ecg' | 'ppg'): VersionEntry['lanes'][number] => ({ id: kind, label: kind, kind, unit: 'mV', gainCountsPerUnit: 200, baseline: 0, bits: 12 })

/** One recording: `S1 ecg+ppg train`. A role of rows 0-1000, several share the recording. */
function recordings(lines: readonly string[]): CoverageInput['recordings'] {
  return lines.map((line, i) => {
    const [subject, lanes, roles, session = 'one'] = line.split(' ')
    const entry = anEntry(i + 1, { subject, session, rateHz: 250, lanes: lanes.split('+').map((kind) => lane(kind as 'ecg' | 'ppg')) })
    return { entry, roles: roles === '-' ? null : roles.split(',').map((role) => ({ role: role as SplitRole, spans: [{ from: 0, to: 1000 }] })) }
  })
}

const closed = options({ strategy: 'leave-last-recording-out' })
const disjoint = options({ strategy: 'subject-disjoint' })
const of = (lines: readonly string[], split = closed, student: 'ecg' | 'ppg' = 'ppg') => modalityCoverage({ version: 'v1', split: { name: 's1', options: split }, student, recordings: recordings(lines) })
const reasonsOf = (coverage: ReturnType<typeof of>, recipe: string) => coverage.recipes.find((one) => one.recipe === recipe)

/** Everybody has both, in training and test. */
const whole = ['S1', 'S2', 'S3'].flatMap((subject) => [`${subject} ecg+ppg enrol`, `${subject} ecg+ppg test two`])

it('where everybody has both at once, all three recipes are possible without a but', () => {
  const coverage = of(whole)
  expect(coverage.recipes).toEqual(['fusion', 'clip', 'sembridge'].map((recipe) => ({ recipe, possible: true, reasons: [] })))
  expect(coverage.roles).toEqual([{ role: 'enrol', subjects: 3, ecg: 3, ppg: 3, both: 3, apart: 0 }, { role: 'test', subjects: 3, ecg: 3, ppg: 3, both: 3, apart: 0 }])
  expect(coverage.subjects[0]).toEqual({
    subject: 'S1',
    cells: [{ session: 'one', role: 'enrol', recordings: 1, ecg: 1, ppg: 1, both: 1, seconds: 4 }, { session: 'two', role: 'test', recordings: 1, ecg: 1, ppg: 1, both: 1, seconds: 4 }],
  })
})

// Twelve train: 3 with both at once, 5 with both on different days, 2 with PPG only, 2 with ECG only.
const asymmetric = [
  ...['A1', 'A2', 'A3'].map((subject) => `${subject} ecg+ppg train`),
  ...['B1', 'B2', 'B3', 'B4', 'B5'].flatMap((subject) => [`${subject} ecg train`, `${subject} ppg train two`]),
  'C1 ppg train', 'C2 ppg train', 'D1 ecg train', 'D2 ecg train',
  ...['T1', 'T2'].flatMap((subject) => [`${subject} ppg enrol`, `${subject} ppg test two`]), 'T3 ecg enrol', 'T3 ppg test two',
]

it('unpaired and asymmetric people are counted for each recipe', () => {
  const coverage = of(asymmetric, disjoint)
  expect(coverage.roles.find(({ role }) => role === 'train')).toEqual({ role: 'train', subjects: 12, ecg: 10, ppg: 10, both: 3, apart: 5 })
  const labelsOnly = { code: 'without-teacher', blocks: false, lane: 'ecg', subjects: 2, of: 12 }
  const teacherOnly = { code: 'without-student', blocks: false, lane: 'ppg', subjects: 2, of: 12 }
  const tested = { code: 'test-partial', blocks: false, lane: 'ppg', subjects: 2, of: 3 }
  expect(reasonsOf(coverage, 'fusion')).toEqual({ recipe: 'fusion', possible: true, reasons: [{ code: 'pairs-partial', blocks: false, lane: null, subjects: 3, of: 12 }, labelsOnly, teacherOnly, tested] })
  expect(reasonsOf(coverage, 'sembridge')).toEqual({ recipe: 'sembridge', possible: true, reasons: [labelsOnly, teacherOnly, tested] })
  // The other way round.
  expect(reasonsOf(of(asymmetric, disjoint, 'ecg'), 'sembridge')?.reasons).toContainEqual({ code: 'without-teacher', blocks: false, lane: 'ppg', subjects: 2, of: 12 })
  expect(describeCoverage(coverage)).toEqual(expect.arrayContaining([
    '  train      12 subjects: 10 with ECG, 10 with PPG, 3 with both at once, 5 with both at different times',
    expect.stringMatching(/^fusion: possible; it needs windows of one moment: 3 of 12 subjects in training have such; 2 of 12 subjects in training have no ECG: they learn from labels alone;/),
  ]))
})

describe('what keeps a recipe from being trained', () => {
  const tests = ['T1', 'T2'].flatMap((subject) => [`${subject} ppg enrol`, `${subject} ppg test two`])
  it.each([
    ['nobody has ECG', ['A ppg train', 'B ppg train', ...tests], { code: 'lane-missing', lane: 'ecg', subjects: 0, of: 2 }, [false, false, false]],
    ['one has PPG', ['A ecg+ppg train', 'B ecg train', ...tests], { code: 'too-few-subjects', lane: 'ppg', subjects: 1, of: 2 }, [false, false, false]],
    ['never at once', ['A ecg train', 'A ppg train', 'B ecg train', 'B ppg train', ...tests], { code: 'pairs-missing', lane: null, subjects: 0, of: 2 }, [false, false, true]],
    ['nobody is known by both', ['A ecg train', 'B ppg train', 'C ppg train', ...tests], { code: 'pairs-missing', lane: null, subjects: 0, of: 3 }, [false, false, false]],
    ['nobody can be tested', ['A ecg+ppg train', 'B ecg+ppg train', 'T1 ecg enrol', 'T1 ppg test', 'T2 ppg enrol', 'T2 ecg test'], { code: 'test-missing', lane: 'ppg', subjects: 0, of: 2 }, [false, false, false]],
  ] as const)('%s', (_, lines, reason, possible) => {
    const coverage = of(lines, disjoint)
    expect(coverage.recipes.map((one) => one.possible)).toEqual(possible)
    expect(coverage.recipes[0].reasons).toEqual([{ ...reason, blocks: true }])
    expect(describeCoverage(coverage).some((line) => line.startsWith('fusion: not possible; '))).toBe(true)
  })

  it('pairs in the test part help nobody', () => {
    expect(reasonsOf(of(['A ecg train', 'A ppg train', 'B ecg train', 'B ppg train', 'T1 ecg+ppg enrol', 'T1 ecg+ppg test', 'T2 ecg+ppg enrol', 'T2 ecg+ppg test'], disjoint), 'clip')?.possible).toBe(false)
    // In a closed set those who enrol are learnt.
    expect(reasonsOf(of(['A ecg+ppg enrol,test', 'B ecg+ppg enrol,test']), 'clip')).toEqual({ recipe: 'clip', possible: true, reasons: [] })
  })

  it('of SemBridge: nobody is known by both', () => {
    expect(reasonsOf(of(['A ecg train', 'B ppg train', 'C ppg train', ...tests], disjoint), 'sembridge')?.reasons).toEqual([{ code: 'both-missing', blocks: true, lane: null, subjects: 0, of: 3 }])
  })
})

it('a version has no roles: everybody would train, and nothing is said of a test', () => {
  const coverage = modalityCoverage({ version: 'v1', split: null, student: 'ppg', recordings: recordings(['A ecg -', 'A ppg - two', 'B ecg+ppg -']) })
  expect(coverage).toMatchObject({ split: null, roles: [{ role: null, subjects: 2, both: 1, apart: 1 }] })
  expect(coverage.recipes.map(({ possible, reasons }) => [possible, reasons.map(({ code }) => code)])).toEqual([[true, ['pairs-partial']], [true, ['pairs-partial']], [true, []]])
})
