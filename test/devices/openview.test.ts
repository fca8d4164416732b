import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, noValue, type DeviceConfiguration } from '../../src-main/contract/index.ts'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import type { BoardStatus } from '../../src-main/devices/protocol.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { damage, edits } from './damage.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'

const calm: BoardStatus = { leadOff: false, heartRateBpm: 72, spo2Percent: 98, respirationBpm: 16, temperatureCelsius: 36.5 }
const openView = deviceProtocol('openview')

/** Computed from the firmware sources by an encoder that is not ours (see the note on devices). */
const golden = [
  {
    profile: 'healthypi5',
    counts: [-12345, 678, 4321, 5678],
    hex: '0A FA 16 00 02 C7 CF FF FF A6 02 00 00 00 E1 10 00 00 2E 16 00 00 42 0E 62 48 10 00 0B',
    status: { temperatureCelsius: 36.5, spo2Percent: 98, heartRateBpm: 72, respirationBpm: 16 },
  },
  {
    profile: 'healthypi4',
    counts: [-123, 45, 100000, 120000],
    hex: '0A FA 14 00 02 85 FF 2D 00 A0 86 01 00 C0 D4 01 00 42 0E 10 62 48 50 78 00 00 0B',
    status: { temperatureCelsius: 36.5, respirationBpm: 16, spo2Percent: 98, heartRateBpm: 72, leadStatus: 0 },
  },
  {
    profile: 'ads1292r',
    counts: [-123, 45],
    hex: '0A FA 09 00 02 85 FF 2D 00 10 00 48 00 00 00 0B',
    status: { respirationBpm: 16, heartRateBpm: 72 },
  },
  {
    profile: 'ads1293',
    counts: [-1, 8388607, -8388608],
    hex: '0A FA 0C 00 02 FF FF FF FF FF FF 7F 00 00 00 80 FF 00 0B',
    status: null,
  },
  {
    profile: 'afe4490',
    counts: [100000, 120000],
    hex: '0A FA 0A 00 02 A0 86 01 00 C0 D4 01 00 62 48 00 0B',
    status: { spo2Percent: 98, heartRateBpm: 72 },
  },
  { profile: 'max86150', counts: [-123, 30000, 40000], hex: '0A FA 06 00 02 85 FF 30 75 40 9C 00 0B', status: null },
  {
    profile: 'max30003',
    counts: [-12345],
    hex: '0A FA 11 00 02 00 00 00 00 00 C7 CF FF FF 41 03 00 00 48 00 00 00 00 0B',
    status: { rrIntervalMs: 833, heartRateBpm: 72 },
  },
  {
    // The same payload up to the RR interval, as the older sketch sends it: 12 bytes, the heart rate never leaves the board.
    profile: 'max30003-old',
    counts: [-12345],
    hex: '0A FA 0C 00 02 00 00 00 00 00 C7 CF FF FF 41 03 00 00 0B',
    status: { rrIntervalMs: 833 },
  },
]

function sampleRows(configuration: DeviceConfiguration): fc.Arbitrary<number[][]> {
  const row = fc.tuple(...configuration.lanes.map((lane) => fc.integer({ min: lane.minimum, max: lane.maximum })))
  return fc.array(row, { minLength: 12, maxLength: 40 })
}

function framesOf(configuration: DeviceConfiguration, rows: readonly number[][]): Uint8Array[] {
  const board = openView.createBoard(configuration, 1)
  return rows.map((counts) => board.row(Int32Array.from(counts), calm).bytes).filter((bytes) => bytes.length > 0)
}

describe('OpenView frames as the firmware sends them', () => {
  it.each(golden)('$profile: the golden frame decodes to its samples and status', ({ profile, counts, hex, status }) => {
    const configuration = configureDevice(profile)
    const frame = hexBytes(hex)
    const decoded = decodeAll(openView.createDecoder(configuration), concatBytes(frame, frame, frame))
    expect(decoded.rows.map((row) => row.counts)).toEqual([counts, counts, counts])
    expect(decoded.rows.map((row) => row.offset)).toEqual([0, frame.length, 2 * frame.length])
    expect(decoded.rows.every((row) => row.counter === -1 && row.flags === 0)).toBe(true)
    expect(configuration.frameBytes).toBe(frame.length)
    // Three equal frames, one message: status is told when it changes.
    expect(decoded.messages.map((message) => message.values)).toEqual(status ? [status] : [])
  })

  it.each(golden)('$profile: the simulated board sends the golden frame', ({ profile, counts, hex }) => {
    const board = openView.createBoard(configureDevice(profile), 1)
    expect(board.row(Int32Array.from(counts), calm)).toEqual({ bytes: hexBytes(hex), counter: -1 })
  })

  it('HealthyPi 5 in millivolts and volts: 18-bit LSB 0.09537 uV, PPG 146.5 uV', () => {
    const { lanes } = configureDevice('healthypi5')
    expect(256_000 / lanes[0].gainCountsPerUnit).toBeCloseTo(0.09537, 5)
    expect(1e6 / lanes[2].gainCountsPerUnit).toBeCloseTo(146.5, 1)
  })

  it('ADS1292R and AFE4490 scales are those computed from their data sheets', () => {
    expect(1000 / configureDevice('ads1292r').lanes[0].gainCountsPerUnit).toBeCloseTo(6.1544, 4)
    expect(1000 / configureDevice('ads1292r').lanes[1].gainCountsPerUnit).toBeCloseTo(18.463, 3)
    expect(1e6 / configureDevice('afe4490').lanes[0].gainCountsPerUnit).toBeCloseTo(0.5722, 4)
  })

  it('HealthyPi v4 says that a lead is off and sends a zero ECG', () => {
    const configuration = configureDevice('healthypi4')
    const frame = openView.createBoard(configuration, 1).row(Int32Array.from([-123, 45, 1, 2]), { ...calm, leadOff: true }).bytes
    const [row] = decodeAll(openView.createDecoder(configuration), concatBytes(frame, frame, frame)).rows
    expect(row).toMatchObject({ counts: [0, 45, 1, 2], flags: RowFlag.leadOff })
  })
})

