import { describe, expect, it } from 'vitest'
import { LabError, type DeviceConfiguration } from '../../src-main/contract/index.ts'
import type { Board } from '../../src-main/devices/protocol.ts'
import { parseShimmerInquiry } from '../../src-main/devices/protocols/shimmer3.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { claimDecoder, claimProfile, manyRows, sendRows, type SentRow } from './decoder-claims.ts'
import { concatBytes, decodeAll, hexBytes } from './decode-all.ts'
import { DeadDevice, StreamingDevice } from './streaming-device.ts'

const shimmer = deviceProtocol('shimmer3')
const exg1 = configureDevice('shimmer3-exg-ppg', { channels: ['exg1'] })

function join(rows: readonly SentRow[]): Uint8Array {
  return concatBytes(...rows.map((row) => row.bytes))
}

function send(configuration: DeviceConfiguration, rows: number): SentRow[] {
  return sendRows(configuration, manyRows(configuration, rows).rows)
}

/** A packet of one ExG chip with the timestamp in the golden packet's place. */
function packet(timestamp: number): Uint8Array {
  const bytes = hexBytes('00 45 23 01 80 FF FC 18 00 03 E8')
  bytes.set([timestamp & 255, (timestamp >> 8) & 255, (timestamp >> 16) & 255], 1)
  return bytes
}

describe('Shimmer3 data packets', () => {
  it('the golden packet in both directions', () => {
    const golden = hexBytes('00 45 23 01 80 FF FC 18 00 03 E8')
    const decoded = decodeAll(shimmer.createDecoder(exg1), concatBytes(golden, packet(0x012345 + 64), packet(0x012345 + 128)))
    expect(decoded.rows.map((row) => row.counts)).toEqual([[-1000, 1000], [-1000, 1000], [-1000, 1000]])
    expect(decoded.rows.map((row) => row.counter)).toEqual([0x012345, 0x012385, 0x0123c5])
    const [sent] = sendRows(exg1, [[-1000, 1000]])
    expect(sent.bytes.subarray(4)).toEqual(golden.subarray(4))
    expect(sent.bytes[0]).toBe(0)
    expect(sent.bytes[1] | (sent.bytes[2] << 8) | (sent.bytes[3] << 16)).toBe(sent.counter)
    expect(exg1.frameBytes).toBe(golden.length)
  })

  it('ExG counts are 0.04808 uV at gain 6 and half of that at gain 12', () => {
    for (const [exgGain, microvolts] of [[6, 0.04808], [12, 0.02404]]) {
      const [lane] = configureDevice('shimmer3-exg', { exgGain }).lanes
      expect(1000 / lane.gainCountsPerUnit).toBeCloseTo(microvolts, 5)
    }
  })

  it('lanes come in the order of the inquiry: PPG before ExG', () => {
    expect(configureDevice('shimmer3-exg-ppg').lanes.map((lane) => lane.id)).toEqual(['ppg', 'exg1-ch1', 'exg1-ch2', 'exg2-ch1', 'exg2-ch2'])
  })

  it.each([[512, 64, 512], [256, 128, 256], [128, 256, 128], [125, 262, 32768 / 262]])('%i Hz is divider %i', (rateHz, divider, exact) => {
    const configuration = configureDevice('shimmer3-exg-ppg', { rateHz })
    expect(configuration.rateHz).toBe(exact)
    expect(configuration.counter).toEqual({ modulus: 1 << 24, step: divider })
  })

  it('the timestamp wraps after 512 s without a seam', () => {
    const around = [-3, -2, -1, 0, 1, 2, 3].map((step) => (0xffffff + 1 + step * 64) & 0xffffff)
    const decoded = decodeAll(shimmer.createDecoder(exg1), concatBytes(...around.map(packet)))
    expect(decoded.rows.map((row) => row.counter)).toEqual(around)
    expect(decoded.bytesSkipped).toBe(0)
  })

  it('a record with timestamp 0 in mid-stream is no row and its neighbours stay', () => {
    const stamps = [640, 704, 768, 0, 896, 960, 1024].map((stamp) => stamp + 32)
    const stream = concatBytes(...stamps.map((stamp, index) => packet(index === 3 ? 0 : stamp)))
    const decoded = decodeAll(shimmer.createDecoder(exg1), stream)
    expect(decoded.rows.map((row) => row.counter)).toEqual(stamps.filter((_, index) => index !== 3))
    expect(decoded.bytesSkipped).toBe(11)
  })

  it('packets that overtook each other come out in order of time, without loss', () => {
    const sent = send(exg1, 30)
    const swapped = [...sent]
    ;[swapped[10], swapped[11]] = [sent[11], sent[10]]
    ;[swapped[20], swapped[21], swapped[22], swapped[23]] = [sent[21], sent[22], sent[23], sent[20]]
    const decoded = decodeAll(shimmer.createDecoder(exg1), join(swapped))
    expect(decoded.rows.map((row) => row.counter)).toEqual(sent.map((row) => row.counter))
    expect(decoded.rows.map((row) => row.counts)).toEqual(sent.map((row) => row.counts))
    expect(decoded.bytesSkipped).toBe(0)
  })

  it('a packet that is later than four places, and one sent twice, are dropped, each with a message', () => {
    const sent = send(exg1, 40)
    const late = [...sent.slice(0, 10), ...sent.slice(11, 17), sent[10], ...sent.slice(17, 25), sent[24], ...sent.slice(25)]
    const decoded = decodeAll(shimmer.createDecoder(exg1), join(late))
    const counters = decoded.rows.map((row) => row.counter)
    expect(counters).toEqual(sent.filter((_, index) => index !== 10).map((row) => row.counter))
    expect(decoded.messages.filter((message) => message.text.includes('dropped')).map((message) => [message.text, message.values['timestamp']])).toEqual([
      ['late packet dropped', sent[10].counter], ['repeated packet dropped', sent[24].counter],
    ])
    expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(join(late).length)
  })

  it('lost packets, one or a thousand, move no other row', () => {
    const configuration = configureDevice('shimmer3-exg-ppg')
    const sent = send(configuration, 1200)
    const kept = sent.filter((_, index) => index !== 50 && !(index >= 100 && index < 1100))
    const decoded = decodeAll(shimmer.createDecoder(configuration), join(kept))
    expect(decoded.rows.map((row) => row.counter)).toEqual(kept.map((row) => row.counter))
    expect(decoded.rows.map((row) => row.counts)).toEqual(kept.map((row) => row.counts))
  })

  it('the acknowledgement of a command amid the packets costs one byte and no row', () => {
    const sent = send(exg1, 20)
    const stream = concatBytes(Uint8Array.of(0xff), join(sent.slice(0, 10)), Uint8Array.of(0xff), join(sent.slice(10)))
    const decoded = decodeAll(shimmer.createDecoder(exg1), stream)
    expect(decoded.rows.map((row) => row.counter)).toEqual(sent.map((row) => row.counter))
    expect(decoded.bytesSkipped).toBe(2)
  })
})

