import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RecordingId, SubjectCode, type Decision, type Gallery, type ModelName } from '../../src-main/contract/index.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { enrolPeople } from '../../src-main/runs/enrol.ts'
import { galleryOf, removeTemplate } from '../../src-main/runs/gallery.ts'
import { identifyRecording } from '../../src-main/runs/identify-recording.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { addRecording, spikeRows, spikes } from '../exchange/a-lab.ts'
import { finishedRun, identityLab, recordingsOf, taskWorld, type IdentityLab } from './an-identity-lab.ts'

let folder = ''
let lab: IdentityLab
let people: Map<SubjectCode, RecordingId[]>
const code = (text: string): SubjectCode => SubjectCode.parse(text)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  lab = await identityLab(folder)
  people = await recordingsOf(lab.dataset)
}, 120_000)
afterAll(async () => {
  await lab.dataset.close()
  await rm(folder, { recursive: true, force: true })
})

const enrol = (recordings: readonly RecordingId[], model: ModelName = 'template'): Promise<Gallery> => enrolPeople(lab.dataset, { run: lab.run.id, model, recordings }, taskWorld)
const identify = (recording: RecordingId, claim: string | null = null, beats = 0): Promise<Decision> =>
  identifyRecording(lab.dataset, { run: lab.run.id, model: 'template', source: { recording }, claim: claim === null ? null : code(claim), beats }, taskWorld)
const first = (text: string): RecordingId => nth(text, 0)
const last = (text: string): RecordingId => nth(text, -1)
function nth(text: string, place: number): RecordingId {
  const id = people.get(code(text))?.at(place)
  if (id === undefined) throw new Error(`no such recording of ${text}`)
  return id
}
const templatesPath = (): string => join(lab.path, 'runs', lab.run.id, 'templates', 'template')

