import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import { encodeBitalinoFrame } from '../../src-main/devices/bitalino-frame.ts'
import { parseBitalinoState } from '../../src-main/devices/protocols/bitalino.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { claimDecoder, claimProfile, manyRows, sendRows } from './decoder-claims.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'
import { DeadDevice, StreamingDevice } from './streaming-device.ts'

const bitalino = deviceProtocol('bitalino')

/** The vendor's way, one bit at a time: shift the frame with a zero CRC through x^4 + x + 1. Not how our table works. */
function bitwiseCrc(frame: Uint8Array): number {
  let crc = 0
  frame.forEach((byte, index) => {
    const value = index === frame.length - 1 ? byte & 0xf0 : byte
    for (let bit = 7; bit >= 0; bit -= 1) {
      crc = (crc << 1) | ((value >> bit) & 1)
      if (crc & 0x10) crc ^= 0x13
    }
  })
  return crc & 15
}

// A = 512, 300, 1023, 1, 640, 320 (ten bits; the fifth and sixth travel as 40 and 20), sequence 5, I1 and O2 high.
const values = [512, 300, 1023, 1, 40, 20]
const golden = ['00 98 5F', '2C 01 98 55', 'C0 FF 2C 01 98 52', '10 C0 FF 2C 01 98 59', '00 1A C0 FF 2C 01 98 56', '14 1A C0 FF 2C 01 98 5A']

/** The golden frame continued: the same values with the sequence numbers 5, 6, ... and CRCs by the bitwise method. */
function continued(hex: string, frames: number): Uint8Array {
  return concatBytes(...Array.from({ length: frames }, (_, index) => {
    const frame = hexBytes(hex)
    frame[frame.length - 1] = ((5 + index) & 15) << 4
    frame[frame.length - 1] |= bitwiseCrc(frame)
    return frame
  }))
}

function withChannels(channels: number): ReturnType<typeof configureDevice> {
  return configureDevice('bitalino', { channels: [1, 2, 3, 4, 5, 6].slice(0, channels) })
}

describe('BITalino frames', () => {
  it.each(golden.map((hex, index) => ({ hex, channels: index + 1 })))('$channels channels: the golden frame in both directions', ({ hex, channels }) => {
    expect(encodeBitalinoFrame(values.slice(0, channels), 5, 9)).toEqual(hexBytes(hex))
    const stream = continued(hex, 6)
    expect(stream.subarray(0, hexBytes(hex).length)).toEqual(hexBytes(hex))
    const configuration = withChannels(channels)
    const decoded = decodeAll(bitalino.createDecoder(configuration), stream)
    expect(decoded.rows.map((row) => row.counts)).toEqual(Array.from({ length: 6 }, () => values.slice(0, channels)))
    expect(decoded.rows.map((row) => row.counter)).toEqual([5, 6, 7, 8, 9, 10])
    expect(decoded.messages.map((message) => message.values)).toEqual([{ i1: 1, i2: 0, o1: 0, o2: 1 }])
    expect(configuration.frameBytes).toBe(hexBytes(hex).length)
  })

  it('five consecutive frames are not enough to believe, six are', () => {
    const configuration = withChannels(6)
    expect(decodeAll(bitalino.createDecoder(configuration), continued(golden[5], 5)).rows).toHaveLength(0)
    expect(decodeAll(bitalino.createDecoder(configuration), continued(golden[5], 6)).rows).toHaveLength(6)
  })

  it('the ECG transfer function of the data sheet: half scale is 0 mV, full scale 1.497 mV', () => {
    const [lane] = configureDevice('bitalino-ecg').lanes
    const physical = (count: number): number => (count - lane.baseline) / lane.gainCountsPerUnit
    expect(physical(512)).toBe(0)
    expect(physical(1023)).toBeCloseTo(((1023 / 1024 - 0.5) * 3.3 * 1000) / 1100, 9)
    expect(lane.unit).toBe('mV')
  })

  it('a frame torn by a full transmit buffer costs that frame only and marks the next row', () => {
    const configuration = withChannels(6)
    const sent = sendRows(configuration, manyRows(configuration, 30).rows)
    const stream = concatBytes(...sent.map((row, index) => (index === 12 ? row.bytes.subarray(5) : row.bytes)))
    const decoded = decodeAll(bitalino.createDecoder(configuration), stream)
    expect(decoded.rows.map((row) => row.counter)).toEqual(sent.filter((_, index) => index !== 12).map((row) => row.counter))
    expect(decoded.rows[12].flags).toBe(RowFlag.resync)
    expect(decoded.bytesSkipped).toBe(3)
  })

  it('frames dropped whole show as a jump of the sequence number, beyond its wrap too', () => {
    const configuration = withChannels(6)
    const sent = sendRows(configuration, manyRows(configuration, 60).rows)
    const kept = sent.filter((_, index) => index < 20 || index >= 41)
    const decoded = decodeAll(bitalino.createDecoder(configuration), concatBytes(...kept.map((row) => row.bytes)))
    expect(decoded.rows.map((row) => row.counts)).toEqual(kept.map((row) => row.counts))
    expect(decoded.bytesSkipped).toBe(0)
  })

  it('one byte in a hundred wrong: wrong rows stay below the false rate of a four-bit checksum', () => {
    const configuration = withChannels(6)
    const { rows, random } = manyRows(configuration, 20000)
    const sent = sendRows(configuration, rows)
    const stream = concatBytes(...sent.map((row) => row.bytes))
    const damaged = new Set<number>()
    for (let at = 0; at < stream.length; at += 1) {
      if (random() >= 0.01) continue
      stream[at] ^= 1 + Math.floor(random() * 255)
      damaged.add(Math.floor(at / 8) * 8)
    }
    const decoded = decodeAll(bitalino.createDecoder(configuration), stream)
    const wrong = decoded.rows.filter((row) => String(row.counts) !== String(rows[row.offset / 8] ?? []))
    expect(damaged.size).toBeGreaterThan(1000)
    expect(wrong.length).toBeLessThan(damaged.size / 16)
    expect(decoded.rows.length - wrong.length).toBeGreaterThan(0.98 * (rows.length - damaged.size))
  })
})

