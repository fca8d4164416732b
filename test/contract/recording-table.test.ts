import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordingListItem } from '../../src-main/contract/schemas/recording.ts'
import { packRecordings, RecordingTable, type RecordingColumns } from '../../src-main/contract/schemas/recording-table.ts'

const lane = fc.record({ id: fc.constantFrom('a', 'b'), label: fc.string({ minLength: 1, maxLength: 4 }), kind: fc.constantFrom('ecg', 'ppg'), unit: fc.constantFrom('mV', 'a.u.') })
const item = fc
  .record({
    id: fc.nat(999_999).map((n) => `01ARZ3NDEKTSV4RRFFQ6${String(n).padStart(6, '0')}`), subject: fc.constantFrom('S001', 'S002'), state: fc.constantFrom('finished', 'imported'),
    startedAt: fc.constant('2026-03-01T14:05:09.123+01:00'), timeZone: fc.constantFrom('UTC', 'Europe/Berlin'), protocol: fc.option(fc.record({ id: fc.string(), name: fc.string() })),
    seconds: fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), rows: fc.nat(), lostRows: fc.nat(3), lossCertainty: fc.constantFrom('certain', 'unknown'), declaredRateHz: fc.constantFrom(250, 500),
    measuredRateHz: fc.option(fc.constant(250.01)), ppm: fc.option(fc.constant(40)), notes: fc.string(), usableRatio: fc.option(fc.constant(0.5)), meanRateBpm: fc.option(fc.constant(63)), warnings: fc.nat(2),
    profile: fc.constantFrom('cyton', 'healthypi5'), session: fc.constant('2026-03-01'), dateUnknown: fc.boolean(), findings: fc.array(fc.constantFrom('short', 'flat'), { maxLength: 2 }), contentHash: fc.string(),
    gaps: fc.nat(2), lanes: fc.array(lane, { maxLength: 3 }),
  })
  .map((value) => RecordingListItem.parse(value))

const some = fc.sample(fc.array(item, { minLength: 200, maxLength: 200 }), { numRuns: 1, seed: 3 })[0]
const change = (columns: RecordingColumns['columns'], table = packRecordings(some)): unknown => ({ ...table, columns: { ...table.columns, ...columns } })

describe('a list of recordings as a table', () => {
  it('gives the same items back, over a wire too', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 300 }), (items) => {
        expect(RecordingTable.parse(packRecordings(items))).toEqual(items)
        expect(RecordingTable.parse(decode(encode(packRecordings(items), { ignoreUndefined: true })))).toEqual(items)
        expect(RecordingTable.parse(structuredClone(packRecordings(items)))).toEqual(items)
      }),
      { numRuns: 50 },
    )
  })

  it('says equal values once, and those of every item in a list', () => {
    const { columns } = packRecordings(some)
    expect(columns.subject).toMatchObject({ values: expect.arrayContaining(['S001', 'S002']) })
    expect(columns.id).toEqual({ each: some.map(({ id }) => id) })
    const [first, second] = RecordingTable.parse(packRecordings([some[0], structuredClone(some[0])]))
    expect(second.lanes).toBe(first.lanes)
  })

  it('refuses what the items themselves would be refused for, and tables that do not fit together', () => {
    const which = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
    const all = which(...some.map(() => 0))
    expect(RecordingTable.safeParse(change({ subject: { values: ['S001'], which: all } })).success).toBe(true)
    for (const columns of [
      { subject: { values: ['no such code!'], which: all } }, { subject: { values: ['S001'], which: all.slice(4) } }, { subject: { values: [], which: all } }, { subject: { values: ['S001'], which: which(...some.map(() => 1)) } },
      { id: { each: some.map(() => 'x') } }, { id: { each: some.slice(1).map(({ id }) => id) } }, { rows: { each: some.map(() => -1) } }, { lanes: { values: [[{ id: 1 }]], which: all } },
    ] as RecordingColumns['columns'][]) expect(RecordingTable.safeParse(change(columns)).success, JSON.stringify(Object.values(columns)[0]).slice(0, 60)).toBe(false)
    const { gaps, ...others } = packRecordings(some).columns
    expect(gaps).toBeDefined()
    expect(RecordingTable.safeParse({ count: some.length, columns: others }).success).toBe(false)
    fc.assert(fc.property(fc.anything(), (value) => RecordingTable.safeParse(value).success === false))
  })
})
