import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Recipe, WindowOptions, type LaneSpec } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { SignalEncoder } from '../../src-main/formats/wfdb-signal.ts'
import { preprocessingOf, preprocessingWords } from '../../src-main/runs/preprocessing.ts'
import { fileSignal, recordingSignal } from '../../src-main/runs/recording-signal.ts'
import { signalWindows } from '../../src-main/runs/signal-windows.ts'
import { trainingData } from '../../src-main/runs/training-data.ts'
import { hashedOptions, type WindowSetOptions } from '../../src-main/runs/window-options.ts'
import type { BuiltWindowSet } from '../../src-main/runs/window-sets.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { addRecording } from '../exchange/a-lab.ts'
import { build, feet, fixed, noValue, optionsOf, pulse, pulseLane, rate, rows, split, within } from './a-pulse.ts'

/** The shake leaves the pulse as it is: only the accelerometer tells. */
const ppg = rows.map((row) => Math.round(1000 * pulse(row / rate)))
/** +-0.5 g at 3 Hz in 20-30 s, along all three axes alike; gravity along the third. In g. */
const shaken = (row: number, axis: number): number => (axis === 2 ? 1 : 0) + (within(row, 20, 30) ? (0.5 / Math.sqrt(3)) * Math.sin((2 * Math.PI * 3 * row) / rate) : 0)

interface Made {
  readonly lanes: readonly Partial<LaneSpec>[]
  readonly axes: readonly (readonly number[])[]
}
const lane = (i: number, more: Partial<LaneSpec>): Partial<LaneSpec> => ({ id: `accel-${'xyz'[i]}`, label: `Acceleration ${'XYZ'[i]}`, kind: 'acceleration', bits: 16, minimum: -32768, maximum: 32767, ...more })
const axes = (count: (value: number, row: number) => number): number[][] => [0, 1, 2].map((axis) => rows.map((row) => count(shaken(row, axis), row)))
const inG = [0, 1, 2].map((i) => lane(i, { unit: 'g', gainCountsPerUnit: 8000 }))

const recordings = {
  /** As Cyton sends it: 8000 counts per g, a value every 10th row. */
  cyton: { lanes: inG.map((one) => ({ ...one, sparse: true })), axes: axes((value, row) => (row % 10 === 0 ? Math.round(8000 * value) : noValue)) },
  /** A file's: m/s2 at 25 Hz beside PPG at 125 Hz. */
  file: { lanes: [0, 1, 2].map((i) => lane(i, { unit: 'm/s^2', gainCountsPerUnit: 500, sparse: true, rateHz: 25 })), axes: axes((value, row) => (row % 5 === 0 ? Math.round(500 * 9.80665 * value) : noValue)) },
  /** Lost from 15 s to 40 s, the shake with it. */
  lost: { lanes: inG, axes: axes((value, row) => (within(row, 15, 40) ? noValue : Math.round(8000 * value))) },
  /** Shimmer's: nobody knows what a count is. */
  counts: { lanes: [0, 1, 2].map((i) => lane(i, { unit: 'count', gainCountsPerUnit: 1 })), axes: axes((value) => Math.round(800 * value)) },
  none: { lanes: [], axes: [] },
} satisfies Record<string, Made>
type Name = keyof typeof recordings
const names = Object.keys(recordings) as Name[]
const idOf = (name: Name, visit = 1) => recordingId(2 * names.indexOf(name) + visit)

let folder = ''
let dataset: Dataset
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  dataset = await Dataset.create(join(folder, 'lab'), { name: 'wrist' })
  // Two people have each kind of sensor: one that nobody else has would name its owner, and no split is made of such.
  for (const [i, name] of [...names, ...names].entries()) {
    const made: Made = recordings[name]
    for (const visit of [1, 2]) {
      await addRecording(dataset, {
        id: recordingId(2 * i + visit), subject: `S0${i + 10}`, startedAt: `2026-03-0${visit}T10:00:00.000Z`, rateHz: rate, beats: feet,
        // Nor of copies of one signal.
        counts: [ppg.with(0, 2 * i + visit), ...made.axes], lanes: [pulseLane, ...made.lanes],
      })
    }
  }
  await split(dataset)
}, 60_000)
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true, force: true })
})

const everyTwo = { ...fixed, strideSeconds: 2 }
const limited = optionsOf({ ...everyTwo, maximumMotion: 0.1 })

/** Of the recording's first visit: where windows begin, s, and what became of the others. */
function of({ set, report }: BuiltWindowSet, name: Name) {
  const place = set.recordings.findIndex(({ id }) => id === idOf(name))
  return { begins: [...set.row.keys()].filter((k) => set.recording[k] === place).map((k) => set.row[k] / rate), report: report.recordings.find(({ recording }) => recording === idOf(name)) }
}
/** Every 2 s to 54 s: those of 5 s that lie in the minute. */
const all = Array.from({ length: 28 }, (_, k) => 2 * k)

