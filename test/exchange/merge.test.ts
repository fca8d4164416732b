import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabelChange, type MergeReport } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { mergeDatasets } from '../../src-main/exchange/merge.ts'
import type { MergeOptions } from '../../src-main/exchange/merge-plan.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { addRecording, divide, freeze, spikes } from './a-lab.ts'
import { readTree } from './export-files.ts'

const folder = temporaryFolder()
const place = (name: string): string => join(folder.path, name)
const changesOf = (...labels: [string, number][]): LabelChange[] => labels.map(([id, row]) => LabelChange.parse({ type: 'set', id, row, kind: 'beat', value: 'N' }))

/** A station's dataset; ids and days count from `first`. */
async function station(name: string, codes: readonly string[], first: number): Promise<Dataset> {
  const dataset = await Dataset.create(place(name), { name, by: `somebody@${name}`, now: () => Date.UTC(2026, 2, first) })
  for (const [i, subject] of codes.entries()) {
    for (const k of [0, 1]) {
      const id = first + 2 * i + k
      await addRecording(dataset, { id: recordingId(id), subject, startedAt: `2026-03-0${(id % 9) + 1}T10:00:00.000Z`, counts: [spikes(500, 250, id)] })
    }
  }
  return dataset
}

async function merge(into: string, from: string, options: MergeOptions = {}, stopAfter?: number): Promise<MergeReport> {
  const [mine, theirs] = [await Dataset.open(place(into), { access: 'write', by: 'merger' }), await Dataset.open(place(from), { access: 'read' })]
  const controller = new AbortController()
  try {
    return await mergeDatasets(mine, theirs, options, { signal: controller.signal, onProgress: (done) => { if (done === stopAfter) controller.abort() } })
  } finally {
    await theirs.close()
    await mine.close()
  }
}

/** What a dataset holds, without its lock and catalogue. */
const contentOf = (name: string): Map<string, string> => new Map([...readTree(place(name))].filter(([path]) => !path.startsWith('.')).map(([path, bytes]) => [path, bytes.toString('latin1')]))
const recordingsOf = (name: string): [string, string][] => [...contentOf(name)].filter(([path]) => path.startsWith('recordings/'))

async function reading<T>(name: string, work: (dataset: Dataset) => Promise<T>): Promise<T> {
  const dataset = await Dataset.open(place(name), { access: 'read' })
  try {
    return await work(dataset)
  } finally {
    await dataset.close()
  }
}

/** Two stations without a code in common, each with a version and a split. */
async function twoStations(): Promise<void> {
  for (const [name, codes, first] of [['a', ['S001', 'S002'], 1], ['b', ['T001', 'T002'], 11]] as const) {
    const dataset = await station(name, codes, first)
    await freeze(dataset, `v-${name}`)
    await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 }, `v-${name}`, `s-${name}`)
    await dataset.close()
  }
}

