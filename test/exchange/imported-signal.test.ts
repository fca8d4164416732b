import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ImportRules, noValue, type Recording } from '../../src-main/contract/index.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { deriveSignal, type ImportedSignal } from '../../src-main/exchange/imported-signal.ts'
import { guessKind, importLanes } from '../../src-main/exchange/import-lanes.ts'
import { RuleSet } from '../../src-main/exchange/rule-text.ts'
import type { SignalSource, SourceSignal } from '../../src-main/formats/signal-source.ts'
import { readWfdb, type WfdbRecord } from '../pty/wfdb-reader.ts'

interface Planted extends Partial<SourceSignal> {
  readonly counts: readonly number[]
}

const rules = new RuleSet(ImportRules.parse({ subject: { from: 'file', pattern: '.+' }, session: { kind: 'single' } }))

/** A source in memory that gives its frames in blocks of the planted sizes, over and over. */
function plantedSource(signals: readonly Planted[], options: { rateHz?: number; cuts?: readonly number[]; gaps?: SignalSource['gaps'] } = {}): SignalSource {
  const { rateHz = 100, cuts = [7], gaps = [] } = options
  const described = signals.map(({ counts: _counts, ...signal }, i): SourceSignal => ({
    label: `signal ${i}`, unit: 'mV', gainCountsPerUnit: 200, baseline: 0, calibrated: true, bits: 12, minimum: -2048, maximum: 2047, samplesPerFrame: 1, note: '', ...signal,
  }))
  const frames = signals[0].counts.length / described[0].samplesPerFrame
  return {
    format: 'wfdb', rateHz, frames, signals: described, startDate: null, startTime: null, comments: [], facts: {}, gaps, files: ['planted.hea'],
    async *blocks() {
      for (let from = 0, i = 0; from < frames; i++) {
        const to = Math.min(frames, from + cuts[i % cuts.length])
        yield signals.map(({ counts }, s) => Int32Array.from(counts.slice(from * described[s].samplesPerFrame, to * described[s].samplesPerFrame)))
        from = to
        await Promise.resolve()
      }
    },
    annotations: () => Promise.resolve([]),
    findings: () => [],
  }
}

async function derive(source: SignalSource): Promise<{ made: ImportedSignal; dat: Uint8Array; sinks: number }> {
  let pieces: Uint8Array[] = []
  let sinks = 0
  const facts = (lanes: Recording['lanes'], rateHz: number) => ({
    id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' as Recording['id'], startedAt: '2004-12-07T10:30:00.000+01:00', timeZone: 'Europe/Berlin',
    device: { profile: 'imported', protocol: 'wfdb', settings: {}, rateHz, counter: null, lanes: [...lanes], frameBytes: null, rowsPerFrame: 1 },
  })
  const made = await deriveSignal(source, importLanes(source, rules), (lanes, rateHz) => facts([...lanes], rateHz), () => {
    pieces = []
    sinks++
    return Promise.resolve({ write: (bytes) => Promise.resolve(void pieces.push(bytes)) })
  })
  return { made, dat: Buffer.concat(pieces), sinks }
}

