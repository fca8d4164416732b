import { describe, expect, it } from 'vitest'
import type { Board, BoardStatus } from '../../src-main/devices/protocol.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { decodeAll } from './decode-all.ts'
import { ScriptedDevice } from './scripted-device.ts'

const cyton = deviceProtocol('cyton')
const single = configureDevice('cyton')
const calm: BoardStatus = { leadOff: false, heartRateBpm: 72, spo2Percent: 98, respirationBpm: 16, temperatureCelsius: 36.5 }

function send(board: Board, command: string): string {
  return String.fromCharCode(...board.receive(Uint8Array.from(command, (letter) => letter.charCodeAt(0))))
}

describe('the simulated Cyton', () => {
  // Command and reply as in the firmware's source (OpenBCI_Cyton_Library 24e1c42).
  it.each([
    ['V', 'v3.1.5$$$'],
    ['d', 'updating channel settings to default$$$'],
    ['D', '060110$$$'],
    ['x3060110X', 'Success: Channel set for 3$$$'],
    ['xQ060110X', 'Success: Channel set for 9$$$'],
    ['x3060110Y', 'Failure: Err: 9th char not X$$$'],
    ['z410Z', 'Success: Lead off set for 4$$$'],
    ['1', ''],
    ['!', ''],
    ['-', 'Success: Configured internal test signal.$$$'],
    ['C', 'no daisy to attach!8$$$'],
    ['/2', 'Success: analog$$$'],
    ['//', 'Success: default$$$'],
    ['~6', 'Success: Sample rate is 250Hz$$$'],
    ['<', ',Time stamp ON$$$'],
    ['\u00f0\u0007', 'Success: System is up$$$'],
  ])('answers %j with %j', (command, reply) => {
    expect(send(cyton.createBoard(single, 1), command)).toBe(reply)
  })

  it('puts together commands that arrive in pieces and takes several at once', () => {
    const board = cyton.createBoard(single, 1)
    expect(['x', '20', '60110', 'XV'].map((piece) => send(board, piece)).join('')).toBe('Success: Channel set for 2$$$v3.1.5$$$')
  })

  it('attaches and removes its Daisy', () => {
    const board = cyton.createBoard(configureDevice('cyton-daisy'), 1)
    expect(send(board, 'v')).toContain('On Daisy ADS1299 Device ID: 0x3E\n')
    expect(['C', 'c', 'C'].map((command) => send(board, command))).toEqual(['16$$$', 'daisy removed$$$', 'daisy attached16$$$'])
  })

  it('streams from b to s, from number 0, and answers nothing meanwhile', () => {
    const board = cyton.createBoard(single, 1)
    const counts = new Int32Array(11)
    expect(board.row(counts, calm).bytes).toHaveLength(0)
    send(board, 'b')
    expect([0, 1, 2].map(() => board.row(counts, calm).counter)).toEqual([0, 1, 2])
    expect(send(board, 'V')).toBe('')
    send(board, 's')
    expect(board.streaming).toBe(false)
    send(board, 'b')
    expect(board.row(counts, calm).counter).toBe(0)
  })

  it('sends zeros for a channel that is off', () => {
    const board = cyton.createBoard(single, 1)
    send(board, '2b')
    const counts = Int32Array.from([11, 22, 33, 44, 55, 66, 77, 88, 1, 2, 3])
    const stream = [0, 1, 2].flatMap(() => [...board.row(counts, calm).bytes])
    expect(decodeAll(cyton.createDecoder(single), Uint8Array.from(stream)).rows[0].counts.slice(0, 3)).toEqual([11, 0, 33])
  })

  it('begins to count anew after a restart', () => {
    const board = cyton.createBoard(single, 1)
    board.startStreaming()
    for (let i = 0; i < 5; i++) board.row(new Int32Array(11), calm)
    expect(String.fromCharCode(...board.restart())).toMatch(/^OpenBCI V3[^]*\$\$\$$/)
    expect(board.row(new Int32Array(11), calm).counter).toBe(0)
  })

  it('stamps packets with its milliseconds when asked', () => {
    const board = cyton.createBoard(single, 1)
    send(board, '<b')
    const rows = Array.from({ length: 4 }, () => board.row(new Int32Array(11), calm).bytes)
    expect(rows.map((bytes) => bytes[32])).toEqual([0xc3, 0xc4, 0xc4, 0xc4])
    const stamps = rows.map((bytes) => new DataView(bytes.buffer).getUint32(28))
    expect(stamps.slice(1).map((ms, i) => ms - stamps[i])).toEqual([4, 4, 4])
  })
})

describe('starting a Cyton', () => {
  it('stops it, resets it, sets defaults and streams', async () => {
    const board = cyton.createBoard(single, 1)
    board.startStreaming()
    const io = new ScriptedDevice(board)
    const started = await cyton.start(io, single)
    expect(io.written).toEqual(['s', 'v', 'd', 'b'])
    expect(board.streaming).toBe(true)
    expect(started.identity).toBe('OpenBCI V3 8-16 channel, On Board ADS1299 Device ID: 0x3E, LIS3DH Device ID: 0x33, Firmware: v3.1.2')
    await cyton.stop(io, single)
    expect(board.streaming).toBe(false)
  })

  it('attaches the Daisy where it is configured and removes it where it is not', async () => {
    const withDaisy = configureDevice('cyton-daisy')
    const attached = new ScriptedDevice(cyton.createBoard(withDaisy, 1))
    await cyton.start(attached, withDaisy)
    expect(attached.written).toEqual(['s', 'v', 'd', 'C', 'b'])
    const removed = new ScriptedDevice(cyton.createBoard(withDaisy, 1))
    await cyton.start(removed, single)
    expect(removed.written).toEqual(['s', 'v', 'd', 'c', 'b'])
    await expect(cyton.start(new ScriptedDevice(cyton.createBoard(single, 1)), withDaisy)).rejects.toMatchObject({
      code: 'device-command-failed',
      data: { command: 'C', reply: 'no daisy to attach!8$$$' },
    })
  })

  it('sets another gain channel by channel', async () => {
    const io = new ScriptedDevice(cyton.createBoard(single, 1))
    await cyton.start(io, configureDevice('cyton', { gain: 12 }))
    expect(io.written.slice(3, 11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((channel) => `x${channel}050110X`))
  })

  it('finds the reply behind packets that were still on their way', async () => {
    const board = cyton.createBoard(single, 1)
    const io = new ScriptedDevice((command) => `\u0000\u0001${String.fromCharCode(...board.receive(Uint8Array.from(command, (c) => c.charCodeAt(0))))}`)
    expect((await cyton.start(io, single)).identity).toMatch(/^OpenBCI V3/)
  })

  it('says that nothing answers, or what answered', async () => {
    await expect(cyton.start(new ScriptedDevice(() => ''), single)).rejects.toMatchObject({ code: 'device-silent', data: { command: 'v' } })
    const off = 'Failure: Communications timeout - Device failed to poll host$$$'
    await expect(cyton.start(new ScriptedDevice(() => off), single)).rejects.toMatchObject({
      code: 'device-command-failed',
      data: { command: 'v', reply: off },
    })
  })
})
