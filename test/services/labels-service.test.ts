import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { labApi, labEvents, SubjectCode, type Caller, type EventName, type LabHandlers, type MethodInput, type MethodName, type MethodOutput, type RecordingId } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { OverviewBuilder } from '../../src-main/dataset/overview.ts'
import { recordingHeader } from '../../src-main/formats/recording-header.ts'
import { formatHeader } from '../../src-main/formats/wfdb-header.ts'
import { SignalEncoder } from '../../src-main/formats/wfdb-signal.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { LabelsService } from '../../src-main/services/labels-service.ts'
import { LibraryService } from '../../src-main/services/library-service.ts'
import { SubjectsService } from '../../src-main/services/subjects-service.ts'
import { aRecording, recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'

const folder = temporaryFolder()
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }
const id = recordingId(1) as RecordingId
const rateHz = 250
const rows = 250 * 60
/** A bump of 0.1 s and 1 mV every 0.8 s; the one at beat 20 is upside down. */
const beatRows = Array.from({ length: 70 }, (_, i) => 300 + i * 200)
const bump = (distance: number): number => (Math.abs(distance) < 13 ? 0.5 + 0.5 * Math.cos((Math.PI * distance) / 13) : 0)

/** The services over a dataset with one recording of S001: ecg 200 counts per mV with 1 mV of drift, ppg all missing. */
async function lab() {
  const events: { event: EventName; payload: unknown }[] = []
  const emitter = { emit: (event: EventName, payload: unknown) => void events.push({ event, payload: labEvents[event].parse(payload) }) }
  const holder = new DatasetHolder()
  const handlers: Partial<LabHandlers> = { ...new LabelsService({ holder, emitter }).handlers(), ...new LibraryService({ holder, emitter }).handlers(), ...new SubjectsService({ holder, emitter }).handlers() }
  const dataset = await Dataset.create(join(folder.path, 'lab'), { name: 'Lab' })
  await dataset.subjects.add({ code: 'S001', consent: 'granted' })
  const recording = aRecording({ id, rows, seconds: rows / rateHz })
  const place = await dataset.recordings.create(recording)
  const counts = new Int32Array(rows * 2).fill(-2147483648)
  for (let row = 0; row < rows; row++) counts[row * 2] = Math.round(200 * Math.sin((2 * Math.PI * 0.05 * row) / rateHz))
  beatRows.forEach((beat, i) => {
    for (let row = beat - 13; row < beat + 13; row++) counts[row * 2] += Math.round(200 * bump(row - beat) * (i === 20 ? -1 : 1))
  })
  const encoder = new SignalEncoder(2, 16)
  const overview = new OverviewBuilder(2)
  overview.push(counts, rows)
  await writeFile(join(place, 'signals.dat'), encoder.encode(counts))
  await writeFile(join(place, 'signals.hea'), formatHeader(recordingHeader(recording, encoder, rateHz)))
  await writeFile(join(place, 'overview.bin'), overview.finish())
  await holder.replace(dataset)
  const call = async <M extends MethodName>(method: M, input: MethodInput<M>): Promise<MethodOutput<M>> => {
    const handler = handlers[method] as (input: unknown, context: unknown) => unknown
    return labApi[method].output.parse(await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })) as MethodOutput<M>
  }
  return { dataset, call, events }
}

const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer)
const beats = (name: string, at: readonly number[], value = 'N') => at.map((row, i) => ({ type: 'set' as const, id: `${name}${i}`, row, lane: 'ecg', kind: 'beat' as const, value }))

