import { describe, expect, it } from 'vitest'
import { noValue, type LaneSpec } from '../../../src-main/contract/index.ts'
import { createReplaySource, kindOfLabel, type ReplayLane, type ReplayOptions } from '../../../src-main/devices/simulation/replay.ts'
import { Simulation } from '../../../src-main/devices/simulation/simulation.ts'
import { concat, TestBoard, testConfiguration, testLane } from './test-board.ts'

const signal = (label: string, counts: readonly number[], extra: Partial<ReplayLane> = {}): ReplayLane => ({
  label, unit: 'mV', counts: Int32Array.from(counts), gainCountsPerUnit: 200, baseline: 0, ...extra,
})

function replay(lanes: readonly LaneSpec[], signals: readonly ReplayLane[], options?: ReplayOptions) {
  return createReplaySource({ lanes, rateHz: 250 }, { name: 'wfdb:test', rateHz: 125, lanes: signals }, options)
}

const ecg = testLane('ecg', 0)
const ppg = testLane('ppg', 0)

describe('a replayed record', () => {
  it('knows what PhysioNet calls its signals', () => {
    const kinds = { ecg: ['II', 'MLII', 'V5', 'V', 'AVR', 'aVF', 'ECG I', 'ECG I filtered', 'i', 'MCL1'], ppg: ['PLETH', 'PPG red', 'ir'], respiration: ['RESP', 'Resp Imp.'], aux: ['ABP', 'CVP', 'sync'] } as const
    for (const [kind, labels] of Object.entries(kinds)) for (const label of labels) expect([label, kindOfLabel(label)]).toEqual([label, kind])
  })

  it('sends stored counts unchanged, row by row, whatever the rates, and ends', () => {
    const source = replay([ecg, ppg], [signal('RESP', [1, 2, 3]), signal('PLETH', [70, 80, 90]), signal('II', [-5, 0, 5])])
    expect(source.remainingRows).toBe(3)
    expect([...source.read(2).counts]).toEqual([-5, 70, 0, 80])
    expect([...source.read(1).counts]).toEqual([5, 90])
    expect(source.remainingRows).toBe(0)
  })

  it('prefers lead II, an equal label before that, and takes signals of a kind in turn', () => {
    const signals = [signal('V', [1]), signal('AVR', [2]), signal('II', [3])]
    const lanes = [0, 1, 2, 3].map((index) => testLane('ecg', index))
    expect([...replay(lanes, signals).read(1).counts]).toEqual([3, 1, 2, 3])
    expect([...replay([testLane('ecg', 0, { label: 'AVR' })], signals).read(1).counts]).toEqual([2])
    expect([...replay(lanes.slice(0, 2), signals, { select: ['avr', 'V'] }).read(1).counts]).toEqual([2, 1])
  })

  it('maps a signal that does not fit onto the range, in order and off the rails', () => {
    const narrow = testLane('ppg', 0, { bits: 12, minimum: 0, maximum: 4095 })
    const counts = [...replay([narrow], [signal('PLETH', [-30000, 0, 30000])]).read(3).counts]
    expect(counts).toEqual([410, 2048, 3686])
  })

  it('keeps the millivolts on the scale of the board when asked to', () => {
    // 200 counts per mV with baseline 1024 in the record, 1000 per mV on the board: 1 mV is 1224 there and 1000 here.
    const record = signal('II', [1024, 1224, 924], { baseline: 1024 })
    expect([...replay([ecg], [record], { scale: 'physical' }).read(3).counts]).toEqual([0, 1000, -500])
    expect([...replay([ecg], [record]).read(3).counts]).toEqual([1024, 1224, 924])
  })

  it('lets lanes without a signal rest, and boards repeat where the record has a hole', () => {
    const lanes = [ecg, testLane('bioimpedance', 0), testLane('acceleration', 0, { sparse: true })]
    const source = replay(lanes, [signal('II', [7, noValue, 9])])
    const simulation = new Simulation({ configuration: testConfiguration(lanes), board: new TestBoard(), source, autostart: true })
    const bytes = concat([...simulation.advance(1000), ...simulation.finish()])
    expect([...simulation.truth().counts]).toEqual([7, 0, noValue, 7, 0, noValue, 9, 0, noValue])
    expect(bytes.length).toBe(3 * (3 + 4 * lanes.length))
    expect(simulation.ended).toBe(true)
    expect(simulation.streaming).toBe(false)
  })

  it('refuses records with nothing for the board', () => {
    const refused = (signals: readonly ReplayLane[], options?: ReplayOptions) => expect(() => replay([ecg], signals, options)).toThrowError(expect.objectContaining({ code: 'source-invalid' }))
    refused([signal('PLETH', [1])])
    refused([signal('II', [])])
    refused([])
    refused([signal('II', [1, 2]), signal('V', [1])])
    refused([signal('II', [1])], { select: ['III'] })
  })
})