describe('a merge', () => {
  it('takes over every byte of recordings, versions, splits and trial lists, and what was said of the subjects when', async () => {
    await twoStations()
    const before = [...recordingsOf('a'), ...recordingsOf('b')]
    expect(await merge('a', 'b')).toEqual({ subjects: 2, recordings: 4, same: 0, renamed: [], versions: 1, splits: 1 })
    expect(recordingsOf('a').sort()).toEqual(before.sort())
    const [mine, theirs] = [contentOf('a'), contentOf('b')]
    for (const path of ['versions/v-b.json', 'splits/s-b.json', 'splits/s-b.trials.txt']) expect(mine.get(path), path).toBe(theirs.get(path))
    for (const line of (theirs.get('subjects.jsonl') ?? '').trimEnd().split('\n')) expect(mine.get('subjects.jsonl')?.split('\n')).toContain(line)
    await reading('a', async (dataset) => {
      expect((await dataset.subjects.list()).map(({ code, recordings }) => [code, recordings])).toEqual([['S001', 2], ['S002', 2], ['T001', 2], ['T002', 2]])
      expect((await dataset.subjects.get('T001')).createdAt).toBe('2026-03-11T00:00:00.000Z')
      expect((await dataset.splits.get('s-b')).versionHash).toBe((await dataset.versions.get('v-b')).hash)
      const told = (await dataset.audit.entries()).find(({ what }) => what === 'dataset.merged')
      expect(told?.data).toMatchObject({ recordings: 4, subjects: 2 })
      await dataset.audit.verify()
    })
    // Again: nothing is new.
    const after = contentOf('a')
    expect(await merge('a', 'b')).toEqual({ subjects: 0, recordings: 0, same: 4, renamed: [], versions: 0, splits: 0 })
    after.delete('audit.jsonl')
    const again = contentOf('a')
    again.delete('audit.jsonl')
    expect(again).toEqual(after)
  })

  it('that was cancelled is finished by the next one', async () => {
    await (await station('a', ['S001'], 1)).close()
    const many = await Dataset.create(place('b'), { name: 'b' })
    for (let id = 20; id < 40; id++) await addRecording(many, { id: recordingId(id), subject: 'T001', startedAt: '2026-03-05T10:00:00.000Z', counts: [spikes(10, 250, id)] })
    await freeze(many, 'v-b')
    await many.close()
    await expect(merge('a', 'b', {}, 18)).rejects.toMatchObject({ code: 'cancelled' })
    expect([...contentOf('a').keys()].some((path) => path.startsWith('versions/'))).toBe(false)
    expect(await merge('a', 'b')).toMatchObject({ subjects: 0, recordings: 4, same: 16, versions: 1 })
    expect(recordingsOf('a').length).toBe(recordingsOf('b').length + 2 * 5)
  })

  it('does not take what is not what was written', async () => {
    await twoStations()
    await appendFile(place(`b/recordings/T001/${recordingId(12)}/signals.dat`), 'x')
    await expect(merge('a', 'b')).rejects.toMatchObject({ code: 'recording-checksum-mismatch', data: { recording: recordingId(12), file: 'signals.dat' } })
    expect(recordingsOf('a').filter(([path]) => path.includes('T001'))).toEqual([])
    expect([...contentOf('a').keys()].filter((path) => path.startsWith('versions/v-b'))).toEqual([])
  })
})

describe('one code in two datasets', () => {
  const conflicting = async (): Promise<void> => {
    const a = await station('a', ['S001', 'S002'], 1)
    await freeze(a)
    await a.close()
    const b = await station('b', ['S001', 'T001'], 11)
    await freeze(b)
    await divide(b, { strategy: 'leave-last-recording-out', validation: 0 })
    await b.close()
  }

  it('is a conflict that is found before anything is changed', async () => {
    await conflicting()
    const before = contentOf('a')
    const refused = await merge('a', 'b').catch((thrown: unknown) => thrown)
    expect(refused).toMatchObject({ code: 'merge-conflict', data: { conflicts: [{ what: 'subject', name: 'S001' }, { what: 'version', name: 'v1' }] } })
    expect(contentOf('a')).toEqual(before)
  })

  it('becomes another where that is wanted, in recordings, versions and splits, and does so once', async () => {
    await conflicting()
    const report = await merge('a', 'b', { renameConflicts: 'B-' })
    expect(report).toEqual({ subjects: 2, recordings: 4, same: 0, renamed: [{ from: 'S001', to: 'B-S001' }, { from: 'v1', to: 'B-v1' }], versions: 1, splits: 1 })
    await reading('a', async (dataset) => {
      expect((await dataset.subjects.list()).map(({ code, recordings }) => [code, recordings])).toEqual([['B-S001', 2], ['S001', 2], ['S002', 2], ['T001', 2]])
      expect((await dataset.recordings.get(recordingId(11))).subject).toBe('B-S001')
      // `get` proves the hash.
      const version = await dataset.versions.get('B-v1')
      expect(version.entries.map(({ subject }) => subject)).toEqual(['B-S001', 'B-S001', 'T001', 'T001'])
      expect(await dataset.splits.get('s1')).toMatchObject({ version: 'B-v1', versionHash: version.hash })
      expect((await dataset.splits.check('s1')).filter(({ severity }) => severity === 'block')).toEqual([])
      expect(await readFile(place('a/splits/s1.trials.txt'), 'utf8')).toContain(`1 B-S001/${recordingId(11)} B-S001/${recordingId(12)}`)
      expect(await dataset.versions.findings()).toEqual([])
      expect(await dataset.splits.findings()).toEqual([])
    })
    expect(await merge('a', 'b', { renameConflicts: 'B-' })).toEqual({ subjects: 0, recordings: 0, same: 4, renamed: [], versions: 0, splits: 0 })
  })

  it('is one person where that is said', async () => {
    const a = await station('a', ['S001'], 1)
    await a.close()
    const b = await station('b', ['S001'], 11)
    await b.subjects.setConsent('S001', 'withdrawn')
    await b.close()
    expect(await merge('a', 'b', { sameSubjects: true })).toMatchObject({ subjects: 0, recordings: 2, renamed: [] })
    await reading('a', async (dataset) => expect(await dataset.subjects.get('S001')).toMatchObject({ recordings: 4, consent: 'withdrawn' }))
  })

  it('is one person without a word, when both datasets come from one', async () => {
    await conflicting()
    // b learns of everything that a has, and goes on by itself.
    const b = await Dataset.open(place('b'), { access: 'write' })
    const a = await Dataset.open(place('a'), { access: 'read' })
    await mergeDatasets(b, a, { renameConflicts: 'A-' })
    await a.close()
    await addRecording(b, { id: recordingId(50), subject: 'S002', startedAt: '2026-03-09T10:00:00.000Z', counts: [spikes(500, 250, 50)] })
    await b.close()
    const report = await merge('a', 'b', { renameConflicts: 'B-' })
    // a's S001 is b's A-S001: their recordings say so.
    expect(report).toMatchObject({ same: 4, recordings: 5, renamed: expect.arrayContaining([{ from: 'S001', to: 'B-S001' }]) })
    await reading('a', async (dataset) => expect((await dataset.subjects.list()).map(({ code, recordings }) => [code, recordings])).toEqual([['B-S001', 2], ['S001', 2], ['S002', 3], ['T001', 2]]))
  })
})

