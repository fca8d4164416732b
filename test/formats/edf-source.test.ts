import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import { openEdf } from '../../src-main/formats/edf-source.ts'
import { publicData } from '../signal/physionet.ts'
import { allSamples, byteSource, handMade, int16, int24, lists, type HandFile } from './edf-bytes.ts'

const open = (file: HandFile) => openEdf(byteSource(handMade(file)))
const plain = (more: Partial<HandFile> = {}): HandFile => ({ records: '2', signals: [{ label: 'II', samplesPerRecord: '3' }], data: int16(1, -2, 3, 4, 5, -32768), ...more })
const refusal = async (file: HandFile | Uint8Array): Promise<LabError> => {
  try {
    await openEdf(byteSource(file instanceof Uint8Array ? file : handMade(file)))
  } catch (thrown) {
    if (thrown instanceof LabError) return thrown
    throw thrown
  }
  throw new Error('was not refused')
}

describe('EDF', () => {
  it('gives digital values, rate, scale and start of the header', async () => {
    const source = await open(plain({ date: '01.02.84', duration: '0.1' }))
    expect(source).toMatchObject({ format: 'edf', rateHz: 30, frames: 6, startDate: '2084-02-01', startTime: '10:20:30.000', gaps: [] })
    expect(source.signals[0]).toMatchObject({ label: 'II', unit: 'mV', gainCountsPerUnit: 1000, baseline: 0, calibrated: true, bits: 11, minimum: -1000, maximum: 1000, samplesPerFrame: 1 })
    expect(await allSamples(source)).toEqual([[1, -2, 3, 4, 5, -32768]])
    expect(await source.annotations()).toEqual([])
  })

  it('has a frame that all rates share', async () => {
    const source = await open(plain({ records: '2', duration: '2', signals: [{ label: 'a', samplesPerRecord: '4' }, { label: 'b', samplesPerRecord: '6' }], data: int16(1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 5, 6, 7, 8, 17, 18, 19, 20, 21, 22) }))
    expect(source).toMatchObject({ rateHz: 1, frames: 4 })
    expect(source.signals.map((signal) => signal.samplesPerFrame)).toEqual([2, 3])
    expect(await allSamples(source, 1)).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]])
  })

  it('BDF has 24 bits', async () => {
    const source = await open(plain({ version: '\xffBIOSEMI', reserved: '24BIT', data: int24(1, -1, 8388607, -8388608, 0x010203, -0x010203) }))
    expect(source.format).toBe('bdf')
    expect(await allSamples(source)).toEqual([[1, -1, 8388607, -8388608, 0x010203, -0x010203]])
  })

  it.each([
    [['-5', '5'], ['0', '1000'], 100, 500],
    [['-1000', '1000'], ['-32768', '32767'], 32.7675, 0],
    [['0', '10.23'], ['0', '1023'], 100, 0],
  ])('physical %j over digital %j are gain %f, baseline %i', async (physical, digital, gain, baseline) => {
    const source = await open(plain({ signals: [{ label: 'II', samplesPerRecord: '3', physical: physical as [string, string], digital: digital as [string, string] }] }))
    expect(source.signals[0]).toMatchObject({ gainCountsPerUnit: gain, baseline, calibrated: true })
    expect(source.header.signals[0]).toMatchObject({ physicalMinimum: Number(physical[0]), digitalMaximum: Number(digital[1]) })
  })

  it('a negative gain leaves the physical values right and the range as it is', async () => {
    const signal = { label: 'Fp1', samplesPerRecord: '3', physical: ['50', '-50'] as [string, string], digital: ['-1000', '999'] as [string, string] }
    const source = await open(plain({ signals: [signal], data: int16(-1000, 999, 0, 1, 2, 3) }))
    const [{ gainCountsPerUnit, baseline, minimum, maximum, note }] = source.signals
    expect([minimum, maximum]).toEqual([-1000, 999])
    expect(note).toContain('negative gain')
    const physical = (await allSamples(source))[0].map((count) => (count - baseline) / gainCountsPerUnit)
    // By the definition of the format, with half a count for the whole baseline.
    ;[-1000, 999, 0, 1, 2, 3].forEach((digital, i) => expect(Math.abs(physical[i] - (50 + (digital + 1000) * (-100 / 1999)))).toBeLessThan(0.5001 / gainCountsPerUnit))
  })

  it('EDF+ names persons, devices and dates', async () => {
    const source = await open(plain({ patient: 'MCH-0234567 F 02-MAY-1951 Haagse_Harry', recording: 'Startdate 02-MAR-2002 PSG-1234/2002 NN Telemetry03', date: '02.03.02', reserved: 'EDF+C' }))
    expect(source).toMatchObject({ format: 'edf+', startDate: '2002-03-02' })
    expect(source.facts).toEqual({
      patient: 'MCH-0234567', sex: 'F', birthdate: '1951-05-02', 'patient-name': 'Haagse_Harry', recording: 'PSG-1234/2002', technician: 'NN', equipment: 'Telemetry03',
    })
  })

  it.each([['31.12.84', '2084-12-31'], ['01.01.85', '1985-01-01'], ['29.02.00', '2000-02-29'], ['30.02.00', null], ['xx.xx.xx', null]])('%s is %s', async (date, expected) => {
    expect((await open(plain({ date, recording: 'some EDF' }))).startDate).toBe(expected)
  })

  it('reads the lists of all annotation signals, times within the second', async () => {
    const source = await open(
      plain({
        reserved: 'EDF+C',
        signals: [{ label: 'II', samplesPerRecord: '4' }, { label: 'EDF Annotations', samplesPerRecord: '16' }, { label: 'EDF Annotations', samplesPerRecord: '16' }],
        data: Buffer.concat([int16(1, 2, 3, 4), lists(32, '+0.25||', '+0.75/0.5|Spike|Wave|'), lists(32, '+1.5|µV 中@@II|'), int16(5, 6, 7, 8), lists(32, '+1.25||', '-0.75|before|'), lists(32)]),
      }),
    )
    expect(source.startTime).toBe('10:20:30.250')
    expect(source.signals).toHaveLength(1)
    expect(await source.annotations()).toEqual([
      { frame: -4, durationFrames: null, symbol: '', text: 'before', signal: null },
      { frame: 2, durationFrames: 2, symbol: '', text: 'Spike', signal: null },
      { frame: 2, durationFrames: 2, symbol: '', text: 'Wave', signal: null },
      { frame: 5, durationFrames: null, symbol: '', text: 'µV 中', signal: 0 },
    ])
    expect(source.findings()).toEqual([])
  })

  it('EDF+D has gaps where its records say so', async () => {
    const discontinuous = (...onsets: string[]): HandFile =>
      plain({
        reserved: 'EDF+D',
        records: String(onsets.length),
        signals: [{ label: 'II', samplesPerRecord: '2' }, { label: 'EDF Annotations', samplesPerRecord: '10' }],
        data: Buffer.concat(onsets.flatMap((onset, i) => [int16(10 * i + 1, 10 * i + 2), lists(20, `${onset}||`)])),
      })
    const source = await open(discontinuous('+0.5', '+1.5', '+4.5', '+5.6'))
    expect(source.gaps).toEqual([{ from: 4, to: 8 }])
    expect(await allSamples(source)).toEqual([[1, 2, 11, 12, noValue, noValue, noValue, noValue, 21, 22, 31, 32]])
    for (const framesPerBlock of [1, 2, 3, 5, 7]) expect(await allSamples(source, framesPerBlock)).toEqual(await allSamples(source))
    const headerBytes = 768
    expect((await refusal(discontinuous('+0', '+1', '+0.5'))).data).toMatchObject({ field: 'record onset', record: 2, offset: headerBytes + 2 * 24 + 4 })
    expect((await refusal(discontinuous('+0', '+0.2'))).data).toMatchObject({ field: 'record onset', record: 1 })
    expect((await refusal(discontinuous('+0', '+99999999999'))).data).toMatchObject({ field: 'record onset', record: 1, file: 'test.edf' })
    expect((await refusal(discontinuous('+0', 'x'))).data).toMatchObject({ field: 'record onset', record: 1 })
  })

  it('recovers the length of a recording that was never closed', async () => {
    const source = await open(plain({ records: '-1' }))
    expect(source.frames).toBe(6)
    expect(source.findings()).toMatchObject([{ code: 'edf-invalid', data: { field: 'data records', offset: 236 } }])
  })

  it('gives what a cut file has', async () => {
    const two = [{ label: 'a', samplesPerRecord: '2' }, { label: 'b', samplesPerRecord: '4' }]
    const source = await open(plain({ records: '9', signals: two, data: Buffer.concat([int16(1, 2, 3, 4, 5, 6, 7, 8, 9), Buffer.of(1)]) }))
    expect(await allSamples(source)).toEqual([[1, 2, 7, 8], [3, 4, 5, 6, 9, noValue, noValue, noValue]])
    expect(source.findings()).toMatchObject([{ code: 'import-truncated', data: { file: 'test.edf', announced: 9, whole: 1, partialBytes: 7 } }])
    const first = await open(plain({ records: '9', signals: two, data: int16(1, 2, 3, 4, 5, 6, 7) }))
    expect(await allSamples(first)).toEqual([[1, 2, 7], [3, 4, 5, 6, noValue, noValue]])
  })

  it('reads known habits and reports them', async () => {
    const comma = await open(plain({ signals: [{ label: 'II\0\0', samplesPerRecord: '3', physical: ['-1,5', '1,5'] }], time: '10:20:30' }))
    expect(comma.signals[0].gainCountsPerUnit).toBeCloseTo(2000 / 3, 9)
    expect(comma.signals[0].label).toBe('II')
    expect(comma.findings().map((finding) => finding.data.field)).toEqual(['label', 'physical minimum', 'physical maximum', 'start time'])
    const equal = await open(plain({ signals: [{ label: 'trigger', samplesPerRecord: '3', physical: ['0', '0'] }] }))
    expect(equal.signals[0]).toMatchObject({ calibrated: false, gainCountsPerUnit: 1, baseline: 0, unit: 'count' })
    expect(equal.findings()).toMatchObject([{ code: 'edf-invalid', data: { field: 'physical minimum', offset: 256 + 104 } }])
  })

  it.each([
    ['another file', 'version', 0, plain({ version: 'RIFF' })],
    ['a wrong header size', 'header bytes', 184, plain({ headerBytes: '256' })],
    ['no signals', 'signals', 252, plain({ count: '0' })],
    ['a million signals', 'signals', 252, plain({ count: '1e6' })],
    ['more signals than it has bytes', 'header bytes', 184, plain({ count: '9999' })],
    ['the same, consistently', 'header', 524, plain({ count: '9999', headerBytes: '2560000' })],
    ['signals that are no number', 'signals', 252, plain({ count: 'four' })],
    ['a record of no time', 'record duration', 244, plain({ duration: '0' })],
    ['a record of negative time', 'record duration', 244, plain({ duration: '-1' })],
    ['a record of NaN', 'record duration', 244, plain({ duration: 'NaN' })],
    ['fewer records than none', 'data records', 236, plain({ records: '-2' })],
    ['a signal without samples', 'samples per record', 256 + 216, plain({ signals: [{ label: 'II', samplesPerRecord: '0' }] })],
    ['half a sample', 'samples per record', 256 + 216, plain({ signals: [{ label: 'II', samplesPerRecord: '1.5' }] })],
    ['records of 200 MB', 'samples per record', 256 + 216, plain({ signals: [{ label: 'II', samplesPerRecord: '99999999' }] })],
    ['records of 40 MB in a small file', 'data records', 512, plain({ signals: [{ label: 'II', samplesPerRecord: '20000000' }] })],
    ['no data', 'data records', 512, plain({ data: new Uint8Array(0) })],
    ['a gain of NaN', 'physical maximum', 256 + 112, plain({ signals: [{ label: 'II', samplesPerRecord: '3', physical: ['-1', 'NaN'] }] })],
    ['annotations only', 'label', 256, plain({ reserved: 'EDF+C', signals: [{ label: 'EDF Annotations', samplesPerRecord: '3' }] })],
    ['no times in EDF+D', 'reserved', 192, plain({ reserved: 'EDF+D' })],
  ])('refuses %s by field and offset', async (_, field, offset, file) => {
    const error = await refusal(file)
    expect(error.code).toBe('edf-invalid')
    expect(error.data).toMatchObject({ file: 'test.edf', field, offset: field === 'header' ? handMade(file).length : offset, reason: expect.any(String) })
  })

  it('holds one record or one megabyte, whatever the length', async () => {
    const samples = 3_000_000
    const file = byteSource(handMade(plain({ records: '-1', signals: [{ label: 'II', samplesPerRecord: '300' }], data: new Uint8Array(samples * 2) })))
    const source = await openEdf(file)
    let seen = 0
    for await (const [counts] of source.blocks()) seen += counts.length
    expect(seen).toBe(samples)
    expect(file.largest).toBeLessThanOrEqual(1024 * 1024)
  })

  it('stops when it is told to', async () => {
    const source = await open(plain())
    const controller = new AbortController()
    controller.abort()
    await expect(source.blocks({ signal: controller.signal }).next()).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('any bytes are read to their end or refused with a code', async () => {
    const whole = handMade({
      records: '3',
      reserved: 'EDF+D',
      signals: [{ label: 'a', samplesPerRecord: '2' }, { label: 'b', samplesPerRecord: '3' }, { label: 'EDF Annotations', samplesPerRecord: '12' }],
      data: Buffer.concat([0, 1, 5].flatMap((onset) => [int16(1, 2, 3, 4, 5), lists(24, `+${onset}||`, '+1/2|text|')])),
    })
    const change = fc.record({ at: fc.oneof(fc.nat(255), fc.nat(whole.length - 1)), byte: fc.oneof(fc.constantFrom(...Buffer.from(' 0123456789-+.,eEDC\0\x14\x15')), fc.nat(255)) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.nat(whole.length), fc.boolean(), fc.integer({ min: 1, max: 9 }), async (changes, length, cut, framesPerBlock) => {
        const bytes = Uint8Array.from(whole)
        for (const { at, byte } of changes) bytes[at] = byte
        try {
          const source = await openEdf(byteSource(cut ? bytes.subarray(0, length) : bytes))
          let seen = 0
          // A lying gap is bounded, but still long for a test.
          for await (const block of source.blocks({ framesPerBlock: source.frames > 10_000 ? 1_000_000 : framesPerBlock })) if ((seen += block[0].length) > 10_000_000) return
          expect(seen).toBe(source.frames * source.signals[0].samplesPerFrame)
          await source.annotations()
        } catch (thrown) {
          if (!(thrown instanceof LabError)) throw thrown
        }
      }),
      { numRuns: 500 },
    )
  })
})

