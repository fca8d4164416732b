import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LabError, labApi, SubjectCode, type MethodRequest } from '../../src-main/contract/index.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { readWfdb } from '../pty/wfdb-reader.ts'
import { FakeCaller } from './live-fixture.ts'
import { finished, pass, testLab, useVirtualTime, type TestLab } from './lab-fixture.ts'

let lab: TestLab

const request = (change: Record<string, unknown> = {}): MethodRequest<'record.start'> =>
  labApi['record.start'].input.parse({ subject: SubjectCode.parse('S001'), protocol: null, ...change })

/** Every recorded sample of the first lanes against what the board sent, aligned by the first row; `null` = a gap. */
async function compareWithTruth(id: string): Promise<{ rows: number; missing: number; wrong: number }> {
  const record = await readWfdb(join(lab.dataset.recordings.folder(id), 'signals.hea'))
  const truth = lab.link().truth()
  const lanes = record.signals.length
  const row = (index: number): string => Array.from({ length: 8 }, (_, lane) => truth.counts[index * lanes + lane]).join()
  const recorded = (index: number): string => record.signals.slice(0, 8).map((signal) => signal.samples[index]).join()
  let from = 0
  while (from < truth.rows && row(from) !== recorded(0)) from++
  let missing = 0
  let wrong = 0
  const rows = record.signals[0].samples.length
  for (let index = 0; index < rows; index++) {
    if (record.signals[0].samples[index] === null) missing++
    else if (row(from + index) !== recorded(index)) wrong++
  }
  return { rows, missing, wrong }
}

