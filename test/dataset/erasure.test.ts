import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabelChange } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { listFindings } from '../../src-main/dataset/list-findings.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const lab = (): string => join(folder.path, 'lab')
const secrets = ['zebra-note', '"birthYear":1951', 'left-handed', 'cough-note']

/** S001 stays; S002 is one person with S003, has two recordings, and things were said about it everywhere. */
async function create(files?: Files): Promise<Dataset> {
  const dataset = await Dataset.create(lab(), { name: 'Lab', files })
  await dataset.subjects.add({ code: 'S001', consent: 'granted', notes: 'stays' })
  await dataset.subjects.add({ code: 'S002', consent: 'granted', birthYear: 1951, notes: 'zebra-note' })
  await dataset.subjects.add({ code: 'S003', consent: 'granted' })
  await dataset.subjects.update('S002', { notes: 'left-handed' })
  await dataset.recordings.create(aRecording({ id: recordingId(1), rows: 100 }))
  await dataset.recordings.create(aRecording({ id: recordingId(2), subject: 'S002', rows: 100, notes: 'zebra-note' }))
  await dataset.recordings.create(aRecording({ id: recordingId(3), subject: 'S003', rows: 100 }))
  await dataset.subjects.merge('S003', 'S002')
  await dataset.labels.append(recordingId(2), 'anna', { changes: [LabelChange.parse({ type: 'set', id: 'a', row: 1, kind: 'note', value: 'cough-note' })] })
  return dataset
}

/** Text of every file below the dataset's folder. */
async function everything(path = lab()): Promise<string> {
  const texts = await Promise.all(
    (await readdir(path, { withFileTypes: true })).map((entry) => (entry.isDirectory() ? everything(join(path, entry.name)) : readFile(join(path, entry.name), 'utf8'))),
  )
  return texts.join('\n')
}

async function expectGone(dataset: Dataset): Promise<void> {
  expect((await dataset.recordings.list()).map((item) => item.id)).toEqual([recordingId(1)])
  expect(await dataset.recordings.ids()).toEqual([recordingId(1)])
  expect(await readdir(join(lab(), 'recordings'))).toEqual(['S001'])
  expect((await dataset.subjects.list()).map((subject) => subject.code)).toEqual(['S001'])
  for (const code of ['S002', 'S003']) {
    await expect(dataset.subjects.get(code)).rejects.toMatchObject({ code: 'subject-erased' })
    await expect(dataset.subjects.add({ code })).rejects.toMatchObject({ code: 'subject-duplicate' })
  }
  const erased = (await dataset.audit.entries()).filter((entry) => entry.what === 'subject.erased')
  expect(erased.map((entry) => entry.data.code)).toEqual(['S002', 'S003'])
  expect(await listFindings(dataset)).toEqual([])
  await dataset.close()
  const left = await everything()
  for (const secret of secrets) expect(left).not.toContain(secret)
  expect(left).toContain('stays')
}

