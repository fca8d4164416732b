import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RecordingId } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { listFindings } from '../../src-main/dataset/list-findings.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { FaultyFiles } from './faulty-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const lab = (): string => join(folder.path, 'lab')
const create = (files?: Files): Promise<Dataset> => Dataset.create(lab(), { name: 'Lab', files })

describe('recordings', () => {
  it('lie in recordings/<subject>/<id> and come back as written', async () => {
    const { recordings } = await create()
    const recording = aRecording({ id: recordingId(1), notes: 'sitting' })
    expect(await recordings.create(recording)).toBe(join(lab(), 'recordings', 'S001', recordingId(1)))
    expect(recordings.folder(recording.id)).toBe(join(lab(), 'recordings', 'S001', recordingId(1)))
    expect(await recordings.get(recording.id)).toEqual(recording)
    expect(await recordings.list()).toMatchObject([{ id: recording.id, notes: 'sitting', profile: 'test', gaps: 0, lanes: [{ id: 'ecg', label: 'ECG', kind: 'ecg', unit: 'mV' }, { id: 'ppg' }] }])
    await recordings.write({ ...recording, notes: 'lying' })
    expect((await recordings.get(recording.id)).notes).toBe('lying')
    await expect(recordings.create(recording)).rejects.toMatchObject({ code: 'state-conflict' })
    await expect(recordings.write(aRecording({ id: recordingId(2) }))).rejects.toMatchObject({ code: 'recording-not-found' })
    await expect(recordings.write({ ...recording, rows: -1 })).rejects.toMatchObject({ code: 'request-invalid', data: { path: 'rows' } })
    expect((await recordings.get(recording.id)).rows).toBe(0)
  })

  it('are found by a beginning that fits only one', async () => {
    const { recordings } = await create()
    for (const n of [1, 2, 12]) await recordings.create(aRecording({ id: recordingId(n) }))
    expect(await recordings.find(recordingId(12))).toBe(recordingId(12))
    expect(await recordings.find(recordingId(12).slice(0, -1).toLowerCase())).toBe(recordingId(12))
    await expect(recordings.find('01A')).rejects.toMatchObject({ code: 'recording-not-found', data: { matches: [recordingId(1), recordingId(2), recordingId(12)] } })
    for (const text of ['', '01Z', '../x']) await expect(recordings.find(text)).rejects.toMatchObject({ code: 'recording-not-found' })
    expect(() => recordings.folder('../../etc')).toThrow(expect.objectContaining({ code: 'recording-not-found' }))
  })

  it('interrupted ones are those of dead programs, not the one being written', async () => {
    const dataset = await create()
    await dataset.recordings.create(aRecording({ id: recordingId(1), state: 'recording' }))
    await dataset.recordings.create(aRecording({ id: recordingId(2), state: 'interrupted' }))
    await dataset.recordings.create(aRecording({ id: recordingId(3), state: 'finished' }))
    expect(await dataset.recordings.interrupted()).toEqual([recordingId(2)])
    dataset.recordings.release(recordingId(1) as RecordingId)
    expect(await dataset.recordings.interrupted()).toEqual([recordingId(1), recordingId(2)])
    await dataset.close()
    expect((await (await Dataset.open(lab(), { access: 'write' })).summary()).interrupted).toEqual([recordingId(1), recordingId(2)])
  })

  it('a reader beside a living writer does not call its new recording interrupted', async () => {
    const writer = await Dataset.create(lab(), { name: 'Lab', now: () => Date.parse('2026-03-01T12:00:00Z') })
    await writer.recordings.create(aRecording({ id: recordingId(1), state: 'recording', startedAt: '2026-03-01T12:30:00.000Z' }))
    await writer.recordings.create(aRecording({ id: recordingId(2), state: 'recording', startedAt: '2026-03-01T11:30:00.000Z' }))
    const reader = await Dataset.open(lab(), { access: 'read' })
    expect(await reader.recordings.interrupted()).toEqual([recordingId(2)])
    await writer.close()
    expect(await reader.recordings.interrupted()).toEqual([recordingId(1), recordingId(2)])
  })

  it('a damaged or missing recording.json is a finding, not a failure, and foreign folders are left alone', async () => {
    const dataset = await create()
    for (const n of [1, 2, 3, 4]) await dataset.recordings.create(aRecording({ id: recordingId(n) }))
    await writeFile(join(dataset.recordings.folder(recordingId(1)), 'recording.json'), '{"formatVersion": 1, "id')
    await rm(join(dataset.recordings.folder(recordingId(2)), 'recording.json'))
    await writeFile(join(dataset.recordings.folder(recordingId(3)), 'recording.json'), JSON.stringify(aRecording({ id: recordingId(8) })))
    await mkdir(join(lab(), 'recordings', 'S001', 'my notes'))
    await writeFile(join(lab(), 'recordings', '.DS_Store'), 'x')
    expect((await dataset.recordings.list()).map((item) => item.id)).toEqual([recordingId(4)])
    expect(await dataset.recordings.findings()).toMatchObject([
      { recording: recordingId(1), code: 'dataset-invalid' },
      { recording: recordingId(2), code: 'recording-incomplete' },
      { recording: recordingId(3), code: 'dataset-invalid', message: expect.stringContaining(recordingId(8)) },
    ])
    await expect(dataset.recordings.get(recordingId(1))).rejects.toMatchObject({ code: 'dataset-invalid', data: { path: expect.stringContaining('recording.json') } })
    await expect(dataset.recordings.get(recordingId(2))).rejects.toMatchObject({ code: 'recording-incomplete' })
    expect(await dataset.recordings.ids()).toHaveLength(4)
  })

  it('a folder that somebody copied to another subject changes nothing, is a finding, and goes with its person', async () => {
    const dataset = await create()
    await dataset.subjects.add({ code: 'S001', consent: 'granted' })
    await dataset.subjects.add({ code: 'R000', consent: 'granted' })
    await dataset.subjects.add({ code: 'S002', consent: 'granted' })
    for (const n of [1, 2]) await dataset.recordings.create(aRecording({ id: recordingId(n) }))
    await dataset.recordings.create(aRecording({ id: recordingId(3), subject: 'S002' }))
    await dataset.close()
    const at = (subject: string, n = 1): string => join(lab(), 'recordings', subject, recordingId(n))
    for (const subject of ['R000', 'S002']) await cp(at('S001'), at(subject), { recursive: true })
    const opened = await Dataset.open(lab(), { access: 'write' })
    for (const list of [await opened.recordings.snapshot(), await opened.recordings.list()]) {
      expect(list.map(({ id, subject }) => [id, subject])).toEqual([[recordingId(1), 'S001'], [recordingId(2), 'S001'], [recordingId(3), 'S002']])
    }
    expect(opened.recordings.folder(recordingId(1))).toBe(at('S001'))
    expect((await listFindings(opened)).map(({ file, code }) => `${file} ${code}`)).toEqual(['R000', 'S002'].map((subject) => `recordings/${subject}/${recordingId(1)} dataset-invalid`))
    // Erasing whoever holds a copy takes the copy; erasing the person takes all.
    expect((await eraseSubject(opened, 'R000')).recordings).toEqual([])
    expect(await opened.recordings.ids()).toHaveLength(3)
    expect((await eraseSubject(opened, 'S001')).recordings).toEqual([recordingId(1), recordingId(2)])
    expect(await readdir(join(lab(), 'recordings'), { recursive: true })).toEqual(['S002', `S002/${recordingId(3)}`, `S002/${recordingId(3)}/recording.json`])
    expect(await listFindings(opened)).toEqual([])
  })

  it('without a catalogue the list reads each unchanged file once, and a changed one again', async () => {
    const read: string[] = []
    const files: Files = { ...nodeFiles, readFile: (path) => (read.push(path), nodeFiles.readFile(path)) }
    const made = await create()
    for (let n = 0; n < 20; n++) await made.recordings.create(aRecording({ id: recordingId(n) }))
    await made.close()
    await rm(join(lab(), '.catalogue.jsonl'))
    const { recordings } = await Dataset.open(lab(), { access: 'read', files })
    read.length = 0
    for (let i = 0; i < 3; i++) expect(await recordings.list()).toHaveLength(20)
    expect(read).toHaveLength(20)
    const changed = join(recordings.folder(recordingId(7)), 'recording.json')
    await writeFile(changed, JSON.stringify(aRecording({ id: recordingId(7), notes: 'new' })))
    await utimes(changed, new Date(), new Date(Date.now() + 5000))
    expect((await recordings.list())[7].notes).toBe('new')
    expect(read).toHaveLength(21)
  })

  it('a new recording is never forgotten by a look at the disk that began before it was made', async () => {
    let slow = false
    const files: Files = { ...nodeFiles, list: async (path) => { const found = await nodeFiles.list(path); if (slow) await new Promise((resolve) => setTimeout(resolve, 30)); return found } }
    const { recordings } = await create(files)
    await recordings.create(aRecording({ id: recordingId(1) }))
    slow = true
    const looking = recordings.list()
    await new Promise((resolve) => setTimeout(resolve, 10))
    slow = false
    await recordings.create(aRecording({ id: recordingId(2) }))
    expect(await recordings.list()).toHaveLength(2)
    await looking
    expect(recordings.folder(recordingId(2))).toContain(recordingId(2))
    expect(await recordings.list()).toHaveLength(2)
  })

  it('readers see only whole files while a writer rewrites them', async () => {
    const writer = await create()
    const ids = [1, 2, 3].map(recordingId)
    for (const id of ids) await writer.recordings.create(aRecording({ id }))
    const reader = await Dataset.open(lab(), { access: 'read' })
    const writing = Promise.all(Array.from({ length: 40 }, (_, i) => writer.recordings.write(aRecording({ id: ids[i % 3], notes: 'x'.repeat(i * 50) }))))
    for (let i = 0; i < 20; i++) {
      expect(await reader.recordings.list()).toHaveLength(3)
      expect(await reader.recordings.findings()).toEqual([])
    }
    await writing
  })

  it('a full disk leaves the old recording.json whole and nothing beside it', async () => {
    const faulty = new FaultyFiles()
    const { recordings } = await create(faulty.files)
    const recording = aRecording({ id: recordingId(1) })
    const place = await recordings.create(recording)
    for (const fault of [
      { verb: 'write', errno: 'ENOSPC', short: 100 },
      { verb: 'sync', errno: 'EIO' },
      { verb: 'rename', errno: 'EIO' },
    ] as const) {
      faulty.set({ ...fault, path: 'recording.json', from: 1 })
      await expect(recordings.write({ ...recording, notes: 'lost' })).rejects.toMatchObject({ code: fault.errno === 'ENOSPC' ? 'dataset-full' : 'file-write-failed' })
      faulty.set(null)
      expect((await recordings.get(recording.id)).notes).toBe('')
      expect(await readdir(place)).toEqual(['recording.json'])
    }
    faulty.set({ verb: 'write', errno: 'ENOSPC', path: 'recording.json', from: 1, short: 7 })
    await expect(recordings.create(aRecording({ id: recordingId(2) }))).rejects.toMatchObject({ code: 'dataset-full' })
    faulty.set(null)
    expect(await recordings.ids()).toEqual([recordingId(1)])
    await recordings.create(aRecording({ id: recordingId(2) }))
  })

  it('discarding is in the audit trail, once', async () => {
    const { recordings, audit } = await create()
    const recording = aRecording({ id: recordingId(1) })
    await recordings.create(recording)
    const discarded = aRecording({ id: recordingId(1), state: 'discarded', discarded: { reason: 'electrode fell off', at: '2026-03-01T15:00:00.000+01:00' } })
    await recordings.write(discarded)
    await recordings.write(discarded)
    expect((await audit.entries()).map((entry) => entry.what)).toEqual(['dataset.created', 'recording.created', 'recording.discarded'])
    expect(await readFile(join(lab(), 'audit.jsonl'), 'utf8')).not.toContain('electrode')
  })
})