describe('Shimmer3 sessions', () => {
  it('starts although the acknowledgement of the stop comes late, as over a slow radio', async () => {
    const configuration = configureDevice('shimmer3-exg-ppg')
    const board = shimmer.createBoard(configuration, 1)
    const device = new (class extends StreamingDevice {
      override async drain(): Promise<void> {
        await super.drain()
        this.received.push(0xff)
      }
    })(board, configuration.lanes.length)
    await expect(shimmer.start(device, configuration)).resolves.toMatchObject({ configuration: { profile: 'shimmer3-exg-ppg' } })
    expect(board.streaming).toBe(true)
  })

  it('stops, identifies, sets rate, sensors and gain, asks for the order and starts', async () => {
    const configuration = configureDevice('shimmer3-exg-ppg', { exgGain: 12 })
    const board = shimmer.createBoard(configuration, 1)
    board.boot()
    board.startStreaming()
    const device = new StreamingDevice(board, configuration.lanes.length)
    const started = await shimmer.start(device, configuration)
    expect(started.identity).toBe('Shimmer3 LogAndStream 0.16.11')
    expect(started.configuration).toEqual(configuration)
    const written = device.written.map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '))
    expect(written.slice(0, 5)).toEqual(['20', '3f', '2e', '05 40 00', '08 18 01 00'])
    // The registers were 03 a0 10 00 00 2d ...: 512 Hz needs 1000 conversions per second (3), gain 12 is code 6.
    expect(written[6]).toBe('61 00 00 0a 03 a0 10 60 60 2d 00 00 02 03')
    expect(written.slice(-2)).toEqual(['01', '07'])
    device.flood(50)
    expect(decodeAll(shimmer.createDecoder(started.configuration), Uint8Array.from(device.received)).rows).toHaveLength(50)
    await shimmer.stop(device, configuration)
    expect(board.streaming).toBe(false)
  })

  it('the device decides: its inquiry sets the lanes and the rate of what is recorded', async () => {
    const asked = configureDevice('shimmer3-exg-ppg')
    const has = configureDevice('shimmer3-exg-ppg', { channels: ['accel', 'exg1'], rateHz: 256 })
    const stubborn = new StubbornBoard(shimmer.createBoard(has, 1))
    const device = new StreamingDevice(stubborn, has.lanes.length)
    const { configuration } = await shimmer.start(device, asked)
    expect(configuration.lanes.map((lane) => lane.id)).toEqual(['accel-x', 'accel-y', 'accel-z', 'exg1-ch1', 'exg1-ch2'])
    expect(configuration.rateHz).toBe(256)
    expect(configuration.counter).toEqual({ modulus: 1 << 24, step: 128 })
    device.flood(10)
    expect(decodeAll(shimmer.createDecoder(configuration), Uint8Array.from(device.received)).rows).toHaveLength(10)
  })

  it('an inquiry is read only when it is whole', () => {
    const reply = hexBytes('02 40 00 00 00 00 00 04 01 12 1D 1E 1F')
    expect(parseShimmerInquiry(reply)).toEqual({ divider: 64, bufferSize: 1, order: [0x12, 0x1d, 0x1e, 0x1f] })
    for (let length = 0; length < reply.length; length += 1) expect(parseShimmerInquiry(reply.subarray(0, length))).toBeNull()
  })

  it('a silent port is device-silent, a channel that is not read is device-command-failed', async () => {
    const configuration = configureDevice('shimmer3-exg-ppg')
    await expect(shimmer.start(new DeadDevice(), configuration)).rejects.toMatchObject({ code: 'device-silent' })
    const strange = new StubbornBoard(shimmer.createBoard(configuration, 1), hexBytes('FF 02 40 00 00 00 00 00 02 01 1B 1D'))
    const failure: unknown = await shimmer.start(new StreamingDevice(strange, 5), configuration).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(LabError)
    expect(failure).toMatchObject({ code: 'device-command-failed', data: { unread: [0x1b] } })
  })

  it.each([[{ rateHz: 9000 }, 'rateHz'], [{ channels: ['eeg'] }, 'channels'], [{ exgGain: 5 }, 'exgGain']])('%j is refused by name', (settings, setting) => {
    expect(() => configureDevice('shimmer3-exg', settings)).toThrow(expect.objectContaining({ code: 'device-settings-invalid', data: expect.objectContaining({ setting }) }) as Error)
  })
})

