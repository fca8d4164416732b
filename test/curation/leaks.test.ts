import { describe, expect, it } from 'vitest'
import type { DatasetSplit, DatasetVersion, SplitAssignment, SplitOptionsInput, VersionEntry } from '../../src-main/contract/index.ts'
import { checkLeaks } from '../../src-main/curation/leak-checks.ts'
import type { LeakFacts } from '../../src-main/curation/leak-findings.ts'
import { buildSplit } from '../../src-main/curation/split-build.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { aLab, anEntry, aVersion, codeOf, options } from './samples.ts'

const facts: LeakFacts = { person: (code) => code, current: null }
const make = (version: DatasetVersion, input: SplitOptionsInput): DatasetSplit => buildSplit(version, 's1', options(input), sha256)
const found = (split: DatasetSplit, version: DatasetVersion, more: Partial<LeakFacts> = {}): string[] =>
  [...new Set(checkLeaks(split, version, { ...facts, ...more }).map(({ check, severity }) => `${severity} ${check}`))].sort()

/** A split with one assignment changed. */
function edit(split: DatasetSplit, which: (one: SplitAssignment) => boolean, change: (one: SplitAssignment) => Partial<SplitAssignment>): DatasetSplit {
  const at = split.assignments.findIndex(which)
  expect(at).toBeGreaterThanOrEqual(0)
  return { ...split, assignments: split.assignments.map((one, i) => (i === at ? { ...one, ...change(one) } : one)) }
}

/** A version with one entry changed, as if it had always been so; the split follows its hash. */
function plant(version: DatasetVersion, split: DatasetSplit, change: (entry: VersionEntry) => Partial<VersionEntry>): { version: DatasetVersion; split: DatasetSplit } {
  const planted = aVersion(version.entries.map((entry) => ({ ...entry, ...change(entry) })))
  return { version: planted, split: { ...split, versionHash: planted.hash } }
}

const version = aVersion(aLab(12, 3, 2))
const days = make(version, { strategy: 'leave-last-day-out', validation: 0.2 })
const disjoint = make(version, { strategy: 'subject-disjoint', test: 0.4, validation: 0.2 })
const open = make(version, { strategy: 'open-set', test: 0.4, unknown: 0.5 })
const rows = make(version, { strategy: 'chronological', guardSeconds: 1 })
const first = (split: DatasetSplit, role: SplitAssignment['role']): SplitAssignment => split.assignments.filter((one) => one.role === role)[0]

it('the honest splits have no findings', () => {
  for (const split of [days, disjoint, open, rows]) expect(found(split, version)).toEqual([])
})