describe('identification by a run', () => {
  beforeEach(async () => void (await enrol([...people.keys()].map(first))))

  it('knows people of the demo dataset on another day, and names the numbers that it goes by', async () => {
    const named = await Promise.all([...people.keys()].map(async (subject) => ({ subject, decision: await identify(last(subject)) })))
    // By chance one of six.
    expect(named.filter(({ subject, decision }) => decision.subject === subject).length).toBeGreaterThanOrEqual(5)
    for (const { decision } of named) {
      expect(decision.candidates.map(({ subject }) => subject).sort()).toEqual([...people.keys()].sort())
      expect(decision.candidates.map(({ score }) => score)).toEqual(decision.candidates.map(({ score }) => score).sort((a, b) => b - a))
      expect(decision.threshold).toBe((await galleryOf(lab.dataset, lab.run.id, 'template')).thresholds?.find(({ beats, rule }) => beats === 0 && rule === 'validation-eer')?.threshold)
      expect(decision.subject === null).toBe(decision.candidates[0].score < (decision.threshold ?? 0))
      expect([decision.accepted, decision.claim]).toEqual([null, null])
    }
  })

  it('accepts who is who they say, and refuses who is not', async () => {
    expect(await identify(last('S001'), 'S001')).toMatchObject({ claim: 'S001', accepted: true })
    expect(await identify(last('S001'), 'S002')).toMatchObject({ claim: 'S002', accepted: false, subject: 'S001' })
    await expect(identify(last('S001'), 'S999')).rejects.toMatchObject({ code: 'template-not-found', data: { subject: 'S999' } })
  })

  it('decides by as many beats as are asked for, with their threshold', async () => {
    const { thresholds } = await galleryOf(lab.dataset, lab.run.id, 'template')
    for (const [asked, has] of [[1, 1], [3, 1], [5, 5], [9, 5]] as const) {
      const decision = await identify(last('S001'), null, asked)
      expect([decision.beats, decision.threshold]).toEqual([asked, thresholds?.find(({ beats }) => beats === has)?.threshold])
    }
    expect((await identify(last('S001'), null, 1000)).beats).toBe((await identify(last('S001'))).beats)
  })

  it('calls nobody by a name who is not enrolled', async () => {
    const gallery = await removeTemplate(lab.dataset, lab.run.id, 'template', code('S002'))
    expect(gallery.templates.map(({ subject }) => subject)).toEqual(['S001', 'S003', 'S004', 'S005', 'S006'])
    expect((await identify(last('S002'))).subject).toBe(null)
    await expect(removeTemplate(lab.dataset, lab.run.id, 'template', code('S002'))).rejects.toMatchObject({ code: 'template-not-found' })
    for (const { subject } of gallery.templates) await removeTemplate(lab.dataset, lab.run.id, 'template', subject)
    await expect(identify(last('S002'))).rejects.toMatchObject({ code: 'template-not-found' })
  })

  it('makes one template of all recordings of a person, with what it is the mean of', async () => {
    const both = await enrol([first('S003'), last('S003'), first('S003')])
    const apart = [(await enrol([first('S003')])).templates, (await enrol([last('S003')])).templates].map((all) => all.find(({ subject }) => subject === 'S003')?.windows ?? 0)
    expect(both.templates.find(({ subject }) => subject === 'S003')).toMatchObject({ windows: apart[0] + apart[1], sessions: 2, recordings: [first('S003'), last('S003')] })
    expect(both.templates).toHaveLength(6)
  })

  it('refuses a recording of too few beats, and enrols then nobody', async () => {
    const before = await readdir(templatesPath())
    const id = recordingId(900)
    await addRecording(lab.dataset, { id, subject: 'S900', startedAt: '2026-03-01T10:00:00.000Z', counts: [spikes(1000, 250, 1)], beats: spikeRows(1000, 250) })
    const short = RecordingId.parse(id)
    // Four seconds: the first beat lies in what is dropped, the second reaches into it.
    await expect(enrol([first('S001'), short])).rejects.toMatchObject({ code: 'enrolment-impossible', data: { recording: id, windows: 2, needed: 3 } })
    expect(await readdir(templatesPath())).toEqual(before)
    expect((await identify(short)).beats).toBe(2)
    const none = recordingId(901)
    await addRecording(lab.dataset, { id: none, subject: 'S900', startedAt: '2026-03-02T10:00:00.000Z', counts: [spikes(1000, 250, 1).fill(7)] })
    await expect(identify(RecordingId.parse(none))).rejects.toMatchObject({ code: 'enrolment-impossible', data: { windows: 0 } })
  })

  it('does not compare templates of another model, and makes them anew when people are enrolled again', async () => {
    const path = join(lab.path, 'runs', lab.run.id, 'run.json')
    const before = await readFile(path, 'utf8')
    const run = new RunStore(lab.dataset.files, lab.path).folder(lab.run.id)
    const model = await run.model('template', lab.run.models)
    const now = await run.writeModel('template', { ...model, meta: { ...model.meta, trainedAgain: true } })
    await writeFile(path, before.replaceAll(lab.run.models[0].hash, now))
    await expect(identify(last('S001'))).rejects.toMatchObject({ code: 'model-mismatch', data: { enrolled: lab.run.models[0].hash, now } })
    await expect(galleryOf(lab.dataset, lab.run.id, 'template')).rejects.toMatchObject({ code: 'model-mismatch' })
    const anew = await enrol([first('S004')])
    expect([anew.templates.map(({ subject }) => subject), anew.thresholds]).toEqual([['S004'], null])
    expect(await identify(last('S001'), 'S004')).toMatchObject({ threshold: null, accepted: null, subject: 'S004' })
    await writeFile(path, before)
    await run.writeModel('template', model)
    await enrol([...people.keys()].map(first))
  })

  it('refuses a damaged template, and a model that the run does not have', async () => {
    await writeFile(join(templatesPath(), 'S001.json'), '{"formatVersion":1')
    await expect(galleryOf(lab.dataset, lab.run.id, 'template')).rejects.toMatchObject({ code: 'run-invalid' })
    await enrol([first('S001')])
    await expect(galleryOf(lab.dataset, lab.run.id, 'student')).rejects.toMatchObject({ code: 'model-not-found' })
  })

  it('of pulses refuses a recording that has none', async () => {
    const run = await finishedRun(lab.dataset, { windows: { lane: 'ppg', rateHz: 100 } })
    const enrolPulses = (recordings: readonly RecordingId[]): Promise<Gallery> => enrolPeople(lab.dataset, { run: run.id, model: 'template', recordings }, taskWorld)
    // A Cyton has electrodes only, a HealthyPi 5 a light sensor too.
    await expect(enrolPulses([first('S001')])).rejects.toMatchObject({ code: 'lane-missing', data: { lane: 'ppg' } })
    expect((await enrolPulses([first('S002')])).templates.map(({ subject }) => subject)).toEqual(['S002'])
  })
})