describe('labels.*', () => {
  it('saves, lists and tells every window which layer changed', async () => {
    const { call, events } = await lab()
    expect(await call('labels.layers', { id })).toEqual([])
    expect(await call('labels.append', { id, annotator: 'anna', changes: [...beats('a', beatRows), { type: 'set', id: 's', row: 5, toRow: 50, kind: 'exclude', value: 'motion' }] })).toMatchObject({ beats: 70, labels: 1 })
    expect(events.filter(({ event }) => event === 'labels.changed')).toEqual([{ event: 'labels.changed', payload: { id, annotator: 'anna' } }])
    expect(await call('labels.beats', { id, annotator: 'anna' })).toMatchObject({ count: 70, symbols: ['N'], lanes: ['ecg'] })
    expect(await call('labels.list', { id, annotator: 'anna', fromRow: 49, toRow: 60 })).toMatchObject([{ id: 's', lane: null }])
    expect(await call('labels.list', { id, annotator: 'anna', fromRow: 50 })).toEqual([])
    expect(await call('labels.history', { id, annotator: 'anna', label: 'a3' })).toMatchObject([{ type: 'set', id: 'a3' }])
  })

  it('compares two annotators and adjudicates into a third layer, once', async () => {
    const { call } = await lab()
    await call('labels.append', { id, annotator: 'anna', changes: beats('a', beatRows) })
    await call('labels.append', { id, annotator: 'ben', changes: [...beats('b', beatRows.slice(0, 60).map((row) => row + 2)), ...beats('v', beatRows.slice(60, 65), 'V')] })
    const report = await call('labels.agreement', { ids: null, annotators: ['anna', 'ben'], kinds: ['beat'] })
    expect(report).toMatchObject({ recordings: 1, beats: { first: 70, second: 65, matched: 65 } })
    expect(report.beats.f1).toBeCloseTo(130 / 135, 12)
    const adjudicated = await call('labels.adjudicate', { id, annotators: ['anna', 'ben'], into: 'adjudicated' })
    expect(adjudicated.layer).toMatchObject({ annotator: 'adjudicated', beats: 60 })
    expect(adjudicated.disagreements).toHaveLength(10)
    expect(await call('labels.adjudicate', { id, annotators: ['anna', 'ben'], into: 'adjudicated' })).toMatchObject({ layer: { beats: 60 } })
    await expect(call('labels.adjudicate', { id, annotators: ['anna', 'ben'], into: 'anna' })).rejects.toMatchObject({ code: 'annotator-invalid' })
    await expect(call('labels.agreement', { ids: null, annotators: ['anna', 'carl'] })).rejects.toMatchObject({ code: 'label-not-found' })
    await expect(call('labels.agreement', { ids: [id], annotators: ['anna', 'carl'] })).rejects.toMatchObject({ code: 'label-not-found' })
  })
})

describe('library.meanBeat', () => {
  it('is the planted beat without its drift, and the odd one is first among the outliers', async () => {
    const { call } = await lab()
    await call('labels.append', { id, annotator: 'anna', changes: beats('a', beatRows) })
    const mean = await call('library.meanBeat', { id, lane: 'ecg', annotator: 'anna', outliers: 3 })
    expect(mean).toMatchObject({ lane: 'ecg', unit: 'mV', annotator: 'anna', beats: 70, rateHz, outliers: [{ row: beatRows[20] }, {}, {}] })
    expect(mean.outliers[0].correlation).toBeLessThan(-0.9)
    expect(mean.outliers[1].correlation).toBeGreaterThan(0.9)
    expect(mean.mean).toHaveLength(175)
    const peak = mean.mean.indexOf(Math.max(...mean.mean))
    expect(Math.abs(mean.fromSeconds + peak / rateHz)).toBeLessThanOrEqual(1 / rateHz)
    // 68 of 70 parts of 1 mV, less what the high-pass takes from a single bump.
    expect(mean.mean[peak]).toBeGreaterThan(0.8)
    expect(mean.mean[peak]).toBeLessThan(1)
  })

  it('a lane without samples has none', async () => {
    const { call } = await lab()
    await call('labels.append', { id, annotator: 'anna', changes: beats('a', beatRows) })
    expect(await call('library.meanBeat', { id, lane: 'ppg', annotator: 'anna' })).toMatchObject({ beats: 0, mean: [], outliers: [] })
    await expect(call('library.meanBeat', { id, lane: 'eeg', annotator: 'anna' })).rejects.toMatchObject({ code: 'request-invalid' })
  })
})

