import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, noValue, type DeviceSettings } from '../../src-main/contract/index.ts'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import type { BoardStatus } from '../../src-main/devices/protocol.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { damage, edits } from './damage.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'

const calm: BoardStatus = { leadOff: false, heartRateBpm: 72, spo2Percent: 98, respirationBpm: 16, temperatureCelsius: 36.5 }
const cyton = deviceProtocol('cyton')
const single = configureDevice('cyton')
const daisy = configureDevice('cyton-daisy')

/** Counter 2A, accelerometer 0, 0, 8192; computed by an encoder that is not ours. */
const golden = 'A0 2A 12 34 56 FF FF FF 00 00 00 7F FF FF 80 00 00 00 03 E8 FF FC 18 00 AE C3 00 00 00 00 20 00 C0'
const goldenCounts = [0x123456, -1, 0, 8388607, -8388608, 1000, -1000, 44739, 0, 0, 8192]

function numbered(hex: string, number: number): Uint8Array {
  const packet = hexBytes(hex)
  packet[1] = number
  return packet
}

/** A packet whose first channel tells its number, without acceleration. */
function packet(number: number): Uint8Array {
  const bytes = new Uint8Array(33)
  bytes.set([0xa0, number & 255, 0, number >> 8, number & 255])
  bytes[32] = 0xc0
  return bytes
}

function packets(numbers: readonly number[]): Uint8Array {
  return concatBytes(...numbers.map(packet))
}

function decodeSingle(bytes: Uint8Array): ReturnType<typeof decodeAll> {
  return decodeAll(cyton.createDecoder(single), bytes)
}

describe('Cyton packets', () => {
  it('the golden packet decodes to its counts, and to the documented microvolts', () => {
    const stream = concatBytes(numbered(golden, 0x2a), numbered(golden, 0x2b), numbered(golden, 0x2c))
    const { rows } = decodeSingle(stream)
    expect(rows.map((row) => row.counts)).toEqual([goldenCounts, goldenCounts, goldenCounts])
    expect(rows.map((row) => row.counter)).toEqual([0x2a, 0x2b, 0x2c])
    const microvolts = goldenCounts.slice(0, 8).map((count, i) => (1000 * count) / single.lanes[i].gainCountsPerUnit)
    const documented = [26666.6593, -0.0224, 0, 187500, -187500.0224, 22.3517, -22.3517, 999.9947]
    documented.forEach((value, i) => expect(microvolts[i]).toBeCloseTo(value, 4))
    expect(8192 / single.lanes[10].gainCountsPerUnit).toBeCloseTo(1.024, 9)
  })

  it('the simulated board sends the golden packet', () => {
    const board = cyton.createBoard(single, 1)
    board.startStreaming()
    const counts = Int32Array.from(goldenCounts)
    let sent = board.row(counts, calm)
    // Acceleration is new on every 10th packet only, so the golden one is compared under number 40.
    for (let number = 0; number < 40; number++) sent = board.row(counts, calm)
    expect(sent).toEqual({ bytes: numbered(golden, 40), counter: 40 })
  })

  it('three zeros are no acceleration, one zero is', () => {
    const still = numbered(golden, 0)
    still.fill(0, 26, 32)
    const { rows } = decodeSingle(concatBytes(still, numbered(golden, 1), numbered(golden, 2)))
    expect(rows.map((row) => row.counts.slice(8))).toEqual([[noValue, noValue, noValue], [0, 0, 8192], [0, 0, 8192]])
  })

  it('auxiliary bytes that are no acceleration become no lane; the first time stamp is told', () => {
    const stamped = [0xc3, 0xc4, 0xc4].map((stop, number) => {
      const bytes = numbered(golden, number)
      bytes.set([0x12, 0x34, 0x00, 0x01, 0x00, 0x00, stop], 26)
      return bytes
    })
    const { rows, messages } = decodeSingle(concatBytes(...stamped))
    expect(rows.map((row) => row.counts.slice(8))).toEqual(stamped.map(() => [noValue, noValue, noValue]))
    expect(messages).toEqual([{ offset: 0, kind: 'status', text: 'Time stamps begin', values: { boardMs: 65536 } }])
  })

  it('locks on three packets that count on and loses none of them', () => {
    expect(decodeSingle(packets([5, 6])).rows).toHaveLength(0)
    expect(decodeSingle(packets([5, 6, 7])).rows.map((row) => row.offset)).toEqual([0, 33, 66])
    // The same number again and again is not a counter: constant data that happens to hold A0 and C0 at the right distance.
    expect(decodeSingle(packets([5, 5, 5, 5, 5, 5])).rows).toHaveLength(0)
  })

  it('tells the counter of what the radio lost and does not need to find sync again', () => {
    const { rows, skips } = decodeSingle(packets([250, 251, 252, 2, 3, 100, 101]))
    expect(rows.map((row) => row.counter)).toEqual([250, 251, 252, 2, 3, 100, 101])
    expect(rows.every((row) => row.flags === 0)).toBe(true)
    expect(skips).toEqual([])
  })

  it('leaves out a packet whose counter contradicts both neighbours', () => {
    const { rows, bytesSkipped } = decodeSingle(packets([1, 2, 3, 204, 5, 6, 7]))
    expect(rows.map((row) => row.counter)).toEqual([1, 2, 3, 5, 6, 7])
    expect(bytesSkipped).toBe(33)
    expect(rows[3].flags).toBe(RowFlag.resync)
  })

  it('reports the banner of a restart as a reply and marks the row behind it', () => {
    const board = cyton.createBoard(single, 1)
    const banner = board.boot()
    const { rows, skips, messages } = decodeSingle(concatBytes(packets([7, 8, 9]), banner, packets([0, 1, 2])))
    expect(rows.map((row) => row.counter)).toEqual([7, 8, 9, 0, 1, 2])
    expect(rows[3].flags & RowFlag.restart).toBe(RowFlag.restart)
    expect(skips).toEqual([{ offset: 99, length: banner.length, reason: 'reply' }])
    expect(messages[0].text).toContain('OpenBCI V3 8-16 channel')
  })
})

