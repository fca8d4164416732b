import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WindowOptions } from '../../src-main/contract/index.ts'
import { gaussians } from '../../src-main/curation/gaussian.ts'
import { Random } from '../../src-main/curation/random.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { recordingSignal } from '../../src-main/runs/recording-signal.ts'
import { signalWindows } from '../../src-main/runs/signal-windows.ts'
import { hashedOptions, type WindowSetOptions } from '../../src-main/runs/window-options.ts'
import type { BuiltWindowSet } from '../../src-main/runs/window-sets.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { addRecording } from '../exchange/a-lab.ts'
import { build, feet, fixed, noValue, optionsOf, pulse, pulseLane, rate, rows, seconds, split, within } from './a-pulse.ts'

const noise = (() => {
  const gaussian = gaussians(Random.of('movement', 3))
  return rows.map(() => gaussian())
})()

const ppg = (change: (row: number, value: number) => number = (_, value) => value): number[] => rows.map((row) => Math.round(change(row, 1000 * pulse(row / rate))))

const recordings = {
  /** 2 Hz on a baseline that wanders by ten times as much, with mains. */
  tone: rows.map((row) => Math.round(400 * Math.sin((2 * Math.PI * 2 * row) / rate) + 4000 * Math.sin((2 * Math.PI * 0.05 * row) / rate) + 300 * Math.sin((2 * Math.PI * 50 * row) / rate))),
  clean: ppg(),
  /** Missing 20-21 s, a sensor on its rail 38-46 s. */
  holes: ppg((row, value) => (within(row, 20, 21) ? noValue : within(row, 38, 46) ? 2047 : value)),
  /** Moved 20-40 s. */
  moved: ppg((row, value) => value + (within(row, 20, 40) ? 12_000 * noise[row] : 0)),
}
const names = Object.keys(recordings) as (keyof typeof recordings)[]

let folder = ''
let dataset: Dataset
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  dataset = await Dataset.create(join(folder, 'lab'), { name: 'PPG' })
  for (const [i, name] of names.entries()) {
    for (const visit of [1, 2]) {
      // Copies of one signal would be in no split.
      const counts = recordings[name].with(0, visit)
      await addRecording(dataset, { id: recordingId(2 * i + visit), subject: `S00${i + 1}`, startedAt: `2026-03-0${visit}T10:00:00.000Z`, rateHz: rate, counts: [counts], lanes: [pulseLane], beats: feet })
    }
  }
  await split(dataset)
}, 60_000)
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true, force: true })
})

const half = { ...fixed, strideSeconds: 2.5 }

/** Windows of the recording's first visit, and what became of the others. */
function of({ set, report }: BuiltWindowSet, name: keyof typeof recordings) {
  const id = recordingId(2 * names.indexOf(name) + 1)
  const place = set.recordings.findIndex((one) => one.id === id)
  const own = [...set.row.keys()].filter((k) => set.recording[k] === place)
  return { rows: own.map((k) => set.row[k]), samples: own.map((k) => set.samples.subarray(k * set.length, (k + 1) * set.length)), counts: report.recordings.find(({ recording }) => recording === id), length: set.length }
}

describe('fixed windows of a PPG', () => {
  it('hold what lies between 0.5 and 8 Hz, at the windows\' rate, where it was: no delay', async () => {
    const { rows: begins, samples, length } = of(await build(dataset, optionsOf({ ...half, strideSeconds: 2 })), 'tone')
    expect([begins.length, length]).toEqual([28, 250])
    for (const [k, window] of samples.entries()) {
      // Not where the filter begins and ends.
      if (begins[k] < 10 * rate || begins[k] > (seconds - 15) * rate) continue
      const expected = Array.from(window, (_, i) => Math.SQRT2 * Math.sin(2 * Math.PI * 2 * (begins[k] / rate + i / 50)))
      expect(Math.max(...expected.map((value, i) => Math.abs(value - window[i])))).toBeLessThan(0.03)
    }
  })

  it('leave out what misses a sample and what does not vary, and count both', async () => {
    const { counts, rows: begins } = of(await build(dataset, optionsOf({ ...half, filtered: false })), 'holes')
    // Of the starts 0, 2.5 ... 57.5 s: [17.5, 20] miss 20-21 s; [40, 45] lies on the rail, and farther from its ends than a resampled edge rings; 57.5 s reaches beyond the end.
    expect(counts).toMatchObject({ wanted: 24, kept: 20, missing: 2, flat: 1, edge: 1, lowQuality: 0 })
    expect([17.5, 20, 40, 57.5].some((second) => begins.includes(Math.round(second * rate)))).toBe(false)
  })
})

