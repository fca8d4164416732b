import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { ExportOptions, type ExportOptionsInput, type ExportReport } from '../../src-main/contract/index.ts'
import { splitHash } from '../../src-main/curation/split-build.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { exportVersion } from '../../src-main/exchange/export-version.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { ExportFolder } from '../../src-main/exchange/export-folder.ts'
import { NpzExport } from '../../src-main/exchange/export-npz.ts'
import { planExport } from '../../src-main/exchange/export-plan.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from './a-lab.ts'
import { readNpzArrays, readTree, windowsOf } from './export-files.ts'

const folder = temporaryFolder()
const missing = -(2 ** 31)
const place = (name: string): string => join(folder.path, name)
const run = (dataset: Dataset, options: Omit<ExportOptionsInput, 'version'>): Promise<ExportReport> => exportVersion(dataset, ExportOptions.parse({ version: 'v1', ...options }), { now: () => 0 })
const npz = async (name: string) => readNpzArrays(await readFile(place(`${name}/windows.npz`)))

/** Four recordings of two people, 20 s at 250 Hz, with a hole in the first. */
async function lab(): Promise<Dataset> {
  const dataset = await Dataset.create(place('lab'), { name: 'Lab' })
  for (const id of [1, 2, 3, 4]) {
    const counts = spikes(5000, 250, id).map((count, row) => (id === 1 && row === 1130 ? missing : count))
    await addRecording(dataset, { id: recordingId(id), subject: id < 3 ? 'S001' : 'S002', startedAt: `2026-03-0${id}T10:00:00.000Z`, counts: [counts], beats: spikeRows(5000, 250) })
  }
  await freeze(dataset)
  return dataset
}