describe('Cyton with Daisy', () => {
  function decodeDaisy(numbers: readonly number[]): ReturnType<typeof decodeAll> {
    return decodeAll(cyton.createDecoder(daisy), packets(numbers))
  }

  it('makes one row of an even packet (channels 9 to 16) and the odd one behind it (1 to 8)', () => {
    const { rows } = decodeDaisy([6, 7, 8, 9, 254, 255, 0, 1])
    expect(rows.map((row) => [row.counter, row.counts[0], row.counts[8]])).toEqual([
      [3, 7, 6],
      [4, 9, 8],
      [127, 255, 254],
      [0, 1, 0],
    ])
    expect(rows[0].offset).toBe(33)
  })

  it('shows a lost half as missing, never as the half before', () => {
    const { rows } = decodeDaisy([0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12])
    expect(rows.map((row) => [row.counter, row.counts[0], row.counts[8], row.flags])).toEqual([
      [0, 1, 0, 0],
      [1, 3, 2, 0],
      [2, noValue, 4, RowFlag.incomplete],
      [3, 7, 6, 0],
      [4, 9, noValue, RowFlag.incomplete],
      [5, 11, 10, 0],
      [6, noValue, 12, RowFlag.incomplete],
    ])
  })

  it('has the rates and counter of its profile', () => {
    expect(daisy).toMatchObject({ rateHz: 125, rowsPerFrame: 0.5, frameBytes: 33, counter: { modulus: 128, step: 1 } })
    expect(daisy.lanes).toHaveLength(19)
    expect(configureDevice('cyton', { daisy: true }).lanes).toEqual(daisy.lanes)
  })
})