describe('one recording in two datasets', () => {
  /** b is a, copied, and both go on. */
  async function copies(): Promise<{ a: Dataset; b: Dataset }> {
    const a = await station('a', ['S001', 'S002'], 1)
    await a.labels.append(recordingId(1), 'jane', { changes: changesOf(['j1', 100]) })
    const b = await Dataset.create(place('b'), { name: 'b' })
    await mergeDatasets(b, a, {})
    return { a, b }
  }

  it('with other content is a conflict', async () => {
    const { a, b } = await copies()
    await b.recordings.write({ ...(await b.recordings.get(recordingId(3))), contentHash: 'another' })
    await a.close()
    await b.close()
    await expect(merge('a', 'b', { renameConflicts: 'B-' })).rejects.toMatchObject({ code: 'merge-conflict', data: { conflicts: [{ what: 'recording', name: recordingId(3) }] } })
  })

  it('gets the labels that were added in the other, and no label is lost', async () => {
    const { a, b } = await copies()
    await b.labels.append(recordingId(1), 'jane', { changes: changesOf(['j2', 200]) })
    await b.labels.append(recordingId(2), 'joe', { changes: changesOf(['k1', 300]) })
    await a.labels.append(recordingId(4), 'jane', { changes: changesOf(['j4', 400]) })
    await a.close()
    await b.close()
    expect(await merge('a', 'b')).toMatchObject({ recordings: 0, same: 4 })
    await reading('a', async (dataset) => {
      const ids = async (id: number, annotator: string): Promise<string[]> => (await dataset.labels.all(recordingId(id), annotator)).map((label) => label.id)
      expect([await ids(1, 'jane'), await ids(2, 'joe'), await ids(4, 'jane')]).toEqual([['j1', 'j2'], ['k1'], ['j4']])
    })
  })

  it('whose layer both wrote on is a conflict', async () => {
    const { a, b } = await copies()
    await b.labels.append(recordingId(1), 'jane', { changes: changesOf(['j2', 200]) })
    await a.labels.append(recordingId(1), 'jane', { changes: changesOf(['j3', 250]) })
    await a.close()
    await b.close()
    await expect(merge('a', 'b')).rejects.toMatchObject({ code: 'merge-conflict', data: { conflicts: [{ what: 'labels', name: `${recordingId(1)}/labels.jane.jsonl` }] } })
  })
})

