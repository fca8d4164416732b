import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import { SplitOptions, type SplitReport } from '../../src-main/contract/schemas/split.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { optionsOf, SplitsState } from '../../src-renderer/state/splits.svelte.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'

const report = (change: Partial<SplitReport> = {}): SplitReport => ({
  split: { formatVersion: 1, name: 's1', version: 'v2', versionHash: 'a', options: SplitOptions.parse({ strategy: 'leave-last-day-out' }), assignments: [], unknownSubjects: [], leftOut: [], hash: 'b', erasures: [] },
  findings: [],
  support: { subjects: 2, testSubjects: 2, sessionsPerSubject: { minimum: 1, median: 1, maximum: 2 }, genuineTrials: 1, impostorTrials: 1, assumedEer: 0.05, eerHalfWidth: null, smallestFmr: null, crossSession: true, subjectDisjoint: false, sentences: [] },
  matrix: { sessions: [], rows: [] },
  ...change,
})

async function setUp(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({ 'splits.list': () => [], 'splits.preview': () => report(), 'splits.get': () => report(), ...handlers })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  return { lab, splits: new SplitsState(connection) }
}

describe('a split that is being made', () => {
  it('is of the newest version and shown at once', async () => {
    const { lab, splits } = await setUp()
    await splits.begin([{ name: 'v1' }, { name: 'v2' }])
    expect(lab.inputs('splits.preview')).toMatchObject([{ version: 'v2', options: { strategy: 'leave-last-day-out', seed: 1 } }])
    expect(splits.blocked).toBe(false)
  })

  it('draws people to be tested wherever others train, and asks for no folds that no field shows', async () => {
    const { lab, splits } = await setUp()
    await splits.begin([{ name: 'v1' }])
    expect([...optionsOf(splits.options)]).toEqual(['validation', 'subjectDisjoint'])
    splits.choose({ subjectDisjoint: true })
    expect([...optionsOf(splits.options)]).toEqual(['validation', 'subjectDisjoint', 'test', 'folds'])
    splits.choose({ test: 0.5, folds: 3, fold: 2 })
    splits.choose({ subjectDisjoint: false })
    await splits.look()
    expect(lab.inputs('splits.preview').at(-1)).toMatchObject({ options: { test: 0.5, folds: null, fold: 0 } })
    splits.choose({ strategy: 'chronological', folds: 3, subjectDisjoint: true })
    expect([...optionsOf(splits.options)].sort()).toEqual(['folds', 'guardSeconds', 'subjectDisjoint', 'test', 'validation'])
  })

  it('cannot be saved while a finding blocks or nothing can be made', async () => {
    const finding = { check: 'subject-overlap', severity: 'block', message: 'S001 is on two sides.', recordings: [], subjects: ['S001'], data: {} } as const
    let answer = () => report({ findings: [{ ...finding, recordings: [], subjects: ['S001'] }] })
    const { splits } = await setUp({ 'splits.preview': () => answer() })
    await splits.begin([{ name: 'v1' }])
    expect(splits.blocked).toBe(true)
    answer = () => {
      throw new LabError('split-impossible', 'Nobody has two days.')
    }
    splits.choose({ seed: 2 })
    await splits.look()
    expect(splits.blocked).toBe(true)
    expect(splits.error?.code).toBe('split-impossible')
  })

  it('takes nothing of the dataset that was open before, however late the answer', async () => {
    const waiting: (() => void)[] = []
    const summary = { name: 'old', version: 'v1', strategy: 'leave-last-day-out', subjects: 2, problem: null } as never
    const { splits } = await setUp({
      'splits.list': () => new Promise((resolve) => waiting.push(() => resolve([summary]))),
      'splits.preview': () => new Promise((resolve) => waiting.push(() => resolve(report()))),
    })
    const [listed, looked] = [splits.refresh(), splits.begin([{ name: 'v1' }])]
    splits.version = 'v1'
    const seen = splits.look()
    const before = splits.generation
    splits.clear()
    expect(splits.generation).toBe(before + 1)
    for (const answer of waiting) answer()
    await Promise.all([listed, looked, seen])
    expect([splits.list, splits.version, splits.preview, splits.error]).toEqual([[], '', null, null])
  })

  it('may be leaky only under its own name', async () => {
    const { splits } = await setUp()
    await splits.begin([{ name: 'v1' }])
    expect(splits.suggestedName).toBe('s1')
    splits.choose({ strategy: 'diagnostic-leaky' })
    expect(splits.suggestedName).toBe('diagnostic-leaky')
  })

  it('steps aside for a saved one and comes back', async () => {
    const { splits } = await setUp({ 'splits.get': () => report({ split: { ...report().split, name: 'saved' } }) })
    await splits.begin([{ name: 'v1' }])
    await splits.open('saved')
    expect(splits.shown?.split.name).toBe('saved')
    await splits.look()
    expect(splits.shown?.split.name).toBe('s1')
  })
})
