import { describe, expect, it } from 'vitest'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import { crc16 } from '../../src-main/devices/protocols/wide.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { claimDecoder, claimProfile, manyRows, sendRows } from './decoder-claims.ts'
import { concatBytes, decodeAll } from './decode-all.ts'

const wide = deviceProtocol('wide')
const configuration = configureDevice('wide16')

describe('the wide test board', () => {
  it('is 16 channels of 24 bit at 4 kHz in frames of 54 bytes, and synthetic', () => {
    expect(configuration.lanes).toHaveLength(16)
    expect(configuration.lanes.every((lane) => lane.bits === 24)).toBe(true)
    expect(configuration.rateHz).toBe(4000)
    expect(configuration.frameBytes).toBe(54)
  })

  it('uses the CRC-16/CCITT-FALSE of the catalogue', () => {
    expect(crc16(new TextEncoder().encode('123456789'), 0, 9)).toBe(0x29b1)
  })

  it('extremes and signs survive', () => {
    const rows = [[8388607, -8388608, -1, 0, 1, ...new Array<number>(11).fill(-4660)], new Array<number>(16).fill(1193046)]
    const stream = concatBytes(...sendRows(configuration, rows).map((row) => row.bytes))
    expect(decodeAll(wide.createDecoder(configuration), stream).rows.map((row) => row.counts)).toEqual(rows)
  })

  it('the counter wraps at 65536 without a seam', () => {
    const board = wide.createBoard(configuration, 1)
    const counts = new Int32Array(16)
    const status = { leadOff: false, heartRateBpm: 0, spo2Percent: 0, respirationBpm: 0, temperatureCelsius: 0 }
    for (let row = 0; row < 65534; row += 1) board.row(counts, status)
    const stream = concatBytes(...[0, 1, 2, 3].map(() => board.row(counts, status).bytes))
    expect(decodeAll(wide.createDecoder(configuration), stream).rows.map((row) => row.counter)).toEqual([65534, 65535, 0, 1])
  })

  it('a restart tells itself by its text and marks the first row after it', () => {
    const board = wide.createBoard(configuration, 1)
    const send = (rows: number): Uint8Array => concatBytes(...manyRows(configuration, rows).rows.map((counts) => board.row(Int32Array.from(counts), {
      leadOff: false, heartRateBpm: 0, spo2Percent: 0, respirationBpm: 0, temperatureCelsius: 0,
    }).bytes))
    const stream = concatBytes(board.boot(), send(5), board.restart(), send(5))
    const decoded = decodeAll(wide.createDecoder(configuration), stream)
    expect(decoded.rows.map((row) => row.counter)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    expect(decoded.rows[5].flags & RowFlag.restart).toBe(RowFlag.restart)
    expect(decoded.messages.map((message) => message.text)).toEqual(['WIDE16 test board', 'WIDE16 test board'])
  })
})

describe('the wide profile', () => {
  claimProfile('wide16')
})

claimDecoder({ profile: 'wide16', checked: true, run: 2 })
