import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabelChange, SubjectCode, WindowOptions, type DatasetSplit, type SplitOptionsInput } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import type { WindowSet } from '../../src-main/learning/data/window-set.ts'
import { buildWindowSet, type BuiltWindowSet } from '../../src-main/runs/window-sets.ts'
import { WindowCache } from '../../src-main/runs/window-cache.ts'
import type { WindowSetOptions } from '../../src-main/runs/window-options.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from '../exchange/a-lab.ts'

const folder = temporaryFolder()
const missing = -(2 ** 31)
const usual = WindowOptions.parse({ lane: 'ecg', mode: 'beat' })
const plain: Partial<WindowSetOptions> = { filtered: false, minimumCorrelation: null, zScore: false, dropFirstSeconds: 0 }
const rate = 250

interface Planted {
  /** Changes a recording's counts. */
  readonly change?: (count: number, row: number, id: number) => number
  readonly split?: SplitOptionsInput
  readonly beats?: (id: number) => number[]
  readonly name?: string
}

/** Two people with two recordings of 20 s each, of two lanes, the second twice the first; both people are enrolled with the first. */
async function lab({ change = (count) => count, split = { strategy: 'leave-last-recording-out', validation: 0 }, beats = () => spikeRows(5000, rate), name = 'lab' }: Planted = {}): Promise<{ dataset: Dataset; split: DatasetSplit }> {
  const dataset = await Dataset.create(join(folder.path, name), { name: 'Lab' })
  for (const id of [1, 2, 3, 4]) {
    const counts = spikes(5000, rate, id).map((count, row) => change(count, row, id))
    const twice = counts.map((count) => (count === missing ? missing : 2 * count))
    await addRecording(dataset, { id: recordingId(id), subject: id < 3 ? 'S001' : 'S002', startedAt: `2026-03-0${id}T10:00:00.000Z`, counts: [counts, twice], beats: beats(id) })
  }
  await freeze(dataset)
  await divide(dataset, split, 'v1', split.strategy === 'diagnostic-leaky' ? 'diagnostic-leaky' : 's1')
  return { dataset, split: await dataset.splits.get(split.strategy === 'diagnostic-leaky' ? 'diagnostic-leaky' : 's1') }
}

const build = ({ dataset, split }: { dataset: Dataset; split: DatasetSplit }, options: Partial<WindowSetOptions> = {}, budgetBytes?: number): Promise<BuiltWindowSet> =>
  buildWindowSet(dataset, split, { ...usual, ...options }, budgetBytes === undefined ? {} : { budgetBytes })

const windowsOf = ({ samples, length }: WindowSet): number[][] => Array.from({ length: samples.length / length }, (_, k) => [...samples.subarray(k * length, (k + 1) * length)])
const cacheFiles = (dataset: Dataset): Promise<string[]> => readdir(join(dataset.path, 'runs', '.windows'))

