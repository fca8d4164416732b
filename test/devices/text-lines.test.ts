import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noValue, type DeviceSettings } from '../../src-main/contract/index.ts'
import { RowFlag } from '../../src-main/devices/decoder.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { calm, claimDecoder, claimProfile, sendRows } from './decoder-claims.ts'
import { concatBytes, decodeAll, type DecodedStream } from './decode-all.ts'

const textLines = deviceProtocol('text-lines')

function decode(profile: string, text: string, settings: DeviceSettings = {}): DecodedStream {
  return decodeAll(textLines.createDecoder(configureDevice(profile, settings)), new TextEncoder().encode(text))
}

function counts(decoded: DecodedStream): number[][] {
  return decoded.rows.map((row) => row.counts)
}

describe('the Serial Plotter grammar', () => {
  const three = { columns: [1, 2, 3] }

  it.each([
    ['commas', '1,2,3\r\n'], ['commas and spaces', '1, 2, 3\n'], ['tabs', '1\t2\t3\n'], ['spaces', ' 1 2  3 \r\n'],
    ['labels', 'a:1,b:2,c:3\n'], ['labels and spaces', 'a: 1 b: 2 c: 3\n'], ['signs', '+1,2.0,3.\n'],
  ])('%s', (_, line) => {
    expect(counts(decode('text-lines', `?\n${line}`, three))).toEqual([[1, 2, 3]])
  })

  it('negative and decimal numbers, scaled so that decimals survive', () => {
    expect(counts(decode('text-lines', '\n-1.25,0.5,-0.004\n', { ...three, scale: 1000 }))).toEqual([[-1250, 500, -4]])
  })

  it('any number that Serial.print writes comes back', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -838860800, max: 838860700 }), { minLength: 1, maxLength: 50 }), (hundredths) => {
      const text = `\n${hundredths.map((value) => `${(value / 100).toFixed(2)}\r\n`).join('')}`
      expect(counts(decode('text-lines', text, { scale: 100, minimum: -838860800, maximum: 838860700 }))).toEqual(hundredths.map((value) => [value]))
    }), { seed: 20260301, numRuns: 50 })
  })

  it('columns by label, in any order on the line', () => {
    const settings = { style: 'pairs', columns: ['ir', 'red'] }
    expect(counts(decode('text-lines', '\nred:5,ir:7\nir:8\tred:6\n', settings))).toEqual([[7, 5], [8, 6]])
  })

  it('the first line is a fragment and never a sample', () => {
    const decoded = decode('text-lines', '23\n1023\n')
    expect(counts(decoded)).toEqual([[1023]])
    expect(decoded.skips).toEqual([{ offset: 0, length: 3, reason: 'torn' }])
  })

  it('lines that are no numbers are messages; their bytes are skipped as text', () => {
    const decoded = decode('text-lines', 'time value\n1\nSensor ready.\r\n2\n')
    expect(counts(decoded)).toEqual([[1], [2]])
    expect(decoded.messages.map((message) => message.text)).toEqual(['time value', 'Sensor ready.'])
    expect(decoded.skips.map((skip) => skip.reason)).toEqual(['text', 'text'])
    expect(decoded.bytesSkipped).toBe('time value\n'.length + 'Sensor ready.\r\n'.length)
  })

  it('a line without its separator, with a column too few, or out of range is torn', () => {
    const decoded = decode('pulsesensor-two', '\n512,513\n512513,514\n514\n515,516\n')
    expect(counts(decoded)).toEqual([[512, 513], [515, 516]])
    expect(decoded.rows[1].flags).toBe(RowFlag.resync)
    expect(decoded.skips.filter((skip) => skip.reason === 'torn').reduce((sum, skip) => sum + skip.length, 0)).toBe('512513,514\n514\n'.length)
  })

  it('nan is a field without a value', () => {
    expect(counts(decode('pulsesensor-two', '\n5,nan\n'))).toEqual([[5, noValue]])
  })

  it('a counter column counts', () => {
    const decoded = decode('text-lines', '\n254,10\n255,11\n0,12\n2,13\n', { columns: [2], counterColumn: 1, counterModulus: 256 })
    expect(decoded.rows.map((row) => row.counter)).toEqual([254, 255, 0, 2])
    expect(configureDevice('text-lines', { columns: [2], counterColumn: 1, counterModulus: 256 }).counter).toEqual({ modulus: 256, step: 1 })
  })

  it('a millis() column counts periods: jitter and a period that is a little off add up to nothing', () => {
    // 50 Hz declared; the sketch does 19.97 ms and one millisecond of jitter; lines 500 to 502 are lost.
    const millis = Array.from({ length: 3000 }, (_, line) => Math.round(1000 + line * 19.97 + ((line * 7) % 3) - 1))
    const text = `\n${millis.map((at, line) => (line >= 500 && line < 503 ? '' : `${at},${line % 1000}\n`)).join('')}`
    const decoded = decode('text-lines', text, { columns: [2], millisColumn: 1, rateHz: 50 })
    expect(decoded.rows.map((row) => row.counter)).toEqual(millis.map((_, line) => line).filter((line) => line < 500 || line >= 503))
  })

  it('endless noise without a line feed is skipped in bounded memory', () => {
    const decoder = textLines.createDecoder(configureDevice('text-lines'))
    for (let chunk = 0; chunk < 100; chunk += 1) {
      decoder.feed(new Uint8Array(300).fill(0x37), chunk)
      expect(decoder.bytesPending).toBeLessThanOrEqual(512)
    }
    const block = decoder.feed(new TextEncoder().encode('\n5\n'), 0)
    expect([block.rows, block.counts[0]]).toEqual([1, 5])
  })
})