describe('BITalino sessions', () => {
  it('a board that was left streaming is stopped, identified, set to its rate and started', async () => {
    const configuration = configureDevice('bitalino-ecg-ppg')
    const board = bitalino.createBoard(configuration, 1)
    board.boot()
    board.startStreaming()
    const device = new StreamingDevice(board, 2)
    const started = await bitalino.start(device, configuration)
    expect(started.identity).toBe('BITalino_v5.2')
    // Stop, version, 1000 Hz, live with A1 and A2.
    expect(device.written.map((bytes) => [...bytes])).toEqual([[0xff], [0x07], [0xc3], [0x0d]])
    expect(board.streaming).toBe(true)
    device.received = []
    device.flood(50)
    expect(decodeAll(bitalino.createDecoder(configuration), Uint8Array.from(device.received)).rows).toHaveLength(50)
    await bitalino.stop(device, configuration)
    expect(board.streaming).toBe(false)
  })

  it('all six channels start with FD, the built-in test signal with FE', async () => {
    for (const [simulated, command] of [[false, 0xfd], [true, 0xfe]] as const) {
      const configuration = configureDevice('bitalino', { simulated })
      const board = bitalino.createBoard(configuration, 7)
      const device = new StreamingDevice(board, 6)
      await bitalino.start(device, configuration)
      expect(device.written.at(-1)).toEqual(Uint8Array.of(command))
      device.received = []
      device.flood(1000)
      const decoded = decodeAll(bitalino.createDecoder(configuration), Uint8Array.from(device.received))
      expect(decoded.rows).toHaveLength(1000)
      // The third channel of the test signal is a 50 Hz sine: 100 crossings of its middle in a second at 1000 Hz.
      const third = decoded.rows.map((row) => row.counts[2] - 512)
      const crossings = third.filter((value, index) => index > 0 && value > 0 !== third[index - 1] > 0).length
      if (simulated) expect(Math.abs(crossings - 100)).toBeLessThanOrEqual(2)
    }
  })

  it('the version reply is text in the stream and is not lost silently', () => {
    const configuration = withChannels(6)
    const board = bitalino.createBoard(configuration, 1)
    const reply = board.receive(Uint8Array.of(0x07))
    const rows = sendRows(configuration, manyRows(configuration, 10).rows)
    const decoded = decodeAll(bitalino.createDecoder(configuration), concatBytes(reply, ...rows.map((row) => row.bytes)))
    expect(decoded.messages[0]).toMatchObject({ kind: 'text', text: 'BITalino_v5.2' })
    expect(decoded.rows).toHaveLength(10)
  })

  it('a silent port is device-silent', async () => {
    const configuration = withChannels(6)
    const failure = await bitalino.start(new DeadDevice(), configuration).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(LabError)
    expect((failure as LabError).code).toBe('device-silent')
  })

  it.each([['5.1', 16, null], ['5.2', 17, 128]] as const)('firmware %s answers the state command with %i bytes', (firmware, length, pwm) => {
    const board = bitalino.createBoard(configureDevice('bitalino', { firmware }), 1)
    board.boot()
    // O1 on, PWM 128, battery threshold 40.
    board.receive(Uint8Array.of(0xb3 | (1 << 2), 0xa3, 128, 40 << 2))
    const reply = board.receive(Uint8Array.of(0x0b))
    expect(reply).toHaveLength(length)
    expect(reply[length - 1] & 15).toBe(bitwiseCrc(reply))
    expect(parseBitalinoState(reply)).toMatchObject({ batteryThreshold: 40, pwm, digital: 2 })
    reply[3] ^= 1
    expect(parseBitalinoState(reply)).toBeNull()
  })

  it.each([
    [{ channels: [2, 1] }, 'channels'], [{ channels: [7] }, 'channels'], [{ rateHz: 500 }, 'rateHz'],
    [{ sensors: ['ecg'] }, 'sensors'], [{ gain: 3 }, 'gain'],
  ])('%j is refused by the name of the setting', (settings, setting) => {
    try {
      configureDevice('bitalino', settings as never)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'device-settings-invalid', data: { setting } })
    }
  })
})

describe('BITalino profiles', () => {
  claimProfile('bitalino')
  claimProfile('bitalino-ecg')
  claimProfile('bitalino-ecg-ppg')
})

claimDecoder({ profile: 'bitalino', checked: false, run: 6 })
claimDecoder({ profile: 'bitalino', settings: { channels: [2, 3, 5] }, checked: false, run: 6 })
claimDecoder({ profile: 'bitalino-ecg', checked: false, run: 6 })
