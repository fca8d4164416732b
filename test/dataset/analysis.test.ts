import { describe, expect, it } from 'vitest'
import { Analysis, type LaneSpec, type Recording } from '../../src-main/contract/index.ts'
import { analyseLanes } from '../../src-main/dataset/analysis.ts'
import { analyseLane, findBeats, heartGroups } from '../../src-main/dataset/lane-analysis.ts'
import { beatAgreement } from '../../src-main/signal/beat-agreement.ts'
import { readAnnotations } from '../../src-main/formats/wfdb-annotations.ts'

const rateHz = 250
const lane = (more: Partial<LaneSpec> = {}): LaneSpec => ({
  id: 'ii', label: 'II', kind: 'ecg', unit: 'mV', gainCountsPerUnit: 1000, baseline: 0, bits: 16, minimum: -32767, maximum: 32767, sparse: false, held: false, ...more,
})

/** A heart of 75 a minute: a QRS of 1 mV (turned over for `sign` -1), a T wave, and noise that repeats. */
function heart(seconds: number, sign = 1, hz = rateHz): Float32Array {
  return Float32Array.from({ length: seconds * hz }, (_, i) => {
    const t = (i / hz) % 0.8
    const bump = (at: number, width: number) => Math.exp(-(((t - at) / width) ** 2))
    return sign * (bump(0.3, 0.012) - 0.2 * bump(0.33, 0.012) + 0.25 * bump(0.55, 0.04)) + 0.01 * Math.sin(i * 12.9898)
  })
}

function analyse(spec: LaneSpec, samples: Float32Array) {
  const [found] = findBeats(spec.kind, [samples], rateHz)
  return { result: analyseLane(spec, samples, rateHz, found), beats: found.rows }
}

describe('the analysis of a lane', () => {
  it('finds the planted beats, their rate, and that they are alike', () => {
    const { result, beats } = analyse(lane(), heart(30))
    expect(result.beats).toBe(beats.length)
    expect(beats.length).toBeGreaterThanOrEqual(34)
    for (const beat of beats) expect(Math.abs((((beat / rateHz - 0.3 + 0.4) % 0.8) - 0.4) * rateHz)).toBeLessThan(0.06 * rateHz)
    expect(result).toMatchObject({ saturatedRatio: 0, flatRatio: 0, missingRatio: 0, polarity: 1 })
    expect(result.meanRateBpm).toBeCloseTo(75, 0)
    expect(result.templateCorrelation).toBeGreaterThan(0.98)
    expect(result.kurtosis).toBeGreaterThan(6)
    expect(result.quality).toMatch(/^[23]{30}$/)
    expect(result.usableSeconds).toBe(30)
  })

  it('sees that the R peaks point down', () => {
    expect(analyse(lane(), heart(30, -1)).result.polarity).toBe(-1)
  })

  it('measures what is missing, saturated and flat, and gives such seconds no good mark', () => {
    const samples = heart(20)
    samples.fill(Number.NaN, 0, 5 * rateHz)
    samples.fill(32.767, 10 * rateHz, 12 * rateHz)
    const { result } = analyse(lane(), samples)
    expect(result.missingRatio).toBeCloseTo(0.25, 6)
    expect(result.saturatedRatio).toBeCloseTo(0.1, 6)
    expect(result.quality.slice(0, 5)).toBe('00000')
    expect(result.quality.slice(10, 12)).toBe('00')
    const flat = heart(20)
    flat.fill(0.5, 0, 10 * rateHz)
    expect(analyse(lane(), flat).result.flatRatio).toBeCloseTo(0.5, 2)
  })

  it('never fails on a lane without a signal', () => {
    for (const samples of [new Float32Array(0), new Float32Array(1), new Float32Array(3 * rateHz), new Float32Array(5000).fill(Number.NaN), Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY)]) {
      for (const kind of ['ecg', 'ppg', 'respiration'] as const) {
        const { result } = analyse(lane({ kind }), samples.slice())
        expect(Analysis.shape.lanes.element.safeParse(result).success).toBe(true)
        expect(result.templateCorrelation).toBeNull()
      }
    }
  })

  it('has normal moments for a sine: kurtosis 1.5 and no skewness', () => {
    const sine = Float32Array.from({ length: 5000 }, (_, i) => 3 + Math.sin((2 * Math.PI * i) / 50))
    const { result } = analyse(lane({ kind: 'respiration' }), sine)
    expect(result.kurtosis).toBeCloseTo(1.5, 4)
    expect(result.skewness).toBeCloseTo(0, 4)
  })

  it('of a long recording is filtered in pieces that show no seams', () => {
    // 2^20 samples are one piece: the beats on both sides of the border are as alike as all.
    const long = heart(Math.ceil((2 ** 20 * 1.2) / rateHz))
    const { result } = analyse(lane(), long)
    expect(result.templateCorrelation).toBeGreaterThan(0.98)
  })
})

