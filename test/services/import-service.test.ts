import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ImportReport, JobStatus, labApi, labEvents, type Caller, type EventName, type LabHandlers, type MethodInput, type MethodName, type MethodOutput,
} from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { AnalysisService } from '../../src-main/services/analysis-service.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { detectBeatsOf } from '../../src-main/services/detect-beats.ts'
import { ImportService } from '../../src-main/services/import-service.ts'
import { analyseDatasetAt, importAt, previewImport, readImportRules } from '../../src-main/services/import-tasks.ts'
import { JobsService } from '../../src-main/services/jobs-service.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { smallEcg, writeSmallAnnotations, writeSmallRecord } from '../exchange/small-record.ts'
import { publicData } from '../signal/physionet.ts'

const folder = temporaryFolder()
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }
const rateHz = 250
const beatRows = Array.from({ length: 19 }, (_, i) => 255 + i * rateHz)

function plantArchive(): string {
  const root = join(folder.path, 'archive')
  for (const [i, name] of ['p1', 'p2', 'p3'].entries()) writeSmallRecord(join(root, name), 'rec', [{ label: 'II', counts: smallEcg(5000, rateHz, i) }, { label: 'RESP', counts: smallEcg(5000, rateHz, i + 50) }])
  writeSmallAnnotations(join(root, 'p1', 'rec.atr'), beatRows)
  return root
}

