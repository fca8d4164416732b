import { describe, expect, it } from 'vitest'
import { AlarmBoard, updateAlarms, type AlarmFacts } from '../../src-main/services/alarms.ts'

const calm: AlarmFacts = {
  nowMs: 0,
  connection: 'streaming',
  silentMs: 4,
  offLanes: [],
  lostRecently: 0,
  streamingSeconds: 60,
  ppm: 12,
  counted: true,
  freeBytes: 1e12,
  neededBytes: 0,
  durableLagSeconds: 0.4,
  writerError: null,
}

function raised(facts: Partial<AlarmFacts>): string[] {
  const board = new AlarmBoard()
  updateAlarms(board, { ...calm, ...facts })
  return board.list().map((alarm) => alarm.id)
}

describe('alarms', () => {
  it('are silent when nothing is wrong', () => {
    expect(raised({})).toEqual([])
  })

  it.each([
    ['no-data', { silentMs: 1001 }],
    ['disconnected', { connection: 'reconnecting', silentMs: null }],
    ['lead-off', { offLanes: ['ch1'] }],
    ['loss', { lostRecently: 1 }],
    ['rate-off', { ppm: -10_001 }],
    ['disk-low', { freeBytes: 150e6 }],
    ['writer-degraded', { durableLagSeconds: 3.5 }],
    ['writer-failed', { writerError: { code: 'dataset-full', message: 'The disk is full.' } }],
  ] as const)('raise %s by its own cause alone', (id, facts) => {
    expect(raised(facts)).toEqual([id])
  })

  it('wait for the rate to settle, and know that boards without a counter run as they like', () => {
    expect(raised({ ppm: 50_000, streamingSeconds: 9 })).toEqual([])
    expect(raised({ ppm: 50_000, counted: false })).toEqual([])
    expect(raised({ ppm: 150_000, counted: false })).toEqual(['rate-off'])
  })

  it('count what the running recording still needs', () => {
    expect(raised({ freeBytes: 1e9, neededBytes: 0 })).toEqual([])
    expect(raised({ freeBytes: 1e9, neededBytes: 0.9e9 })).toEqual(['disk-low'])
  })

  it('stay until the cause is gone and a person has acknowledged, in either order', () => {
    const board = new AlarmBoard()
    updateAlarms(board, { ...calm, silentMs: 2000, nowMs: 5 })
    updateAlarms(board, { ...calm, nowMs: 6 })
    expect(board.list()).toMatchObject([{ id: 'no-data', active: false, acknowledged: false, sinceMs: 5 }])
    board.acknowledge('no-data')
    expect(board.list()).toEqual([])

    updateAlarms(board, { ...calm, silentMs: 2000, nowMs: 7 })
    board.acknowledge('no-data')
    expect(board.list()).toMatchObject([{ active: true, acknowledged: true }])
    updateAlarms(board, { ...calm, nowMs: 8 })
    expect(board.list()).toEqual([])
  })

  it('are loud again when an acknowledged cause comes back before it was cleared', () => {
    const board = new AlarmBoard()
    updateAlarms(board, { ...calm, offLanes: ['ch1'], nowMs: 1 })
    updateAlarms(board, { ...calm, nowMs: 2 })
    updateAlarms(board, { ...calm, offLanes: ['ch2'], nowMs: 3 })
    expect(board.list()).toMatchObject([{ active: true, acknowledged: false, sinceMs: 3, data: { lanes: 'ch2' } }])
  })

  it('report a change only when what a person sees changes', () => {
    const board = new AlarmBoard()
    expect(updateAlarms(board, { ...calm, silentMs: 2000 })).toBe(true)
    expect(updateAlarms(board, { ...calm, silentMs: 2250 })).toBe(false)
    expect(updateAlarms(board, calm)).toBe(true)
  })
})