describe('the windows of a split', () => {
  it('are the stored samples around each beat, by recording, with people, sessions and roles', async () => {
    const made = await lab()
    const { set, report, cached } = await build(made, { ...plain, channel: 0 })
    const beats = [1, 2, 3, 4].flatMap((id) => spikeRows(5000, rate).map((row) => ({ id, row })))
    expect(cached).toBe(false)
    expect([set.length, set.channels, set.rateHz]).toEqual([150, 1, 250])
    expect([...set.row]).toEqual(beats.map(({ row }) => row))
    expect(windowsOf(set)).toEqual(beats.map(({ id, row }) => spikes(5000, rate, id).slice(row - 50, row + 100).map((count) => Math.fround(count / 200))))
    expect([...set.subject]).toEqual(beats.map(({ id }) => (id < 3 ? 0 : 1)))
    expect([...set.recording]).toEqual(beats.map(({ id }) => id - 1))
    expect([...set.role].map((role) => set.roles[role])).toEqual(beats.map(({ id }) => (id % 2 === 1 ? 'enrol' : 'test')))
    expect(set.subjects).toEqual(['S001', 'S002'])
    expect(set.recordings.map(({ id, subject }) => [id, subject])).toEqual([1, 2, 3, 4].map((id) => [recordingId(id), id < 3 ? 0 : 1]))
    expect(report.total).toEqual({ wanted: 80, kept: 80, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0 })
    await made.dataset.close()
  })

  it('come from the channel that is asked for, with the beats of the other where it has none', async () => {
    const made = await lab()
    const [first, second] = [await build(made, { ...plain, channel: 0 }), await build(made, { ...plain, channel: 1 })]
    expect([...second.set.row]).toEqual([...first.set.row])
    expect([...second.set.samples]).toEqual([...first.set.samples].map((value) => 2 * value))
    const none = await build(made, { ...plain, channel: 2 })
    expect(none.set.row.length).toBe(0)
    expect(none.report.failedToAcquire).toEqual([{ role: 'enrol', recordings: 2, of: 2 }, { role: 'test', recordings: 2, of: 2 }])
    await made.dataset.close()
  })

  it('leave out the first 1.5 s of each recording, before anything is filtered', async () => {
    const made = await lab()
    const later = await build(made, { channel: 0 })
    // The beat of 0.5 s is gone; that of 1.5 s reaches back to before it.
    expect([...later.set.row].slice(0, 2)).toEqual([625, 875])
    const wild = await lab({ name: 'wild', change: (count, row) => (row < 375 ? 2000 : count) })
    expect([...(await build(wild, { channel: 0 })).set.samples]).toEqual([...later.set.samples])
    await made.dataset.close()
    await wild.dataset.close()
  })

  it('of one role do not change when the rows of the other do', async () => {
    const split = { strategy: 'chronological', validation: 0, test: 0.4 } as const
    const early = async (name: string, change: (count: number, row: number) => number): Promise<number[][]> => {
      const made = await lab({ name, split, change })
      const { set } = await build(made, { channel: 0 })
      await made.dataset.close()
      return windowsOf(set).filter((_, k) => set.roles[set.role[k]] === 'test')
    }
    const tested = await early('a', (count) => count)
    expect(tested.length).toBeGreaterThan(20)
    expect(await early('b', (count, row) => (row < 2800 ? Math.round(count / 3) + 500 : count))).toEqual(tested)
  })

  it('of random beats go by the beat: every one on kept rows has a role', async () => {
    const made = await lab({ split: { strategy: 'diagnostic-leaky', validation: 0, test: 0.3 } })
    const { set, report } = await build(made, { ...plain, channel: 0 })
    expect(report.total).toMatchObject({ wanted: 80, kept: 80 })
    for (let k = 0; k < 80; k++) {
      const holding = made.split.assignments.filter(({ recording, spans }) => recording === set.recordings[set.recording[k]].id && spans.some(({ from, to }) => set.row[k] >= from && set.row[k] < to))
      expect(holding.map(({ role }) => role)).toEqual([set.roles[set.role[k]]])
    }
    await made.dataset.close()
  })

  it('have mean 0 and deviation 1', async () => {
    const made = await lab()
    for (const window of windowsOf((await build(made)).set)) {
      const mean = window.reduce((sum, value) => sum + value / 150, 0)
      expect(Math.abs(mean)).toBeLessThan(1e-5)
      expect(window.reduce((sum, value) => sum + (value - mean) ** 2 / 150, 0)).toBeCloseTo(1, 4)
    }
    await made.dataset.close()
  })

  it('begin every stride where no beat is looked for', async () => {
    const made = await lab({ beats: () => [] })
    const { set } = await build(made, { ...plain, channel: 0, mode: 'window', seconds: 2, strideSeconds: 0.5, rateHz: 250 })
    // 20 s: (20 - 2) / 0.5 + 1 windows of each recording.
    expect([...set.row].slice(0, 37)).toEqual(Array.from({ length: 37 }, (_, k) => k * 125))
    expect(set.row.length).toBe(4 * 37)
    expect(windowsOf(set)[1]).toEqual(spikes(5000, rate, 1).slice(125, 625).map((count) => Math.fround(count / 200)))
    await made.dataset.close()
  })
})