describe('recording', () => {
  beforeEach(async () => {
    useVirtualTime()
    lab = await testLab()
  })
  afterEach(() => lab.close())

  it('stores what the board sent, verified, and tells everybody', async () => {
    await lab.connect()
    await pass(12_000)
    const { id } = await finished(lab.record.start(request({ notes: 'left arm', operator: 'kim' })))
    await pass(20_000)
    expect(lab.acquisition.status().recording).toMatchObject({ id, subject: 'S001', gaps: 0, markers: 0, protocol: null })
    const live = lab.acquisition.status().recording
    expect(live?.elapsedSeconds).toBeCloseTo(20, 0)
    expect(live?.durableSeconds).toBeGreaterThan(5)
    expect(live?.durableSeconds).toBeLessThanOrEqual(live?.elapsedSeconds ?? 0)
    const recording = await finished(lab.record.stop())
    expect(recording).toMatchObject({ id, state: 'finished', lostRows: 0, lossCertainty: 'certain', gaps: [], operator: 'kim', notes: 'left arm', source: 'demo:7' })
    expect(recording.seconds).toBeCloseTo(20, 0)
    const compared = await compareWithTruth(id)
    expect(compared).toMatchObject({ missing: 0, wrong: 0 })
    expect(compared.rows).toBe(recording.rows)
    expect((await verifyDataset(lab.dataset)).findings).toEqual([])
    expect(lab.events.filter(({ event }) => event === 'recording.finished')).toHaveLength(1)
    expect(lab.acquisition.status().recording).toBeNull()
  })

  it('follows a protocol: every step is a marker at its planned row, next skips, the end is told', async () => {
    await lab.connect()
    await pass(2000)
    const { id } = await finished(lab.record.start(request({ protocol: 'free-quick' })))
    await pass(7000)
    expect(lab.acquisition.status().recording?.protocol).toMatchObject({ id: 'free-quick', step: 1, finished: false })
    await pass(9000)
    expect(lab.acquisition.status().recording?.protocol).toMatchObject({ step: 1, finished: true })
    const recording = await finished(lab.record.stop())
    expect(recording.id).toBe(id)
    expect(recording.protocol).toEqual({ id: 'free-quick', name: 'Quick look, 15 seconds' })
    expect(recording.markers.map(({ code, origin }) => [code, origin])).toEqual([['settle', 'protocol'], ['rest', 'protocol']])
    // 250 rows a second: the second step begins five seconds in.
    expect(Math.abs(recording.markers[1].row - recording.markers[0].row - 1250)).toBeLessThanOrEqual(5)
  })

  it('places a marker where the key was pressed, not where the message arrived', async () => {
    await lab.connect()
    await pass(2000)
    await finished(lab.record.start(request()))
    await pass(4000)
    const pressedAt = Date.now()
    await pass(1500)
    const marker = lab.record.marker('moved', 'left arm', pressedAt)
    expect(Date.parse(marker.at)).toBe(pressedAt)
    lab.record.marker('now', '', 0)
    await pass(1000)
    const { markers } = await finished(lab.record.stop())
    expect(markers.map(({ code }) => code)).toEqual(['moved', 'now'])
    expect(Math.abs(markers[1].row - markers[0].row - 375)).toBeLessThanOrEqual(2)
    expect(Math.abs(markers[0].row - 1000)).toBeLessThanOrEqual(10)
  })

  it('keeps one recording with one gap when the cable is pulled and put back', async () => {
    await lab.connect({ faults: 'unplug=2500@10' })
    await pass(1000)
    const { id } = await finished(lab.record.start(request()))
    await pass(18_000)
    const recording = await finished(lab.record.stop())
    expect(recording.gaps).toHaveLength(1)
    expect(recording.gaps[0]).toMatchObject({ cause: 'unplugged', certainty: 'estimated' })
    expect(recording.lostRows).toBe(recording.gaps[0].to - recording.gaps[0].from)
    const truth = lab.link().truth()
    const sent = new Set(Array.from({ length: truth.rows }, (_, index) => truth.counts.subarray(index * truth.lanes, index * truth.lanes + 8).join()))
    const record = await readWfdb(join(lab.dataset.recordings.folder(id), 'signals.hea'))
    const rows = Array.from({ length: recording.rows }, (_, index) => record.signals.slice(0, 8).map((signal) => signal.samples[index]))
    const present = rows.filter((row) => row[0] !== null).map((row) => row.join())
    expect(new Set(present).size).toBe(present.length)
    expect(present.filter((row) => !sent.has(row))).toEqual([])
    expect(present.length).toBe(recording.rows - recording.lostRows)
  })

  it('does not care whether anybody looks: a window that stalls for 30 s costs no sample', async () => {
    await lab.connect()
    const caller = new FakeCaller()
    void lab.view.handlers()['view.subscribe']({ columns: 500 }, { caller, signal: new AbortController().signal })
    await pass(1000)
    const { id } = await finished(lab.record.start(request({ overrideReason: 'test' })))
    await pass(30_000)
    const recording = await finished(lab.record.stop())
    expect(caller.sent.filter(({ event }) => event === 'view.frame')).toHaveLength(3)
    expect(recording).toMatchObject({ lostRows: 0, gaps: [] })
    expect(await compareWithTruth(id)).toMatchObject({ missing: 0, wrong: 0 })
  })

  it('refuses without consent, device, dataset or protocol, and says which', async () => {
    await expect(finished(lab.record.start(request({ subject: 'S002' })))).rejects.toMatchObject({ code: 'subject-consent-missing' })
    await expect(finished(lab.record.start(request({ subject: 'S404' })))).rejects.toMatchObject({ code: 'subject-not-found' })
    await expect(finished(lab.record.start(request()))).rejects.toMatchObject({ code: 'device-not-connected' })
    await lab.connect()
    await pass(500)
    await expect(finished(lab.record.start(request({ protocol: 'nope' })))).rejects.toMatchObject({ code: 'protocol-not-found' })
    await expect(lab.record.handlers()['record.stop']({}, { caller: new FakeCaller(), signal: new AbortController().signal })).rejects.toMatchObject({ code: 'state-conflict' })
    expect(await lab.dataset.recordings.ids()).toEqual([])
  })

  it('starts past a failed check only with a reason, which is stored', async () => {
    await lab.connect({ faults: 'rails=60000@0' })
    await pass(8000)
    await expect(finished(lab.record.start(request()))).rejects.toMatchObject({ code: 'checklist-not-passed', data: { failed: expect.arrayContaining(['saturation']) } })
    await finished(lab.record.start(request({ overrideReason: 'testing the rails' })))
    await pass(2000)
    const recording = await finished(lab.record.stop())
    expect(recording.override).toMatchObject({ reason: 'testing the rails', failed: expect.arrayContaining(['saturation']) })
  })

  it('lets one recording run at a time, and nothing pull the dataset or the device away', async () => {
    await lab.connect()
    await pass(1000)
    await finished(lab.record.start(request()))
    await expect(finished(lab.record.start(request()))).rejects.toMatchObject({ code: 'recording-in-progress' })
    await expect(lab.acquisition.disconnect()).rejects.toMatchObject({ code: 'recording-in-progress' })
    await expect(lab.holder.replace(null)).rejects.toMatchObject({ code: 'recording-in-progress' })
    await pass(2000)
    const [first, second] = await finished(Promise.all([lab.record.stop(), lab.record.stop()]))
    expect(second).toBe(first)
  })

  it('annotates and discards without deleting anything', async () => {
    await lab.connect()
    await pass(1000)
    const { id } = await finished(lab.record.start(request()))
    await pass(3000)
    await finished(lab.record.stop())
    expect(await finished(lab.record.annotate(id, 'coughed'))).toMatchObject({ notes: 'coughed', state: 'finished' })
    expect(await finished(lab.record.discard(id, 'wrong person'))).toMatchObject({ state: 'discarded', discarded: { reason: 'wrong person' } })
    expect(await lab.dataset.recordings.get(id)).toMatchObject({ notes: 'coughed', state: 'discarded' })
    expect(await compareWithTruth(id)).toMatchObject({ missing: 0, wrong: 0 })
  })
})

describe('recording on a failing disk', () => {
  afterEach(() => lab.close())

  it('stops loudly, keeps what is there, and can go on afterwards', async () => {
    useVirtualTime()
    let full = false
    const files: Files = {
      ...nodeFiles,
      open: async (path, mode) => {
        const file = await nodeFiles.open(path, mode)
        const write: typeof file.write = (bytes, position) =>
          full && path.endsWith('.plj') ? Promise.reject(new LabError('dataset-full', 'The disk is full.', { path })) : file.write(bytes, position)
        return { ...file, write }
      },
    }
    lab = await testLab(files)
    await lab.connect()
    await pass(1000)
    const { id } = await finished(lab.record.start(request()))
    await pass(5000)
    full = true
    // The disk is real and may be slow; the clock is not.
    const alarms = (): string[] => lab.acquisition.status().alarms.map((alarm) => alarm.id)
    for (let turn = 0; turn < 500 && !alarms().includes('writer-failed'); turn++) await pass(100)
    expect(alarms()).toContain('writer-failed')
    expect(lab.record.error()?.code).toBe('dataset-full')
    await expect(finished(lab.record.stop())).rejects.toMatchObject({ code: 'dataset-full' })
    full = false
    expect(lab.acquisition.status().recording).toBeNull()
    expect(await lab.dataset.recordings.interrupted()).toEqual([id])
    await finished(lab.record.start(request()))
    await pass(2000)
    expect((await finished(lab.record.stop())).state).toBe('finished')
  })
})
