import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import { Decision, Gallery, LiveIdentification } from '../../src-main/contract/schemas/identity.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import type { RunId } from '../../src-main/contract/schemas/learning.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { IdentifyState } from '../../src-renderer/state/identify.svelte.ts'
import { Jobs } from '../../src-renderer/state/jobs.svelte.ts'
import { formatRoute, parseRoute } from '../../src-renderer/state/router.svelte.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { decisionWords, scoreScale, verdictOf } from '../../src-renderer/views/identify/decision-words.ts'
import { pickable, shownRecordings } from '../../src-renderer/views/identify/pickable.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { decision, gallery, galleryOf, liveState, runId, runRecord } from './sample-report.ts'
import { listItem, recordingIds } from './samples.ts'

const code = (value: string) => value as SubjectCode
const older = runRecord({ id: '01J8Z3K4M5N6P7Q8R9S0T1V2W9' as RunId, name: 'older', endedAt: '2026-02-01T10:00:00.000+01:00' })
const job = (change: Partial<JobStatus> = {}): JobStatus => ({ id: 'j1', kind: 'identify', state: 'running', done: 0, total: 1, unit: 'recordings', startedAtMs: 0, ...change })

async function setUp(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({
    'jobs.list': () => [],
    'runs.list': () => [older, runRecord(), runRecord({ id: '01J9Z3K4M5N6P7Q8R9S0T1V2W5' as RunId, state: 'running' }), runRecord({ id: '01J9Z3K4M5N6P7Q8R9S0T1V2W6' as RunId, models: [] })],
    'identify.gallery': galleryOf(['S001', 'S002']),
    'identify.liveState': () => liveState(),
    'identify.live': ({ model, beats }) => liveState({ state: 'listening', run: runId, model, needed: beats ?? 5 }),
    'identify.stopLive': () => liveState(),
    ...handlers,
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  return { lab, state: new IdentifyState(connection, new Jobs(connection)) }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('who can be recognised', () => {
  it('is asked of finished runs with models only, the newest and its student first', async () => {
    const { lab, state } = await setUp()
    await state.begin()
    expect(state.runs.map(({ id }) => id)).toEqual([runId, older.id])
    expect([state.run, state.model]).toEqual([runId, 'student'])
    expect(state.models.map(({ name }) => name)).toEqual(['student', 'teacher', 'scratch'])
    expect(lab.inputs('identify.gallery')).toEqual([{ run: runId, model: 'student' }])
    expect(state.templates).toHaveLength(2)
  })

  it('is nobody without a run', async () => {
    const { lab, state } = await setUp({ 'runs.list': () => [] })
    await state.begin()
    expect([state.loaded, state.run, state.gallery, state.ready]).toEqual([true, null, null, false])
    expect(lab.inputs('identify.gallery')).toEqual([])
  })

  it('belongs to one model: another one shows its own people and no decision of the last', async () => {
    const { state } = await setUp({ 'identify.gallery': (wish) => galleryOf(wish.model === 'teacher' ? ['S009'] : ['S001'])(wish) })
    await state.begin()
    state.decisions = [decision()]
    state.claim = code('S001')
    await state.chooseModel('teacher')
    expect(state.templates.map(({ subject }) => subject)).toEqual(['S009'])
    expect([state.decisions, state.claim]).toEqual([[], null])
  })

  it('does not change when the answer of a model comes late', async () => {
    const waiting = new Map<string, (value: Gallery) => void>()
    const { state } = await setUp({ 'identify.gallery': ({ model }) => new Promise<Gallery>((resolve) => waiting.set(model, resolve)) })
    const beginning = state.begin()
    await settled()
    const changing = state.chooseModel('teacher')
    await settled()
    waiting.get('teacher')?.(gallery(['S009'], { model: 'teacher' }))
    waiting.get('student')?.(gallery(['S001'], { model: 'student' }))
    await Promise.all([beginning, changing])
    expect(state.templates.map(({ subject }) => subject)).toEqual(['S009'])
  })

  it('says why it cannot be read', async () => {
    const { state } = await setUp({
      'identify.gallery': () => {
        throw new LabError('model-mismatch', 'The templates are of other weights.')
      },
    })
    await state.begin()
    expect([state.error?.code, state.gallery, state.ready]).toEqual(['model-mismatch', null, false])
  })

  it('grows by a job and shrinks at once', async () => {
    const { lab, state } = await setUp({ 'identify.enrol': () => job({ kind: 'enrol' }), 'identify.remove': () => gallery(['S002']) })
    await state.begin()
    const enrolling = state.enrol([recordingIds[0], recordingIds[1]])
    await settled()
    expect(state.enrolling?.id).toBe('j1')
    lab.emit('job.changed', job({ kind: 'enrol', state: 'done', result: gallery(['S001', 'S002', 'S003']) }))
    expect((await enrolling).templates).toHaveLength(3)
    expect([state.templates.length, state.enrolling]).toEqual([3, null])
    state.claim = code('S001')
    await state.remove(code('S001'))
    expect(lab.inputs('identify.remove')).toEqual([{ run: runId, model: 'student', subject: 'S001' }])
    expect([state.templates.length, state.claim]).toEqual([1, null])
  })

  it('forgets who was erased', async () => {
    let codes = ['S001', 'S002']
    const { lab, state } = await setUp({ 'identify.gallery': (wish) => galleryOf(codes)(wish) })
    await state.begin()
    state.decisions = [decision({ recording: recordingIds[0] }), decision({ subject: code('S001') }), decision({ claim: code('S001') })]
    state.claim = code('S001')
    codes = ['S002']
    lab.emit('subjects.erased', { code: 'S001', recordings: [recordingIds[0]] })
    await settled()
    expect([state.decisions, state.claim, state.templates.length]).toEqual([[], null, 1])
  })
})

describe('a decision', () => {
  it('rests on as many beats as a threshold was fixed for', async () => {
    const { state } = await setUp()
    await state.begin()
    expect(state.beatChoices).toEqual([1, 5, 0])
    expect([state.recordingBeats, state.liveBeats]).toEqual([0, 5])
    expect(state.liveBeatChoices).toEqual([1, 5])
    state.source = 'recording'
    state.chooseBeats(1)
    expect([state.recordingBeats, state.liveBeats]).toEqual([1, 5])
    state.gallery = gallery(['S001'], { thresholds: [{ beats: 0, threshold: 0.7, rule: 'validation-eer' }] })
    expect([state.recordingBeats, state.liveBeatChoices]).toEqual([0, [5]])
  })

  it('of a recording asks who it is, or whether it is the one claimed', async () => {
    const { lab, state } = await setUp({ 'identify.recording': ({ claim }) => job({ id: `job of ${claim}` }) })
    await state.begin()
    state.claim = code('S002')
    state.recording = recordingIds[0]
    for (const [mode, claim] of [['identify', null], ['verify', 'S002']] as const) {
      state.mode = mode
      const deciding = state.decide()
      await settled()
      lab.emit('job.changed', job({ id: `job of ${claim}`, state: 'done', result: decision({ claim: claim === null ? null : code(claim), accepted: claim === null ? null : true }) }))
      await deciding
      expect(lab.inputs('identify.recording').at(-1)).toEqual({ run: runId, model: 'student', recording: recordingIds[0], claim, beats: 0 })
    }
    expect(state.decisions.map((one) => verdictOf(one))).toEqual(['accepted', 'recognised'])
  })

  it('cannot be asked for without people, and not verified without a claim', async () => {
    const { state } = await setUp()
    await state.begin()
    expect(state.ready).toBe(true)
    state.mode = 'verify'
    expect(state.ready).toBe(false)
    state.chooseClaim('S404')
    expect([state.claim, state.ready]).toEqual([null, false])
    state.chooseClaim('S002')
    expect(state.ready).toBe(true)
    state.gallery = gallery([])
    expect(state.ready).toBe(false)
  })

  it('says where its threshold comes from, and that it knows of none', async () => {
    const { state } = await setUp()
    await state.begin()
    expect(state.ruleOf(decision())).toBe('validation-eer')
    expect(state.ruleOf(decision({ threshold: 0.1 }))).toBeNull()
  })

  it.each([
    ['recognised', decision(), 'S002', 'Recognised'],
    ['unknown', decision({ subject: null }), 'UNKNOWN', 'Nobody enrolled is alike enough.'],
    ['accepted', decision({ claim: code('S002'), accepted: true }), 'ACCEPTED', 'It is S002, as claimed.'],
    ['refused', decision({ claim: code('S003'), accepted: false, subject: null }), 'REFUSED', 'Not like S003 enough.'],
    ['open', decision({ threshold: null }), 'S002', 'Most alike; without a threshold nobody can be unknown'],
    ['open', decision({ threshold: null, claim: code('S002') }), 'NO VERDICT', 'Without a threshold nobody can be accepted or refused.'],
  ] as const)('that is %s is said in a word and a line', (verdict, made, head, line) => {
    expect(Decision.parse(made)).toEqual(made)
    expect(verdictOf(made)).toBe(verdict)
    expect(decisionWords(made, en)).toEqual({ head, line })
  })

  it('draws its bars on a scale with room for every score and the threshold', () => {
    expect(scoreScale(decision())).toEqual({ low: 0, high: 1 })
    expect(scoreScale({ candidates: [{ subject: code('S1'), score: -0.2 }, { subject: code('S2'), score: 2.5 }], threshold: 3.1 })).toEqual({ low: -0.2, high: 3.1 })
  })
})

describe('the live identification', () => {
  it('is shown as it comes, and stops with another model', async () => {
    const { lab, state } = await setUp()
    await state.begin()
    await state.listen()
    expect(lab.inputs('identify.live')).toEqual([{ run: runId, model: 'student', claim: null, beats: 5 }])
    const told = liveState({ state: 'listening', lane: 'ch1', beats: 3, decision: decision() })
    lab.emit('identity.live', LiveIdentification.parse(told))
    expect(state.live).toEqual(told)
    expect(state.listening).toBe(true)
    await state.chooseModel('scratch')
    expect(lab.inputs('identify.stopLive')).toHaveLength(1)
    expect(state.listening).toBe(false)
  })

  it('that went on without this window is found again', async () => {
    const { state } = await setUp({ 'identify.liveState': () => liveState({ state: 'listening', run: older.id, model: 'teacher', claim: code('S002') }) })
    await state.begin()
    expect([state.run, state.model, state.claim, state.mode]).toEqual([older.id, 'teacher', 'S002', 'verify'])
  })

  it('ends with an error that has words', async () => {
    const { lab, state } = await setUp()
    await state.begin()
    lab.emit('identity.live', liveState({ state: 'failed', error: { code: 'device-not-connected', message: 'It was unplugged.' } }))
    expect(state.liveError?.code).toBe('device-not-connected')
    lab.emit('identity.live', liveState({ state: 'failed', error: { code: 'something-new', message: 'Odd.' } }))
    expect(state.liveError).toMatchObject({ code: 'internal-error', message: 'Odd.' })
  })

  it('is forgotten with its dataset, whatever is still on its way', async () => {
    const { state } = await setUp()
    const beginning = state.begin()
    state.clear()
    await beginning
    expect([state.loaded, state.runs.length, state.gallery]).toEqual([false, 0, null])
  })
})

describe('recordings to choose from', () => {
  const list = [
    listItem(recordingIds[0], { subject: code('S10'), startedAt: '2026-02-04T09:15:00.000+01:00' }),
    listItem(recordingIds[1], { subject: code('S2'), startedAt: '2026-02-03T09:15:00.000+01:00', notes: 'after stairs' }),
    listItem(recordingIds[2], { subject: code('S2'), startedAt: '2026-02-01T09:15:00.000+01:00' }),
    listItem('01J8Z3K4M5N6P7Q8R9S0T1V2W8' as RecordingId, { state: 'discarded' }),
  ]

  it('are whole ones, by subject and oldest first', () => {
    expect(pickable(list).map(({ id }) => id)).toEqual([recordingIds[2], recordingIds[1], recordingIds[0]])
  })

  it('are found by subject and by words', () => {
    expect(shownRecordings(list, 'S2', '').map(({ id }) => id)).toEqual([recordingIds[1], recordingIds[2]])
    expect(shownRecordings(list, '', 'STAIRS s2').map(({ id }) => id)).toEqual([recordingIds[1]])
    expect(shownRecordings(list, 'S10', 'stairs')).toEqual([])
  })
})

describe('the addresses', () => {
  it.each([{ name: 'report', id: runId }, { name: 'identify' }] as const)('of $name survive a reload', (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route)
  })
})
