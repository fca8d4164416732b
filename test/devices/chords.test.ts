import { describe, expect, it } from 'vitest'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { claimDecoder, claimProfile, manyRows, sendRows } from './decoder-claims.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'
import { DeadDevice, StreamingDevice } from './streaming-device.ts'

const chords = deviceProtocol('chords')
const uno = configureDevice('chords-uno-r3')
const golden = hexBytes('C7 7C 2A 02 00 02 01 00 00 03 FF 00 64 02 BC 01')
const goldenCounts = [512, 513, 0, 1023, 100, 700]

describe('Chords packets', () => {
  it('the golden packet in both directions', () => {
    const [second, third] = [1, 2].map((step) => golden.map((byte, index) => (index === 2 ? byte + step : byte)))
    const decoded = decodeAll(chords.createDecoder(uno), concatBytes(golden, second, third))
    expect(decoded.rows.map((row) => row.counts)).toEqual([goldenCounts, goldenCounts, goldenCounts])
    expect(decoded.rows.map((row) => row.counter)).toEqual([42, 43, 44])
    const sent = sendRows(uno, Array.from({ length: 43 }, () => goldenCounts))
    expect(sent[42].bytes).toEqual(golden)
    expect(uno.frameBytes).toBe(golden.length)
  })

  it('a damaged packet costs itself; the next row is marked and keeps its counter', () => {
    const sent = sendRows(uno, manyRows(uno, 20).rows)
    const stream = concatBytes(...sent.map((row) => row.bytes))
    stream[10 * 16] ^= 0xff
    const decoded = decodeAll(chords.createDecoder(uno), stream)
    expect(decoded.rows.map((row) => row.counter)).toEqual(sent.filter((_, index) => index !== 10).map((row) => row.counter))
    expect(decoded.rows[10].flags).toBe(RowFlag.resync)
  })

  it.each([['chords-uno-r3', 16, 1023], ['chords-uno-r4', 16, 16383], ['chords-pico', 10, 4095], ['chords-npg-lite', 10, 4095]])(
    '%s sends %i bytes with counts up to %i', (profile, frameBytes, maximum) => {
      const configuration = configureDevice(profile)
      expect(configuration.frameBytes).toBe(frameBytes)
      expect(configuration.lanes.every((lane) => lane.maximum === maximum)).toBe(true)
    },
  )
})

describe('Chords sessions', () => {
  it('stops, asks who it is and starts', async () => {
    const board = chords.createBoard(uno, 1)
    board.boot()
    board.startStreaming()
    const device = new StreamingDevice(board, 6)
    const started = await chords.start(device, uno)
    expect(started.identity).toBe('UNO-R3')
    expect(device.written.map((bytes) => String.fromCharCode(...bytes))).toEqual(['STOP\n', 'WHORU\n', 'START\n'])
    expect(board.streaming).toBe(true)
    await chords.stop(device, uno)
    expect(board.streaming).toBe(false)
  })

  it.each([['chords-uno-r4', 'STOP\r\n', 'START\r\n'], ['chords-npg-lite', 'STOPPED\r\n', 'RUNNING\r\n']])('%s tells its status', (profile, idle, running) => {
    const board = chords.createBoard(configureDevice(profile), 1)
    board.boot()
    const ask = (command: string): string => String.fromCharCode(...board.receive(new TextEncoder().encode(command)))
    expect(ask('STATUS\n')).toBe(idle)
    expect(ask('START\n')).toBe('')
    expect(ask('STATUS\n')).toBe(running)
  })

  it('another board than the chosen one is refused with its own name', async () => {
    const other = new StreamingDevice(chords.createBoard(configureDevice('chords-pico'), 1), 3)
    await expect(chords.start(other, uno)).rejects.toMatchObject({ code: 'device-command-failed', data: { answer: 'RPI-PICO-RP2040' } })
    await expect(chords.start(new DeadDevice(), uno)).rejects.toMatchObject({ code: 'device-silent' })
  })

  it('ecg and ppg name inputs by number', () => {
    expect(configureDevice('chords-uno-r3', { ecg: [2], ppg: [3] }).lanes.map((lane) => lane.kind)).toEqual(['aux', 'ecg', 'ppg', 'aux', 'aux', 'aux'])
    expect(() => configureDevice('chords-uno-r3', { ecg: [9] })).toThrow(/ecg/)
  })
})

describe('Chords profiles', () => {
  for (const id of ['chords-uno-r3', 'chords-uno-r4', 'chords-pico', 'chords-npg-lite']) claimProfile(id)
})

claimDecoder({ profile: 'chords-uno-r3', checked: false, run: 3 })
claimDecoder({ profile: 'chords-npg-lite', checked: false, run: 3 })