describe('HealthyPi 5 batches', () => {
  const configuration = configureDevice('healthypi5-ov3')
  // Built here byte by byte: 8 ecg i32 (1..8 thousand), 4 bioz i32 (10, 20, 30, 40), heart rate 72, respiration 16; 8 red i16, SpO2 98, temp>>8 twice.
  const ecgFrame = hexBytes(
    '0A FA 32 00 03 E8 03 00 00 D0 07 00 00 B8 0B 00 00 A0 0F 00 00 88 13 00 00 70 17 00 00 58 1B 00 00 40 1F 00 00 ' +
      '0A 00 00 00 14 00 00 00 1E 00 00 00 28 00 00 00 48 10 00 0B',
  )
  const ppgFrame = hexBytes('0A FA 13 00 04 01 00 02 00 03 00 04 00 05 00 06 00 07 00 FF FF 62 0E 0E 00 0B')
  const red = [1, 2, 3, 4, 5, 6, 7, -1]
  const ecg = [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]
  const bioz = [10, noValue, 20, noValue, 30, noValue, 40, noValue]

  it('lay 8 red samples on the rows of the ECG frame that follows, bioimpedance on every second', () => {
    const decoded = decodeAll(openView.createDecoder(configuration), concatBytes(ppgFrame, ecgFrame, ppgFrame, ecgFrame))
    const expected = ecg.map((value, i) => [value, bioz[i], red[i]])
    expect(decoded.rows.map((row) => row.counts)).toEqual([...expected, ...expected])
    expect(decoded.rows[0].offset).toBe(ppgFrame.length)
    expect(decoded.rows.every((row) => row.flags === 0)).toBe(true)
    // Temperature is not told: its low byte is never sent.
    expect(decoded.messages.at(-1)?.values).toEqual({ heartRateBpm: 72, respirationBpm: 16, spo2Percent: 98 })
  })

  it('are what the simulated board sends', () => {
    const board = openView.createBoard(configuration, 1)
    const sent = ecg.map((value, i) => board.row(Int32Array.from([value, bioz[i], red[i]]), calm).bytes)
    expect(concatBytes(...sent)).toEqual(concatBytes(ppgFrame, ecgFrame))
  })

  it('come out the same wherever the chunks are cut, with every byte accounted for, on any damaged line', () => {
    const samples = fc.array(fc.tuple(...configuration.lanes.map((lane) => fc.integer({ min: lane.minimum, max: lane.maximum }))), { minLength: 64, maxLength: 96 })
    fc.assert(
      fc.property(samples, edits, fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 20 }), (rows, changes, pieces) => {
        const frames = framesOf(configuration, rows)
        const { bytes, intactAt } = damage(frames, changes)
        const decoded = decodeAll(openView.createDecoder(configuration), bytes, pieces)
        expect(decodeAll(openView.createDecoder(configuration), bytes)).toEqual(decoded)
        expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(bytes.length)
        expect(decoded.skips.reduce((sum, skip) => sum + skip.length, 0)).toBe(decoded.bytesSkipped)
        // A pair that arrived whole behind a lock gives its 8 rows complete (a pair is 83 bytes, the ECG frame begins at 26).
        const firstRow = decoded.rows[0]?.offset ?? Infinity
        intactAt.forEach((at, i) => {
          if (at < firstRow) return
          const found = decoded.rows.filter((row) => row.offset === at + 26)
          expect(found.map((row) => [row.counts[0], row.counts[2]])).toEqual(rows.slice(8 * i, 8 * i + 8).map((row) => [row[0], row[2]]))
        })
      }),
      { numRuns: 100 },
    )
  })

  it('keep the half that arrived when the other is lost', () => {
    const stream = concatBytes(ppgFrame, ecgFrame, ppgFrame, ppgFrame, ecgFrame, ecgFrame)
    const { rows } = decodeAll(openView.createDecoder(configuration), stream)
    expect(rows).toHaveLength(32)
    expect(rows.slice(8, 16).map((row) => row.counts)).toEqual(red.map((value) => [noValue, noValue, value]))
    expect(rows.slice(24).map((row) => row.counts[2])).toEqual(red.map(() => noValue))
    const incomplete = rows.map((row) => (row.flags & RowFlag.incomplete) !== 0)
    expect(incomplete).toEqual([...red.map(() => false), ...red.map(() => true), ...red.map(() => false), ...red.map(() => true)])
  })
})