describe('what is dropped', () => {
  it('is counted by its reason, recording by recording, and the numbers add up', async () => {
    // Recording 1: a hole, a lead that is off for two beats, two inverted beats, one beat at the very end. Recording 4 has no beat at all.
    const change = (count: number, row: number, id: number): number => {
      if (id !== 1) return count
      if (row === 1130) return missing
      if (row >= 2000 && row < 2500) return 77
      return row >= 3000 && row < 3500 ? -count : count
    }
    const made = await lab({ change, beats: (id) => (id === 4 ? [] : id === 1 ? [...spikeRows(5000, rate), 4990] : spikeRows(5000, rate)) })
    const { set, report } = await build(made, { ...plain, channel: 0, minimumCorrelation: 0.5 })
    expect(report.recordings.map(({ recording, subject, role, lane, ...counts }) => [recording, subject, role, lane, counts])).toEqual([
      [recordingId(1), 'S001', 'enrol', 'ecg', { wanted: 21, kept: 15, edge: 1, missing: 1, flat: 2, lowQuality: 0, moved: 0, outliers: 2, tooFew: 0, unmeasured: 0, beatless: false }],
      [recordingId(2), 'S001', 'test', 'ecg', { wanted: 20, kept: 20, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0, unmeasured: 0, beatless: false }],
      [recordingId(3), 'S002', 'enrol', 'ecg', { wanted: 20, kept: 20, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0, unmeasured: 0, beatless: false }],
      [recordingId(4), 'S002', 'test', 'ecg', { wanted: 0, kept: 0, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0, unmeasured: 0, beatless: true }],
    ])
    expect(report.failedToAcquire).toEqual([{ role: 'enrol', recordings: 0, of: 2 }, { role: 'test', recordings: 1, of: 2 }])
    expect([...set.row].filter((row, k) => set.recording[k] === 0 && row >= 2000 && row < 3500)).toEqual([2625, 2875])
    // A recording that gave nothing stays in the list: its person failed to be acquired.
    expect(set.recordings).toHaveLength(4)
    await made.dataset.close()
  })

  it('are outliers only as long as three beats stay', async () => {
    const made = await lab({ beats: () => [625, 875, 1125, 1375], change: (count, row) => (row >= 1000 ? ((row * 7919) % 601) - 300 : count) })
    const { report } = await build(made, { ...plain, channel: 0, minimumCorrelation: 0.9999 })
    for (const { kept } of report.recordings) expect(kept).toBe(3)
    await made.dataset.close()
  })

  it('are beats that fill no group, of those that are summed up', async () => {
    const made = await lab()
    const { set, report } = await build(made, { ...plain, channel: 0, mode: 'summary-beat', beatsPerGroup: 6 })
    expect(report.recordings[0]).toMatchObject({ wanted: 20, kept: 3, tooFew: 2 })
    const own = spikeRows(5000, rate).slice(0, 6).map((row) => spikes(5000, rate, 1).slice(row - 50, row + 100).map((count) => count / 200))
    const mean = own[0].map((_, k) => own.reduce((sum, beat) => sum + beat[k], 0) / 6)
    const near = [...own].sort((a, b) => a.reduce((sum, v, k) => sum + (v - mean[k]) ** 2, 0) - b.reduce((sum, v, k) => sum + (v - mean[k]) ** 2, 0)).slice(0, 5)
    windowsOf(set)[0].forEach((value, k) => expect(value).toBeCloseTo(near.reduce((sum, beat) => sum + beat[k], 0) / 5, 5))
    expect([...set.row].slice(0, 3)).toEqual([0, 6, 12].map((k) => spikeRows(5000, rate)[k]))
    await made.dataset.close()
  })
})

