import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { formatHeader, parseHeader, plainSignalName, type WfdbHeader } from '../../src-main/formats/wfdb-header.ts'

/** Expectations written by hand from the lines of the public records named in the titles. */
describe('a WFDB header', () => {
  it('BIDMC: gains with negative baselines, names with commas', () => {
    const header = parseHeader(
      'bidmc01 5 125 60001\n' +
        'bidmc01.dat 16 65534(-32767)/pm 0 0 -9577 5854 0 RESP, \n' +
        'bidmc01.dat 16 138229.4494(-63710)/NU 0 0 -3446 29272 0 PLETH, \n' +
        'bidmc01.dat 16 32670.9091(-16367)/mV 0 0 801 -17810 0 V, \n' +
        'bidmc01.dat 16 42414.137(-11643)/mV 0 0 1248 -20589 0 AVR, \n' +
        'bidmc01.dat 16 32670.9091(-16367)/mV 0 0 7335 23277 0 II, \n' +
        '#<age>: 88 <sex>: M\n',
    )
    expect(header).toMatchObject({ record: 'bidmc01', signalCount: 5, rateHz: 125, frames: 60001, baseTime: null, baseDate: null, segments: [] })
    expect(header.signals[2]).toEqual({
      file: 'bidmc01.dat', format: 16, samplesPerFrame: 1, skew: 0, byteOffset: 0, gain: 32670.9091, calibrated: true, baseline: -16367, unit: 'mV',
      resolutionBits: 16, zero: 0, initialValue: 801, checksum: -17810, blockSize: 0, name: 'V,',
    })
    expect(header.signals.map((signal) => plainSignalName(signal.name))).toEqual(['RESP', 'PLETH', 'V', 'AVR', 'II'])
    expect(header.comments).toEqual(['<age>: 88 <sex>: M'])
  })

  it('a comment before the record line, no unit (mV), the baseline is then the ADC zero, CRLF', () => {
    const header = parseHeader('# first\r\n100 1 360 650000\r\n100.dat 212 200 11 1024 995 -22131 0 MLII\r\n\r\n# 69 M 1085\r\n')
    expect(header.signals[0]).toMatchObject({ format: 212, gain: 200, unit: 'mV', zero: 1024, baseline: 1024, resolutionBits: 11, initialValue: 995, name: 'MLII' })
    expect(header.comments).toEqual(['first', '69 M 1085'])
  })

  it('samples per frame, skew and byte offset together; a gain of zero is uncalibrated and counts as 200', () => {
    const header = parseHeader('r 2\nr.dat 16x4:3+24 0(5)/uV 12\nr.dat 16\n')
    expect(header).toMatchObject({ rateHz: 250, frames: null })
    expect(header.signals[0]).toMatchObject({ samplesPerFrame: 4, skew: 3, byteOffset: 24, gain: 200, calibrated: false, baseline: 5, unit: 'uV', resolutionBits: 12 })
    expect(header.signals[1]).toMatchObject({ samplesPerFrame: 1, skew: 0, byteOffset: 0, gain: 200, calibrated: false, checksum: null, name: '' })
  })

  it.each([
    ['12726 0 250/24000 825000 15:08:24', { rateHz: 250, counterRateHz: 24000, baseCounter: null, baseTime: '15:08:24.000' }],
    ['r 0 0.0166666666667/125(-4.5) 72 10:44:18.529 04/05/2704', { rateHz: 0.0166666666667, counterRateHz: 125, baseCounter: -4.5, baseTime: '10:44:18.529', baseDate: '04/05/2704' }],
    ['r 0 125 512    32:57.815', { baseTime: '00:32:57.815', frames: 512 }],
    ['r 0 125 1000  8:26:04 6/1/1994', { baseTime: '08:26:04.000', baseDate: '06/01/1994' }],
    ['r 0 360.0', { rateHz: 360, frames: null }],
  ])('record line %j', (line, expected) => {
    expect(parseHeader(`${line}\n`)).toMatchObject(expected)
  })

  it('a record of segments lists them; a gap is ~', () => {
    const header = parseHeader('s25047-2704-05-04-10-44/3 3 125 543240 10:44:18.529 04/05/2704\n3234460_layout 0\n~ 25740\n3234460_0001 28637\n')
    expect(header.segments).toEqual([{ name: '3234460_layout', frames: 0 }, { name: '~', frames: 25740 }, { name: '3234460_0001', frames: 28637 }])
    expect(header).toMatchObject({ signalCount: 3, signals: [] })
  })

  it.each([
    ['', 1],
    ['# only a comment\n', 1],
    ['100 2 360\n100.dat 16 200\n', 2],
    ['# c\n100 two 360\n', 2],
    ['100 1000000 360\n', 1],
    ['100 1 NaN\nr.dat 16\n', 1],
    ['100 1 0\nr.dat 16\n', 1],
    ['100 1 360 -5\nr.dat 16\n', 1],
    ['100 1 360 5 25:00:00\nr.dat 16\n', 1],
    ['100 1 360 5 10:00:00 2004/01/02\nr.dat 16\n', 1],
    ['100 1 360\nr.dat 16 NaN/mV\n', 2],
    ['100 1 360\nr.dat 16 1e999/mV\n', 2],
    ['100 1 360\nr.dat sixteen 200\n', 2],
    ['100 1 360\n\nr.dat\n', 3],
    ['100 1 360\nr.dat 16 200 12 zero\n', 2],
  ])('refuses %j and names line %i', (text, line) => {
    expect(() => parseHeader(text)).toThrow(expect.objectContaining({ code: 'wfdb-header-invalid', data: expect.objectContaining({ line }) }))
  })

  it.each([
    ['100 1 360\n../secret.dat 16 200\n', 2, 'signal file', '../secret.dat'],
    ['100 1 360\nfolder/secret.dat 16 200\n', 2, 'signal file', 'folder/secret.dat'],
    ['100 1 360\nfolder\\secret.dat 16 200\n', 2, 'signal file', 'folder\\secret.dat'],
    ['100 1 360\n/etc/passwd 16 200\n', 2, 'signal file', '/etc/passwd'],
    ['100 1 360\nC:secret.dat 16 200\n', 2, 'signal file', 'C:secret.dat'],
    ['100 1 360\n- 16 200\n', 2, 'signal file', '-'],
    ['../up 1 360\nr.dat 16 200\n', 1, 'record', '../up'],
    ['100/2 1 360\n# c\n../a 5\nb 5\n', 3, 'segment', '../a'],
    ['100/2 1 360\na 5\nb/c 5\n', 3, 'segment', 'b/c'],
  ])('%j leads out of its folder', (text, line, field, name) => {
    expect(() => parseHeader(text)).toThrow(expect.objectContaining({ code: 'import-path-unsafe', data: { line, field, name } }))
  })

  it('a base time keeps its microseconds', () => {
    expect(parseHeader('r 0 360 5 10:00:00.1234567\n').baseTime).toBe('10:00:00.123456')
    expect(parseHeader('r 0 360 5 10:00:00.5\n').baseTime).toBe('10:00:00.500')
  })

  it('is written in one certain form', () => {
    expect(formatHeader(ours)).toBe(
      'signals 2 250.01 2500 14:05:09.123 01/03/2026\n' +
        'signals.dat 24 22369.62133(0)/mV 24 0 -3 517 0 ECG I (LA - RA)\n' +
        'signals.dat 24 1(512)/count 10 512 600 -9 0 PPG\n' +
        '# recording: 01J\n',
    )
  })

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        expect(parseHeader(formatHeader(header))).toEqual(header)
      }),
    )
  })

  it('lets nothing break its lines', () => {
    const nasty = { ...ours, signals: [{ ...ours.signals[0], name: 'a\nb\tc', unit: 'm V\n' }], signalCount: 1, comments: ['one\ntwo'] }
    const header = parseHeader(formatHeader(nasty))
    expect(header.signals[0]).toMatchObject({ name: 'a b c', unit: 'm_V' })
    expect(header.comments).toEqual(['one', 'two'])
    expect(() => formatHeader({ ...ours, rateHz: Number.NaN })).toThrow(expect.objectContaining({ code: 'wfdb-header-invalid' }))
  })

  it('never fails in any other way, whatever has happened to it', () => {
    const good = formatHeader(ours)
    const mutation = fc.record({ at: fc.nat(good.length), cut: fc.nat(6), put: fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('\n', ' ', '/', 'x', '(', '-', '9999999999', 'NaN')) })
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 6 }), (mutations) => {
        let text = good
        for (const { at, cut, put } of mutations) text = text.slice(0, at) + put + text.slice(at + cut)
        onlyLabErrors(text)
      }),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), onlyLabErrors))
  })

  it('reads a hostile line in linear time', () => {
    for (const text of [`r 1 360\n${'a '.repeat(50_000)}\n`, `${'9'.repeat(200_000)}\n`, `r 1 360\nr.dat 16 ${'1'.repeat(100_000)}(\n`]) onlyLabErrors(text)
  })
})