describe.each(golden.map((entry) => entry.profile))('%s on a bad line', (profile) => {
  const configuration = configureDevice(profile)

  it('decodes all that was sent, wherever the chunks are cut, and lock and boot text cost no rows', () => {
    fc.assert(
      fc.property(sampleRows(configuration), fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 }), (rows, pieces) => {
        const text = new TextEncoder().encode('Initiliziation is done\r\n')
        const stream = concatBytes(text, ...framesOf(configuration, rows))
        const whole = decodeAll(openView.createDecoder(configuration), stream)
        expect(whole.rows.map((row) => row.counts)).toEqual(rows)
        expect(whole.skips).toEqual([{ offset: 0, length: text.length, reason: 'text' }])
        expect(whole.messages[0]).toMatchObject({ kind: 'text', text: 'Initiliziation is done' })
        expect(whole.rows[0].flags).toBe(RowFlag.restart)
        expect(decodeAll(openView.createDecoder(configuration), stream, pieces)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  it('accounts for every byte of any damage, emits only whole frames and no fewer than arrived intact', () => {
    fc.assert(
      fc.property(sampleRows(configuration), edits, fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }), (rows, changes, pieces) => {
        const frames = framesOf(configuration, rows)
        const { bytes, intactAt } = damage(frames, changes)
        const decoded = decodeAll(openView.createDecoder(configuration), bytes, pieces)
        expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(bytes.length)
        expect(decoded.skips.reduce((sum, skip) => sum + skip.length, 0)).toBe(decoded.bytesSkipped)
        expect(decodeAll(openView.createDecoder(configuration), bytes)).toEqual(decoded)
        // Without a checksum this is all that can be promised: header and footer of every row's frame are undamaged.
        const header = [...frames[0].subarray(0, 5)]
        for (const row of decoded.rows) {
          expect([...bytes.subarray(row.offset, row.offset + 5)]).toEqual(header)
          expect([...bytes.subarray(row.offset + frames[0].length - 2, row.offset + frames[0].length)]).toEqual([0x00, 0x0b])
        }
        const found = new Map(decoded.rows.map((row) => [row.offset, row.counts]))
        const firstRow = decoded.rows[0]?.offset ?? Infinity
        intactAt.forEach((at, i) => {
          if (at >= firstRow) expect(found.get(at)).toEqual(rows[i])
        })
      }),
      { numRuns: 120 },
    )
  })
})

describe('OpenView in between', () => {
  const configuration = configureDevice('afe4490')
  const frame = hexBytes(golden[4].hex)

  it('marks the first row after lost bytes, and after the text of a restart', () => {
    const boot = new TextEncoder().encode('Inited...\r\n')
    const stream = concatBytes(frame, frame, frame, frame.subarray(3), frame, frame.subarray(0, 6), boot, frame)
    const { rows, skips } = decodeAll(openView.createDecoder(configuration), stream)
    expect(rows.map((row) => row.flags)).toEqual([0, 0, 0, RowFlag.resync, RowFlag.resync | RowFlag.restart])
    expect(skips.map((skip) => [skip.reason, skip.length])).toEqual([
      ['torn', frame.length - 3],
      ['torn', 6],
      ['text', boot.length],
    ])
  })

  it('holds back the beginning of a frame until it is whole or the stream ends', () => {
    const decoder = openView.createDecoder(configuration)
    decoder.feed(concatBytes(frame, frame, frame, frame.subarray(0, 9)), 0)
    expect([decoder.bytesInFrames, decoder.bytesSkipped, decoder.bytesPending]).toEqual([51, 0, 9])
    expect(decoder.end().skips).toEqual([{ offset: 51, length: 9, reason: 'unfinished' }])
    expect([decoder.bytesSkipped, decoder.bytesPending]).toEqual([9, 0])
  })

  it('takes no frame of another variant', () => {
    const other = concatBytes(...Array.from({ length: 9 }, () => hexBytes(golden[5].hex)))
    expect(decodeAll(openView.createDecoder(configuration), other).rows).toEqual([])
  })

  it('refuses a variant that does not exist or has other lanes', () => {
    for (const variant of ['healthypi9', 'ads1293']) {
      expect(() => configureDevice('healthypi5', { variant })).toThrow(LabError)
    }
    expect(configureDevice('max30003', { variant: 'max30003-old' }).frameBytes).toBe(19)
  })
})
