import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExportOptions, ExportReport, type Caller, type JobStatus, type LabEmitter } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { ExportService } from '../../src-main/services/export-service.ts'
import { JobsService } from '../../src-main/services/jobs-service.ts'
import { runTask } from '../../src-main/services/worker-task.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { addRecording, freeze, spikeRows, spikes } from '../exchange/a-lab.ts'

const folder = temporaryFolder()
const place = (name: string): string => join(folder.path, name)
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }

async function lab(name: string, first = 1): Promise<Dataset> {
  const dataset = await Dataset.create(place(name), { name })
  for (const id of [first, first + 1]) await addRecording(dataset, { id: recordingId(id), subject: `${name}${id}`, startedAt: '2026-03-01T10:00:00.000Z', counts: [spikes(2500, 250, id)], beats: spikeRows(2500, 250) })
  await freeze(dataset)
  return dataset
}

describe('export.start', () => {
  it('runs as a job on the dataset that is open for writing, and refuses what is not there at once', async () => {
    const ended: JobStatus[] = []
    const emitter = { emit: (event: string, status: JobStatus) => void (event === 'job.changed' && status.state !== 'running' && ended.push(status)) } as unknown as LabEmitter
    const holder = new DatasetHolder()
    const jobs = new JobsService(emitter, () => 0)
    const start = new ExportService({ holder, emitter, jobs, workerUrl: null }).handlers()['export.start']
    const ask = async (more: Record<string, unknown>): Promise<JobStatus> => start(ExportOptions.parse({ version: 'v1', format: 'npz', out: place('out'), ...more }), { caller, signal: new AbortController().signal })
    await expect(ask({})).rejects.toMatchObject({ code: 'dataset-not-open' })
    await holder.replace(await lab('a'))
    await expect(ask({ version: 'v2' })).rejects.toMatchObject({ code: 'version-not-found' })
    await expect(ask({ split: 's1' })).rejects.toMatchObject({ code: 'split-not-found' })
    expect(await ask({})).toMatchObject({ kind: 'export', state: 'running', unit: 'recordings' })
    while (ended.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ended[0]).toMatchObject({ state: 'done', done: 2, total: 2 })
    expect(ExportReport.parse(ended[0].result)).toMatchObject({ recordings: 2, windows: 20, files: 7 })
    expect(existsSync(place('out/INCOMPLETE'))).toBe(false)
    await jobs.close()
    await holder.replace(null)
  })
})

describe('a task', () => {
  it('merges one folder into another', async () => {
    for (const [name, first] of [['a', 1], ['b', 11]] as const) await (await lab(name, first)).close()
    const context = { signal: new AbortController().signal, onProgress: () => undefined }
    const task = { kind: 'merge' as const, path: place('a'), from: place('b') }
    // Both have a version v1.
    await expect(runTask({ ...task, options: {} }, context)).rejects.toMatchObject({ code: 'merge-conflict' })
    expect(readFileSync(place('a/subjects.jsonl'), 'utf8')).not.toContain('b11')
    expect(await runTask({ ...task, options: { renameConflicts: 'B-' } }, context)).toMatchObject({ subjects: 2, recordings: 2, renamed: [{ from: 'v1', to: 'B-v1' }] })
  })
})
