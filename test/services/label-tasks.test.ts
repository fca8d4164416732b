import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { readAnnotations } from '../../src-main/formats/wfdb-annotations.ts'
import { addLabel, agreementAt, exportLabels, listLabels, type TypedLabel } from '../../src-main/services/label-tasks.ts'
import { eraseSubjectAt, mergeSubjects } from '../../src-main/services/tasks.ts'
import { aRecording, recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'

const folder = temporaryFolder()
const id = recordingId(1)
const path = (): string => join(folder.path, 'lab')
const signal = new AbortController().signal
const typed = (more: Partial<TypedLabel>): TypedLabel => ({ recording: id, annotator: 'anna', kind: 'beat', value: 'N', lane: null, row: null, toRow: null, fromSeconds: null, toSeconds: null, basis: null, ...more })

async function create(): Promise<void> {
  const dataset = await Dataset.create(path(), { name: 'Lab' })
  await dataset.subjects.add({ code: 'S001', consent: 'granted' })
  await dataset.subjects.add({ code: 'S002', consent: 'granted' })
  await dataset.recordings.create(aRecording({ id, rows: 10_000, seconds: 40 }))
  await dataset.close()
}

describe('labels from the command line', () => {
  it('are added by row or second, listed, and exported as annotations, JSON and text', async () => {
    await create()
    expect(await addLabel(path(), typed({ fromSeconds: 2, lane: 'ecg' }))).toMatchObject({ recording: id, label: { row: 500, toRow: null, lane: 'ecg' }, layer: { annotator: 'anna', beats: 1 } })
    await addLabel(path(), typed({ kind: 'exclude', value: 'motion, "left" arm', row: 100, toSeconds: 1 }))
    for (const both of [{ row: 1, fromSeconds: 1 }, { row: 1, toRow: 9, toSeconds: 1, kind: 'note' }] as const) await expect(addLabel(path(), typed(both))).rejects.toMatchObject({ code: 'usage-invalid' })
    await expect(addLabel(path(), typed({ row: 1, annotator: 'ben', basis: '../x' }))).rejects.toMatchObject({ code: 'label-not-found' })
    await expect(addLabel(path(), typed({ row: 1, basis: 'ben' }))).rejects.toMatchObject({ code: 'usage-invalid', data: { option: 'basis' } })
    await expect(addLabel(path(), typed({}))).rejects.toMatchObject({ code: 'usage-invalid' })
    expect(await listLabels(path(), id.toLowerCase(), null)).toMatchObject({ recording: id, layers: [{ annotator: 'anna', beats: 1, labels: 1 }], labels: null })
    expect((await listLabels(path(), id, 'anna')).labels).toMatchObject([{ kind: 'exclude', row: 100, toRow: 250 }, { kind: 'beat', row: 500 }])
    const out = (format: string): string => join(folder.path, `labels.${format}`)
    for (const format of ['atr', 'json', 'csv'] as const) expect(await exportLabels(path(), id, 'anna', format, out(format))).toMatchObject({ labels: 2 })
    expect(readAnnotations(await readFile(out('atr'))).map(({ sample, code, text }) => [sample, code, text])).toEqual([[0, 22, 'layer anna'], [100, 22, 'exclude 100..250 motion, "left" arm'], [500, 1, '']])
    expect(JSON.parse(await readFile(out('json'), 'utf8'))).toMatchObject({ annotator: 'anna', rateHz: 250, labels: [{ row: 100 }, { row: 500 }] })
    const lines = (await readFile(out('csv'), 'utf8')).split('\r\n')
    expect(lines[1]).toMatch(/^100,250,0\.4000,1\.0000,,exclude,"motion, ""left"" arm",person,/)
    expect(lines[2]).toMatch(/^500,,2\.0000,,ecg,beat,N,person,/)
    await expect(exportLabels(path(), id, 'ben', 'csv', out('csv'))).rejects.toMatchObject({ code: 'label-not-found' })
  })

  it('compare two annotators', async () => {
    await create()
    for (const [annotator, row] of [['anna', 500], ['ben', 510], ['ben', 900]] as const) await addLabel(path(), typed({ annotator, row }))
    expect(await agreementAt(path(), ['anna', 'ben'], null, ['beat'], signal)).toMatchObject({ recordings: 1, beats: { first: 1, second: 2, matched: 1 } })
    await expect(agreementAt(path(), ['anna', 'anna'], null, ['beat'], signal)).rejects.toMatchObject({ code: 'annotator-invalid' })
    await expect(agreementAt(path(), ['anna', 'carl'], [id], ['beat'], signal)).rejects.toMatchObject({ code: 'label-not-found' })
  })
})

describe('subjects from the command line', () => {
  it('are merged and erased, erased only with the code repeated', async () => {
    await create()
    expect(await mergeSubjects(path(), 'S001', 'S002')).toMatchObject({ code: 'S002', recordings: 1 })
    expect(() => eraseSubjectAt(path(), 'S002', 'S001')).toThrow(expect.objectContaining({ code: 'usage-invalid' }))
    expect(await eraseSubjectAt(path(), 'S002', 'S002')).toEqual({ code: 'S002', recordings: [id], versions: [], splits: [] })
    await expect(listLabels(path(), id, null)).rejects.toMatchObject({ code: 'subject-erased' })
    await expect(addLabel(path(), typed({ row: 5 }))).rejects.toMatchObject({ code: 'subject-erased' })
    await expect(listLabels(path(), recordingId(7), null)).rejects.toMatchObject({ code: 'recording-not-found' })
    await expect(listLabels(path(), '01A', null)).rejects.toMatchObject({ code: 'recording-not-found' })
  })
})
