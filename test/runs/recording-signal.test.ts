import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RecordingId, WindowOptions, type ImportRules } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { presetRules } from '../../src-main/exchange/presets.ts'
import { fileSignal, recordingSignal } from '../../src-main/runs/recording-signal.ts'
import { signalWindows } from '../../src-main/runs/signal-windows.ts'
import { windowOptionsOf } from '../../src-main/runs/window-options.ts'
import { importAt } from '../../src-main/services/import-tasks.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { addRecording } from '../exchange/a-lab.ts'
import { smallEcg, writeSmallRecord, type SmallSignal } from '../exchange/small-record.ts'
import { publicData } from '../signal/physionet.ts'

const folder = temporaryFolder()
const beats = windowOptionsOf(WindowOptions.parse({}))
const context = { workerUrl: null, now: () => Date.now(), signal: new AbortController().signal, onProgress: () => undefined }

async function imported(from: string, rules: ImportRules | null): Promise<Dataset> {
  const path = join(folder.path, 'dataset')
  await importAt(path, from, rules, context)
  return Dataset.open(path, { access: 'read' })
}

async function bothWays(signals: readonly SmallSignal[], options = beats): Promise<void> {
  const root = join(folder.path, 'files')
  writeSmallRecord(root, 'p1', signals)
  const dataset = await imported(root, presetRules('file-per-subject'))
  const [id] = await dataset.recordings.ids()
  const [stored, outside] = [await recordingSignal(dataset, id, options), await fileSignal(join(root, 'p1.hea'), options)]
  expect([...outside.samples]).toEqual([...stored.samples])
  expect([outside.rateHz, outside.finest, outside.beats]).toEqual([stored.rateHz, stored.finest, stored.beats])
  const windows = signalWindows(outside, options)
  expect(windows.rows.length).toBeGreaterThan(10)
  expect(windows).toEqual(signalWindows(stored, options))
  // An ending is no part of a record's name.
  expect((await fileSignal(join(root, 'p1'), options)).samples.length).toBe(stored.samples.length)
  await dataset.close()
}

describe('a signal that stands by itself', () => {
  it('is the same from a WFDB record as from the recording that was made of it', async () => {
    await bothWays([{ label: 'RESP', counts: smallEcg(5000, 250, 50) }, { label: 'II', counts: smallEcg(5000, 250, 1) }, { label: 'V1', counts: smallEcg(5000, 250, 1).map((count) => -2 * count) }])
  })

  it('is the same for a channel that is named, and one that counts downwards', async () => {
    await bothWays([{ label: 'II', counts: smallEcg(5000, 250, 1) }, { label: 'V1', counts: smallEcg(5000, 250, 2), gain: '-200/mV' }], { ...beats, channel: 1 })
  })

  it('is the same for a lane that is slower than the recording', async () => {
    await bothWays([{ label: 'RESP', counts: smallEcg(10_000, 500, 3), samplesPerFrame: 2 }, { label: 'II', counts: smallEcg(5000, 250, 1) }])
  })

  it('has the beats that an analysis will find where there was none', async () => {
    const root = join(folder.path, 'files')
    writeSmallRecord(root, 'p1', [{ label: 'II', counts: smallEcg(5000, 250, 1) }, { label: 'V1', counts: smallEcg(5000, 250, 4) }])
    const dataset = await imported(root, presetRules('file-per-subject'))
    const [id] = await dataset.recordings.ids()
    const analysed = await recordingSignal(dataset, id, beats)
    expect(analysed.beats?.length).toBeGreaterThan(10)
    for (const name of ['analysis.json', 'analysis.qrs']) await rm(join(dataset.recordings.folder(id), name))
    dataset.labels.forget(id)
    expect((await recordingSignal(dataset, id, beats)).beats).toEqual(analysed.beats)
    await dataset.close()
  })

  it('of an hour is its first half hour', async () => {
    const dataset = await Dataset.create(join(folder.path, 'long'), { name: 'Long' })
    const id = RecordingId.parse(recordingId(1))
    const counts = Array.from({ length: 20 * 3600 }, (_, row) => row % 97)
    await addRecording(dataset, { id, subject: 'S001', startedAt: '2026-03-01T10:00:00.000Z', counts: [counts], rateHz: 20, beats: [10, 35_000, 37_000] })
    const { samples, beats: found } = await recordingSignal(dataset, id, beats)
    expect([...samples]).toEqual(counts.slice(0, 20 * 1800).map((count) => Math.fround(count / 200)))
    expect(found).toEqual([10, 35_000])
    writeSmallRecord(folder.path, 'long', [{ label: 'II', counts }], { rateHz: 20 })
    expect([...(await fileSignal(join(folder.path, 'long'), { ...beats, mode: 'window' })).samples]).toEqual([...samples])
    await dataset.close()
  })

  it('is refused where nothing of the kind was measured, or nothing is there', async () => {
    writeSmallRecord(folder.path, 'ecg', [{ label: 'II', counts: smallEcg(5000, 250, 1) }])
    await expect(fileSignal(join(folder.path, 'ecg'), { ...beats, lane: 'ppg' })).rejects.toMatchObject({ code: 'lane-missing', data: { lane: 'ppg' } })
    await expect(fileSignal(join(folder.path, 'ecg'), { ...beats, channel: 1 })).rejects.toMatchObject({ code: 'lane-missing' })
    await expect(fileSignal(join(folder.path, 'none'), beats)).rejects.toMatchObject({ code: 'file-not-found' })
  })

  it('of ECG-ID is the same both ways', async () => {
    const data = publicData('ecgiddb')
    if (data === null) return
    const root = join(data, 'Person_01')
    const dataset = await imported(root, presetRules('file-per-subject'))
    for (const { id } of (await dataset.recordings.list()).slice(0, 3)) {
      const recording = await dataset.recordings.get(id)
      const [stored, outside] = [await recordingSignal(dataset, id, { ...beats, channel: 0 }), await fileSignal(join(root, recording.origin?.file ?? ''), { ...beats, channel: 0 })]
      expect(outside).toEqual(stored)
    }
    await dataset.close()
  })
})
