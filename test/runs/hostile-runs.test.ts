import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LabError, Recipe, RecordingId, RunId, type RunRecord } from '../../src-main/contract/index.ts'
import { enrolPeople } from '../../src-main/runs/enrol.ts'
import { evaluateAgain } from '../../src-main/runs/evaluate-again.ts'
import { galleryOf } from '../../src-main/runs/gallery.ts'
import { identifyRecording } from '../../src-main/runs/identify-recording.ts'
import { fileSignal } from '../../src-main/runs/recording-signal.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { windowOptionsOf } from '../../src-main/runs/window-options.ts'
import { buildWindowSet } from '../../src-main/runs/window-sets.ts'
import { recordingId as idOf } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { begin, execute, smallLab } from './a-small-lab.ts'
import { taskWorld } from './an-identity-lab.ts'

const folder = temporaryFolder()
const recordingId = (n: number): RecordingId => RecordingId.parse(idOf(n))
const lda = (more: object = {}): Recipe => Recipe.parse({ recipe: 'lda', evaluation: { replicates: 100, beatsPerProbe: [1] }, ...more, windows: { minimumCorrelation: null, rateHz: 100, ...('windows' in more ? (more.windows as object) : {}) } })
const errorOf = (work: Promise<unknown>): Promise<LabError> => work.then(() => Promise.reject(new Error('It did not fail.')), (thrown: unknown) => LabError.from(thrown))

it('a whole file of another model in the place of one is as wrong as a damaged one', async () => {
  const dataset = await smallLab(folder.path)
  const [one, other] = [await execute(dataset, await begin(dataset, lda())), await execute(dataset, await begin(dataset, lda({ components: 3 })))]
  const store = new RunStore(dataset.files, dataset.path)
  await enrolPeople(dataset, { run: one.id, model: 'lda', recordings: [recordingId(1), recordingId(3)] }, taskWorld)
  const path = store.folder(one.id).modelPath('lda')
  await copyFile(store.folder(other.id).modelPath('lda'), path)
  const uses = [
    () => evaluateAgain(dataset, one.id, taskWorld), () => identifyRecording(dataset, { run: one.id, model: 'lda', source: { recording: recordingId(2) }, claim: null, beats: 0 }, taskWorld),
    () => enrolPeople(dataset, { run: one.id, model: 'lda', recordings: [recordingId(5)] }, taskWorld),
  ]
  for (const use of uses) expect(await errorOf(use())).toMatchObject({ code: 'run-invalid', data: { path } })
  await dataset.close()
})

it('a template that is longer than 1 would be everybody: it is called damaged, by name', async () => {
  const dataset = await smallLab(folder.path)
  const { id } = await execute(dataset, await begin(dataset, lda()))
  await enrolPeople(dataset, { run: id, model: 'lda', recordings: [recordingId(1), recordingId(3)] }, taskWorld)
  const path = join(dataset.path, 'runs', id, 'templates', 'lda', 'S001.json')
  const text = await readFile(path, 'utf8')
  const change = async (by: (vector: number[]) => number[]): Promise<void> => {
    const content = JSON.parse(text) as { vector: number[] }
    await writeFile(path, JSON.stringify({ ...content, vector: by(content.vector) }))
  }
  for (const by of [(vector: number[]) => vector.map((value) => value * 1000), (vector: number[]) => [...vector, 0]]) {
    await change(by)
    const thrown = await errorOf(galleryOf(dataset, id, 'lda'))
    expect(thrown.code).toBe('run-invalid')
    expect(thrown.message).toContain('S001')
  }
  await change((vector) => vector)
  expect((await galleryOf(dataset, id, 'lda')).templates.map(({ subject }) => subject)).toEqual(['S001', 'S002'])
  await dataset.close()
})

it('no name finds no run, and a record that could not be read again is not written', async () => {
  const dataset = await smallLab(folder.path)
  const store = new RunStore(dataset.files, dataset.path)
  const id = await begin(dataset, lda())
  for (const text of ['', ' ', '\t']) expect((await errorOf(store.find(text))).code).toBe('run-not-found')
  expect(await store.find(id.slice(0, 12))).toBe(id)
  const record: RunRecord = { ...(await store.folder(id).record()), id: RunId.parse('01JNQ000000000000000000009'), name: 'x'.repeat(121) }
  expect(await errorOf(store.create(record))).toMatchObject({ code: 'request-invalid', data: { path: 'name' } })
  expect(await store.ids()).toEqual([id])
  await dataset.close()
})

it('windows that no memory holds are refused before one is cut, with what they would be', async () => {
  const dataset = await smallLab(folder.path)
  const { windows } = lda({ windows: { mode: 'window', seconds: 5, strideSeconds: 0.001, rateHz: 4000 } })
  const thrown = await errorOf(buildWindowSet(dataset, await dataset.splits.get('s1'), windowOptionsOf(windows)))
  // Six recordings of 24 s: 19 000 strides each, of 20 000 samples.
  expect(thrown).toMatchObject({ code: 'training-impossible', data: { length: 20_000, bytes: expect.closeTo(6 * 19_000 * 20_000 * 4, -9) as number } })
  expect(await readdir(join(dataset.path, 'runs')).catch(() => [])).toEqual([])
  await dataset.close()
})

it('a split without windows says why there are none', async () => {
  const dataset = await smallLab(folder.path)
  const reason = async (windows: object): Promise<string> => (await errorOf(execute(dataset, await begin(dataset, lda({ windows }))))).message
  expect(await reason({ channel: 9 })).toContain('Of 6 recordings 6 have no such lane.')
  expect(await reason({ dropFirstSeconds: 60 })).toContain('No recording is long enough')
  expect(await reason({ mode: 'summary-beat', beatsPerGroup: 60 })).toMatch(/Of \d+ windows .*\d+ fill no group\./)
  await dataset.close()
})

it('a file whose header says a billion samples a second is not computed with', async () => {
  await writeFile(join(folder.path, 'fast.hea'), 'fast 1 1e9 500\nfast.dat 16 200 16 0 0 0 0 ECG\n')
  await writeFile(join(folder.path, 'fast.dat'), new Uint8Array(1000))
  expect(await errorOf(fileSignal(join(folder.path, 'fast'), windowOptionsOf(lda().windows)))).toMatchObject({ code: 'enrolment-impossible', data: { rateHz: 1e9 } })
})