describe('sketches', () => {
  it('PulseSensor for the plotter: BPM and IBI are messages when they change, the signal is the row', () => {
    const decoded = decode('pulsesensor', '\n72,833,512\r\n72,833,513\r\n73,820,514\r\n')
    expect(counts(decoded)).toEqual([[512], [513], [514]])
    expect(decoded.messages.map((message) => message.values)).toEqual([
      { heartRateBpm: 72 }, { intervalMs: 833 }, { heartRateBpm: 73 }, { intervalMs: 820 },
    ])
  })

  it('PulseSensor for Processing: a letter in front of every value', () => {
    const decoded = decode('pulsesensor-processing', '\r\nS512\r\nS530\r\nB72\r\nQ833\r\nS540\r\n!\r\n')
    expect(counts(decoded)).toEqual([[512], [530], [540]])
    expect(decoded.messages.map((message) => message.text)).toEqual(['heartRateBpm 72', 'intervalMs 833', '!'])
    expect(decoded.bytesSkipped).toBe(2 + 3)
  })

  it('two sensors for Processing: a lost line leaves its lane without a value', () => {
    const settings = { columns: ['a', 'b'], labels: ['One', 'Two'], kinds: ['ppg', 'ppg'], statusColumns: ['A', 'B', 'M', 'N'], minimum: 0, maximum: 1023 }
    const decoded = decode('pulsesensor-processing', '\na1\nb2\nA72\nM800\na3\nb4\nb6\n', settings)
    expect(counts(decoded)).toEqual([[1, 2], [3, 4], [noValue, 6]])
    expect(decoded.rows.map((row) => row.flags)).toEqual([0, 0, RowFlag.incomplete])
  })

  it('AD8232: an exclamation mark is a row with the electrode off', () => {
    const decoded = decode('sparkfun-ad8232', '\r\n512\r\n!\r\n!\r\n513\r\n')
    expect(counts(decoded)).toEqual([[512], [noValue], [noValue], [513]])
    expect(decoded.rows.map((row) => row.flags)).toEqual([0, RowFlag.leadOff, RowFlag.leadOff, 0])
  })

  it('MAX3010x: R[..] IR[..] G[..] after its greeting', () => {
    const decoded = decode('sparkfun-max3010x', 'Initializing...\r\n R[123] IR[456] G[789]\r\n R[124] IR[457] G[0]\r\n')
    expect(counts(decoded)).toEqual([[123, 456, 789], [124, 457, 0]])
    expect(decoded.messages.map((message) => message.text)).toEqual(['Initializing...'])
  })

  it('Chords for the plotter: numbers with spaces and a BOARD line', () => {
    const decoded = decode('chords-plotter', 'BOARD:UNO-R4\r\n100 200 300\r\n101 201 301\r\n')
    expect(counts(decoded)).toEqual([[100], [101]])
    expect(decoded.messages.map((message) => message.text)).toEqual(['BOARD:UNO-R4'])
  })

  it('the boards print exactly such lines', () => {
    const print = (profile: string, row: number[], leadOff = false): string =>
      String.fromCharCode(...sendRows(configureDevice(profile), [row], { ...calm, leadOff })[0].bytes)
    expect(print('pulsesensor', [512])).toBe('72,833,512\r\n')
    expect(print('pulsesensor-processing', [512])).toBe('S512\r\nB72\r\nQ833\r\n')
    expect(print('pulsesensor-two', [512, 513])).toBe('512,513\r\n')
    expect(print('sparkfun-ad8232', [512])).toBe('512\r\n')
    expect(print('sparkfun-ad8232', [512], true)).toBe('!\r\n')
    expect(print('sparkfun-max3010x', [123, 456, 789])).toBe(' R[123] IR[456] G[789]\r\n')
    expect(print('protocentral-plotter', [-42])).toBe('-42\r\n')
  })

  it('a restarted sketch is recognised by its greeting', () => {
    const configuration = configureDevice('sparkfun-max3010x')
    const board = textLines.createBoard(configuration, 1)
    const row = (): Uint8Array => board.row(Int32Array.of(1, 2, 3), calm).bytes
    const decoded = decodeAll(textLines.createDecoder(configuration), concatBytes(board.boot(), row(), row(), board.restart(), row()))
    expect(decoded.rows.map((found) => found.flags)).toEqual([0, 0, RowFlag.restart])
  })
})