describe('the quality gate', () => {
  const gated = optionsOf({ ...half, quality: { correlation: 0.8, skewness: 0 } })

  it('leaves out what was moved, counts it, and nothing else', async () => {
    const built = await build(dataset, gated)
    const moved = of(built, 'moved')
    const within = (row: number): boolean => row >= 20 * rate && row + 5 * rate <= 40 * rate
    expect(moved.rows.filter(within).length).toBeLessThanOrEqual(1)
    expect(moved.rows.filter((row) => row + 5 * rate <= 19 * rate || row >= 41 * rate).length).toBe(6 + 6)
    expect(moved.counts?.lowQuality).toBeGreaterThanOrEqual(6)
    expect(of(built, 'clean').counts).toMatchObject({ wanted: 24, kept: 23, edge: 1, lowQuality: 0 })
  })

  it('changes nothing where it is not asked for, not even what the windows are known by', async () => {
    expect(WindowOptions.parse({}).quality).toBeNull()
    expect(hashedOptions(optionsOf({}))).not.toHaveProperty('quality')
    expect(hashedOptions(gated)).toMatchObject({ quality: { correlation: 0.8 } })
    const { report } = await build(dataset, optionsOf(half))
    expect(report.total.lowQuality).toBe(0)
  })
})

it('beats of a PPG are cut around the feet that the detector finds', () => {
  const samples = Float32Array.from(recordings.clean)
  const { rows: found, length, refused } = signalWindows({ samples, rateHz: rate, finest: 1, beats: null }, optionsOf({ lane: 'ppg', rateHz: 100, dropFirstSeconds: 1.5 }))
  expect(length).toBe(100)
  expect(found.length).toBeGreaterThan(65)
  expect(refused).toBeLessThanOrEqual(2)
  // Each within 40 ms of a planted foot, none twice.
  const nearest = found.map((row) => Math.round(row / 100))
  expect(new Set(nearest).size).toBe(found.length)
  expect(Math.max(...found.map((row, k) => Math.abs(row - 100 * nearest[k])))).toBeLessThanOrEqual(5)
})

it.each<[string, Partial<WindowSetOptions>]>([
  ['fixed', half],
  ['fixed, with the gate', { ...half, quality: { correlation: 0.8, skewness: 0 } }],
  ['fixed, at the recording\'s own rate', { ...half, rateHz: rate, dropFirstSeconds: 1.5 }],
  ['beats', { lane: 'ppg', rateHz: 100 }],
  ['beats with the gate', { lane: 'ppg', rateHz: 100, minimumCorrelation: null, quality: { correlation: 0.8, skewness: 0.1 } }],
  ['groups of beats', { lane: 'ppg', rateHz: 100, mode: 'summary-beat', beatsPerGroup: 4 }],
])('the same windows come of a split and of a signal that stands by itself: %s', async (_, change) => {
  const options = optionsOf(change)
  const built = await build(dataset, options)
  for (const name of names) {
    const { rows: begins, samples, length } = of(built, name)
    const made = signalWindows(await recordingSignal(dataset, recordingId(2 * names.indexOf(name) + 1) as Parameters<typeof recordingSignal>[1], options), options)
    expect([made.rows, made.length]).toEqual([begins, length])
    samples.forEach((window, k) => window.forEach((value, i) => Math.abs(value - made.samples[k * length + i]) > 1e-5 && expect.fail(`${name}: window ${k} differs at ${i}`)))
  }
})
