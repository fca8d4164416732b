import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import { packLists } from '../../src-main/formats/edf-packing.ts'
import { planRecords } from '../../src-main/formats/edf-plan.ts'
import { edfLimits } from '../../src-main/formats/edf-scale.ts'
import { openEdf } from '../../src-main/formats/edf-source.ts'
import { EdfWriter, type EdfOutput, type EdfOutputSignal } from '../../src-main/formats/edf-writer.ts'
import { publicData } from '../signal/physionet.ts'
import { allSamples, byteSource } from './edf-bytes.ts'
import { checkEdf } from './edf-checker.ts'

const lead = (more: Partial<EdfOutputSignal> = {}): EdfOutputSignal => ({ label: 'ECG II', unit: 'mV', gainCountsPerUnit: 200, baseline: 1024, minimum: 0, maximum: 2047, samplesPerFrame: 1, ...more })
const output = (frames: number, more: Partial<EdfOutput> = {}): EdfOutput => ({ format: 'edf+', rateHz: 360, frames, signals: [lead()], startDate: '2026-03-02', startTime: '14:05:09.123', annotations: [], gaps: [], ...more })

/** A file of these counts, pushed in blocks of `blockFrames`. */
function write(of: EdfOutput, counts: readonly Int32Array[], blockFrames = 1000): { bytes: Buffer; writer: EdfWriter } {
  const writer = new EdfWriter(of)
  const parts = [writer.header()]
  for (let from = 0; from < of.frames; from += blockFrames) {
    parts.push(writer.push(counts.map((signal, i) => signal.subarray(from * of.signals[i].samplesPerFrame, Math.min(of.frames, from + blockFrames) * of.signals[i].samplesPerFrame))))
  }
  parts.push(writer.finish())
  return { bytes: Buffer.concat(parts), writer }
}

const ramp = (length: number, from = 0, modulus = 2048): Int32Array => Int32Array.from({ length }, (_, i) => from + (i % modulus))