describe('a planted leak', () => {
  it.each(['contentHash', 'signalHash', 'sourceHashes'] as const)('of %s on both sides is found', (field) => {
    const [train, test] = [first(days, 'enrol').recording, first(days, 'test').recording]
    const value = version.entries.filter(({ recording }) => recording === train)[0][field]
    const planted = plant(version, days, (entry) => (entry.recording === test ? { [field]: value } : {}))
    expect(found(planted.split, planted.version)).toEqual(['block duplicate-content'])
  })

  it('of a copy under two names on one side is a note', () => {
    const [a, b] = [...new Map(days.assignments.filter(({ role }) => role === 'enrol').map((one) => [one.subject, one])).values()]
    const planted = plant(version, days, (entry) => (entry.recording === b.recording ? { signalHash: sha256(`signal ${Number(a.recording.slice(-6))}`) } : {}))
    expect(found(planted.split, planted.version)).toEqual(['warn duplicate-content'])
  })

  it('of a test subject who trains, or validates, is found, and is in the cohort too', () => {
    const test = first(disjoint, 'test')
    for (const role of ['train', 'validation'] as const) {
      const leaky = edit(disjoint, (one) => one.role === 'test' && one.subject === test.subject && one.recording !== test.recording, () => ({ role }))
      expect(found(leaky, version)).toEqual(['block cohort-overlap', 'block subject-overlap'])
    }
  })

  it('of an unknown subject who is enrolled is found', () => {
    const [unknown] = open.unknownSubjects
    expect(found(edit(open, (one) => one.subject === unknown, () => ({ role: 'enrol' })), version)).toContain('block subject-overlap')
  })

  it('of an enrolled impostor in the AS-norm cohort is found', () => {
    const enrolled = first(disjoint, 'enrol').subject
    const noTests = { ...disjoint, assignments: disjoint.assignments.filter((one) => !(one.subject === enrolled && one.role === 'test')) }
    const train = first(disjoint, 'train')
    const leaky = edit(noTests, (one) => one.recording === train.recording, () => ({}))
    const extra = version.entries.filter((entry) => entry.subject === enrolled && !noTests.assignments.some((one) => one.recording === entry.recording))[0]
    const planted = { ...leaky, assignments: [...leaky.assignments, { recording: extra.recording, subject: enrolled, session: extra.session, role: 'train' as const, spans: extra.spans }] }
    expect(found(planted, version)).toEqual(['block cohort-overlap'])
  })

  it('of one recording on both sides is found', () => {
    const test = first(days, 'test')
    const leaky = { ...days, assignments: [...days.assignments, { ...test, role: 'enrol' as const, spans: [{ from: 0, to: 100 }] }, ] }
    expect(found(edit(leaky, (one) => one === test, () => ({ spans: [{ from: 5000, to: 9000 }] })), version)).toEqual(['block recording-overlap', 'block session-overlap'])
  })

  it('of one day on both sides is found, and of one session under two dates', () => {
    const test = first(days, 'test')
    const leaky = edit(days, (one) => one.role === 'test' && one.subject === test.subject && one.recording !== test.recording, () => ({ role: 'enrol' }))
    expect(found(leaky, version)).toEqual(['block session-overlap'])
    const enrolled = days.assignments.filter((one) => one.role === 'enrol' && one.subject === test.subject)[0]
    const planted = plant(version, days, (entry) => (entry.recording === test.recording ? { session: enrolled.session } : {}))
    expect(found(edit(planted.split, (one) => one.recording === test.recording, () => ({ session: enrolled.session })), planted.version)).toEqual(['block session-overlap'])
  })

  it('of shared rows, of a guard too short and of later rows that train is found', () => {
    const { recording } = first(rows, 'test')
    const of = (from: number, to: number) => edit(rows, (one) => one.role === 'enrol' && one.recording === recording, () => ({ spans: [{ from, to }] }))
    const { from } = first(rows, 'test').spans[0]
    expect(found(of(0, from + 1), version)).toContain('block recording-overlap')
    const validation = rows.assignments.filter((one) => one.role === 'validation' && one.recording === recording)[0]
    expect(found(of(0, validation.spans[0].from - 400), version)).toEqual(['block window-overlap'])
    const swapped = { ...rows, assignments: rows.assignments.map((one) => (one.recording !== recording || one.role === 'validation' ? one : { ...one, role: one.role === 'test' ? ('enrol' as const) : ('test' as const) })) }
    expect(found(swapped, version)).toEqual(['block random-beats'])
  })

  it('of random beats under another name is found', () => {
    const leaky = buildSplit(version, 'diagnostic-leaky', options({ strategy: 'diagnostic-leaky' }), sha256)
    expect(found(leaky, version)).toEqual(['warn random-beats'])
    expect(found({ ...leaky, name: 's1' }, version)).toEqual(['block random-beats'])
    expect(found({ ...leaky, name: 's1', options: { ...leaky.options, strategy: 'chronological' } }, version)).toEqual(['block random-beats', 'block window-overlap'])
    expect(found({ ...leaky, name: 's1', options: { ...leaky.options, strategy: 'closed-set-by-recording' } }, version)).toEqual(['block recording-overlap', 'block window-overlap'])
  })

  it('of identity in the metadata is found: a device, a length, a lane name for everybody', () => {
    for (const confound of [
      (subject: string): Partial<VersionEntry> => ({ device: `board of ${subject}` }),
      (subject: string): Partial<VersionEntry> => ({ rows: 10_000 * 2 ** Number(subject.slice(1)), spans: [{ from: 0, to: 10_000 }] }),
      (subject: string): Partial<VersionEntry> => ({ lanes: [{ ...version.entries[0].lanes[0], label: subject }] }),
    ]) {
      const planted = plant(version, days, (entry) => confound(entry.subject))
      expect(found(planted.split, planted.version)).toEqual(['block metadata-confound'])
    }
    const [finding] = checkLeaks({ ...days, versionHash: '' }, aVersion(version.entries.map((entry) => ({ ...entry, device: entry.subject }))), facts)
    expect(finding).toMatchObject({ data: { accuracy: 1, chance: 0.0833, p: 0.001, fields: 'device' } })
  })

  it('of two devices is a note: they tell groups apart, not people', () => {
    const planted = plant(version, days, (entry) => ({ device: Number(entry.subject.slice(1)) % 2 === 0 ? 'a' : 'b' }))
    expect(found(planted.split, planted.version)).toEqual(['warn metadata-confound'])
  })

  it('of lengths that anybody may have is none', () => {
    const planted = plant(version, days, (entry) => ({ rows: 10_000 + (Number.parseInt(sha256(entry.recording).slice(0, 6), 16) % 4000) }))
    expect(found(planted.split, planted.version)).toEqual([])
  })

  it('of a gain and baseline for everybody is found; within one recording it is a note', () => {
    const scale = (entry: VersionEntry): Partial<VersionEntry> => ({ lanes: [{ ...entry.lanes[0], baseline: -16_000 - 13 * Number(entry.subject.slice(1)) }] })
    const planted = plant(version, days, scale)
    expect(found(planted.split, planted.version)).toEqual(['block adc-fingerprint'])
    const within = plant(version, rows, scale)
    expect(found(within.split, within.version)).toEqual(['warn adc-fingerprint'])
  })

  it('of names that are not the version\'s is found', () => {
    const [a, b] = [...new Map(days.assignments.filter(({ role }) => role === 'test').map((one) => [one.subject, one])).values()]
    const shuffled = { ...days, assignments: days.assignments.map((one) => (one === a ? { ...one, subject: b.subject } : one === b ? { ...one, subject: a.subject } : one)) }
    expect(found(shuffled, version)).toContain('block label-permutation')
  })

  it('of one person with most of the tests is noted', () => {
    const entries = [...aLab(5, 2, 1), ...Array.from({ length: 9 }, (_, i) => anEntry(100 + i, { subject: 'S001', day: '2026-03-02' }))]
    const uneven = aVersion(entries)
    const split = make(uneven, { strategy: 'leave-last-day-out' })
    expect(found(split, uneven)).toEqual(['warn label-permutation'])
    // S005's tests come first: the note is about S001's all the same.
    const [note] = checkLeaks({ ...split, assignments: split.assignments.toReversed() }, uneven, facts)
    expect(note).toMatchObject({ subjects: ['S001'], data: { count: 10 } })
  })

  it('of two codes that are one person is found', () => {
    const person: LeakFacts['person'] = (code) => (code === 'S002' ? codeOf('S001') : code)
    expect(found(days, version, { person })).toEqual(['block merged-subject'])
    const tested = first(disjoint, 'test').subject
    const trained = first(disjoint, 'train').subject
    expect(found(disjoint, version, { person: (code) => (code === tested ? trained : code) })).toEqual(['block cohort-overlap', 'block merged-subject', 'block subject-overlap'])
  })

  it('of changed, lost, foreign or left-out content is found', () => {
    const current = new Map(version.entries.map(({ recording, contentHash }) => [recording as string, contentHash]))
    expect(found(days, version, { current })).toEqual([])
    const changed = new Map(current).set(first(days, 'test').recording, sha256('other'))
    const lost = new Map([...current].slice(1))
    expect([found(days, version, { current: changed }), found(days, version, { current: lost })]).toEqual([['block content-changed'], ['block content-changed']])
    expect(found({ ...days, versionHash: sha256('x') }, version)).toEqual(['block content-changed'])
    expect(found(edit(days, () => true, () => ({ spans: [{ from: 0, to: 10_001 }] })), version)).toEqual(['block content-changed'])
    for (const spans of [[], [{ from: 9, to: 9 }], [{ from: 50, to: 10 }], [{ from: 0, to: 100 }, { from: 300, to: 200 }]]) {
      expect(found(edit(days, () => true, () => ({ spans })), version)).toEqual(['block content-changed'])
    }
    const without = aVersion(version.entries.filter(({ recording }) => recording !== first(days, 'enrol').recording))
    expect(found({ ...days, versionHash: without.hash }, without)).toEqual(['block content-changed'])
  })
})