describe('Cyton settings', () => {
  it('scale the channels by the gain', () => {
    // Full scale 187.5 mV at gain 24 is 4.5 V at gain 1.
    const { lanes } = configureDevice('cyton', { gain: 1 })
    expect(8388607 / lanes[0].gainCountsPerUnit).toBeCloseTo(4500, 9)
    expect(lanes).toHaveLength(11)
  })

  it('refuse what does not exist', () => {
    const wrong: DeviceSettings[] = [{ gain: 5 }, { daisy: 'yes' }, { speed: 1 }]
    for (const settings of wrong) expect(() => configureDevice('cyton', settings)).toThrow(LabError)
  })
})

describe.each([
  ['cyton', single],
  ['cyton-daisy', daisy],
] as const)('%s on a bad line', (_name, configuration) => {
  const channels = configuration.lanes.length - 3
  const samples = fc.integer({ min: -8388608, max: 8388607 })
  const rowsOfSamples = fc.array(fc.tuple(...Array.from({ length: channels }, () => samples)), { minLength: 8, maxLength: 30 })
  const acceleration = [100, -200, 8192]

  function sent(rows: readonly number[][]): Uint8Array[] {
    const board = cyton.createBoard(configuration, 1)
    board.startStreaming()
    return rows.flatMap((counts) => {
      const { bytes } = board.row(Int32Array.from([...counts, ...acceleration]), calm)
      return bytes.length === 33 ? [bytes] : [bytes.slice(0, 33), bytes.slice(33)]
    })
  }

  it('decodes all that was sent, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(rowsOfSamples, fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 30 }), (rows, pieces) => {
        const stream = concatBytes(cyton.createBoard(configuration, 1).boot(), ...sent(rows))
        const whole = decodeAll(cyton.createDecoder(configuration), stream)
        expect(whole.rows.map((row) => row.counts.slice(0, channels))).toEqual(rows)
        expect(whole.rows.map((row) => row.counter)).toEqual(rows.map((_, i) => i))
        expect(whole.rows[0].counts.slice(channels)).toEqual(acceleration)
        expect(whole.skips.map((skip) => skip.reason)).toEqual(['reply'])
        expect(decodeAll(cyton.createDecoder(configuration), stream, pieces)).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })

  it('accounts for every byte of any damage, emits only packets with their marks and no fewer than arrived intact', () => {
    fc.assert(
      fc.property(rowsOfSamples, edits, fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 }), (rows, changes, pieces) => {
        const frames = sent(rows)
        const { bytes, intactAt } = damage(frames, changes)
        const decoder = cyton.createDecoder(configuration)
        const decoded = decodeAll(decoder, bytes, pieces)
        expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(bytes.length)
        expect(decoded.skips.reduce((sum, skip) => sum + skip.length, 0)).toBe(decoded.bytesSkipped)
        expect(decodeAll(cyton.createDecoder(configuration), bytes)).toEqual(decoded)
        for (const row of decoded.rows) {
          expect(bytes[row.offset]).toBe(0xa0)
          expect(bytes[row.offset + 32] & 0xf8).toBe(0xc0)
          expect(bytes[row.offset + 1] >> (configuration === daisy ? 1 : 0)).toBe(row.counter)
        }
        // An intact packet between two intact ones, once there is a lock, is never missed. (Behind a torn packet it may be: that one
        // passes for whole where 32 bytes on there happens to be a stop byte.)
        const found = new Map(decoded.rows.map((row) => [row.offset, row.counts.slice(0, channels)]))
        const firstRow = decoded.rows[0]?.offset ?? Infinity
        intactAt.forEach((at, i) => {
          if (at - 33 < firstRow || intactAt[i - 1] !== at - 33 || intactAt[i + 1] !== at + 33) return
          if (configuration === single) expect(found.get(at)).toEqual(rows[i])
          else if (i % 2 === 0) expect(found.get(at + 33)).toEqual(rows[i / 2])
        })
      }),
      { numRuns: 120 },
    )
  })
})
