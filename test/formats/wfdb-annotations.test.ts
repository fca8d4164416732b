import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { annotationCode, annotationSymbol, readAnnotations, writeAnnotations, type WfdbAnnotation } from '../../src-main/formats/wfdb-annotations.ts'

const data = process.env.PULSEPRINT_DATA ?? resolve(import.meta.dirname, '../../../shared/data')
const available = existsSync(data)
if (!available) console.log(`SKIPPED: no recordings in ${data}; set PULSEPRINT_DATA`)

const beat = (sample: number, more: Partial<WfdbAnnotation> = {}): WfdbAnnotation => ({ sample, code: 1, subtype: 0, channel: 0, number: 0, text: '', ...more })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('MIT annotations', () => {
  it('are words of a code and an interval (worked example of annot(5): a normal beat at 370)', () => {
    expect(hex(writeAnnotations([beat(370)]))).toBe('72050000')
  })

  it('go far and back in time with SKIP, upper word first', () => {
    // 59 << 10 = 0xec00; 0x00012345 as words 0x0001, 0x2345; then the beat with interval 0; then -1 as 0xffff, 0xffff.
    expect(hex(writeAnnotations([beat(0x12345), beat(0x12344)]))).toBe('00ec' + '0100' + '4523' + '0004' + '00ec' + 'ffff' + 'ffff' + '0004' + '0000')
    expect(readAnnotations(writeAnnotations([beat(0x12345), beat(0x12344)])).map((annotation) => annotation.sample)).toEqual([0x12345, 0x12344])
  })

  it('go farther than 32 bits with several SKIPs, as the sample collection\'s huge.qrs has them', () => {
    expect(hex(writeAnnotations([beat(10_000_000_000)]))).toBe('00ecff7fffff'.repeat(4) + '00ec0b5404e4' + '0004' + '0000')
    expect(readAnnotations(writeAnnotations([beat(10_000_000_000), beat(-5)])).map((annotation) => annotation.sample)).toEqual([10_000_000_000, -5])
  })

  it('code 0 annotates nothing and is never written as the end (ECG-ID: SKIP of -1, then 0 with 1)', () => {
    const bytes = Uint8Array.from(Buffer.from('0058' + '02fc' + '6869' + '00ec' + 'ffffffff' + '0100' + '0a04' + '0000', 'hex'))
    const annotations = readAnnotations(bytes)
    expect(annotations.map(({ sample, code }) => [sample, code])).toEqual([[0, 22], [0, 0], [10, 1]])
    expect(hex(writeAnnotations(annotations))).toBe(hex(bytes))
  })

  it('text that would be written otherwise keeps its bytes', () => {
    const bytes = Uint8Array.from(Buffer.from('0a70' + '03fc' + '284e0000' + '0a58' + '01fc' + 'b500' + '0000', 'hex'))
    const annotations = readAnnotations(bytes)
    expect(annotations).toEqual([
      { ...beat(10, { code: 28, text: '(N' }), textBytes: Uint8Array.of(0x28, 0x4e, 0) },
      { ...beat(20, { code: 22, text: 'µ' }), textBytes: Uint8Array.of(0xb5) },
    ])
    expect(hex(writeAnnotations(annotations))).toBe(hex(bytes))
  })

  it('a file of the AHA format is refused for what it is', () => {
    const one = (letter: string): number[] => [0, letter.charCodeAt(0), 0, 0, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    expect(() => readAnnotations(Uint8Array.from([...one('N'), ...one('V')]))).toThrow(expect.objectContaining({ code: 'wfdb-annotations-invalid', data: { offset: 0, reason: 'AHA format' } }))
  })

  it('carry subtype for one, channel and number until changed, and text padded to even', () => {
    const annotations = [beat(10, { code: 28, text: '(AFIB', channel: 1, number: -2, subtype: -3 }), beat(20, { channel: 1, number: -2 }), beat(30)]
    const bytes = writeAnnotations(annotations)
    expect(hex(bytes)).toBe('0a70' + 'fdf7' + '01f8' + 'fef3' + '05fc' + Buffer.from('(AFIB\0').toString('hex') + '0a04' + '0a04' + '00f8' + '00f0' + '0000')
    expect(readAnnotations(bytes)).toEqual(annotations)
  })

  it('come back as they were', () => {
    const annotation = fc.record({
      sample: fc.oneof(fc.nat(5000), fc.integer({ min: -(2 ** 30), max: 2 ** 30 })),
      code: fc.integer({ min: 1, max: 49 }),
      subtype: fc.integer({ min: -128, max: 127 }),
      channel: fc.nat(255),
      number: fc.integer({ min: -128, max: 127 }),
      text: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.endsWith('\0'))),
    })
    fc.assert(
      fc.property(fc.array(annotation, { maxLength: 20 }), (annotations) => {
        expect(readAnnotations(writeAnnotations(annotations))).toEqual(annotations)
      }),
    )
  })

  it('refuses what does not fit and says what', () => {
    expect(() => writeAnnotations([beat(0, { subtype: 200 })])).toThrow(expect.objectContaining({ code: 'wfdb-annotations-invalid', data: { index: 0, field: 'subtype', value: 200 } }))
    expect(() => writeAnnotations([beat(0.5)])).toThrow(LabError)
    expect(() => writeAnnotations([beat(2 ** 41)])).toThrow(LabError)
  })

  it('any bytes are read or refused with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readAnnotations(bytes)
        } catch (thrown) {
          if (!(thrown instanceof LabError) || thrown.code !== 'wfdb-annotations-invalid') throw thrown
        }
      }),
    )
    expect(() => readAnnotations(Uint8Array.of(0x05, 0xfc, 0x28))).toThrow(expect.objectContaining({ data: { offset: 2, bytes: 3 } }))
  })

  it('symbols and codes belong together', () => {
    expect(annotationCode('N')).toBe(1)
    expect(annotationCode('V')).toBe(5)
    expect(annotationSymbol(28)).toBe('+')
    expect(annotationSymbol(42)).toBe('[42]')
    for (let code = 1; code < 42; code++) if (!annotationSymbol(code).startsWith('[') || code === 32) expect(annotationCode(annotationSymbol(code))).toBe(code)
  })
})

describe.skipIf(!available)('public annotations', () => {
  const read = (path: string): WfdbAnnotation[] => readAnnotations(readFileSync(join(data, path)))
  // Beat labels by the ANSI/AAMI EC57 convention of the database.
  const beats = new Set([...'NLRBAaJSVrFejnE/fQ?'])

  it.each([['100', 2273], ['105', 2572], ['108', 1763], ['200', 2601], ['203', 2980], ['208', 2955]])('MIT-BIH %s has %i beats', (record, count) => {
    expect(read(`mitdb/${record}.atr`).filter((annotation) => beats.has(annotationSymbol(annotation.code)))).toHaveLength(count)
  })

  it('MIT-BIH 100 begins with its rhythm, ends within the record', () => {
    const annotations = read('mitdb/100.atr')
    expect(annotations[0]).toMatchObject({ sample: 18, code: 28, text: '(N' })
    expect(annotations[1]).toMatchObject({ sample: 77, code: 1 })
    expect(annotations.at(-1)?.sample).toBeLessThan(650000)
  })

  it('ECG-ID stays within the record, in spite of its SKIP of -1', () => {
    const annotations = read('ecgiddb/Person_01/rec_1.atr')
    expect(annotations.every((annotation) => annotation.sample >= -1 && annotation.sample < 10000)).toBe(true)
  })
})