function onlyLabErrors(text: string): void {
  try {
    parseHeader(text)
  } catch (thrown) {
    if (!(thrown instanceof LabError) || !['wfdb-header-invalid', 'import-path-unsafe'].includes(thrown.code) || typeof thrown.data.line !== 'number') throw thrown
  }
}

const ours: WfdbHeader = {
  record: 'signals', segments: [], signalCount: 2, rateHz: 250.01, counterRateHz: null, baseCounter: null, frames: 2500, baseTime: '14:05:09.123', baseDate: '01/03/2026',
  signals: [
    { file: 'signals.dat', format: 24, samplesPerFrame: 1, skew: 0, byteOffset: 0, gain: 22369.62133, calibrated: true, baseline: 0, unit: 'mV', resolutionBits: 24, zero: 0, initialValue: -3, checksum: 517, blockSize: 0, name: 'ECG I (LA - RA)' },
    { file: 'signals.dat', format: 24, samplesPerFrame: 1, skew: 0, byteOffset: 0, gain: 1, calibrated: true, baseline: 512, unit: 'count', resolutionBits: 10, zero: 512, initialValue: 600, checksum: -9, blockSize: 0, name: 'PPG' },
  ],
  comments: ['recording: 01J'],
}

const rate = fc.double({ min: 1e-3, max: 1e6, noNaN: true })
const word = fc.stringMatching(/^[A-Za-z0-9_%µ]{1,8}$/)
const anySignal = fc.record({
  file: fc.stringMatching(/^[a-z0-9_]{1,8}\.dat$/),
  format: fc.constantFrom(8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524),
  samplesPerFrame: fc.integer({ min: 1, max: 64 }),
  skew: fc.nat(100),
  byteOffset: fc.nat(10_000),
  gain: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
  calibrated: fc.constant(true),
  baseline: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  unit: word,
  resolutionBits: fc.integer({ min: 1, max: 32 }),
  zero: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  initialValue: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  checksum: fc.integer({ min: -32768, max: 32767 }),
  blockSize: fc.nat(4096),
  name: fc.array(word, { maxLength: 4 }).map((words) => words.join(', ')),
})
const two = (n: number): string => String(n).padStart(2, '0')
const anyHeader = fc
  .record({
    record: fc.stringMatching(/^[A-Za-z0-9_-]{1,10}$/),
    rateHz: rate,
    counter: fc.option(fc.tuple(rate, fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value || 0)))),
    frames: fc.integer({ min: 1, max: 2 ** 40 }),
    clock: fc.option(fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999), fc.integer({ min: 1, max: 28 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1900, max: 2999 }))),
    signals: fc.array(anySignal, { maxLength: 5 }),
    comments: fc.array(fc.string({ maxLength: 20 }).filter((text) => !/[\r\n]/.test(text)), { maxLength: 3 }),
  })
  .map(
    ({ counter, clock, ...header }): WfdbHeader => ({
      ...header,
      segments: [],
      signalCount: header.signals.length,
      counterRateHz: counter?.[0] ?? null,
      baseCounter: counter?.[1] ?? null,
      baseTime: clock ? `${two(clock[0])}:${two(clock[1])}:${two(clock[2])}.${String(clock[3]).padStart(3, '0')}` : null,
      baseDate: clock ? `${two(clock[4])}/${two(clock[5])}/${clock[6]}` : null,
    }),
  )