describe('a limit of motion', () => {
  // 0.5 g / sqrt 2 = 0.354 g in the shake; a window of which the part p lies in it has 0.354 sqrt p.
  const touched = (begin: number): boolean => begin + 5 > 20 && begin < 30

  it.each(['cyton', 'file'] as const)('leaves out the windows of a shake that only the accelerometer knows of: %s', async (name) => {
    const { begins, report } = of(await build(dataset, limited), name)
    expect(begins).toEqual(all.filter((begin) => !touched(begin)))
    // Two strides reach beyond the end.
    expect(report).toMatchObject({ wanted: 30, kept: 21, edge: 2, moved: 7, lowQuality: 0, flat: 0, missing: 0, unmeasured: 0 })
  })

  it('is exceeded as the root mean square says', async () => {
    const begins = async (maximumMotion: number): Promise<number[]> => of(await build(dataset, optionsOf({ ...everyTwo, maximumMotion })), 'cyton').begins
    // Begun at 16 s: 1 s of 5, 0.158 g; 28 s: 2 s, 0.224 g; 18 s: 3 s, 0.274 g; 26 s: 4 s, 0.316 g; 20-24 s: all, 0.354 g.
    const without = (...left: number[]): number[] => all.filter((begin) => !left.includes(begin))
    expect(await begins(0.15)).toEqual(without(16, 18, 20, 22, 24, 26, 28))
    expect(await begins(0.25)).toEqual(without(18, 20, 22, 24, 26))
    expect(await begins(0.33)).toEqual(without(20, 22, 24))
  })

  it('lets pass, and counts, what nobody measured: no accelerometer, one in counts, one that was lost', async () => {
    const built = await build(dataset, limited)
    for (const name of ['none', 'counts'] as const) {
      expect(of(built, name).begins).toEqual(all)
      expect(of(built, name).report).toMatchObject({ kept: 28, moved: 0, unmeasured: 28 })
    }
    // Of the windows that miss more than 1.25 s of it the first begins at 12 s, the last at 38 s.
    expect(of(built, 'lost').begins).toEqual(all)
    expect(of(built, 'lost').report).toMatchObject({ kept: 28, moved: 0, unmeasured: 14 })
  })

  it('judges beats one by one, before they are grouped', async () => {
    const beats = await build(dataset, optionsOf({ lane: 'ppg', rateHz: 100, minimumCorrelation: null, dropFirstSeconds: 0, maximumMotion: 0.1 }))
    // From 0.3 s before a foot to 0.7 s after it; a twelfth of that in the shake is enough, and the sensor has a value every 0.08 s.
    const kept = of(beats, 'cyton').begins
    for (const foot of feet.map((row) => row / rate).filter((foot) => foot > 1 && foot < 59)) {
      if (foot + 0.7 < 20 || foot - 0.3 > 30) expect(kept).toContain(foot)
      else if (foot + 0.7 > 20.3 && foot - 0.3 < 29.7) expect(kept).not.toContain(foot)
    }
    const groups = of(await build(dataset, optionsOf({ lane: 'ppg', rateHz: 100, mode: 'summary-beat', beatsPerGroup: 4, minimumCorrelation: null, dropFirstSeconds: 0, maximumMotion: 0.1 })), 'cyton').report
    expect(groups?.moved).toBe(of(beats, 'cyton').report?.moved)
  })

  it('changes nothing where there is none, not even what the windows are known by', async () => {
    expect(WindowOptions.parse({}).maximumMotion).toBeNull()
    expect(hashedOptions(optionsOf({}))).not.toHaveProperty('maximumMotion')
    expect(hashedOptions(limited)).toMatchObject({ maximumMotion: 0.1 })
    const { report } = await build(dataset, optionsOf(everyTwo))
    expect(report.total.moved).toBe(0)
    expect(report.recordings.every(({ unmeasured }) => unmeasured === 0)).toBe(true)
  })

  it('is told where it leaves nothing, and in what is said to other programs', async () => {
    const strict = optionsOf({ ...everyTwo, lane: 'ppg', maximumMotion: 1e-6 })
    const built = await build(dataset, strict)
    const split = await dataset.splits.get('s1')
    const only = { ...built.set, role: built.set.role.map(() => built.set.roles.indexOf('train')) }
    expect(() => trainingData(only, split, Recipe.parse({ recipe: 'lda', windows: everyTwo }), built.report)).toThrow('were moved more than the limit')
    const preprocessing = preprocessingOf({ windows: WindowOptions.parse({ ...everyTwo, maximumMotion: 0.1 }), rateHz: 50, length: 250, channels: 1 })
    expect(preprocessing.motion).toEqual({ maximumG: 0.1 })
    expect(preprocessingWords(preprocessing)).toContain('an accelerometer moved by more than 0.1 g')
  })
})

describe('somebody who is to be recognised', () => {
  it.each(names)('has the windows that a split would have: %s', async (name) => {
    const made = signalWindows(await recordingSignal(dataset, idOf(name) as Parameters<typeof recordingSignal>[1], limited), limited)
    expect(made.rows.map((row) => row / rate)).toEqual(of(await build(dataset, limited), name).begins)
  })

  it('from a file too', async () => {
    const { counts, header } = wfdb()
    await writeFile(join(folder, 'wrist.dat'), counts)
    await writeFile(join(folder, 'wrist.hea'), header)
    const begins = async (options: WindowSetOptions): Promise<number[]> => signalWindows(await fileSignal(join(folder, 'wrist'), options), options).rows.map((row) => row / rate)
    expect(await begins(optionsOf(everyTwo))).toEqual(all)
    expect(await begins(limited)).toEqual(all.filter((begin) => begin + 5 <= 20 || begin >= 30))
  })
})

/** PPG and three axes in g, as any program would write them. */
function wfdb(): { counts: Uint8Array; header: string } {
  const columns = [ppg, ...axes((value) => Math.round(2000 * value))]
  const encoder = new SignalEncoder(columns.length, 16)
  const counts = encoder.encode(Int32Array.from({ length: rows.length * columns.length }, (_, i) => columns[i % columns.length][Math.floor(i / columns.length)]))
  const header = [`wrist ${columns.length} ${rate} ${rows.length}`, 'wrist.dat 16 1/nu 16 0 0 0 0 PLETH', ...['X', 'Y', 'Z'].map((axis) => `wrist.dat 16 2000/g 16 0 0 0 0 ACC ${axis}`), ''].join('\n')
  return { counts, header }
}