/** The two services over one holder, called as the rpc does. */
async function lab() {
  const events: { event: EventName; payload: unknown }[] = []
  const emitter = { emit: (event: EventName, payload: unknown) => void events.push({ event, payload: labEvents[event].parse(payload) }) }
  const holder = new DatasetHolder()
  const jobs = new JobsService(emitter, () => Date.now())
  await holder.replace(await Dataset.create(join(folder.path, 'dataset'), { name: 'test' }))
  const handlers: Partial<LabHandlers> = {
    ...new ImportService({ holder, jobs, workerUrl: null, now: () => Date.now() }).handlers(),
    ...new AnalysisService({ holder, emitter, jobs, workerUrl: null }).handlers(),
  }
  const call = async <M extends MethodName>(method: M, input: MethodInput<M>): Promise<MethodOutput<M>> => {
    const handler = handlers[method] as (input: unknown, context: unknown) => unknown
    return labApi[method].output.parse(await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })) as MethodOutput<M>
  }
  /** The job's last status, as the windows hear it. */
  const ended = async (job: JobStatus): Promise<JobStatus> => {
    for (;;) {
      const last = events.map(({ payload }) => payload as JobStatus).findLast((status) => status.id === job.id)
      if (last && last.state !== 'running') return last
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  return { holder, events, call, ended }
}

describe('import.*', () => {
  it('shows what would come, one record close up, and brings it in as a job', async () => {
    const root = plantArchive()
    const { call, ended, holder } = await lab()
    expect((await call('import.presets', {})).map(({ preset }) => preset)).toEqual(['ecg-id', 'ptb', 'bidmc', 'mit-bih', 'folder-per-subject', 'bids', 'file-per-subject'])
    const preview = await call('import.preview', { from: root })
    expect(preview).toMatchObject({ from: root, subjects: 3, sessions: 3, refused: [], complete: true, rules: { preset: 'folder-per-subject' } })
    expect(await nodeFiles.list(join(holder.current().path, 'recordings'))).toEqual([])

    const look = await call('import.look', { from: root, file: 'p1/rec.hea', rules: preview.rules, seconds: 8, columns: 100 })
    expect(look).toMatchObject({ file: 'p1/rec.hea', rateHz, rows: 8 * rateHz, columns: 100 })
    expect(look.lanes.map(({ label, kind }) => [label, kind])).toEqual([['II', 'ecg'], ['RESP', 'respiration']])
    // The oracle folds the planted counts itself: 20 rows a column, 200 counts per mV.
    const values = new Float32Array(look.bytes.slice().buffer)
    const counts = smallEcg(5000, rateHz, 0)
    for (const column of [0, 17, 99]) {
      const own = counts.slice(column * 20, column * 20 + 20)
      expect([...values.subarray(column * 2, column * 2 + 2)]).toEqual([Math.fround(Math.min(...own) / 200), Math.fround(Math.max(...own) / 200)])
    }

    const status = await ended(await call('import.start', { from: root, rules: preview.rules, files: ['p1/rec.hea', 'p3/rec.hea'] }))
    expect(status).toMatchObject({ kind: 'import', state: 'done', unit: 'recordings' })
    expect(ImportReport.parse(status.result)).toMatchObject({ subjects: 2, recordings: 2, flagged: [], refused: [], duplicates: [] })
    await holder.replace(null)
  })

  it('says what is wrong with a job that could not be done, and lets no second one run beside it', async () => {
    const root = plantArchive()
    const { call, ended, holder } = await lab()
    const { rules } = await call('import.preview', { from: root })
    const first = await call('import.start', { from: root, rules })
    await expect(call('import.start', { from: root, rules })).rejects.toMatchObject({ code: 'state-conflict' })
    await expect(holder.replace(null)).rejects.toMatchObject({ code: 'state-conflict' })
    expect((await ended(first)).state).toBe('done')
    const none = await ended(await call('import.start', { from: join(root, 'none'), rules }))
    expect(none).toMatchObject({ state: 'failed', error: { code: 'file-not-found' } })
    await expect(call('import.look', { from: root, file: '../secret.hea', rules })).rejects.toMatchObject({ code: 'import-path-unsafe' })
    await holder.replace(null)
  })
})

describe('library.analysis', () => {
  it('is there after an import, gone with its file, and made again by a job', async () => {
    const root = plantArchive()
    const { call, ended, holder, events } = await lab()
    const { rules } = await call('import.preview', { from: root })
    await ended(await call('import.start', { from: root, rules }))
    const [{ id }] = await holder.current().recordings.list()
    const made = await call('library.analysis', { id })
    expect(made?.lanes.map(({ lane, detector }) => [lane, detector === null])).toEqual([['ii', false], ['resp', true]])
    expect(made?.lanes[0].quality).toMatch(/^[0-3]{20}$/)

    const at = holder.current().recordings.folder(id)
    const bytes = ['analysis.json', 'analysis.qrs'].map((name) => readFileSync(join(at, name)))
    rmSync(join(at, 'analysis.json'))
    expect(await call('library.analysis', { id })).toBeNull()
    const status = await ended(await call('library.analyse', { ids: null }))
    expect(status.result).toEqual({ recordings: 1, failures: [] })
    expect(['analysis.json', 'analysis.qrs'].map((name) => readFileSync(join(at, name)))).toEqual(bytes)
    expect(events.filter(({ event }) => event === 'library.changed')).toHaveLength(1)

    // An analysis of another signal is none.
    const recording = await holder.current().recordings.get(id)
    await holder.current().recordings.write({ ...recording, contentHash: '0'.repeat(64) })
    expect(await call('library.analysis', { id })).toBeNull()
    await holder.replace(null)
  })
})

describe('the command line', () => {
  it('imports into a dataset that is made where there is none, named after the folder', async () => {
    const root = plantArchive()
    const path = join(folder.path, 'new')
    const context = { signal: new AbortController().signal, onProgress: () => undefined, workerUrl: null, now: () => Date.now() }
    expect((await previewImport(root, null, context.signal)).candidates).toHaveLength(3)
    expect(await nodeFiles.stat(path)).toBeNull()
    const report = await importAt(path, root, await readImportRules('folder-per-subject', null), context)
    expect(Object.keys(report).sort()).toEqual(['duplicates', 'flagged', 'recordings', 'refused', 'seconds', 'subjects'])
    expect((await importAt(path, root, null, context)).duplicates).toHaveLength(3)
    const dataset = await Dataset.open(path, { access: 'read' })
    expect(dataset.info.name).toBe('archive')
    expect(await analyseDatasetAt(path, { all: false, workerUrl: null }, context)).toEqual({ recordings: 0, failures: [] })
    expect(await analyseDatasetAt(path, { all: true, workerUrl: null }, context)).toEqual({ recordings: 3, failures: [] })
  })

  it('lays the fields of a rules file over the preset, and names what is wrong with them', async () => {
    const file = join(folder.path, 'rules.json')
    const write = async (text: string): Promise<void> => {
      const open = await nodeFiles.open(file, 'update')
      await open.truncate(0)
      await open.write(new TextEncoder().encode(text))
      await open.close()
    }
    await write('{"licence": "own", "session": {"kind": "single"}}')
    expect(await readImportRules('ecg-id', file)).toMatchObject({ preset: 'ecg-id', licence: 'own', session: { kind: 'single' }, subject: { pattern: '(Person_\\d+)' } })
    for (const text of ['{', '[]', '{"session": {"kind": "daily"}}', '{}']) {
      await write(text)
      await expect(readImportRules(text === '{}' || text === '[]' ? null : 'ecg-id', file), text).rejects.toMatchObject({ code: 'import-rules-invalid' })
    }
    await expect(readImportRules('nothing', null)).rejects.toMatchObject({ code: 'import-rules-invalid' })
    expect(await readImportRules(null, null)).toBeNull()
  })

  it('scores its detector against planted beats', async () => {
    const root = plantArchive()
    let ms = 0
    const score = await detectBeatsOf({ record: join(root, 'p1', 'rec'), reference: 'atr', lane: null, clock: () => (ms += 10) })
    expect(score).toMatchObject({ beats: 19, truePositives: 19, falseNegatives: 0, sensitivity: 1, timesRealTime: 2000 })
    await expect(detectBeatsOf({ record: join(root, 'p1', 'rec'), reference: 'qrs', lane: null, clock: () => 0 })).rejects.toMatchObject({ code: 'file-not-found' })
    await expect(detectBeatsOf({ record: join(root, 'p1', 'rec'), reference: 'atr', lane: 'V9', clock: () => 0 })).rejects.toMatchObject({ code: 'usage-invalid' })
  })

  it('scores record 100 of MIT-BIH as EC57 asks', async () => {
    const root = publicData('mitdb')
    if (root === null) return
    const score = await detectBeatsOf({ record: join(root, '100'), reference: 'atr', lane: null, clock: () => performance.now() })
    expect(score.beats).toBe(2273)
    expect(score.truePositives + score.falseNegatives).toBe(2273)
    expect(score.sensitivity).toBeGreaterThan(0.997)
    expect(score.positivePredictivity).toBeGreaterThan(0.997)
  })
})
