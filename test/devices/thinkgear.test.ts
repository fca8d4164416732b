import { describe, expect, it } from 'vitest'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import { thinkGearFrame } from '../../src-main/devices/protocols/thinkgear.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { calm, claimDecoder, claimProfile, manyRows, sendRows } from './decoder-claims.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'

const thinkGear = deviceProtocol('thinkgear')
const bmd101 = configureDevice('bmd101')
const raw = hexBytes('AA AA 04 80 02 FF 9C E2')
const status = hexBytes('AA AA 04 02 C8 03 48 EA')

describe('ThinkGear packets', () => {
  it('the golden packets in both directions', () => {
    expect(thinkGearFrame([0x80, 2, 0xff, 0x9c])).toEqual(raw)
    expect(thinkGearFrame([0x02, 200, 0x03, 72])).toEqual(status)
    const decoded = decodeAll(thinkGear.createDecoder(bmd101), concatBytes(status, raw, raw))
    expect(decoded.rows.map((row) => row.counts)).toEqual([[-100], [-100]])
    expect(decoded.rows.map((row) => row.counter)).toEqual([-1, -1])
    expect(decoded.messages.map((message) => message.values)).toEqual([{ quality: 200 }, { heartRateBpm: 72 }])
  })

  it('quality 0 of the ECG chip is an electrode off, of the EEG chip it is good', () => {
    const off = thinkGearFrame([0x02, 0])
    const flagsOf = (quality: string): number[] => {
      const configuration = configureDevice('bmd101', { quality })
      return decodeAll(thinkGear.createDecoder(configuration), concatBytes(off, raw, raw)).rows.map((row) => row.flags)
    }
    expect(flagsOf('ecg')).toEqual([RowFlag.leadOff, RowFlag.leadOff])
    expect(flagsOf('eeg')).toEqual([0, 0])
  })

  it('the board tells its quality once a second and the decoder follows it', () => {
    const { rows } = manyRows(bmd101, 1100)
    const stream = concatBytes(...sendRows(bmd101, rows, { ...calm, leadOff: true }).map((row) => row.bytes))
    const decoded = decodeAll(thinkGear.createDecoder(bmd101), stream)
    expect(decoded.rows).toHaveLength(1100)
    expect(decoded.rows.every((row) => row.flags === RowFlag.leadOff)).toBe(true)
    // 1100 raw packets of 8 bytes and three status packets of 22.
    expect(stream).toHaveLength(1100 * 8 + 3 * 22)
  })

  it('a third sync byte is still sync, a length above AA is none', () => {
    const stream = concatBytes(raw, raw, Uint8Array.of(0xaa), raw, Uint8Array.of(0xaa, 0xaa, 0xab), raw, raw)
    const decoded = decodeAll(thinkGear.createDecoder(bmd101), stream)
    expect(decoded.rows).toHaveLength(5)
    expect(decoded.bytesSkipped).toBe(4)
  })

  it('codes that nobody knows are stepped over by their length', () => {
    const mixed = thinkGearFrame([0x16, 9, 0x84, 5, 1, 2, 3, 4, 5, 0x80, 2, 0x12, 0x34, 0x55, 0x55, 0x85, 1, 7])
    expect(decodeAll(thinkGear.createDecoder(bmd101), concatBytes(mixed, raw)).rows.map((row) => row.counts)).toEqual([[0x1234], [-100]])
    // A row that says that it is longer than its packet ends the packet.
    const lying = thinkGearFrame([0x80, 9, 1, 2])
    expect(decodeAll(thinkGear.createDecoder(bmd101), concatBytes(raw, lying, raw)).rows).toHaveLength(2)
  })

  it('one byte in a hundred wrong: wrong rows stay below the false rate of an eight-bit checksum', () => {
    const { rows, random } = manyRows(bmd101, 20000)
    const stream = concatBytes(...sendRows(bmd101, rows).map((row) => row.bytes))
    let damaged = 0
    for (let at = 0; at < stream.length; at += 1) {
      if (random() >= 0.01) continue
      stream[at] ^= 1 + Math.floor(random() * 255)
      damaged += 1
    }
    const decoded = decodeAll(thinkGear.createDecoder(bmd101), stream)
    const placeOf = new Map<number, number[]>()
    let at = 0
    sendRows(bmd101, rows).forEach((row) => { placeOf.set(at + row.bytes.length - 8, row.counts); at += row.bytes.length })
    const wrong = decoded.rows.filter((row) => String(row.counts) !== String(placeOf.get(row.offset) ?? []))
    expect(wrong.length).toBeLessThan(damaged / 256)
  })
})

describe('ThinkGear profile', () => {
  claimProfile('bmd101')
})

claimDecoder({ profile: 'bmd101', checked: true, run: 2 })
