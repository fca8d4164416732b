import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gaussians } from '../../src-main/curation/gaussian.ts'
import { Random } from '../../src-main/curation/random.ts'
import { findBeats } from '../../src-main/dataset/lane-analysis.ts'
import { pairWindows, type PairedColumns } from '../../src-main/learning/data/pair-windows.ts'
import { transitsOf } from '../../src-main/learning/data/pulse-transit.ts'
import { transitSummary } from '../../src-main/runs/cross-modal/cross-modal-report.ts'
import { transitWords } from '../../src-main/runs/cross-modal/report-section.ts'
import { pairing, pairRule } from '../../src-main/runs/run-data.ts'
import { WindowOptions } from '../../src-main/contract/index.ts'
import { publicData, readPublicRecord } from '../signal/physionet.ts'

const rate = 1000
const columns = (rows: readonly number[], rowRateHz = rate, recording = 0, role = 0): PairedColumns => ({
  row: Float64Array.from(rows), recording: new Int32Array(rows.length).fill(recording), role: new Uint8Array(rows.length).fill(role),
  recordings: [0, 1].map((id) => ({ id: String(id), session: 's', subject: 0, startedAt: '', rowRateHz })),
})
const windows = WindowOptions.parse({ lane: 'ppg', mode: 'beat' })
const teacherWindows = WindowOptions.parse({ lane: 'ecg', mode: 'beat' })
const rule = pairRule(teacherWindows, windows)

/** R peaks of a heart at so many a minute whose intervals vary by 4 % from beat to beat, and pulses that come `delay` ms after each, give or take 8 ms. */
function heart(bpm: number, delay: number, { beats = 300, variation = 0.04 } = {}): { peaks: number[]; pulses: number[] } {
  const gaussian = gaussians(Random.of(`heart of ${bpm} and ${delay}`, 1))
  const peaks: number[] = []
  for (let at = 1000; peaks.length < beats; at += Math.round((60_000 / bpm) * (1 + variation * gaussian()))) peaks.push(at)
  return { peaks, pulses: peaks.map((row) => row + delay + Math.round(8 * gaussian())) }
}
const right = (pairs: ArrayLike<number>): number => Array.from(pairs).filter((pair, i) => pair === i).length

const hearts = [60, 90, 120, 133, 150, 180].flatMap((bpm) => [100, 180, 276, 400, 500, 560].map((delay) => [bpm, delay] as const))

describe('a pulse of a fast heart', () => {
  it.each(hearts)('at %i a minute and %i ms behind its R peak is paired with that one', (bpm, delay) => {
    const { peaks, pulses } = heart(bpm, delay)
    const { pairs, transits } = pairing({ windows, teacherWindows }, columns(peaks), columns(pulses))
    expect(transits).toEqual([{ recording: 0, role: 0, windows: 300, seconds: expect.closeTo(delay / 1000, 2) as unknown }])
    expect(right(pairs)).toBe(300)
    // And from the pulse's side, where PPG teaches.
    expect(right(pairing({ windows: teacherWindows, teacherWindows: windows }, columns(pulses), columns(peaks)).pairs)).toBe(300)
  })

  it('would go to its neighbour by one delay for everybody: this is what the recording\'s own is for', () => {
    const wrong = hearts.filter(([bpm, delay]) => {
      const { peaks, pulses } = heart(bpm, delay)
      return right(pairWindows(columns(peaks), columns(pulses), rule)) < 150
    })
    expect(wrong).toEqual([[120, 560], [133, 560], [150, 500], [150, 560], [180, 100], [180, 500], [180, 560]])
  })

  it('has no partner where its own was not found, though others are near', () => {
    const { peaks, pulses } = heart(150, 500)
    const known = peaks.filter((_, i) => i % 5 !== 0)
    const { pairs } = pairing({ windows, teacherWindows }, columns(known), columns(pulses))
    pairs.forEach((pair, i) => expect(pair < 0 ? -1 : known[pair]).toBe(i % 5 === 0 ? -1 : peaks[i]))
  })
})

describe('a delay is not told', () => {
  it('by a heart like clockwork, which has two that are as likely: the usual one decides', () => {
    const { peaks, pulses } = heart(150, 500, { variation: 0 })
    expect(transitsOf(columns(peaks), columns(pulses), rule)[0].seconds).toBeNull()
    // 500 ms is 220 off, 100 ms only 180: the next R peak, wrongly, and nothing in the data could tell.
    expect(pairing({ windows, teacherWindows }, columns(peaks), columns(pulses)).pairs[5]).toBe(6)
    const usual = heart(150, 280, { variation: 0 })
    expect(right(pairing({ windows, teacherWindows }, columns(usual.peaks), columns(usual.pulses)).pairs)).toBe(300)
  })

  it('by four pulses, but by five', () => {
    const few = (beats: number) => {
      const { peaks, pulses } = heart(60, 300, { beats })
      return transitsOf(columns(peaks), columns(pulses), rule)[0].seconds
    }
    expect(few(4)).toBeNull()
    expect(few(5)).toBeCloseTo(0.3, 1)
  })

  it('by pulses that follow nothing', () => {
    const gaussian = gaussians(Random.of('other heart', 2))
    const { peaks } = heart(70, 300)
    const strange = peaks.map((row) => Math.round(row + 400 + 300 * gaussian()))
    const [{ seconds }] = transitsOf(columns(peaks), columns(strange), { from: 0.05, usual: 0.28, to: 0.8 })
    expect(seconds).toBeNull()
    expect(transitsOf(columns([]), columns(strange), rule)[0].seconds).toBeNull()
  })
})

