import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { FaultyFiles } from './faulty-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const create = (files?: FaultyFiles): Promise<Dataset> => Dataset.create(join(folder.path, 'lab'), { name: 'Lab', files: files?.files, now: () => Date.UTC(2026, 2, 1) })
const eventsOf = async (): Promise<string> => readFile(join(folder.path, 'lab', 'subjects.jsonl'), 'utf8')

describe('subjects', () => {
  it('codes are unique without regard to case, and never given out again', async () => {
    const { subjects } = await create()
    await subjects.add({ code: 'S001' })
    await expect(subjects.add({ code: 's001' })).rejects.toMatchObject({ code: 'subject-duplicate', data: { code: 's001' } })
    expect((await subjects.get('s001')).code).toBe('S001')
    await expect(subjects.get('S002')).rejects.toMatchObject({ code: 'subject-not-found' })
  })

  it.each(['', 'a b', '../x', 'CON', 'nul.txt', 'x.', '-x', 'x'.repeat(33), 'Müller'])('%j is no code', async (code) => {
    const { subjects } = await create()
    await expect(subjects.add({ code })).rejects.toMatchObject({ code: 'subject-code-invalid' })
    expect(await subjects.list()).toEqual([])
  })

  it('two adds at once: one wins', async () => {
    const { subjects } = await create()
    const results = await Promise.allSettled([subjects.add({ code: 'S1' }), subjects.add({ code: 's1' }), subjects.add({ code: 'S1' })])
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  })

  it('a change touches only the fields that it names', async () => {
    const { subjects } = await create()
    await subjects.add({ code: 'S1', consent: 'granted', birthYear: 1980, sex: 'female', tags: ['pilot'] })
    expect(await subjects.update('S1', { notes: 'left-handed' })).toMatchObject({ consent: 'granted', birthYear: 1980, sex: 'female', notes: 'left-handed', tags: ['pilot'] })
    expect(await subjects.update('S1', { consent: 'withdrawn' })).toMatchObject({ consent: 'withdrawn', notes: 'left-handed' })
    await expect(subjects.update('S1', { birthYear: 1700 })).rejects.toMatchObject({ code: 'request-invalid', data: { path: 'birthYear' } })
    expect((await subjects.list())[0].birthYear).toBe(1980)
  })

  it('consent knows when it was given; unknown has no time', async () => {
    const { subjects } = await create()
    expect((await subjects.add({ code: 'S1' })).consentAt).toBeNull()
    expect((await subjects.setConsent('S1', 'granted')).consentAt).toBe('2026-03-01T00:00:00.000Z')
    expect((await subjects.setConsent('S1', 'unknown')).consentAt).toBeNull()
  })

  it('survive closing, a torn line and a line from elsewhere; history is only added to', async () => {
    const made = await create()
    await made.subjects.add({ code: 'S1' })
    const before = await eventsOf()
    await made.close()
    await appendFile(join(folder.path, 'lab', 'subjects.jsonl'), '{"type":"created","at":"2026-0')
    const opened = await Dataset.open(join(folder.path, 'lab'), { access: 'write' })
    expect(opened.subjects.damaged).toMatchObject([{ line: 2, torn: true }])
    await opened.subjects.add({ code: 'S2' })
    expect((await opened.subjects.list()).map((subject) => subject.code)).toEqual(['S1', 'S2'])
    expect((await eventsOf()).startsWith(before)).toBe(true)
    await opened.close()
  })

  it('merged subjects are found under the one they were merged into, erased ones as erased, and both codes stay taken', async () => {
    const made = await create()
    for (const code of ['S1', 'S2', 'S3']) await made.subjects.add({ code })
    await made.close()
    const stamp = '"at":"2026-03-02T00:00:00.000Z","by":"test"'
    await appendFile(join(folder.path, 'lab', 'subjects.jsonl'), `{"type":"merged",${stamp},"code":"S2","into":"S1"}\n{"type":"erased",${stamp},"code":"S3"}\n`)
    const { subjects } = await Dataset.open(join(folder.path, 'lab'), { access: 'write' })
    expect((await subjects.list()).map((subject) => subject.code)).toEqual(['S1'])
    expect((await subjects.get('S2')).code).toBe('S1')
    await expect(subjects.get('S3')).rejects.toMatchObject({ code: 'subject-erased' })
    for (const code of ['S2', 's3']) await expect(subjects.add({ code })).rejects.toMatchObject({ code: 'subject-duplicate' })
    expect(subjects.suggestCode()).toBe('S4')
  })

  it('the suggested code goes on in the style of the lab', async () => {
    const { subjects } = await create()
    expect(subjects.suggestCode()).toBe('S001')
    await subjects.add({ code: 'S001' })
    expect(subjects.suggestCode()).toBe('S002')
    await subjects.add({ code: 'lab-0099' })
    expect(subjects.suggestCode()).toBe('lab-0100')
    await subjects.add({ code: 'anna' })
    expect(subjects.suggestCode()).toBe('lab-0100')
  })

  it('know their recordings and the local days of them; discarded ones do not count', async () => {
    const dataset = await create()
    await dataset.subjects.add({ code: 'S001' })
    const days = ['2026-03-01T23:30:00.000+01:00', '2026-03-02T00:10:00.000+01:00', '2026-03-02T09:00:00.000+01:00']
    for (const [i, startedAt] of days.entries()) await dataset.recordings.create(aRecording({ id: recordingId(i), startedAt }))
    await dataset.recordings.create(aRecording({ id: recordingId(9), state: 'discarded', startedAt: '2026-03-05T09:00:00.000+01:00' }))
    expect(await dataset.subjects.get('S001')).toMatchObject({ recordings: 3, sessions: 2 })
  })

  it('a full disk changes nothing and says so', async () => {
    const faulty = new FaultyFiles()
    const { subjects } = await create(faulty)
    await subjects.add({ code: 'S1' })
    const before = await eventsOf()
    faulty.set({ verb: 'write', errno: 'ENOSPC', path: 'subjects', from: 1, short: 10 })
    await expect(subjects.add({ code: 'S2' })).rejects.toMatchObject({ code: 'dataset-full' })
    await expect(subjects.setConsent('S1', 'granted')).rejects.toMatchObject({ code: 'dataset-full' })
    expect(await subjects.list()).toMatchObject([{ code: 'S1', consent: 'unknown' }])
    expect(await eventsOf()).toBe(before)
    faulty.set(null)
    await subjects.add({ code: 'S2' })
  })
})
