import { describe, expect, it } from 'vitest'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { DatasetState } from '../../src-renderer/state/dataset.svelte.ts'
import { DraftText } from '../../src-renderer/state/draft.svelte.ts'
import { Jobs } from '../../src-renderer/state/jobs.svelte.ts'
import { Notices } from '../../src-renderer/state/notices.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import { formatRoute, parseRoute } from '../../src-renderer/state/router.svelte.ts'
import { SubjectForm } from '../../src-renderer/state/subject-form.svelte.ts'
import { SubjectsState } from '../../src-renderer/state/subjects.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { LabError } from '../../src-main/contract/errors.ts'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { subject, summary } from './samples.ts'

async function setUp(handlers: FakeHandlers) {
  const lab = new FakeLab(handlers)
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  return { lab, connection }
}

describe('the subject form', () => {
  const handlers: FakeHandlers = {
    'subjects.list': () => [subject('S001', { notes: 'runner', tags: ['pilot'] }), subject('S010', { consent: 'refused' })],
    'subjects.suggestCode': () => ({ code: 'S011' as SubjectCode }),
    'subjects.add': (input) => subject(input.code, { consent: input.consent ?? 'unknown' }),
    'subjects.update': ({ code, change }) => subject(code, { notes: change.notes ?? '' }),
  }

  async function form(store = new MemoryStore()) {
    const { lab, connection } = await setUp(handlers)
    const subjects = new SubjectsState(connection)
    await subjects.refresh()
    const made = new SubjectForm(store, subjects, 'dataset-a', null)
    await made.load()
    return { lab, subjects, made, store }
  }

  it('suggests a code and takes only free, valid ones', async () => {
    const { made } = await form()
    expect([made.code, made.valid]).toEqual(['S011', true])
    made.set({ code: 'S001' })
    expect([made.codeProblem, made.valid]).toEqual(['taken', false])
    made.set({ code: 'Anna Müller' })
    expect([made.codeProblem, made.valid]).toEqual(['characters', false])
    made.set({ code: 'S012', birthYear: '1850' })
    expect(made.valid).toBe(false)
  })

  it('survives a reload until it is saved', async () => {
    const { made, store } = await form()
    made.set({ code: 'S020', notes: 'left-handed', consent: 'granted' })
    const again = await form(store)
    expect([again.made.code, again.made.notes, again.made.consent, again.made.restored]).toEqual(['S020', 'left-handed', 'granted', true])
    await again.made.save()
    expect(again.lab.inputs('subjects.add')).toEqual([{ code: 'S020', consent: 'granted', birthYear: null, sex: 'unknown', notes: 'left-handed', tags: [] }])
    expect((await form(store)).made.restored).toBe(false)
  })

  it('splits tags and sends a change without the code', async () => {
    const { lab, subjects } = await form()
    const known = subjects.find('S001')
    const editing = new SubjectForm(new MemoryStore(), subjects, 'dataset-a', known)
    await editing.load()
    expect([editing.notes, editing.tags]).toEqual(['runner', 'pilot'])
    editing.set({ tags: 'pilot, athlete，晨' })
    await editing.save()
    expect(lab.inputs('subjects.update')).toEqual([{ code: 'S001', change: { birthYear: 1990, sex: 'female', notes: 'runner', tags: ['pilot', 'athlete', '晨'] } }])
  })

  it('finds subjects by code, note and tag, and sorts codes as people count', async () => {
    const { subjects } = await form()
    subjects.search = 'pilot run'
    expect(subjects.filtered.map((found) => found.code)).toEqual(['S001'])
    subjects.search = ''
    await subjects.add({ code: 'S2' })
    expect(subjects.list.map((found) => found.code)).toEqual(['S001', 'S2', 'S010'])
  })
})

describe('drafts', () => {
  it('belong to one dataset and one recording', async () => {
    const store = new MemoryStore()
    const draft = new DraftText(store, 'marker')
    await draft.load('dataset-a', 'recording-1')
    draft.set('sneezed')
    await draft.flush()
    const elsewhere = new DraftText(store, 'marker')
    await elsewhere.load('dataset-a', 'recording-2')
    expect(elsewhere.value).toBe('')
    await elsewhere.load('dataset-b', 'recording-1')
    expect(elsewhere.value).toBe('')
    await elsewhere.load('dataset-a', 'recording-1')
    expect([elsewhere.value, elsewhere.restored]).toEqual(['sneezed', true])
    expect(await store.draft('dataset-a/recording-1/marker')).toMatchObject({ datasetId: 'dataset-a', recordingId: 'recording-1' })
  })
})