describe('library.envelope', () => {
  const filters = { baseline: true, lowPassHz: 40, notchHz: 50 } as const

  it('filtered: the drift is gone, the beats stay where they are; raw where it is too wide', async () => {
    const { call } = await lab()
    const request = { id, lanes: ['ecg'], fromRow: 5000, toRow: 6000, columns: 1000 }
    const raw = await call('library.envelope', request)
    const filtered = await call('library.envelope', { ...request, filters })
    expect([raw.filtered, filtered.filtered]).toEqual([false, true])
    const values = floats(filtered.bytes)
    // Between two beats, 100 rows from either, the drift of up to 1 mV is less than 0.15 mV now.
    for (const beat of beatRows.filter((row) => row >= 5000 && row + 100 < 6000)) expect(Math.abs(values[(beat + 100 - 5000) * 2])).toBeLessThan(0.15)
    for (const beat of beatRows.filter((row) => row >= 5020 && row < 5980)) {
      const around = Array.from({ length: 21 }, (_, i) => values[(beat - 10 + i - 5000) * 2])
      expect(around.indexOf(Math.max(...around)), `beat at ${beat}`).toBe(10)
    }
    expect(floats(raw.bytes).some((value) => Math.abs(value) > 0.9)).toBe(true)
    expect(await call('library.envelope', { ...request, toRow: 3_000_000, filters })).toMatchObject({ filtered: false })
  })

  it('of a window does not depend on where the window begins', async () => {
    const { call } = await lab()
    const whole = floats((await call('library.envelope', { id, lanes: ['ecg'], fromRow: 4000, toRow: 8000, columns: 4000, filters })).bytes)
    const part = floats((await call('library.envelope', { id, lanes: ['ecg'], fromRow: 5500, toRow: 6000, columns: 500, filters })).bytes)
    for (let i = 0; i < 1000; i++) expect(Math.abs(part[i] - whole[3000 + i])).toBeLessThan(0.01)
  })

  it('missing lanes stay missing, rows beyond the end too', async () => {
    const { call } = await lab()
    const values = floats((await call('library.envelope', { id, lanes: null, fromRow: rows - 10, toRow: rows + 10, columns: 20, filters })).bytes)
    expect(values.subarray(0, 20).every(Number.isFinite)).toBe(true)
    expect(values.subarray(20).every(Number.isNaN)).toBe(true)
  })

  it('sees what was recorded or derived again', async () => {
    const { call, dataset } = await lab()
    const first = async (): Promise<number> => floats((await call('library.envelope', { id, lanes: ['ecg'], fromRow: 0, toRow: 1, columns: 1 })).bytes)[0]
    expect(await first()).toBe(0)
    const recording = await dataset.recordings.get(id)
    const encoder = new SignalEncoder(2, 16)
    const place = dataset.recordings.folder(id)
    await writeFile(join(place, 'signals.dat.part'), encoder.encode(Int32Array.of(200, 0)))
    await dataset.files.rename(join(place, 'signals.dat.part'), join(place, 'signals.dat'))
    await writeFile(join(place, 'signals.hea'), formatHeader(recordingHeader(recording, encoder, rateHz)))
    await dataset.recordings.write({ ...recording, rows: 1 })
    expect(await first()).toBe(1)
  })
})

describe('subjects.merge and subjects.erase', () => {
  it('an erased subject is told to every window, with its recordings', async () => {
    const { call, events } = await lab()
    const code = SubjectCode.parse('S001')
    await call('subjects.add', { code: SubjectCode.parse('S002') })
    expect(await call('subjects.merge', { code: SubjectCode.parse('S002'), into: code })).toMatchObject({ code: 'S001', recordings: 1 })
    await call('labels.append', { id, annotator: 'anna', changes: beats('a', [100]) })
    await expect(call('subjects.erase', { code, confirm: 'S002' })).rejects.toMatchObject({ code: 'request-invalid' })
    await call('library.envelope', { id, lanes: null, fromRow: 0, toRow: 100, columns: 10 })
    expect(await call('subjects.erase', { code, confirm: 'S001' })).toEqual({ recordings: [id], versions: [], splits: [] })
    expect(events).toContainEqual({ event: 'subjects.erased', payload: { code: 'S001', recordings: [id] } })
    expect(await call('library.list', {})).toEqual([])
    await expect(call('labels.append', { id, annotator: 'anna', changes: beats('b', [100]) })).rejects.toMatchObject({ code: 'subject-erased' })
  })
})
