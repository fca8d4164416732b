import { describe, expect, it } from 'vitest'
import type { RunLeakFacts } from '../../../src-main/contract/index.ts'
import { checkRunLeaks } from '../../../src-main/learning/evaluation/run-leak-checks.ts'

const honest: RunLeakFacts = {
  fitted: [{ what: 'PCA', roles: ['train', 'enrol'] }, { what: 'temperature', roles: ['validation'] }],
  chosen: [{ what: 'epoch', role: 'validation' }, { what: 'loss weights', role: null }],
  teachers: [{ name: 'teacher', kind: 'teacher', subjects: ['A', 'B'], recordings: ['r1', 'r2'] }],
  test: { subjects: ['C', 'D'], recordings: ['r3', 'r4'] }, subjectDisjoint: true,
}

describe("a run's own leaks", () => {
  it('an honest run has none', () => {
    expect(checkRunLeaks(honest)).toEqual([])
  })

  it('whatever was fitted on the test part is found', () => {
    const found = checkRunLeaks({ ...honest, fitted: [...honest.fitted, { what: 'normaliser', roles: ['train', 'test'] }] })
    expect(found).toMatchObject([{ check: 'fitted-on-test', severity: 'block', data: { what: 'normaliser' } }])
  })

  it('whatever the test part decided is found', () => {
    const found = checkRunLeaks({ ...honest, chosen: [{ what: 'threshold', role: 'test' }, { what: 'temperature', role: 'test' }] })
    expect(found.map(({ check, data }) => [check, data.what])).toEqual([['chosen-on-test', 'threshold'], ['chosen-on-test', 'temperature']])
  })

  it('a teacher that saw test recordings is found in any protocol, one that knew test people where they are to be unseen', () => {
    const teacher = { name: 'teacher', kind: 'teacher' as const, subjects: ['A', 'C'], recordings: ['r1'] }
    expect(checkRunLeaks({ ...honest, teachers: [teacher] })).toMatchObject([{ check: 'teacher-saw-test', severity: 'block', subjects: ['C'], recordings: [], data: { people: 1 } }])
    expect(checkRunLeaks({ ...honest, teachers: [teacher], subjectDisjoint: false })).toEqual([])
    const closed = { ...honest, subjectDisjoint: false, teachers: [{ ...teacher, kind: 'gallery' as const, recordings: ['r4', 'r1', 'r4'] }] }
    expect(checkRunLeaks(closed)).toMatchObject([{ recordings: ['r4'], subjects: [], data: { kind: 'gallery', count: 1 } }])
  })
})