describe('jobs', () => {
  const job = (change: Partial<JobStatus>): JobStatus => ({ id: 'j1', kind: 'demo', state: 'running', done: 0, total: 6, unit: 'recordings', startedAtMs: 1, ...change })

  it('open the demo dataset when it is complete, and say how far it is before', async () => {
    const { lab, connection } = await setUp({ 'jobs.list': () => [], 'dataset.createDemo': () => job({}), 'dataset.open': () => summary })
    const jobs = new Jobs(connection)
    const dataset = new DatasetState(connection, jobs)
    const made = dataset.createDemo('/data/demo', 1, 6)
    await new Promise((resolve) => setTimeout(resolve, 0))
    lab.emit('job.changed', job({ done: 3 }))
    expect([dataset.current, jobs.get(dataset.demoJob)?.done]).toEqual([null, 3])
    lab.emit('job.changed', job({ done: 6, state: 'done' }))
    await made
    expect([dataset.current?.path, dataset.demoJob, lab.inputs('dataset.open')]).toEqual(['/data/lab', null, [{ path: '/data/demo' }]])
  })

  it('fail with their own error', async () => {
    const { lab, connection } = await setUp({ 'jobs.list': () => [] })
    const jobs = new Jobs(connection)
    const end = jobs.finished(job({}))
    lab.emit('job.changed', job({ state: 'failed', error: { code: 'dataset-full', message: 'Full.', data: {} } }))
    await expect(end).rejects.toMatchObject({ code: 'dataset-full' })
    await expect(jobs.finished(job({ id: 'j2', state: 'cancelled' }))).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('do not go back to running when an old answer arrives late', async () => {
    const { lab, connection } = await setUp({ 'jobs.list': () => [] })
    const jobs = new Jobs(connection)
    lab.emit('job.changed', job({ state: 'done', done: 6 }))
    await expect(jobs.finished(job({}))).resolves.toMatchObject({ state: 'done' })
    expect(jobs.running('demo')).toBeNull()
  })
})

describe('notices', () => {
  it('say an error once and a cancellation never', () => {
    const notices = new Notices()
    notices.fail(new LabError('port-busy', 'Busy.'))
    notices.fail(new LabError('port-busy', 'Busy.'))
    notices.fail(new LabError('cancelled', 'Cancelled.'))
    expect(notices.list.map((notice) => notice.error?.code)).toEqual(['port-busy'])
    notices.dismiss(notices.list[0].id)
    expect(notices.list).toEqual([])
  })
})

describe('preferences and routes', () => {
  it('take the language of the system and keep what was chosen', () => {
    const kept = new Map<string, string>()
    const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) } as unknown as Storage
    expect(new Preferences(storage, ['zh-Hans-CN', 'en']).locale).toBe('zh-CN')
    expect(new Preferences(storage, ['de-DE', 'en-GB']).locale).toBe('en')
    expect(new Preferences(storage, []).locale).toBe('en')
    new Preferences(storage, ['en']).set({ theme: 'dark', locale: 'zh-CN', alarmSound: false, operator: 'MK' })
    expect(new Preferences(storage, ['en'])).toMatchObject({ theme: 'dark', locale: 'zh-CN', alarmSound: false, operator: 'MK' })
    kept.set('pulseprint.preferences', '{"theme":"pink"}')
    expect(new Preferences(storage, ['en']).theme).toBe('system')
  })

  it('survive the address bar', () => {
    for (const route of [{ name: 'record' }, { name: 'library' }, { name: 'recording', id: '01J8Z3K4M5N6P7Q8R9S0T1V2W3' }, { name: 'subjects' }, { name: 'dataset' }] as const) {
      expect(parseRoute(formatRoute(route))).toEqual(route)
    }
    expect(parseRoute('#/nowhere')).toEqual({ name: 'record' })
  })
})