/** Acknowledges rate and sensors but keeps its own, as a unit does whose expansion board lacks what was asked for. */
class StubbornBoard implements Board {
  readonly #board: Board
  readonly #inquiry: Uint8Array | null

  constructor(board: Board, inquiry: Uint8Array | null = null) {
    this.#board = board
    this.#inquiry = inquiry
  }

  get streaming(): boolean {
    return this.#board.streaming
  }

  boot(): Uint8Array {
    return this.#board.boot()
  }

  receive(bytes: Uint8Array): Uint8Array {
    if (bytes[0] === 0x05 || bytes[0] === 0x08) return Uint8Array.of(0xff)
    if (bytes[0] === 0x01 && this.#inquiry) return this.#inquiry
    return this.#board.receive(bytes)
  }

  startStreaming(): void {
    this.#board.startStreaming()
  }

  row(...row: Parameters<Board['row']>): ReturnType<Board['row']> {
    return this.#board.row(...row)
  }

  restart(): Uint8Array {
    return this.#board.restart()
  }
}

describe('Shimmer3 profiles', () => {
  claimProfile('shimmer3-exg-ppg')
  claimProfile('shimmer3-exg')
  claimProfile('shimmer3-gsr-ppg')
})

claimDecoder({ profile: 'shimmer3-exg-ppg', checked: false, run: 3 })
claimDecoder({ profile: 'shimmer3-gsr-ppg', checked: false, run: 3 })