describe('consent and erasure', () => {
  it('nobody is enrolled without consent, nor recognised after it was withdrawn', async () => {
    await enrol([...people.keys()].map(first))
    await lab.dataset.subjects.setConsent('S003', 'withdrawn')
    await expect(enrol([first('S001'), last('S003')])).rejects.toMatchObject({ code: 'subject-consent-missing', data: { code: 'S003', consent: 'withdrawn' } })
    expect((await galleryOf(lab.dataset, lab.run.id, 'template')).templates.map(({ subject }) => subject)).toEqual(['S001', 'S002', 'S004', 'S005', 'S006'])
    expect((await identify(last('S003'))).candidates.map(({ subject }) => subject)).not.toContain('S003')
    await lab.dataset.subjects.setConsent('S003', 'granted')
    expect((await identify(last('S003'))).subject).toBe('S003')
  })

  it('two codes of one person are one template', async () => {
    await enrol([first('S004'), first('S005')])
    const apart = (await galleryOf(lab.dataset, lab.run.id, 'template')).templates.filter(({ subject }) => subject === 'S004' || subject === 'S005')
    await lab.dataset.subjects.merge('S005', 'S004')
    const { templates } = await galleryOf(lab.dataset, lab.run.id, 'template')
    expect(templates.map(({ subject }) => subject)).toEqual(['S001', 'S002', 'S003', 'S004', 'S006'])
    expect(templates.find(({ subject }) => subject === 'S004')?.windows).toBe(apart[0].windows + apart[1].windows)
    await removeTemplate(lab.dataset, lab.run.id, 'template', code('S005'))
    expect(await readdir(templatesPath())).toEqual(['S001.json', 'S002.json', 'S003.json', 'S006.json'])
  })

  it('an erased person goes out of every model, and the runs that learnt from them say so', async () => {
    await enrol([first('S006'), first('S001')])
    const store = new RunStore(lab.dataset.files, lab.path)
    // One of another split than the person is in.
    const other = { ...lab.run, id: (await store.ids()).map((id) => id.replace(/...$/, 'ZZZ') as typeof id)[0], split: { ...lab.run.split, name: 'elsewhere' } }
    await store.create(other)
    await writeFile(join(templatesPath(), 'S006.json.part'), 'half')
    const record = async (id = lab.run.id) => (await store.folder(id).record()).containsWithdrawn
    const lock = await store.folder(lab.run.id).lock()
    await expect(eraseSubject(lab.dataset, 'S006')).rejects.toMatchObject({ code: 'run-busy', data: { run: lab.run.id } })
    expect((await lab.dataset.subjects.get('S006')).code).toBe('S006')
    await lock.release()
    expect([await record(), await record(other.id)]).toEqual([false, false])
    await eraseSubject(lab.dataset, 'S006')
    expect((await readdir(templatesPath())).filter((name) => name.startsWith('S006'))).toEqual([])
    expect((await readdir(templatesPath())).length).toBeGreaterThan(0)
    expect([await record(), await record(other.id)]).toEqual([true, false])
    expect(await readFile(join(lab.path, 'runs', lab.run.id, 'run.json'), 'utf8')).toBe(`${JSON.stringify({ ...lab.run, containsWithdrawn: true }, null, 2)}\n`)
  })

  it('a template that a trainer wrote after the erasure is gone when the dataset is opened again', async () => {
    const written = await readFile(join(templatesPath(), 'S001.json'), 'utf8')
    await writeFile(join(templatesPath(), 'S006.json'), written.replaceAll('S001', 'S006'))
    expect((await galleryOf(lab.dataset, lab.run.id, 'template')).templates.map(({ subject }) => subject)).not.toContain('S006')
    await lab.dataset.close()
    lab = { ...lab, dataset: await Dataset.open(lab.path, { access: 'write' }) }
    expect((await readdir(templatesPath())).filter((name) => name.startsWith('S006'))).toEqual([])
  })
})