describe('text settings', () => {
  it.each<[DeviceSettings, string]>([
    [{ columns: [0] }, 'columns'], [{ columns: [1, 1] }, 'columns'], [{ labels: ['a', 'b'] }, 'labels'], [{ kinds: ['heart'] }, 'kinds'],
    [{ counterColumn: 1, millisColumn: 2 }, 'millisColumn'], [{ minimum: 5, maximum: 5 }, 'maximum'], [{ rateHz: 0 }, 'rateHz'], [{ speed: 1 }, 'speed'],
  ])('%j is refused by name', (settings, setting) => {
    try {
      configureDevice('text-lines', settings)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'device-settings-invalid', data: { setting } })
    }
  })

  it('a wider converter keeps the profile\'s lane and lets larger numbers in', () => {
    const settings = { minimum: 0, maximum: 4095 }
    expect(configureDevice('sparkfun-ad8232', settings).lanes).toMatchObject([{ id: 'ecg', label: 'ECG', kind: 'ecg', bits: 12, maximum: 4095 }])
    expect(counts(decode('sparkfun-ad8232', '\n4000\n'))).toEqual([])
    expect(counts(decode('sparkfun-ad8232', '\n4000\n', settings))).toEqual([[4000]])
  })

  it('the column mapper makes the lanes', () => {
    const { lanes } = configureDevice('text-lines', { columns: [2, 4], labels: ['Finger', 'Chest'], kinds: ['ppg', 'ecg'], minimum: 0, maximum: 4095 })
    expect(lanes).toMatchObject([
      { label: 'Finger', kind: 'ppg', unit: 'count', bits: 12, minimum: 0, maximum: 4095 }, { label: 'Chest', kind: 'ecg', bits: 12 },
    ])
    expect(new Set(lanes.map((lane) => lane.id)).size).toBe(2)
  })
})

describe('text profiles', () => {
  for (const id of [
    'text-lines', 'pulsesensor', 'pulsesensor-processing', 'pulsesensor-two', 'pulsesensor-signalcoach', 'sparkfun-ad8232', 'sparkfun-max3010x',
    'protocentral-plotter', 'chords-plotter',
  ]) claimProfile(id)
})

claimDecoder({ profile: 'pulsesensor', checked: false, firstRows: 1, run: 2, headMayGo: true })
claimDecoder({ profile: 'sparkfun-max3010x', checked: false, firstRows: 1, run: 2, headMayGo: true })
claimDecoder({ profile: 'text-lines', settings: { columns: [2, 3], counterColumn: 1 }, checked: false, firstRows: 1, run: 2, headMayGo: true })