describe('EDF+ writer', () => {
  it('writes this header', () => {
    const { bytes, writer } = write(output(720, { identification: { equipment: 'HealthyPi 5' } }), [ramp(720)])
    expect(bytes.toString('latin1', 0, 256)).toBe(
      `0       ${'X X X X'.padEnd(80)}${'Startdate 02-MAR-2026 X X HealthyPi_5'.padEnd(80)}02.03.2614.05.09768     ${'EDF+C'.padEnd(44)}2       1       2   `,
    )
    // The label, 200 counts per mV around 1024: -32768 is (-32768 - 1024) / 200 = -168.96 mV, 32767 is 158.715 mV.
    expect(bytes.toString('latin1', 256, 272)).toBe('ECG II          ')
    expect(bytes.toString('latin1', 256 + 2 * 104, 256 + 2 * 136)).toBe('-168.96 -1      158.715 1       -32768  -32768  32767   32767   ')
    expect(bytes.toString('latin1', 256 + 2 * 224, 256 + 2 * 224 + 32)).toBe('NA=-32768 ADC=0,2047'.padEnd(32))
    expect(writer.findings).toEqual([])
    expect(writer.bytes).toBe(bytes.length)
    expect(checkEdf(bytes).violations).toEqual([])
  })

  it('every record has its time to the fraction of the start', () => {
    const { bytes } = write(output(1000), [ramp(1000)])
    const text = bytes.toString('latin1')
    for (const time of ['+0.123\x14\x14\0', '+1.123\x14\x14\0', '+2.123\x14\x14\0', '+2.900777778\x14Recording ends\x14\0']) expect(text).toContain(time)
    expect(text).not.toContain('+3.123')
  })

  it('comes back as it was: counts, scale, missing samples, length, start, annotations', async () => {
    const counts = [ramp(1000), ramp(3000, -4000, 3000)]
    counts[0].fill(noValue, 100, 250)
    counts[0][999] = noValue
    counts[1].fill(noValue, 300, 750)
    const signals = [lead(), lead({ label: 'PLETH', unit: 'µV', gainCountsPerUnit: 22.35, baseline: -7, minimum: -4000, maximum: 4000, samplesPerFrame: 3 })]
    const annotations = [
      { frame: 0, durationFrames: null, text: 'N', signal: null },
      { frame: 77.5, durationFrames: 36, text: 'µV 中文\nnew line', signal: 1 },
      { frame: 999, durationFrames: null, text: 'V', signal: null },
      { frame: 1500, durationFrames: null, text: 'after the end', signal: null },
    ]
    for (const format of ['edf+', 'bdf+'] as const) {
      const { bytes, writer } = write(output(1000, { format, signals, annotations, gaps: [{ from: 100, to: 250 }] }), counts, 7)
      expect(checkEdf(bytes).violations).toEqual([])
      const source = await openEdf(byteSource(bytes))
      expect(source).toMatchObject({ format, rateHz: 360, frames: 1000, startDate: '2026-03-02', startTime: '14:05:09.123', gaps: [{ from: 100, to: 250 }] })
      expect(source.signals).toMatchObject([{ gainCountsPerUnit: 200, baseline: 1024, minimum: 0, maximum: 2047, bits: 11 }, { unit: 'uV', gainCountsPerUnit: 22.35, baseline: -7, minimum: -4000, maximum: 4000, samplesPerFrame: 3 }])
      expect(await allSamples(source)).toEqual(counts.map((signal) => [...signal]))
      expect(await source.annotations()).toEqual(annotations.map((annotation) => ({ ...annotation, symbol: '', frame: expect.closeTo(annotation.frame, 5) as number })))
      expect(source.findings()).toEqual([])
      expect(writer.findings).toEqual([])
    }
  })

  it('rows may be pushed row by row', () => {
    const writer = new EdfWriter(output(4, { signals: [lead(), lead({ label: 'V1' })] }))
    writer.header()
    expect(writer.pushRows(Int32Array.of(1, 11, 2, 12, 3, 13, 4, 14))).toHaveLength(0)
    const bytes = Buffer.concat([writer.header(), writer.finish()])
    expect(checkEdf(bytes).samples.map((signal) => signal.slice(0, 5))).toEqual([[1, 2, 3, 4, -32768], [11, 12, 13, 14, -32768]])
  })

  it('keeps 20,000 annotations in 5 seconds, in records of the advised size', async () => {
    const annotations = Array.from({ length: 20_000 }, (_, i) => ({ frame: i / 10, durationFrames: null, text: `event ${i}`, signal: null }))
    const { bytes, writer } = write(output(2000, { rateHz: 400, annotations }), [ramp(2000)])
    const verdict = checkEdf(bytes)
    expect(verdict.violations).toEqual([])
    expect(new Set(verdict.annotations.map((annotation) => annotation.text).filter((text) => text.startsWith('event'))).size).toBe(20_000)
    for (const { onset, text } of verdict.annotations) if (text.startsWith('event')) expect(Math.abs(onset - Number(text.slice(6)) / 4000)).toBeLessThan(1e-6)
    expect(writer.plan.framesPerRecord * 2 + writer.plan.annotationBytes).toBeLessThanOrEqual(61_440)
    const read = await (await openEdf(byteSource(bytes))).annotations()
    expect(read.map((annotation) => annotation.text)).toEqual(annotations.map((annotation) => annotation.text))
    read.forEach((annotation, i) => expect(Math.abs(annotation.frame - i / 10)).toBeLessThan(1e-3))
  })

  it('annotations that look like its own marks stay annotations, and are reported', async () => {
    const annotations = ['', 'Missing', 'Recording ends'].map((text) => ({ frame: 300, durationFrames: 10, text, signal: null }))
    const { bytes, writer } = write(output(350, { annotations }), [ramp(350)])
    expect(checkEdf(bytes).violations).toEqual([])
    const source = await openEdf(byteSource(bytes))
    expect(source).toMatchObject({ frames: 350, gaps: [] })
    expect((await source.annotations()).map((annotation) => annotation.text)).toEqual([' ', 'Missing ', 'Recording ends '])
    expect(writer.findings.map((finding) => finding.data.field)).toEqual(['annotation', 'annotation', 'annotation'])
  })

  it('all annotations at the end find room before it', () => {
    const annotations = Array.from({ length: 500 }, (_, i) => ({ frame: 3599, durationFrames: null, text: `last ${i}`, signal: null }))
    const verdict = checkEdf(write(output(3600, { annotations }), [ramp(3600)]).bytes)
    expect(verdict.violations).toEqual([])
    expect(verdict.annotations).toHaveLength(500)
  })

  it('says which count does not fit, and where', () => {
    const signals = [lead({ minimum: -(2 ** 23), maximum: 2 ** 23 - 1 })]
    const counts = Int32Array.of(1, 2, 40_000, 4)
    expect(() => write(output(4, { signals }), [counts])).toThrow(expect.objectContaining({ code: 'edf-range-exceeded', data: { signal: 'ECG II', value: 40_000, row: 2 } }))
    expect(() => write(output(4, { signals, format: 'bdf+' }), [counts])).not.toThrow()
    counts[3] = -(2 ** 23) - 1
    expect(() => write(output(4, { signals, format: 'bdf+' }), [counts])).toThrow(expect.objectContaining({ code: 'edf-range-exceeded', data: { signal: 'ECG II', value: -8388609, row: 3 } }))
  })

  it('a signal that uses every value keeps its gaps, and says so when it misses a sample elsewhere', async () => {
    const signals = [lead({ minimum: -32768, maximum: 32767, baseline: 0 })]
    const counts = Int32Array.of(-32768, 32767, noValue, noValue, 5)
    const source = await openEdf(byteSource(write(output(5, { signals, gaps: [{ from: 2, to: 4 }] }), [counts]).bytes))
    expect(await allSamples(source)).toEqual([[...counts]])
    expect(() => write(output(5, { signals }), [counts])).toThrow(expect.objectContaining({ code: 'edf-range-exceeded', data: { signal: 'ECG II', value: null, row: 2 } }))
  })

  it('names nobody by itself, keeps labels apart and says what changed', () => {
    const signals = [lead({ label: 'II' }), lead({ label: 'II' }), lead({ label: 'EDF Annotations' }), lead({ label: 'a label beyond sixteen' }), lead({ label: 'Température' }), lead({ label: '' })]
    const { bytes, writer } = write(output(3, { signals, startDate: null, startTime: null, annotations: [{ frame: 0, durationFrames: null, text: 'a\x14b', signal: null }] }), signals.map(() => ramp(3)))
    const verdict = checkEdf(bytes)
    expect(verdict.violations).toEqual([])
    expect(verdict.labels).toEqual(['II', 'II 2', 'EDF Annotation 2', 'a label beyond s', 'Temperature', 'signal 6'])
    expect(bytes.toString('latin1', 8, 184)).toBe(`${'X X X X'.padEnd(80)}${'Startdate X X X X'.padEnd(80)}01.01.8500.00.00`)
    expect(writer.findings.map((finding) => [finding.code, finding.data.field, finding.data.written])).toEqual([
      ...['II 2', 'EDF Annotation 2', 'a label beyond s', 'Temperature', 'signal 6'].map((label) => ['export-value-changed', 'label', label]),
      ['export-value-changed', 'annotation', 'a b'],
    ])
  })

  it('years that two digits cannot say are in the recording line only', async () => {
    const { bytes } = write(output(3, { startDate: '1975-01-01' }), [ramp(3)])
    expect(checkEdf(bytes).violations).toEqual([])
    expect((await openEdf(byteSource(bytes))).startDate).toBe('1975-01-01')
  })

  it('whatever is written passes the checker and comes back', async () => {
    const rate = fc.oneof(fc.constantFrom(360, 250, 128, 62.4725, 1000, 0.5, 125.5, 257.7319587628866, 1 / 3, 31.25), fc.double({ min: 0.01, max: 5000, noNaN: true }))
    const signal = fc
      .record({
        label: fc.string({ unit: 'grapheme', maxLength: 20 }),
        unit: fc.constantFrom('mV', 'µV', '°C', 'a long unit', ''),
        gain: fc.oneof(fc.constantFrom(200, 22.35, 32670.9091, 1, 0.001), fc.double({ min: 1e-3, max: 1e5, noNaN: true })),
        baseline: fc.integer({ min: -40_000, max: 40_000 }),
        range: fc.tuple(fc.integer({ min: -32768, max: 32767 }), fc.integer({ min: -32768, max: 32767 })).filter(([a, b]) => a !== b),
        samplesPerFrame: fc.integer({ min: 1, max: 4 }),
        seed: fc.nat(),
      })
      .map(({ gain, range, seed, ...rest }) => ({ seed, ...rest, gainCountsPerUnit: gain, minimum: Math.min(...range), maximum: Math.max(...range) }))
    const annotation = fc.record({
      frame: fc.oneof(fc.nat(700), fc.double({ min: -5, max: 800, noNaN: true })),
      durationFrames: fc.option(fc.nat(50)),
      text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !text.includes('@@') && text !== 'Missing' && text !== 'Recording ends'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('edf+' as const, 'bdf+' as const), rate, fc.nat(700), fc.array(signal, { minLength: 1, maxLength: 4 }), fc.array(annotation, { maxLength: 40 }), fc.array(fc.tuple(fc.nat(700), fc.nat(90)), { maxLength: 4 }), fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('00:00:00', '23:59:59.999', '12:00:00.394531', null),
        async (format, rateHz, frames, signals, notes, spans, blockFrames, startTime) => {
          const gaps = spans.map(([from, length]) => ({ from: Math.min(from, frames), to: Math.min(from + length, frames) })).filter((gap) => gap.from < gap.to)
          const counts = signals.map(({ minimum, maximum, samplesPerFrame, seed }) => Int32Array.from({ length: frames * samplesPerFrame }, (_, i) => minimum + ((seed + i * 7919) % (maximum - minimum + 1))))
          for (const gap of gaps) counts.forEach((lane, i) => lane.fill(noValue, gap.from * signals[i].samplesPerFrame, gap.to * signals[i].samplesPerFrame))
          const annotations = notes.map((note) => ({ ...note, signal: null }))
          const of: EdfOutput = { format, rateHz, frames, signals, startDate: '2026-02-28', startTime, annotations, gaps }
          let written: { bytes: Buffer; writer: EdfWriter }
          try {
            written = write(of, counts, blockFrames)
          } catch (thrown) {
            // A physical range of less than 8 characters can hold is the only reason to refuse these.
            if (thrown instanceof LabError && thrown.code === 'edf-range-exceeded' && thrown.data.field === 'physical range') return
            throw thrown
          }
          const { bytes, writer } = written
          const verdict = checkEdf(bytes)
          expect(verdict.violations).toEqual([])
          expect(verdict.annotations.length).toBeGreaterThanOrEqual(annotations.length + gaps.length)
          const source = await openEdf(byteSource(bytes))
          expect(source.findings()).toEqual([])
          const read = await allSamples(source)
          // One frame of several samples may come back as several frames: their common divisor decides.
          expect(read).toEqual(counts.map((lane) => [...lane]))
          const factor = source.rateHz / writer.plan.rateHz
          expect(source.frames).toBe(Math.round(frames * factor))
          if (writer.plan.exact) expect(source.rateHz / factor).toBeCloseTo(rateHz, 9)
          else expect(writer.findings.some((finding) => finding.data.field === 'rateHz')).toBe(true)
          expect(Math.abs(writer.plan.rateHz / rateHz - 1)).toBeLessThan(1e-5)
          const back = await source.annotations()
          expect(back).toHaveLength(annotations.length)
          const sorted = [...annotations].sort((a, b) => a.frame - b.frame)
          back.forEach((one, i) => expect(Math.abs(one.frame / factor - sorted[i].frame)).toBeLessThan(2e-3))
          source.signals.forEach((one, i) => {
            const { gainCountsPerUnit, baseline } = signals[i]
            const changed = writer.findings.filter((finding) => finding.data.signal === one.label && finding.data.field === 'gain')
            const error = Math.abs(one.gainCountsPerUnit / gainCountsPerUnit - 1)
            expect(error).toBeLessThan(changed.length > 0 ? Number(changed[0].data.relativeError) * 1.001 + 1e-14 : 2e-12)
            if (one.baseline !== baseline) expect(writer.findings.some((finding) => finding.data.field === 'baseline')).toBe(true)
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('data records', () => {
  const request = { frames: 100_000, bytesPerFrame: 4, bytesPerSample: 2 as const, listBytes: 0, longestList: 0 }
  it.each([
    [360, 360, '1'],
    [62.5, 125, '2'],
    [128.125, 1025, '8'],
    [0.1, 1, '10'],
    [40_000, 12_000, '0.3'],
  ])('%f Hz are %i frames in %s s', (rateHz, framesPerRecord, duration) => {
    expect(planRecords({ ...request, rateHz })).toMatchObject({ framesPerRecord, duration, exact: true, rateHz })
  })

  it('take the exact duration where one fits, else the nearest', () => {
    expect(planRecords({ ...request, bytesPerFrame: 2, rateHz: 62.4725 })).toMatchObject({ framesPerRecord: 24_989, duration: '400', exact: true })
    const near = planRecords({ ...request, bytesPerFrame: 16, rateHz: 62.4725 })
    expect(near.exact).toBe(false)
    expect(Math.abs(near.rateHz / 62.4725 - 1)).toBeLessThan(1e-7)
    expect(near.rateHz).toBe(near.framesPerRecord / Number(near.duration))
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-300])('refuse a rate of %f', (rateHz) => {
    expect(() => planRecords({ ...request, rateHz })).toThrow(expect.objectContaining({ code: 'edf-range-exceeded' }))
  })

  it('hold every list once when they have an even share and the longest', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(9)), { maxLength: 80 }), (lists) => {
        const sorted = [...lists].sort((a, b) => a[1] - b[1])
        const sizes = sorted.map(([size]) => size)
        const room = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 10) + Math.max(0, ...sizes)
        const packed = packLists(sizes, sorted.map(([, record]) => record), 10, room)
        expect([...packed.values()].flat().sort((a, b) => a - b)).toEqual(sizes.map((_, i) => i))
        for (const inside of packed.values()) expect(inside.reduce((sum, list) => sum + sizes[list], 0)).toBeLessThanOrEqual(room)
      }),
    )
  })
})

describe('physical limits', () => {
  it.each([[200, 1024], [22.35, 0], [1000, 0], [32.7675, 0], [2000, -3], [6553.6, 0]])('a gain of %f around %i is exact', (gainCountsPerUnit, baseline) => {
    expect(edfLimits({ label: 'II', gainCountsPerUnit, baseline, minimum: -2048, maximum: 2047 }, 16)).toMatchObject({ gainError: 0, baseline })
  })

  it("BIDMC's gain of 32670.9091 is right to ten digits", () => {
    const limits = edfLimits({ label: 'PLETH', gainCountsPerUnit: 32670.9091, baseline: -16367, minimum: -32767, maximum: 32767 }, 24)
    expect(limits.gainError).toBeLessThan(1e-9)
    expect(limits.baseline).toBe(-16367)
  })
})

const wfdb = publicData('bidmc')

describe.skipIf(!wfdb)('a public record', () => {
  it('BIDMC 01 goes through EDF+ and BDF+ with every count', async () => {
    const text = readFileSync(join(wfdb ?? '', 'bidmc01.hea'), 'latin1').split(/\r?\n/)
    const [, lanes, rate, frames] = text[0].split(' ').map(Number)
    const data = readFileSync(join(wfdb ?? '', 'bidmc01.dat'))
    const signals = text.slice(1, 1 + lanes).map((line): EdfOutputSignal => {
      const [, gain, baseline, unit] = /^\S+ \d+ ([\d.]+)\((-?\d+)\)\/(\S+)/.exec(line) ?? []
      return lead({ label: (/([^ ]+),?\s*$/.exec(line)?.[1] ?? '').replace(/,$/, ''), unit, gainCountsPerUnit: Number(gain), baseline: Number(baseline), minimum: -32767, maximum: 32767 })
    })
    const counts = signals.map((_, lane) => Int32Array.from({ length: frames }, (_value, row) => data.readInt16LE((row * lanes + lane) * 2)))
    counts.forEach((lane) => lane.forEach((count, i) => (lane[i] = count === -32768 ? noValue : count)))
    for (const format of ['edf+', 'bdf+'] as const) {
      const { bytes, writer } = write(output(frames, { format, rateHz: rate, signals }), counts)
      expect(checkEdf(bytes).violations).toEqual([])
      const source = await openEdf(byteSource(bytes))
      expect(source.frames).toBe(frames)
      expect(source.rateHz).toBe(rate)
      let lane = 0
      for (const read of await allSamples(source)) expect(Buffer.compare(Buffer.from(Int32Array.from(read).buffer), Buffer.from(counts[lane++].buffer))).toBe(0)
      source.signals.forEach((signal, i) => {
        // 16 bits leave no other limits than -32768 and 32767, and 8 characters hold six digits of 0.50199; 24 bits leave a choice.
        const error = Math.abs(signal.gainCountsPerUnit / signals[i].gainCountsPerUnit - 1)
        expect(error).toBeLessThan(format === 'edf+' ? 2e-5 : 1e-9)
        if (error > 1e-12) expect(writer.findings.some((finding) => finding.code === 'export-value-changed' && finding.data.signal === signal.label && finding.data.field === 'gain')).toBe(true)
        expect(signal.baseline).toBe(signals[i].baseline)
      })
    }
  })
})
