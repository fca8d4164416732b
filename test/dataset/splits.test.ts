import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabError, SplitOptions, type RecordingId, type SplitOptionsInput } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { listFindings } from '../../src-main/dataset/list-findings.ts'
import { recordingId } from './a-recording.ts'
import { datedLab } from './dated-lab.ts'
import { temporaryFolder } from './temporary-folder.ts'

const temporary = temporaryFolder()
const options = (input: SplitOptionsInput): SplitOptions => SplitOptions.parse(input)
const lastDay = options({ strategy: 'leave-last-day-out', validation: 0 })

/** Five people with two recordings on each of two days, frozen as v1. */
async function lab(name = 'lab'): Promise<Dataset> {
  const dataset = await datedLab(join(temporary.path, name), 5, 2)
  await dataset.versions.create({ name: 'v1', note: '', rules: [], overrides: [], candidates: await dataset.candidates.collect() })
  return dataset
}

const code = async (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (thrown: unknown) => LabError.from(thrown).code)
const read = (dataset: Dataset, name: string): Promise<string> => readFile(join(dataset.path, 'splits', name), 'utf8')

describe('splits', () => {
  it('are the same bytes in two datasets of the same recordings, with their trial lists', async () => {
    const [a, b] = [await lab('a'), await lab('b')]
    for (const dataset of [a, b]) for (const strategy of ['leave-last-day-out', 'open-set', 'chronological'] as const) await dataset.splits.create('v1', strategy, options({ strategy, test: 0.5, validation: 0 }))
    for (const name of ['leave-last-day-out', 'open-set', 'chronological']) {
      expect(await read(b, `${name}.json`)).toBe(await read(a, `${name}.json`))
      expect(await read(b, `${name}.trials.txt`)).toBe(await read(a, `${name}.trials.txt`))
    }
    const trials = (await read(a, 'leave-last-day-out.trials.txt')).trimEnd().split('\n')
    expect([trials.length, trials.filter((line) => line.startsWith('1 ')).length]).toEqual([100, 20])
    expect(trials[0]).toBe(`1 S001/${recordingId(1)} S001/${recordingId(3)}`)
    expect(await a.splits.list()).toMatchObject([{ name: 'chronological' }, { name: 'leave-last-day-out', version: 'v1', seed: 1, subjects: 5, problem: null }, { name: 'open-set' }])
    expect(await listFindings(a)).toEqual([])
  })

  it('are written once, under names that can be', async () => {
    const dataset = await lab()
    await dataset.splits.create('v1', 's1', lastDay)
    expect(await code(dataset.splits.create('v1', 'S1', lastDay))).toBe('split-exists')
    expect(await code(dataset.splits.create('v1', '../s2', lastDay))).toBe('split-invalid')
    expect(await code(dataset.splits.create('v2', 's2', lastDay))).toBe('version-not-found')
    expect(await code(dataset.splits.get('s2'))).toBe('split-not-found')
    expect(await code(dataset.splits.create('v1', 's2', options({ strategy: 'diagnostic-leaky' })))).toBe('split-invalid')
    await dataset.splits.create('v1', 'diagnostic-leaky', options({ strategy: 'diagnostic-leaky' }))
    expect(await readdir(join(dataset.path, 'splits'))).toEqual(['diagnostic-leaky.json', 's1.json', 's1.trials.txt'])
    expect((await dataset.splits.preview('v1', options({ strategy: 'open-set', test: 0.5 }))).split.unknownSubjects.length).toBe(1)
  })

  it('that leak are refused, and leave nothing behind', async () => {
    const dataset = await lab()
    await dataset.splits.create('v1', 's1', lastDay)
    await dataset.subjects.merge('S002', 'S001')
    await expect(dataset.splits.create('v1', 's2', lastDay)).rejects.toMatchObject({ code: 'split-leaks', data: { findings: [{ check: 'merged-subject', severity: 'block' }] } })
    expect(await readdir(join(dataset.path, 'splits'))).toEqual(['s1.json', 's1.trials.txt'])
    expect((await dataset.splits.check('s1')).map(({ check }) => check)).toEqual(['merged-subject'])
    expect((await dataset.splits.preview('v1', lastDay)).findings.map(({ check }) => check)).toEqual(['merged-subject'])
  })

  it('that were edited are found, and so is one whose content changed since', async () => {
    const dataset = await lab()
    await dataset.splits.create('v1', 's1', lastDay)
    const recording = await dataset.recordings.get(recordingId(3))
    await dataset.recordings.write({ ...recording, contentHash: sha256('other') })
    expect((await dataset.splits.check('s1')).map(({ check, severity }) => `${severity} ${check}`)).toEqual(['block content-changed'])
    const path = join(dataset.path, 'splits/s1.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"role": "test"', '"role": "enrol"'))
    expect(await code(dataset.splits.check('s1'))).toBe('split-invalid')
    expect((await dataset.splits.list())[0].problem).toContain('s1')
    expect((await listFindings(dataset)).map((finding) => `${finding.file} ${finding.code}`)).toEqual(['versions/v1.json version-content-changed', 'splits/s1.json split-invalid'])
  })

  it('whose signals or trial list were changed behind the program\'s back are found', async () => {
    const dataset = await lab()
    await dataset.splits.create('v1', 's1', lastDay)
    expect(await dataset.splits.check('s1')).toEqual([])
    const signal = join(dataset.recordings.folder(recordingId(3)), 'signals.dat')
    await writeFile(signal, 'signal 4')
    expect(await dataset.splits.check('s1')).toMatchObject([{ check: 'content-changed', severity: 'block', recordings: [recordingId(3)] }])
    await rm(signal)
    expect(await dataset.splits.check('s1')).toMatchObject([{ check: 'content-changed', recordings: [recordingId(3)] }])
    await writeFile(signal, 'signal 3')
    const trials = await read(dataset, 's1.trials.txt')
    const path = join(dataset.path, 'splits/s1.trials.txt')
    for (const wrong of [trials.replace('0 ', '1 '), trials.slice(0, -1), `${trials}1 a b\n`, '', null]) {
      await (wrong === null ? rm(path) : writeFile(path, wrong))
      expect(await dataset.splits.check('s1')).toMatchObject([{ check: 'content-changed', severity: 'block', recordings: [] }])
      expect((await listFindings(dataset)).map(({ file, code }) => `${file} ${code}`)).toEqual(['splits/s1.json split-invalid'])
    }
    await writeFile(path, trials)
    await dataset.splits.create('v1', 'diagnostic-leaky', options({ strategy: 'diagnostic-leaky' }))
    await writeFile(join(dataset.path, 'splits/diagnostic-leaky.trials.txt'), trials)
    expect((await dataset.splits.check('diagnostic-leaky')).map(({ severity, check }) => `${severity} ${check}`)).toEqual(['warn random-beats', 'block content-changed'])
  })

  it('what crashes left beside them goes with a person', async () => {
    const dataset = await lab()
    await dataset.splits.create('v1', 's1', lastDay)
    for (const name of ['splits/s2.trials.txt', 'splits/s2.json.part', 'splits/s1.trials.txt.part', 'versions/v2.json.part']) await writeFile(join(dataset.path, name), `1 S003/${recordingId(9)}`)
    await eraseSubject(dataset, 'S003')
    expect([await readdir(join(dataset.path, 'splits')), await readdir(join(dataset.path, 'versions'))]).toEqual([['s1.json', 's1.trials.txt'], ['v1.json']])
  })

  it('forget an erased person, in their trial lists too, and still hold', async () => {
    const dataset = await lab()
    const before = (await dataset.splits.create('v1', 's1', lastDay)).split
    await dataset.splits.create('v1', 's2', options({ strategy: 'subject-disjoint', test: 0.5 }))
    const erased = await eraseSubject(dataset, 'S003')
    expect([erased.versions, erased.splits]).toEqual([['v1'], ['s1', 's2']])
    const after = await dataset.splits.get('s1')
    expect(after.erasures).toEqual([{ recordings: 4, hashBefore: before.hash }])
    expect(after.versionHash).toBe((await dataset.versions.get('v1')).hash)
    for (const name of await readdir(join(dataset.path, 'splits'))) expect(await read(dataset, name)).not.toMatch(/S003/)
    expect((await read(dataset, 's1.trials.txt')).trimEnd().split('\n').length).toBe(64)
    expect((await dataset.splits.check('s1')).filter(({ severity }) => severity === 'block')).toEqual([])
    expect(await listFindings(dataset)).toEqual([])
  })

  it('follow their version when a crash came between erasing the two', async () => {
    const dataset = await lab()
    await dataset.splits.create('v1', 's1', lastDay)
    const gone = new Set([9, 10, 11, 12].map((n) => recordingId(n) as RecordingId))
    await dataset.versions.erase(gone)
    expect((await dataset.splits.check('s1')).map(({ check }) => check)).toContain('content-changed')
    expect(await dataset.versions.erase(gone)).toEqual([])
    expect(await dataset.splits.erase(gone)).toEqual(['s1'])
    expect(await dataset.splits.check('s1')).toEqual([])
  })
})