describe('an erased subject', () => {
  it('is gone from recordings, labels, subjects and catalogue; tombstones and audit entries remain', async () => {
    const before = await create()
    await before.close()
    expect(await everything()).toContain('zebra-note')
    const dataset = await Dataset.open(lab(), { access: 'write' })
    await dataset.recordings.list()
    // By the code that was merged: the whole person goes.
    expect(await eraseSubject(dataset, 's003')).toEqual({ code: 'S002', recordings: [recordingId(2), recordingId(3)], versions: [], splits: [] })
    await expect(dataset.labels.layers(recordingId(2))).rejects.toMatchObject({ code: 'subject-erased', data: { code: 'S002' } })
    const change = LabelChange.parse({ type: 'set', id: 'b', row: 1, kind: 'note', value: 'late' })
    await expect(dataset.labels.append(recordingId(2), 'anna', { changes: [change] })).rejects.toMatchObject({ code: 'subject-erased' })
    await expect(eraseSubject(dataset, 'S002')).rejects.toMatchObject({ code: 'subject-erased' })
    await expectGone(dataset)
    const again = await Dataset.open(lab(), { access: 'write' })
    await expect(again.labels.layers(recordingId(2))).rejects.toMatchObject({ code: 'subject-erased' })
    await expectGone(again)
  })

  it('is not erased while it is being recorded', async () => {
    const dataset = await create()
    await dataset.recordings.create(aRecording({ id: recordingId(4), subject: 'S002', state: 'recording' }))
    await expect(eraseSubject(dataset, 'S002')).rejects.toMatchObject({ code: 'recording-in-progress', data: { recording: recordingId(4) } })
    expect((await dataset.subjects.get('S003')).code).toBe('S002')
    expect(await dataset.recordings.ids()).toHaveLength(4)
  })

  it('after a crash at any step of erasing it is gone when the dataset is opened again', async () => {
    // Every call that changes the disk counts; the one that is refused, and all after it, is where the program died: what it had still meant to write later, too.
    const mortal = (life: { left: number }): Files => {
      const step = (): void => {
        if (life.left-- <= 0) throw new Error('the program died here')
      }
      return {
        ...nodeFiles,
        open: async (path, mode) => {
          if (mode !== 'read') step()
          return nodeFiles.open(path, mode)
        },
        rename: async (from, to) => (step(), nodeFiles.rename(from, to)),
        remove: async (path) => (step(), nodeFiles.remove(path)),
      }
    }
    let died = 0
    for (let at = 0; ; at++) {
      const root = folder.path
      await nodeFiles.remove(lab())
      const life = { left: Number.POSITIVE_INFINITY }
      const dataset = await create(mortal(life))
      life.left = at
      const finished = await eraseSubject(dataset, 'S002').then(() => true, () => false)
      life.left = 0
      await nodeFiles.remove(join(root, 'lab', '.lock'))
      if (finished) {
        await expectGone(await Dataset.open(lab(), { access: 'write' }))
        break
      }
      died++
      const opened = await Dataset.open(lab(), { access: 'write' })
      // Before its tombstone is durable nothing has happened; after it everything will have.
      const begun = opened.subjects.erased.size > 0
      if (begun) await expectGone(opened)
      else {
        expect(await opened.recordings.ids()).toHaveLength(3)
        await opened.close()
      }
    }
    expect(died).toBeGreaterThan(5)
  })
})

describe('merged subjects', () => {
  it('count as one, everywhere; recordings stay where they are', async () => {
    const dataset = await create()
    expect(await dataset.subjects.list()).toMatchObject([{ code: 'S001', recordings: 1 }, { code: 'S002', recordings: 2 }])
    expect((await dataset.recordings.list()).map((item) => item.subject)).toEqual(['S001', 'S002', 'S002'])
    expect(dataset.recordings.folder(recordingId(3))).toContain(join('S003', recordingId(3)))
    expect(dataset.subjects.resolve((await dataset.recordings.get(recordingId(3))).subject)).toBe('S002')
    await expect(dataset.subjects.merge('S002', 'S003')).rejects.toMatchObject({ code: 'request-invalid' })
    await expect(dataset.subjects.merge('S001', 'S009')).rejects.toMatchObject({ code: 'subject-not-found' })
    expect(await dataset.subjects.merge('S002', 'S001')).toMatchObject({ code: 'S001', recordings: 3 })
    expect((await dataset.recordings.list()).map((item) => item.subject)).toEqual(['S001', 'S001', 'S001'])
    expect(await listFindings(dataset)).toEqual([])
    await dataset.close()
    const opened = await Dataset.open(lab(), { access: 'read' })
    expect((await opened.recordings.list()).map((item) => item.subject)).toEqual(['S001', 'S001', 'S001'])
    expect((await opened.subjects.get('S003')).code).toBe('S001')
    expect((await opened.summary()).subjects).toBe(1)
  })

  it('a refusal under one code is one under both', async () => {
    const dataset = await create()
    await dataset.subjects.add({ code: 'S005', consent: 'withdrawn' })
    expect(await dataset.subjects.merge('S005', 'S001')).toMatchObject({ code: 'S001', consent: 'withdrawn' })
    await dataset.subjects.add({ code: 'S006', consent: 'granted' })
    await dataset.subjects.add({ code: 'S007', consent: 'unknown' })
    expect(await dataset.subjects.merge('S007', 'S006')).toMatchObject({ code: 'S006', consent: 'granted' })
  })
})