const edfSamples = publicData('edf-samples')
const wfdbSamples = publicData('wfdb-samples')

/** Amplitude of one frequency by correlation with both phases over whole periods: the definition, not the product's filters. */
function amplitude(values: readonly number[], rateHz: number, frequencyHz: number): number {
  let sine = 0
  let cosine = 0
  values.forEach((value, i) => {
    sine += value * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz)
    cosine += value * Math.cos((2 * Math.PI * frequencyHz * i) / rateHz)
  })
  return (2 * Math.hypot(sine, cosine)) / values.length
}

describe.skipIf(!edfSamples)('EDFlib files', () => {
  const read = (name: string) => openEdf(byteSource(readFileSync(join(edfSamples ?? '', name)), name))

  it('test_generator.edf has its sines of 100 uV and a ramp of whole microvolts', async () => {
    const source = await read('test_generator.edf')
    const counts = await allSamples(source)
    for (const [label, frequency] of [['sine 1 Hz', 1], ['sine 8 Hz', 8], ['sine 8.5 Hz', 8.5], ['sine 15 Hz', 15], ['sine 17 Hz', 17], ['sine 50 Hz', 50]] as const) {
      const i = source.signals.findIndex((signal) => signal.label === label)
      const physical = counts[i].map((count) => (count - source.signals[i].baseline) / source.signals[i].gainCountsPerUnit)
      expect(amplitude(physical, source.rateHz, frequency), label).toBeGreaterThan(99)
      expect(amplitude(physical, source.rateHz, frequency), label).toBeLessThan(101)
      expect(amplitude(physical, source.rateHz, frequency + 3), label).toBeLessThan(1)
    }
    // 32.7675 counts per uV, zero at -0.5; EDFlib rounds in its own way, by less than 1.6 counts.
    expect(counts[1].slice(0, 200).map((count) => (count + 0.5) / 32.7675).every((value, i) => Math.abs(value - (i - 100)) < 1.6 / 32.7675)).toBe(true)
  })

  it.each([['test_generator.bdf', 5, 1, 30], ['test_generator_datarec_generator_0_5.bdf', 10, 2, 60], ['test_generator_datarec_generator_2.bdf', 2.5, 0.5, 15]])('%s has a sine of %f Hz', async (name, frequency, rateHz, frames) => {
    const source = await read(name)
    expect(source).toMatchObject({ format: 'bdf+', rateHz, frames })
    const [sine] = await allSamples(source)
    const { samplesPerFrame, gainCountsPerUnit } = source.signals[0]
    const physical = sine.map((count) => count / gainCountsPerUnit)
    expect(amplitude(physical, rateHz * samplesPerFrame, frequency)).toBeGreaterThan(0.99 * Math.max(...physical))
    expect(amplitude(physical, rateHz * samplesPerFrame, frequency * 1.4)).toBeLessThan(0.02 * Math.max(...physical))
  })

  it('test_subsecond.edf begins within a second; test_utf8.edf has its Chinese text', async () => {
    expect(await read('test_subsecond.edf')).toMatchObject({ startDate: '2020-01-24', startTime: '04:05:56.394531', facts: { sex: 'F', birthdate: '1998-01-20' } })
    const source = await read('test_utf8.edf')
    // 120 s after the start second, (120 - 0.3945312) * 128 frames after the first.
    expect((await source.annotations()).find((annotation) => annotation.text === '中文测试八个字')?.frame).toBeCloseTo(15309.5, 4)
    expect((await source.annotations()).map((annotation) => annotation.text)).toEqual(['XLSpike', 'Clip Note', '中文测试八个字', 'XLEvent', 'XLSpike'])
  })
})