describe('lanes that are looked at together', () => {
  it('are the ECG leads of one rate, in the lanes’ order', () => {
    const lanes = [{ kind: 'ecg', rateHz: 250 }, { kind: 'ppg', rateHz: 250 }, { kind: 'ecg', rateHz: 500 }, { kind: 'ecg', rateHz: 250 }, { kind: 'ppg', rateHz: 250 }] as const
    expect(heartGroups(lanes)).toEqual([[0, 3], [1], [2], [4]])
  })

  it('bridge a stretch in which one of them shows nothing', () => {
    const [clean, lost] = [heart(30), heart(30)]
    lost.fill(0, 10 * rateHz, 15 * rateHz)
    const [inClean, inLost] = findBeats('ecg', [clean, lost], rateHz)
    const inside = (rows: readonly number[]) => rows.filter((row) => row >= 10 * rateHz && row < 15 * rateHz).length
    expect(inside(inLost.rows)).toBe(inside(inClean.rows))
    expect(inside(findBeats('ecg', [lost], rateHz)[0].rows)).toBe(0)
  })
})

describe('beats that are compared with their median', () => {
  it('agree by exactly the correlation that a second reckoning gives', () => {
    const shapes = [0, 0, 0, 1, 0].map((odd) => Array.from({ length: 300 }, (_, i) => Math.sin(i / 9) + (odd ? Math.cos(i / 3) : 0)))
    const samples = shapes.flat()
    const beats = shapes.map((_, i) => i * 300 + 100)
    const window = (shape: number[]) => shape.slice(50, 200)
    const pearson = (a: number[], b: number[]): number => {
      const mean = (v: number[]) => v.reduce((sum, x) => sum + x, 0) / v.length
      const [ma, mb] = [mean(a), mean(b)]
      const dot = (u: number[], mu: number, v: number[], mv: number) => u.reduce((sum, x, i) => sum + (x - mu) * (v[i] - mv), 0)
      return dot(a, ma, b, mb) / Math.sqrt(dot(a, ma, a, ma) * dot(b, mb, b, mb))
    }
    const wanted = shapes.map((shape) => pearson(window(shape), window(shapes[0]))).reduce((sum, one) => sum + one, 0) / 5
    expect(beatAgreement(samples, beats, rateHz, 'ecg')?.correlation).toBeCloseTo(wanted, 10)
    expect(beatAgreement(samples, [100], rateHz, 'ecg')).toBeNull()
    expect(beatAgreement([], [5, 9], rateHz, 'ppg')).toBeNull()
  })
})

describe('the analysis of a recording', () => {
  it('puts the beats of each lane on rows of the recording, also where a lane is slower', async () => {
    const lanes = [lane(), lane({ id: 'slow', sparse: true, rateHz: 125 }), lane({ id: 'resp', kind: 'respiration' })]
    const recording: Pick<Recording, 'id' | 'state' | 'lanes' | 'declaredRateHz' | 'contentHash'> = { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' as Recording['id'], state: 'imported', lanes, declaredRateHz: rateHz, contentHash: 'x' }
    const made = await analyseLanes(recording, (i) => (i === 1 ? heart(30, 1, 125) : heart(30)))
    const annotations = readAnnotations(made.beats)
    const rows = (channel: number): number[] => annotations.filter((one) => one.code === 1 && one.channel === channel).map(({ sample }) => sample)
    expect(rows(0)).toHaveLength(made.analysis.lanes[0].beats)
    expect(rows(2)).toEqual([])
    expect(rows(1).length).toBeGreaterThanOrEqual(34)
    const offsets = rows(1).map((row) => Math.min(...rows(0).map((other) => Math.abs(other - row))))
    expect(Math.max(...offsets)).toBeLessThanOrEqual(0.03 * rateHz)
    expect(annotations[0].text).toBe(made.analysis.detectors.join(' '))
    expect(made.analysis.lanes.map(({ detector }) => detector === null)).toEqual([false, false, true])
    await expect(analyseLanes(recording, () => heart(1), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })
})