/** What a reader that shares nothing with the program finds in the derived files; it checks the header's checksums on the way. */
async function readBack({ made, dat }: { made: ImportedSignal; dat: Uint8Array }): Promise<WfdbRecord> {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  try {
    await writeFile(join(folder, 'signals.hea'), made.header)
    await writeFile(join(folder, 'signals.dat'), dat)
    return await readWfdb(join(folder, 'signals.hea'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('the signal of an import', () => {
  it('is stored count by count with its gain, in 16 bits where they hold it', async () => {
    const counts = [0, 1, -1, 2047, -2047, noValue, 5, 7, 9]
    const derived = await derive(plantedSource([{ counts, label: 'ECG I', gainCountsPerUnit: 341.5, baseline: -12 }]))
    const { signals, rateHz } = await readBack(derived)
    expect(rateHz).toBe(100)
    expect(signals[0].samples).toEqual([0, 1, -1, 2047, -2047, null, 5, 7, 9])
    expect(signals[0]).toMatchObject({ label: 'ECG I', gain: 341.5, baseline: -12, unit: 'mV' })
    expect(derived.dat.length).toBe(counts.length * 2)
    expect(derived.made.files.map(({ name, bytes, sha256: hash }) => [name, bytes, hash])).toEqual([
      ['signals.dat', derived.dat.length, sha256(derived.dat)],
      ['signals.hea', Buffer.byteLength(derived.made.header), sha256(derived.made.header)],
      ['overview.bin', derived.made.overview.length, sha256(derived.made.overview)],
    ])
    expect(derived.made.contentHash).toBe(sha256(Buffer.concat([derived.dat, Buffer.from(derived.made.header)])))
  })

  it('gives a slower signal the rows nearest to its samples, worked by hand', async () => {
    // 4 rows per frame at 400 Hz; three samples per frame stand on rows 0, round(4/3) = 1 and round(8/3) = 3.
    const source = plantedSource([
      { counts: [1, 2, 3, 4, 5, 6, 7, 8], samplesPerFrame: 4 },
      { counts: [10, 11, 12, 13, 14, 15], samplesPerFrame: 3 },
      { counts: [100, 200], samplesPerFrame: 1 },
    ])
    const derived = await derive(source)
    const { signals, rateHz } = await readBack(derived)
    expect(rateHz).toBe(400)
    expect(signals.map(({ samples }) => samples)).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [10, 11, null, 12, 13, 14, null, 15],
      [100, null, null, null, 200, null, null, null],
    ])
    expect(derived.made.lanes.map(({ sparse, rateHz: own }) => [sparse, own])).toEqual([[false, undefined], [true, 300], [true, 100]])
    expect(derived.made.laneSummaries.map((lane) => lane.missingRatio)).toEqual([0, 0, 0])
    expect(derived.made.findings.map(({ code }) => code)).toEqual(['import-rates-differ'])
  })

  it('is stored in more bits when the samples break the range that the header claims', async () => {
    const wide = await derive(plantedSource([{ counts: [0, 5, 40_000, -3] }]))
    expect(wide.sinks).toBe(2)
    expect(wide.dat.length).toBe(4 * 3)
    expect((await readBack(wide)).signals[0].samples).toEqual([0, 5, 40_000, -3])
    expect(wide.made.lanes[0]).toMatchObject({ bits: 17, minimum: -65_535, maximum: 65_535 })
    const widest = await derive(plantedSource([{ counts: [2 ** 31 - 1, -(2 ** 31) + 1, 3] }, { counts: [1, 2, 3] }]))
    expect(widest.made.lanes.map(({ bits }) => bits)).toEqual([32, 12])
    expect((await readBack(widest)).signals.map(({ samples }) => samples)).toEqual([[2 ** 31 - 1, -(2 ** 31) + 1, 3], [1, 2, 3]])
  })

  it('turns a signal that counts downwards around, so that every physical value stays', async () => {
    const derived = await derive(plantedSource([{ counts: [10, -20, noValue], gainCountsPerUnit: -50, baseline: 4, minimum: -100, maximum: 200 }]))
    const [signal] = (await readBack(derived)).signals
    expect(signal.samples.map((count) => (count === null ? null : (count - signal.baseline) / signal.gain))).toEqual([(10 - 4) / -50, (-20 - 4) / -50, null])
    expect(derived.made.lanes[0]).toMatchObject({ gainCountsPerUnit: 50, baseline: -4, minimum: -200, maximum: 100 })
  })

  it('lists what the file says was never recorded, in rows', async () => {
    const counts = Array.from({ length: 20 }, (_, i) => (i >= 8 ? noValue : i))
    const { made } = await derive(plantedSource([{ counts, samplesPerFrame: 2 }], { gaps: [{ from: 4, to: 10 }] }))
    expect(made.gaps).toEqual([{ from: 8, to: 20, certainty: 'certain', cause: 'unknown' }])
    expect(made.rows).toBe(20)
  })

  it('does not depend on how the source was cut into blocks', async () => {
    const signal = fc.record({ samplesPerFrame: fc.integer({ min: 1, max: 4 }), seed: fc.nat(1000), wide: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(signal, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 60 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }), async (specs, frames, cuts) => {
        const planted = specs.map(({ samplesPerFrame, seed, wide }) => ({
          samplesPerFrame,
          counts: Array.from({ length: frames * samplesPerFrame }, (_, k) => ((k * 31 + seed) % 11 === 0 ? noValue : Math.round(Math.sin(k + seed) * (wide && k === 5 ? 90_000 : 900)) || 0)),
        }))
        const [one, other] = await Promise.all([derive(plantedSource(planted, { cuts })), derive(plantedSource(planted, { cuts: [frames] }))])
        expect(sha256(one.dat)).toBe(sha256(other.dat))
        expect({ ...one.made, overview: null }).toEqual({ ...other.made, overview: null })
        // The oracle: sample k of a signal stands on row round(k * widest / samples), everything else is missing.
        const widest = Math.max(...specs.map(({ samplesPerFrame }) => samplesPerFrame))
        const { signals } = await readBack(one)
        planted.forEach(({ counts, samplesPerFrame }, s) => {
          const wanted = new Array<number | null>(frames * widest).fill(null)
          counts.forEach((count, k) => (wanted[Math.round((k * widest) / samplesPerFrame)] = count === noValue ? null : count))
          expect(signals[s].samples).toEqual(wanted)
        })
      }),
      { numRuns: 40 },
    )
  })
})

describe('the lanes of an import', () => {
  it.each([
    ['MLII', 'mV', 'ecg'], ['V5', 'mV', 'ecg'], ['aVR', 'mV', 'ecg'], ['III', 'uV', 'ecg'], ['ECG I filtered', 'mV', 'ecg'], ['MCL1', 'mV', 'ecg'], ['vx', 'mV', 'ecg'],
    ['PLETH', 'NU', 'ppg'], ['Pleth', 'NU', 'ppg'], ['PPG', 'count', 'ppg'], ['RESP', 'pm', 'respiration'], ['ABP', 'mmHg', 'aux'], ['CVP', 'mmHg', 'aux'], ['V', 'l/min', 'aux'],
    ['acc_x', 'm/s^2', 'acceleration'], ['EMG', 'mV', 'emg'], ['EDA', 'uS', 'eda'], ['foot GSR', 'mV', 'eda'], ['Fp1', 'uV', 'aux'], ['noise', 'uV', 'aux'],
  ])('%s in %s is %s', (label, unit, kind) => {
    expect(guessKind(label, unit)).toBe(kind)
  })

  it('have ids of their own even where labels are the same or say nothing', () => {
    const source = plantedSource([{ counts: [1], label: 'ECG' }, { counts: [1], label: 'ecg' }, { counts: [1], label: '' }, { counts: [1], label: '%%%' }])
    expect(importLanes(source, rules).map(({ id }) => id)).toEqual(['ecg', 'ecg-2', 'signal-3', 'lane-4'])
  })

  it('are of the kind that a rule says before any guess', () => {
    const own = new RuleSet(ImportRules.parse({ ...rules.rules, lanes: [{ pattern: '^EXG', kind: 'emg' }] }))
    expect(importLanes(plantedSource([{ counts: [1], label: 'EXG Channel 0' }, { counts: [1], label: 'II' }]), own).map(({ kind }) => kind)).toEqual(['emg', 'ecg'])
  })

  it('claim no unit where a WFDB header has no gain', () => {
    const [lane] = importLanes(plantedSource([{ counts: [1], calibrated: false, gainCountsPerUnit: 200, baseline: 3 }]), rules)
    expect(lane).toMatchObject({ unit: 'count', gainCountsPerUnit: 1, baseline: 0 })
  })
})
