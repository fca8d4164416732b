import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { AcquisitionStatus, CheckResult } from '../../src-main/contract/schemas/acquisition.ts'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import { AcquisitionState } from '../../src-renderer/state/acquisition.svelte.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { protocolSeconds, Recorder } from '../../src-renderer/state/recorder.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { datasetId, protocol, recording, recordingIds, streaming } from './samples.ts'

const [id] = recordingIds
const marker = { row: 10, toRow: null, code: 'note', text: 'x', origin: 'technician' as const, at: '2026-02-03T09:15:01.000+01:00' }

async function setUp(handlers: FakeHandlers = {}, status: AcquisitionStatus = streaming) {
  const lab = new FakeLab({
    'record.start': () => ({ id }),
    'record.marker': () => marker,
    'record.stop': () => recording(id),
    'record.annotate': ({ notes }) => recording(id, { notes }),
    'record.discard': ({ reason }) => recording(id, { state: 'discarded', discarded: { reason, at: marker.at } }),
    ...handlers,
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const acquisition = new AcquisitionState(connection)
  acquisition.protocols = [protocol]
  const store = new MemoryStore()
  const recorder = new Recorder(connection, acquisition, store)
  await recorder.bind(datasetId)
  lab.emit('acquisition.status', status)
  return { lab, acquisition, recorder, store }
}

const check = (checkId: CheckResult['id'], state: CheckResult['state']): CheckResult => ({ id: checkId, state, data: {} })

describe('starting', () => {
  it('needs a subject and a device', async () => {
    const { recorder, lab } = await setUp()
    expect(recorder.canStart).toBe(false)
    recorder.subject = 'S001'
    expect(recorder.canStart).toBe(true)
    lab.emit('acquisition.status', { ...streaming, connection: 'disconnected' })
    expect(recorder.canStart).toBe(false)
  })

  it('asks for a reason when a check failed and sends it', async () => {
    const { recorder, acquisition, lab } = await setUp()
    recorder.subject = 'S001'
    acquisition.checks = [check('contact', 'fail'), check('rate', 'waiting'), check('mains', 'warn')]
    expect([recorder.failedChecks, recorder.canStart]).toEqual([['contact'], false])
    recorder.overrideReason = 'electrode is dry, test only '
    expect(recorder.canStart).toBe(true)
    await recorder.start(' MK ')
    expect(lab.inputs('record.start')).toEqual([
      { subject: 'S001', protocol: null, plannedSeconds: null, notes: '', operator: 'MK', overrideReason: 'electrode is dry, test only' },
    ])
  })

  it.each(['subject', 'consent', 'dataset'] as const)('never overrides %s', async (checkId) => {
    const { recorder, acquisition } = await setUp()
    recorder.subject = 'S001'
    acquisition.checks = [check(checkId, 'fail')]
    recorder.overrideReason = 'I want to'
    expect([recorder.forbidden, recorder.canStart]).toEqual([true, false])
  })

  it('plans the protocol: the sum of its steps, or nothing when a step waits', () => {
    expect(protocolSeconds(protocol)).toBe(180)
    expect(protocolSeconds(null)).toBeNull()
    expect(protocolSeconds({ ...protocol, steps: [{ ...protocol.steps[0], seconds: null }] })).toBeNull()
  })
})

describe('while recording', () => {
  const running: AcquisitionStatus = {
    ...streaming,
    recording: {
      id,
      subject: 'S001' as SubjectCode,
      elapsedSeconds: 125,
      durableSeconds: 124,
      receivedSequence: 9,
      durableSequence: 8,
      bytes: 1,
      gaps: 0,
      markers: 0,
      protocol: { id: 'rest', step: 1, stepElapsedSeconds: 5, finished: false },
    },
  }

  it('knows the step, what comes next and what is left', async () => {
    const { recorder, lab } = await setUp({}, running)
    expect(recorder.progress).toMatchObject({ index: 1, step: { id: 'breathe' }, next: null, remainingSeconds: 55, finished: false })
    if (running.recording === null) throw new Error('no recording')
    lab.emit('acquisition.status', { ...running, recording: { ...running.recording, protocol: { id: 'rest', step: 0, stepElapsedSeconds: 130, finished: false } } })
    expect(recorder.progress).toMatchObject({ index: 0, next: { id: 'breathe' }, remainingSeconds: 0 })
  })

  it('marks the time of the key press, not of the text', async () => {
    const { recorder, lab } = await setUp({}, running)
    await recorder.mark('note', ' coughed ', 1_700_000_000_123)
    expect(lab.inputs('record.marker')).toEqual([{ code: 'note', text: 'coughed', atMs: 1_700_000_000_123 }])
    expect(recorder.markers).toEqual([marker])
  })
})

describe('a window that opens while a recording runs', () => {
  it('brings back the half-typed marker and the subject', async () => {
    const first = await setUp()
    first.recorder.subject = 'S001'
    await first.recorder.start('')
    first.recorder.markerText.set('unsent')
    await first.recorder.markerText.flush()

    const connection = new Connection(() => Promise.resolve(first.lab))
    const reopened = new Recorder(connection, first.acquisition, first.store)
    await reopened.bind(datasetId)
    reopened.follow({
      ...streaming,
      recording: { id, subject: 'S001' as SubjectCode, elapsedSeconds: 1, durableSeconds: 1, receivedSequence: 1, durableSequence: 1, bytes: 1, gaps: 0, markers: 0, protocol: null },
    })
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect([reopened.markerText.value, reopened.subject]).toEqual(['unsent', 'S001'])
  })
})

describe('the summary', () => {
  it('opens when this window stops and when the lab says that a recording is finished', async () => {
    const mine = await setUp()
    await mine.recorder.stop()
    expect(mine.recorder.finished?.id).toBe(id)
    const other = await setUp()
    other.lab.emit('recording.finished', recording(id))
    expect(other.recorder.finished?.id).toBe(id)
  })

  it('keeps what was typed over a reload until it is kept', async () => {
    const { recorder, store, lab } = await setUp()
    await recorder.stop()
    recorder.summaryNotes.set('left arm moved')
    await recorder.summaryNotes.flush()

    const reloaded = new Recorder(new Connection(() => Promise.resolve(lab)), new AcquisitionState(new Connection(() => Promise.resolve(lab))), store)
    await reloaded.bind(datasetId)
    await reloaded.summaryNotes.load(datasetId, id, '')
    expect([reloaded.summaryNotes.value, reloaded.summaryNotes.restored]).toEqual(['left arm moved', true])

    await recorder.keep()
    expect(lab.inputs('record.annotate')).toEqual([{ id, notes: 'left arm moved' }])
    expect(recorder.finished).toBeNull()
    expect(await store.draft(`${datasetId}/${id}/recording-notes`)).toBeNull()
  })

  it('comes back after a reload until it is kept or discarded', async () => {
    const { recorder, store, lab, acquisition } = await setUp({ 'library.get': () => recording(id) })
    const reload = async () => {
      const connection = new Connection(() => Promise.resolve(lab))
      await connection.start()
      const reloaded = new Recorder(connection, acquisition, store)
      await reloaded.bind(datasetId)
      return reloaded
    }
    await recorder.stop()
    const reloaded = await reload()
    expect(reloaded.finished?.id).toBe(id)
    await reloaded.keep()
    expect((await reload()).finished).toBeNull()
  })

  it('does not come back when the recording was discarded elsewhere, or is no longer there', async () => {
    for (const answer of [() => recording(id, { state: 'discarded', discarded: { reason: 'x', at: marker.at } }), () => { throw new LabError('recording-not-found', 'gone') }]) {
      const { recorder, store, lab, acquisition } = await setUp({ 'library.get': answer })
      await recorder.stop()
      const connection = new Connection(() => Promise.resolve(lab))
      await connection.start()
      const reloaded = new Recorder(connection, acquisition, store)
      await reloaded.bind(datasetId)
      expect(reloaded.finished).toBeNull()
    }
  })

  it('keeps without a word when nothing was typed', async () => {
    const { recorder, lab } = await setUp()
    await recorder.stop()
    await recorder.keep()
    expect(lab.inputs('record.annotate')).toEqual([])
  })

  it('discards with its reason', async () => {
    const { recorder, lab } = await setUp()
    await recorder.stop()
    await recorder.discard('wrong person ')
    expect(lab.inputs('record.discard')).toEqual([{ id, reason: 'wrong person' }])
    expect(recorder.finished).toBeNull()
  })
})