describe('windows of beats', () => {
  it('are the stored samples around each beat, where nothing is filtered and the rate is the same', async () => {
    const dataset = await lab()
    const report = await run(dataset, { format: 'npz', out: place('out'), window: { mode: 'beat', filtered: false } })
    const arrays = await npz('out')
    const windows = windowsOf(arrays)
    // The beat of row 1125 has a hole in its window.
    const beats = [1, 2, 3, 4].flatMap((id) => spikeRows(5000, 250).filter((row) => id !== 1 || row !== 1125).map((row) => ({ id, row })))
    expect(report.windows).toBe(79)
    expect(arrays.row.values).toEqual(beats.map(({ row }) => row))
    expect(windows).toEqual(beats.map(({ id, row }) => spikes(5000, 250, id).slice(row - 50, row + 100).map((count) => Math.fround(count / 200))))
    expect(arrays.subjects.values).toEqual(['S001', 'S002'])
    expect(arrays.recordings.values).toEqual(['S001/r001', 'S001/r002', 'S002/r001', 'S002/r002'])
    expect(arrays.subject.values).toEqual(beats.map(({ id }) => (id < 3 ? 0 : 1)))
    expect(arrays.recording.values).toEqual(beats.map(({ id }) => id - 1))
    expect(arrays.day.values).toEqual(beats.map(({ id }) => (id % 2 === 0 ? 1 : 0)))
    expect(new Set(arrays.role.values)).toEqual(new Set([-1]))
    await dataset.close()
  })

  it('have a role each, and lie in the rows of that role as a whole', async () => {
    const dataset = await lab()
    await divide(dataset, { strategy: 'chronological', validation: 0, test: 0.4 })
    await run(dataset, { format: 'npz', out: place('out'), split: 's1', window: { mode: 'beat' } })
    const arrays = await npz('out')
    const { assignments } = await dataset.splits.get('s1')
    const names = ['S001/r001', 'S001/r002', 'S002/r001', 'S002/r002']
    const roles = arrays.roles.values
    for (const [i, row] of (arrays.row.values as number[]).entries()) {
      const recording = recordingId(names.indexOf(String(arrays.recordings.values[arrays.recording.values[i] as number])) + 1)
      const holding = assignments.filter((one) => one.recording === recording && one.spans.some(({ from, to }) => row - 50 >= from && row + 99 < to))
      expect(holding.map(({ role }) => role)).toEqual([roles[arrays.role.values[i] as number]])
    }
    expect(new Set(arrays.role.values).size).toBe(2)
    await dataset.close()
  })

  it('of one role do not change when the other role\'s rows do', async () => {
    const exported = async (name: string, change: (count: number, row: number) => number): Promise<number[][]> => {
      const dataset = await Dataset.create(place(name), { name: 'Lab' })
      for (const id of [1, 2, 3, 4]) {
        const counts = spikes(5000, 250, id).map(change)
        await addRecording(dataset, { id: recordingId(id), subject: id < 3 ? 'S001' : 'S002', startedAt: `2026-03-0${id}T10:00:00.000Z`, counts: [counts], beats: spikeRows(5000, 250) })
      }
      await freeze(dataset)
      await divide(dataset, { strategy: 'chronological', validation: 0, test: 0.4 })
      await run(dataset, { format: 'npz', out: place(`out-${name}`), split: 's1' })
      await dataset.close()
      const arrays = await npz(`out-${name}`)
      return windowsOf(arrays).filter((_, i) => (arrays.row.values[i] as number) > 3200)
    }
    const later = await exported('a', (count) => count)
    expect(later.length).toBeGreaterThan(20)
    // Rows below 2900 are the earlier role's, however the shares are rounded.
    expect(await exported('b', (count, row) => (row < 2800 ? Math.round(count / 3) + 500 : count))).toEqual(later)
  })

  it('are summed up as the mean of the five that are nearest to the mean of ten', async () => {
    const dataset = await lab()
    await run(dataset, { format: 'npz', out: place('beats'), window: { mode: 'beat' } })
    await run(dataset, { format: 'npz', out: place('sums'), window: { mode: 'summary-beat', beatsPerGroup: 10 } })
    const [beats, sums] = [await npz('beats'), await npz('sums')]
    const own = windowsOf(beats).filter((_, i) => beats.recording.values[i] === 1).slice(0, 10)
    const mean = own[0].map((_, k) => own.reduce((sum, beat) => sum + beat[k], 0) / 10)
    const near = [...own].sort((a, b) => a.reduce((sum, v, k) => sum + (v - mean[k]) ** 2, 0) - b.reduce((sum, v, k) => sum + (v - mean[k]) ** 2, 0)).slice(0, 5)
    const at = sums.recording.values.indexOf(1)
    windowsOf(sums)[at].forEach((value, k) => expect(value).toBeCloseTo(near.reduce((sum, beat) => sum + beat[k], 0) / 5, 6))
    expect(sums.recording.values.filter((recording) => recording === 1).length).toBe(2)
    expect(sums.beats.values[at]).toBe(10)
    await dataset.close()
  })
})

describe('fixed windows', () => {
  it('begin every stride, at another rate too, and show what was recorded there', async () => {
    const dataset = await Dataset.create(place('lab'), { name: 'Lab' })
    const hz = 7
    const sine = (seconds: number): number => 1000 * Math.sin(2 * Math.PI * hz * seconds)
    for (const id of [1, 2]) await addRecording(dataset, { id: recordingId(id), subject: `S00${id}`, startedAt: `2026-03-0${id}T10:00:00.000Z`, counts: [Array.from({ length: 7200 }, (_, row) => Math.round(sine(row / 360)))], rateHz: 360 })
    await freeze(dataset)
    await run(dataset, { format: 'npz', out: place('out'), window: { mode: 'fixed', seconds: 2, strideSeconds: 1.5, rateHz: 250, filtered: false } })
    const arrays = await npz('out')
    expect(arrays.windows.shape).toEqual([26, 500])
    expect(arrays.row.values.slice(0, 13)).toEqual(Array.from({ length: 13 }, (_, k) => k * 540))
    windowsOf(arrays).slice(1, 12).forEach((window, i) => {
      // Rounding to whole counts is half a count of 200 to the mV.
      window.forEach((value, k) => expect(Math.abs(value - sine((i + 1) * 1.5 + k / 250) / 200)).toBeLessThan(0.006))
    })
    await dataset.close()
  })
})

