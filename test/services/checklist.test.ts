import { describe, expect, it } from 'vitest'
import type { AcquisitionStatus, LaneSpec, LaneStatus } from '../../src-main/contract/index.ts'
import { checklist, type ChecklistFacts } from '../../src-main/services/checklist.ts'

const lane = (id: string, kind: LaneSpec['kind']): LaneSpec => ({
  id, label: id, kind, unit: 'mV', gainCountsPerUnit: 1000, baseline: 0, bits: 24, minimum: -8388608, maximum: 8388607, sparse: false, held: false,
})
const good = (id: string): LaneStatus => ({
  lane: id, level: 'good', contact: 'on', saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0.01, motionRatio: 0, rateBpm: 70,
})
const lanes = [lane('ch1', 'ecg'), lane('ch2', 'ecg'), lane('acc', 'acceleration')]
const status: AcquisitionStatus = {
  connection: 'streaming', source: null, identity: '', error: null,
  configuration: { profile: 'cyton', protocol: 'cyton', settings: {}, rateHz: 250, counter: { modulus: 256, step: 1 }, lanes, frameBytes: 33, rowsPerFrame: 1 },
  rowsReceived: 5000, rowsLost: 0, lossRatio: 0, lossCertainty: 'certain', bytesSkipped: 0,
  declaredRateHz: 250, measuredRateHz: 250.01, ppm: 40, lanes: [good('ch1'), good('ch2'), { ...good('acc'), contact: 'unknown' }],
  heartRateBpm: 70, heartRateLane: 'ch1', alarms: [], recording: null,
}
const ready: ChecklistFacts = {
  status, lanes, silentMs: 5, streamingSeconds: 20, rowsPerSecond: 250, bytesPerSecond: 8250, plannedSeconds: 60,
  dataset: { path: '/lab', writable: true, freeBytes: 1e12 }, subject: { code: 'S001', consent: 'granted' },
  wallMs: Date.UTC(2026, 2, 1), clockJumpMs: 0,
}
const states = (facts: Partial<ChecklistFacts>): Record<string, string> =>
  Object.fromEntries(checklist({ ...ready, ...facts }).map((result) => [result.id, result.state]))
const withLanes = (...changed: LaneStatus[]): Partial<ChecklistFacts> => ({ status: { ...status, lanes: changed } })

describe('start checklist', () => {
  it('passes every check when all is well, each exactly once', () => {
    const results = checklist(ready)
    expect(results.map((result) => result.id).sort()).toEqual(
      ['clock', 'consent', 'contact', 'dataset', 'disk', 'mains', 'rate', 'saturation', 'signal', 'subject'],
    )
    expect(results.every((result) => result.state === 'pass')).toBe(true)
  })

  it.each([
    ['subject', 'fail', { subject: null }],
    ['consent', 'fail', { subject: { code: 'S001', consent: 'withdrawn' } }],
    ['dataset', 'fail', { dataset: { path: '/lab', writable: false, freeBytes: 1e12 } }],
    ['signal', 'fail', { silentMs: 1200 }],
    ['signal', 'waiting', { status: { ...status, connection: 'connecting' } }],
    ['rate', 'waiting', { streamingSeconds: 3 }],
    ['rate', 'warn', { status: { ...status, ppm: 24_000 } }],
    ['rate', 'fail', { status: { ...status, ppm: -40_000 } }],
    ['contact', 'warn', withLanes({ ...good('ch1'), contact: 'off' }, good('ch2'))],
    ['contact', 'fail', withLanes({ ...good('ch1'), contact: 'off' }, { ...good('ch2'), contact: 'off' })],
    ['saturation', 'warn', withLanes(good('ch1'), { ...good('ch2'), saturatedRatio: 0.2 })],
    ['saturation', 'fail', withLanes({ ...good('ch1'), saturatedRatio: 1 }, { ...good('ch2'), saturatedRatio: 0.2 })],
    ['mains', 'warn', withLanes({ ...good('ch1'), mainsRatio: 0.8 }, { ...good('ch2'), mainsRatio: 0.9 })],
    ['disk', 'fail', { dataset: { path: '/lab', writable: true, freeBytes: 1e6 } }],
    ['disk', 'warn', { dataset: { path: '/lab', writable: true, freeBytes: 2e6 } }],
    ['clock', 'fail', { wallMs: 12 }],
    ['clock', 'warn', { clockJumpMs: -3600e3 }],
  ] as [string, string, Partial<ChecklistFacts>][])('%s is %s', (id, state, facts) => {
    expect(states(facts)[id]).toBe(state)
  })

  it('never lets an accelerometer decide about electrodes', () => {
    expect(states(withLanes(good('ch1'), good('ch2'), { ...good('acc'), contact: 'off', saturatedRatio: 1 }))).toMatchObject({ contact: 'pass', saturation: 'pass' })
  })

  it('gives the numbers behind a verdict', () => {
    const disk = checklist({ ...ready, plannedSeconds: 100 }).find((result) => result.id === 'disk')
    // 8250 bytes per second for 100 s, two and a half times on disk.
    expect(disk?.data).toMatchObject({ neededBytes: 2_062_500, freeBytes: 1e12 })
  })
})