describe('who was erased', () => {
  it('here does not come back, under no code of hers, and leaves the versions that come', async () => {
    const b = await station('b', ['S001', 'S002', 'S003'], 11)
    await b.subjects.add({ code: 'OTHER', consent: 'granted' })
    await b.subjects.merge('S001', 'OTHER')
    await freeze(b)
    await b.close()
    const a = await station('a', ['S001'], 1)
    await eraseSubject(a, 'S001')
    await a.close()
    expect(await merge('a', 'b')).toMatchObject({ subjects: 2, recordings: 4, versions: 1 })
    const text = [...contentOf('a')].filter(([path]) => path !== 'audit.jsonl' && path !== 'subjects.jsonl').map(([path, bytes]) => `${path}\n${bytes}`).join('\n')
    for (const word of [recordingId(11), recordingId(12), 'OTHER']) expect(text).not.toContain(word)
    await reading('a', async (dataset) => {
      expect((await dataset.subjects.list()).map(({ code }) => code)).toEqual(['S002', 'S003'])
      expect((await dataset.versions.get('v1')).erasures).toHaveLength(1)
    })
  })

  it('there is erased here where it is the same person, and the code is never given out again', async () => {
    const b = await station('b', ['S001', 'T001'], 11)
    await eraseSubject(b, 'S001')
    await eraseSubject(b, 'T001')
    await b.close()
    await (await station('a', ['S001', 'S002'], 1)).close()
    await expect(merge('a', 'b')).rejects.toMatchObject({ code: 'merge-conflict', data: { conflicts: [{ what: 'subject', name: 'S001' }] } })
    await merge('a', 'b', { sameSubjects: true })
    const a = await Dataset.open(place('a'), { access: 'write' })
    expect((await a.subjects.list()).map(({ code }) => code)).toEqual(['S002'])
    expect(await a.recordings.ids()).toEqual([recordingId(3), recordingId(4)])
    await expect(a.subjects.add({ code: 'T001' })).rejects.toMatchObject({ code: 'subject-duplicate' })
    await a.close()
  })
})

describe('a merge that cannot be', () => {
  it('is told before anything is done', async () => {
    await twoStations()
    await expect(merge('a', 'a')).rejects.toMatchObject({ code: 'request-invalid' })
    const before = contentOf('a')
    const path = place(`b/recordings/T001/${recordingId(11)}/recording.json`)
    const json = await readFile(path, 'utf8')
    await writeFile(path, json.replace('"state": "finished"', '"state": "interrupted"'))
    await expect(merge('a', 'b')).rejects.toMatchObject({ code: 'recording-incomplete' })
    await writeFile(path, json.slice(0, 100))
    await expect(merge('a', 'b')).rejects.toMatchObject({ code: 'dataset-invalid' })
    await writeFile(path, json)
    await appendFile(place('b/subjects.jsonl'), '{"type":"eras\n')
    await expect(merge('a', 'b')).rejects.toMatchObject({ code: 'dataset-invalid' })
    expect(contentOf('a')).toEqual(before)
  })
})

describe('recordings that were made here', () => {
  it('are still what their journals give, also under another code', async () => {
    await createDemoDataset(place('demo'), { seed: 3, subjects: 1, signal: new AbortController().signal, onProgress: () => undefined })
    const codes = await reading('demo', async (dataset) => (await dataset.subjects.list()).map(({ code }) => code))
    await (await station('a', codes, 1)).close()
    const report = await merge('a', 'demo', { renameConflicts: 'D-' })
    expect(report.renamed.filter(({ from }) => codes.includes(from as never))).toEqual(codes.map((from) => ({ from, to: `D-${from}` })))
    await reading('a', async (dataset) => {
      const mine = [1, 2].map(recordingId)
      const { findings } = await verifyDataset(dataset)
      // The made-up recordings have no journals.
      expect(findings.filter(({ recording }) => recording === null || !mine.includes(recording))).toEqual([])
      expect((await dataset.recordings.list()).filter(({ subject }) => subject === `D-${codes[0]}`)).toHaveLength(report.recordings)
    })
  })
})