describe('a table of windows', () => {
  it('holds the same windows as Parquet, for another program', async () => {
    const dataset = await lab()
    await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
    await run(dataset, { format: 'npz', out: place('npz'), split: 's1' })
    const report = await run(dataset, { format: 'parquet', out: place('parquet'), split: 's1' })
    const bytes = await readFile(place('parquet/windows.parquet'))
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
    const rows = await parquetReadObjects({ file })
    const arrays = await npz('npz')
    expect(rows.map(({ samples }) => Array.from(samples as number[]))).toEqual(windowsOf(arrays))
    expect(rows.map(({ row }) => row)).toEqual(arrays.row.values)
    expect(rows.map(({ role }) => role)).toEqual(arrays.role.values.map((role) => arrays.roles.values[role as number]))
    expect(rows[0]).toMatchObject({ subject: 'S001', subject_index: 0, session: 's1', recording: 'r001', day: 0, role: 'enrol', lane: 'ECG', row: 125, beats: 1, symbol: 'N' })
    expect(rows[0].start_s).toBeCloseTo((125 - 50) / 250, 12)
    expect(rows.length).toBe(report.windows)
    const facts = Object.fromEntries((parquetMetadata(file).key_value_metadata ?? []).map(({ key, value }) => [key, value]))
    expect(facts).toMatchObject({ version: 'v1', rate_hz: '250', samples: '150', anchor: '50' })
    await dataset.close()
  })

  it('goes into several files when one would be too large', async () => {
    const dataset = await lab()
    const options = ExportOptions.parse({ version: 'v1', format: 'npz', out: place('out') })
    const { entries } = await planExport(dataset, options)
    const out = await ExportFolder.begin(dataset.files, options.out, dataset.path)
    const file = new NpzExport(out, dataset.files, options.window, entries, 2)
    for (const k of [0, 1, 2, 3, 4]) await file.add(entries[0], { samples: new Float32Array(150).fill(k), row: k, beats: 1, symbol: 'N', role: 'test' })
    await file.end()
    await out.finish()
    const names = [...readTree(place('out')).keys()].filter((name) => name.endsWith('.npz'))
    expect(names).toEqual(['windows-001.npz', 'windows-002.npz', 'windows-003.npz'])
    const read = await Promise.all(names.map(async (name) => readNpzArrays(await readFile(place(`out/${name}`)))))
    expect(read.flatMap((arrays) => windowsOf(arrays).map((window) => new Set(window)))).toEqual([0, 1, 2, 3, 4].map((k) => new Set([k])))
    expect(read.flatMap((arrays) => arrays.role.values)).toEqual([3, 3, 3, 3, 3])
    await dataset.close()
  })
})

describe('a split that leaks', () => {
  it('is not handed out, however sound its file is, and nothing is written', async () => {
    const dataset = await lab()
    await divide(dataset, { strategy: 'leave-last-day-out' })
    const split = await dataset.splits.get('s1')
    const [enrolled] = split.assignments.filter(({ role }) => role === 'enrol')
    const leaking = { ...split, assignments: [...split.assignments, { ...enrolled, role: 'test' as const }] }
    await writeFile(place('lab/splits/s1.json'), JSON.stringify({ ...leaking, hash: splitHash(leaking, sha256) }))
    await expect(run(dataset, { format: 'npz', out: place('out'), split: 's1' })).rejects.toMatchObject({ code: 'split-leaks', data: { split: 's1' } })
    expect((await readdir(folder.path)).filter((name) => name === 'out')).toEqual([])
    await dataset.close()
  })
})