it('each recording and role tells its own', () => {
  const [slow, fast] = [heart(150, 500), heart(150, 300)]
  const both = (a: readonly number[], b: readonly number[], inRole: boolean): PairedColumns => {
    const [x, y] = [columns(a), columns(b, rate, inRole ? 0 : 1, inRole ? 2 : 0)]
    return { row: Float64Array.from([...x.row, ...y.row]), recording: Int32Array.from([...x.recording, ...y.recording]), role: Uint8Array.from([...x.role, ...y.role]), recordings: x.recordings }
  }
  for (const inRole of [false, true]) {
    const { pairs, transits } = pairing({ windows, teacherWindows }, both(slow.peaks, fast.peaks, inRole), both(slow.pulses, fast.pulses, inRole))
    expect(transits.map(({ seconds }) => seconds)).toEqual([expect.closeTo(0.5, 2), expect.closeTo(0.3, 2)])
    expect(right(pairs)).toBe(600)
  }
})

it('one person\'s labels for both lanes are the same beats, not those before them', () => {
  // At 150 a minute the R peak before is within the rule's reach: it would be taken for the one that made the pulse.
  const { peaks } = heart(150, 300)
  expect(right(pairWindows(columns(peaks), columns(peaks), rule))).toBe(0)
  const { pairs, transits } = pairing({ windows, teacherWindows }, columns(peaks), columns(peaks.filter((_, i) => i % 3 > 0)))
  expect(transits[0].seconds).toBe(0)
  expect(Array.from(pairs)).toEqual(peaks.map((_, i) => i).filter((i) => i % 3 > 0))
})

it('fixed windows, and beats of two leads, have none', () => {
  const { peaks, pulses } = heart(60, 300)
  const fixed = { windows: WindowOptions.parse({ lane: 'ppg', mode: 'window' }), teacherWindows: WindowOptions.parse({ lane: 'ecg', mode: 'window' }) }
  expect(pairing(fixed, columns(peaks), columns(pulses)).transits).toEqual([])
  expect(pairing({ windows: teacherWindows, teacherWindows }, columns(peaks), columns(pulses)).transits).toEqual([])
})

const bidmc = publicData('bidmc')

describe.skipIf(bidmc === null)('BIDMC', () => {
  it('tells a delay of 0.4-0.6 s by nearly every record, and keeps 98 of 100 pairs by it', () => {
    const names = bidmc === null ? [] : readdirSync(bidmc).filter((file) => /^bidmc\d+\.hea$/.test(file)).map((file) => file.slice(0, -4)).sort().filter((_, i) => i % 9 === 3)
    let [plain, own, told] = [0, 0, 0]
    for (const name of names) {
      const record = readPublicRecord(bidmc ?? '', name)
      const [ecg, ppg] = (['II', 'PLETH'] as const).map((label) => record.physical(record.names.findIndex((known) => known.startsWith(label))))
      const [first, second] = [columns([...findBeats('ecg', [ecg], record.rateHz)[0].rows], record.rateHz), columns([...findBeats('ppg', [ppg], record.rateHz)[0].rows], record.rateHz)]
      const made = pairing({ windows, teacherWindows }, first, second)
      const count = (pairs: Int32Array): number => pairs.filter((pair) => pair >= 0).length
      plain += count(pairWindows(first, second, rule))
      own += count(made.pairs)
      const { seconds } = made.transits[0]
      if (seconds === null) continue
      told++
      expect(seconds).toBeGreaterThan(0.4)
      expect(seconds).toBeLessThan(0.6)
    }
    expect(told).toBeGreaterThanOrEqual(names.length - 1)
    expect(own / plain).toBeGreaterThan(0.98)
  })
})

it('a report sums up what was told, and by how many', () => {
  const transits = [0.5, null, 0.45, 0.55].map((seconds, recording) => ({ recording, role: 0, seconds, windows: 10 }))
  const summary = transitSummary({ transits, pairs: Int32Array.of(0, -1, 2, 3) })
  expect(summary).toEqual({ recordings: 4, told: 3, seconds: { lowest: 0.45, median: 0.5, highest: 0.55 }, windows: 4, paired: 3 })
  expect(transitWords(summary)).toContain('3 of 4 recordings (once in each role) tell themselves: 0.5 s in the middle, 0.45 to 0.55 s. In the other 1 the usual delay decided')
  expect(transitSummary({ transits: transits.slice(1, 2), pairs: Int32Array.of(-1) })).toEqual({ recordings: 1, told: 0, seconds: null, windows: 1, paired: 0 })
})