describe('the cache of window sets', () => {
  it('gives the same set again, to another program too', async () => {
    const made = await lab()
    const first = await build(made)
    const again = await build(made)
    expect(again).toEqual({ ...first, cached: true })
    await made.dataset.close()
    const dataset = await Dataset.open(made.dataset.path, { access: 'read' })
    expect(await build({ dataset, split: made.split })).toEqual({ ...first, cached: true })
    await dataset.close()
  })

  it('is named by all that windows depend on: options, split, beats of the layer', async () => {
    const made = await lab()
    const hashes = new Set<string>()
    const add = async (options: Partial<WindowSetOptions> = {}, split = made.split): Promise<void> => void hashes.add((await build({ dataset: made.dataset, split }, { channel: 0, ...options })).set.contentHash)
    await add()
    for (const options of [{ rateHz: 200 }, { channel: 1 }, { filtered: false }, { zScore: false }, { minimumCorrelation: null }, { dropFirstSeconds: 0 }, { mode: 'summary-beat' }, { mode: 'window' }] as const) await add(options)
    await divide(made.dataset, { strategy: 'chronological', validation: 0 }, 'v1', 's2')
    await add({}, await made.dataset.splits.get('s2'))
    const change = (id: string, row: number): LabelChange => LabelChange.parse({ type: 'set', id, row, kind: 'beat', value: 'N', lane: 'ecg' })
    await made.dataset.labels.append(recordingId(1), 'anna', { basis: 'pulseprint-qrs@1', changes: [change('a', 700)] })
    await add({ annotator: 'anna' })
    await made.dataset.labels.append(recordingId(1), 'anna', { changes: [change('b', 720)] })
    await add({ annotator: 'anna' })
    expect(hashes.size).toBe(12)
    await expect(add({ annotator: 'nobody' })).rejects.toMatchObject({ code: 'label-not-found' })
    await made.dataset.close()
  })

  it('makes again what does not give its checksum, whichever byte is another or gone', async () => {
    const made = await lab()
    const first = await build(made)
    const path = join(made.dataset.path, 'runs', '.windows', `${first.set.contentHash}.bin`)
    const sound = await readFile(path)
    const cache = new WindowCache(nodeFiles, join(made.dataset.path, 'runs', '.windows'))
    const at = fc.oneof(fc.nat(sound.length - 1), fc.nat(20), fc.integer({ min: sound.length - 600, max: sound.length - 1 }))
    await fc.assert(
      fc.asyncProperty(at, fc.boolean(), fc.integer({ min: 1, max: 255 }), async (place, cut, flip) => {
        const damaged = cut ? sound.subarray(0, place) : Buffer.from(sound)
        if (!cut) damaged[place] ^= flip
        await writeFile(path, damaged)
        expect(await cache.load(first.set.contentHash)).toBeNull()
        expect(await cacheFiles(made.dataset)).toEqual([])
      }),
    )
    expect(await build(made)).toEqual(first)
    expect(await readFile(path)).toEqual(sound)
    expect(await cacheFiles(made.dataset)).toHaveLength(1)
    await made.dataset.close()
  })

  it('keeps the newest sets within so many bytes, whatever the newest has, and what dead programs began for a day', async () => {
    const made = await lab()
    const path = (hash: string): string => join(made.dataset.path, 'runs', '.windows', `${hash}.bin`)
    const hashes: string[] = []
    for (const [i, rateHz] of [100, 125, 150].entries()) {
      hashes.push((await build(made, { rateHz })).set.contentHash)
      await utimes(path(hashes[i]), 1e9 + i, 1e9 + i)
    }
    const bytes = (await stat(path(hashes[2]))).size
    for (const [name, seconds] of [['old', 1e9], ['new', Date.now() / 1000]] as const) {
      await writeFile(`${path(hashes[0])}.${name}.part`, 'begun')
      await utimes(`${path(hashes[0])}.${name}.part`, seconds, seconds)
    }
    const { set } = await build(made, { rateHz: 140 }, 2.2 * bytes)
    expect((await cacheFiles(made.dataset)).sort()).toEqual([`${hashes[2]}.bin`, `${set.contentHash}.bin`, `${hashes[0]}.bin.new.part`].sort())
    const last = await build(made, { rateHz: 250 }, 1)
    expect((await cacheFiles(made.dataset)).filter((name) => name.endsWith('.bin'))).toEqual([`${last.set.contentHash}.bin`])
    await made.dataset.close()
  })

  it('holds nothing of a set that was not finished', async () => {
    const made = await lab()
    const stop = new AbortController()
    const cutting = buildWindowSet(made.dataset, made.split, usual, { signal: stop.signal, onProgress: (done) => void (done === 2 && stop.abort()) })
    await expect(cutting).rejects.toMatchObject({ code: 'cancelled' })
    expect(await cacheFiles(made.dataset)).toEqual([])
    await made.dataset.close()
  })
})

describe('people who leave', () => {
  it('are in no set that is made afterwards, and erasure takes the sets that are there', async () => {
    const made = await lab()
    await addRecording(made.dataset, { id: recordingId(5), subject: 'S003', startedAt: '2026-03-05T10:00:00.000Z', counts: [spikes(5000, rate, 5)], beats: spikeRows(5000, rate) })
    const before = await build(made)
    await made.dataset.subjects.update('S002', { consent: 'withdrawn' })
    const without = await build(made)
    expect(without.set.subjects).toEqual(['S001'])
    expect(without.set.contentHash).not.toBe(before.set.contentHash)
    expect(await cacheFiles(made.dataset)).toHaveLength(2)
    await eraseSubject(made.dataset, 'S002')
    expect(await readdir(join(made.dataset.path, 'runs'))).toEqual([])
    await made.dataset.close()
  })

  it('take with them a set that was being cut', async () => {
    const made = await lab()
    const cutting = buildWindowSet(made.dataset, made.split, usual, { onProgress: (done, total) => void (done === total && erase()) })
    let erased: Promise<unknown> = Promise.resolve()
    function erase(): void {
      erased = made.dataset.subjects.bury([SubjectCode.parse('S002')])
    }
    await expect(cutting).rejects.toMatchObject({ code: 'subject-erased' })
    await erased
    expect(await cacheFiles(made.dataset)).toEqual([])
    await made.dataset.close()
  })
})

describe('what is refused', () => {
  it('is a signal that is not what was frozen, and options that give no window', async () => {
    const made = await lab()
    await expect(build(made, { mode: 'window', seconds: 0.001 })).rejects.toMatchObject({ code: 'request-invalid' })
    const path = join(made.dataset.recordings.folder(recordingId(3)), 'signals.dat')
    const bytes = await readFile(path)
    bytes[100] ^= 1
    await writeFile(path, bytes)
    await expect(build(made)).rejects.toMatchObject({ code: 'version-content-changed', data: { changed: [recordingId(3)] } })
    expect(await cacheFiles(made.dataset)).toEqual([])
    await made.dataset.close()
  })
})