describe.skipIf(!wfdbSamples)('the WFDB twin', () => {
  it('has the same samples as test_generator_2.edf', async () => {
    const folder = wfdbSamples ?? ''
    const source = await openEdf(byteSource(readFileSync(join(folder, 'test_generator_2.edf')), 'test_generator_2.edf'))
    // Format 16, per frame of one second 11 signals of 200 samples and 51 of annotations: by hand from its header.
    const twin = readFileSync(join(folder, 'test_generator_2.dat'))
    const counts = await allSamples(source)
    expect(counts.map((signal) => signal.length)).toEqual(Array.from({ length: 11 }, () => 120_000))
    let different = 0
    for (let second = 0; second < 600; second++) {
      for (let signal = 0; signal < 11; signal++) {
        for (let k = 0; k < 200; k++) if (twin.readInt16LE((second * 2251 + signal * 200 + k) * 2) !== counts[signal][second * 200 + k]) different++
      }
    }
    expect(different).toBe(0)
  })

  it('test_edfann.edf is refused: it has no signals', async () => {
    await expect(openEdf(byteSource(readFileSync(join(wfdbSamples ?? '', 'test_edfann.edf')), 'test_edfann.edf'))).rejects.toMatchObject({ code: 'edf-invalid', data: { field: 'label', offset: 256 } })
  })
})
