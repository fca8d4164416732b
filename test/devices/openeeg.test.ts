import { describe, expect, it } from 'vitest'
import { configureDevice, deviceProfile, deviceProtocol } from '../../src-main/devices/registry.ts'
import { claimDecoder, claimProfile, sendRows } from './decoder-claims.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'
import { DeadDevice } from './streaming-device.ts'

const openEeg = deviceProtocol('openeeg')
const olimex = configureDevice('olimex-ekg-emg')
const golden = hexBytes('A5 5A 02 2A 02 00 02 01 00 00 03 FF 00 64 02 BC 01')
const goldenCounts = [512, 513, 0, 1023, 100, 700]

describe('OpenEEG P2 packets', () => {
  it('the golden packet in both directions, the switches as a message', () => {
    const [second, third] = [1, 2].map((step) => golden.map((byte, index) => (index === 3 ? byte + step : byte)))
    const decoded = decodeAll(openEeg.createDecoder(olimex), concatBytes(golden, second, third))
    expect(decoded.rows.map((row) => row.counts)).toEqual([goldenCounts, goldenCounts, goldenCounts])
    expect(decoded.rows.map((row) => row.counter)).toEqual([42, 43, 44])
    expect(decoded.messages).toEqual([{ offset: 0, kind: 'status', text: 'switches 1', values: { switches: 1 } }])
    expect(sendRows(olimex, Array.from({ length: 43 }, () => goldenCounts))[42].bytes).toEqual(golden)
  })

  it('the Olimex sketch claims 256 Hz and does 250', () => {
    expect(olimex.rateHz).toBe(250)
    expect(deviceProfile('olimex-ekg-emg').vendorRateHz).toBe(256)
  })

  it('only the first lanes are stored where only they are wired', () => {
    const one = configureDevice('olimex-ekg-emg', { lanes: 1 })
    const stream = concatBytes(...sendRows(one, [[5], [6], [7]]).map((row) => row.bytes))
    expect(stream).toHaveLength(51)
    expect(decodeAll(openEeg.createDecoder(one), stream).rows.map((row) => row.counts)).toEqual([[5], [6], [7]])
  })

  it('streams by itself: start and stop need no answer', async () => {
    expect(await openEeg.start(new DeadDevice(), olimex)).toEqual({ identity: '', configuration: olimex })
    await openEeg.stop(new DeadDevice(), olimex)
    const board = openEeg.createBoard(olimex, 1)
    expect(board.receive(Uint8Array.of(0x73))).toHaveLength(0)
    expect(board.streaming).toBe(true)
  })
})

describe('OpenEEG profiles', () => {
  claimProfile('olimex-ekg-emg')
  claimProfile('openeeg-p2')
})

claimDecoder({ profile: 'olimex-ekg-emg', checked: false, run: 3 })
